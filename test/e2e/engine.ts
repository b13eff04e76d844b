import { access, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { fixtures } from './compose-project.ts';

const settings = '/etc/docker/daemon.json';
const pidFile = '/var/run/docker.pid';

const isThere = (file: string) =>
  access(file).then(
    () => true,
    () => false,
  );

/** Why the Engine of this machine must not be restarted, if it must not. */
export async function engineIsNotOurs(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'only root can restart the Docker Engine';
  if (await isThere('/run/systemd/system')) return 'the Docker Engine here is a service of systemd, not ours';
  if (await isThere(settings)) return `the Docker Engine here has settings of its own: ${settings}`;
  return (await isThere(pidFile)) ? undefined : `there is no ${pidFile}`;
}

/** Restarts the Engine as an update does; containers end with it unless it is told to keep them. */
export async function restartEngine({ keep }: { keep: boolean }): Promise<void> {
  const pid = Number(await readFile(pidFile, 'utf8'));
  await writeFile(settings, JSON.stringify({ 'live-restore': keep }));
  try {
    process.kill(pid, 'SIGHUP');
    while ((await liveRestore()) !== keep) await sleep(200);
    process.kill(pid, 'SIGTERM');
    while (await isThere(`/proc/${pid}`)) await sleep(200);
    await execa(join(fixtures, 'engine', 'start.sh'));
  } finally {
    await rm(settings);
  }
}

async function liveRestore(): Promise<boolean> {
  return (await execa('docker', ['info', '--format', '{{.LiveRestoreEnabled}}'])).stdout === 'true';
}
