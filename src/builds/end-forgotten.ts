import type { StartedBuilder } from '../builders/builder.ts';
import { messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import { runChecked } from '../transport/run-checked.ts';
import { endOnBuilder } from './end-on-builder.ts';
import type { BuildStore } from './store.ts';

/** The scripts that the watcher has taken and whose end it has not told, one a line. */
const unfinishedScripts = `cd -- "$1" || exit
for script in */script; do
  id=\${script%/script}
  [ -e "$script" ] && [ ! -e "$id/finished" ] && printf '%s\\n' "$id"
done; :`;

export interface EndForgottenOptions {
  builder: StartedBuilder;
  store: BuildStore;
  logger: Logger;
}

/**
 * Ends what a builder that has just become ready still runs of builds that have ended for us: it had not answered
 * when their end was asked for. What belongs to others is left alone.
 */
export async function endForgotten({ builder, store, logger }: EndForgottenOptions): Promise<void> {
  const { pipe, transport, lost } = builder;
  try {
    const list = ['sh', '-c', unfinishedScripts, 'sh', `${pipe.root}/builds`] as const;
    const running = await runChecked(transport, list, { signal: lost });
    for (const id of running.split('\n').filter((id) => hasEnded(store, id))) {
      logger.warn('A build that had been given up still runs on the builder and is ended', { buildId: id });
      await endOnBuilder(builder, id, lost);
    }
  } catch (error) {
    // Those builds have ended already; the next builder that becomes ready is asked again.
    if (!lost.aborted) logger.warn('Builds that were given up may still run', { why: messageOf(error) });
  }
}

/** A second attempt has its number behind the id: `scriptId`. */
function hasEnded(store: BuildStore, script: string): boolean {
  const id = [script, script.replace(/-\d+$/, '')].find((id) => store.has(id));
  return id !== undefined && store.current(id) === undefined;
}
