import { isFinished } from '../builds/build.ts';
import type { BuildRequest } from '../builds/request.ts';
import type { ApiClient } from './api-client.ts';
import type { Context } from './context.ts';
import { followBootCheck } from './follow-boot-check.ts';
import { detachedStatus, followBuild } from './follow-build.ts';
import { reportBuild } from './report-build.ts';

export interface SubmitFlags {
  detach?: true;
  verbose?: true;
  json?: true;
}

/**
 * Submits a build, and follows it unless it shall be left alone.
 * @returns the exit status.
 */
export async function submitAndFollow(
  client: ApiClient,
  request: BuildRequest,
  context: Context,
  flags: SubmitFlags,
): Promise<number> {
  const submitted = await client.submit(request);
  const { id } = submitted;
  if (flags.detach) {
    context.out.write(`${id}\n`);
    context.err.write(`To see it: nexus show ${id}   its output: nexus logs ${id}\n`);
    return 0;
  }
  if (isFinished(submitted)) {
    context.err.write(
      `The same was built before, and its artifacts are still here; --rebuild builds it anew.\n`,
    );
    return reportBuild(submitted, context, flags.json === true);
  }
  context.err.write(`Build ${id}\n`);
  const build = await followBuild(client, id, context, { log: flags.verbose && context.err });
  if (!build) return detachedStatus;
  const status = await reportBuild(build, context, flags.json === true);
  const checked = status === 0 && 'bootCheck' in request && request.bootCheck !== undefined;
  return checked ? followBootCheck(client, id, context) : status;
}
