import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { leaveOut } from './measure.ts';

/** Whether rsync is here; says so when it is not. */
export async function hasRsync(): Promise<boolean> {
  try {
    await promisify(execFile)('rsync', ['--version']);
    return true;
  } catch {
    leaveOut('rsync', 'it is not installed (Debian: apt-get install rsync)');
    return false;
  }
}
