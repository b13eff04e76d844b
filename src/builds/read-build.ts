import { readFile, rename, rmdir } from 'node:fs/promises';
import { messageOf, systemCodeOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { BuildPaths } from '../paths.ts';
import { sweepTemporaries, writeFileAtomically } from '../write-file-atomically.ts';
import { type Build, buildSchema, isFinished } from './build.ts';
import type { BuildEvent } from './event.ts';
import { cutJournal, Journal, type ReadJournal, readJournal, repairJournal } from './journal.ts';
import { newBuild, transition } from './transition.ts';

export interface StoredBuild {
  build: Build;
  /** To be added to; a finished build needs none. */
  journal?: Journal;
}

/**
 * Reads a build: its record when that says that it has ended, else its journal. What is damaged is set aside under
 * another name, reported, and made again from the other of the two. Nothing when neither says what was to be built.
 */
export async function readBuild(
  id: string,
  paths: BuildPaths,
  logger: Logger,
): Promise<StoredBuild | undefined> {
  const record = await readRecord(id, paths, logger);
  if (record && isFinished(record)) return { build: record };
  await sweepTemporaries(paths.root);
  const read = await readJournal(paths.events);
  const first = read.events[0];
  const base = first?.type === 'queued' ? newBuild(id, first.request, new Date(first.at), first.key) : record;
  if (!base) return abandon(id, paths, read, logger);
  const { build, events } = replay(base, read.events);
  const size = await mend(paths, { ...read, kept: events }, logger);
  if (isFinished(build)) {
    await writeRecord(paths, build);
    return { build };
  }
  return { build, journal: new Journal(paths.events, events.at(-1)?.n ?? 0, size) };
}

/** The sum of the journal, for whoever wants to know it at once. */
export async function writeRecord(paths: BuildPaths, build: Build): Promise<void> {
  await writeFileAtomically(paths.record, `${JSON.stringify(build, null, 2)}\n`);
}

/** Nothing when there is none, or when it was damaged. */
async function readRecord(id: string, paths: BuildPaths, logger: Logger): Promise<Build | undefined> {
  let text: string;
  try {
    text = await readFile(paths.record, 'utf8');
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT' && systemCodeOf(error) !== 'ENOTDIR') throw error;
    return undefined;
  }
  try {
    const build = buildSchema.parse(JSON.parse(text));
    if (build.id !== id) throw new Error(`it is that of build ${build.id}`);
    return build;
  } catch (error) {
    const aside = `${paths.record}.damaged`;
    await rename(paths.record, aside);
    logger.error('Damaged build record set aside', { file: aside, why: messageOf(error) });
    return undefined;
  }
}

/** What the events make of a record; those that cannot have happened, since one before is lost, do not count. */
function replay(base: Build, events: readonly BuildEvent[]): { build: Build; events: BuildEvent[] } {
  // Without the line that began it the journal begins with what that line has said.
  const begin: BuildEvent = {
    n: 1,
    at: base.createdAt,
    type: 'queued',
    request: base.request,
    key: base.key,
  };
  const kept: BuildEvent[] = [begin];
  let build = newBuild(base.id, base.request, new Date(base.createdAt), base.key);
  for (const event of events) {
    if (event.type === 'queued') continue;
    try {
      build = transition(build, event, new Date(event.at));
      kept.push(event);
    } catch {
      // It is counted as damage by whoever compares the lengths.
    }
  }
  return { build, events: kept };
}

/** Leaves a journal to which a line can be added. @returns its size. */
async function mend(
  paths: BuildPaths,
  { size, damaged, events, kept }: ReadJournal & { kept: BuildEvent[] },
  logger: Logger,
): Promise<number> {
  if (damaged === 0 && kept.length === events.length) {
    await cutJournal(paths.events, size);
    return size;
  }
  const lost = damaged + Math.max(0, events.length - kept.length);
  logger.error('Damaged build journal set aside', { file: `${paths.events}.damaged`, lost });
  return repairJournal(paths.events, kept);
}

/** A crash between making the folder and writing to it leaves a folder nobody was told of. */
async function abandon(
  id: string,
  paths: BuildPaths,
  { size }: ReadJournal,
  logger: Logger,
): Promise<undefined> {
  if (size > 0) {
    const aside = `${paths.events}.damaged`;
    await rename(paths.events, aside);
    logger.error('Damaged build journal set aside, and nothing says what was to be built', { file: aside });
    return;
  }
  try {
    await rmdir(paths.root);
  } catch (error) {
    logger.warn('A folder among the builds has no build', { buildId: id, why: messageOf(error) });
  }
}
