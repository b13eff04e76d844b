import { setTimeout as sleep } from 'node:timers/promises';
import type { BootCheck } from '../builds/boot-records.ts';
import { NexusError } from '../errors.ts';
import type { ApiClient } from './api-client.ts';
import { BootClient } from './boot-client.ts';
import type { Context } from './context.ts';
import { formatDuration } from './format.ts';
import { progressLine } from './progress-line.ts';

/**
 * Waits for the boot check of a build and says what came of it.
 * @returns the exit status: 0 only for an image that came up.
 */
export async function followBootCheck(api: ApiClient, id: string, { err }: Context): Promise<number> {
  const client = new BootClient(api);
  let check: BootCheck;
  {
    using line = progressLine(err);
    for (check = await untilThere(client, id); check.state !== 'done'; check = await client.bootCheck(id)) {
      const text =
        check.state === 'waiting' ? 'waiting for another image to boot' : 'booting a copy of the image';
      line.show({ key: check.state, text });
      await sleep(1000);
    }
  }
  const took = check.seconds === null ? '' : ` (${formatDuration(check.seconds * 1000)})`;
  switch (check.verdict) {
    case 'booted':
      err.write(`The image boots: ${check.why}${took}.\n`);
      return 0;
    case 'failed':
      err.write(`The image does not boot: ${check.why}${took}.\n`);
      break;
    default:
      err.write(`Whether the image boots is not clear: ${check.why}.\n`);
  }
  err.write(
    `What it printed: nexus check-boot ${id} --serial   its screen: nexus check-boot ${id} --screenshot FILE\n`,
  );
  return 1;
}

/** The check is made when the end of the build is told, which may be a moment after we were. */
async function untilThere(client: BootClient, id: string): Promise<BootCheck> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await client.bootCheck(id);
    } catch (error) {
      if (!(error instanceof NexusError && error.code === 'not-found') || attempt === 20) throw error;
      await sleep(100);
    }
  }
}
