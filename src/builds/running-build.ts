import type { StartedBuilder } from '../builders/builder.ts';
import type { Limits, RoomNeeded } from '../limits.ts';
import type { Logger } from '../log.ts';
import type { BuildPaths } from '../paths.ts';
import type { Build } from './build.ts';
import type { Happening } from './event.ts';
import type { Sources } from './sources.ts';

/** A build on a ready builder, and what its steps work with. */
export interface RunningBuild {
  /** The record as it is now. */
  current: () => Build;
  builder: StartedBuilder;
  /** Where this build keeps its files on our side. */
  paths: BuildPaths;
  sources: Sources;
  nixpkgs: string;
  /** Folder that gets one folder a build. */
  artifacts: string;
  /** What the user calls that folder. */
  artifactsShownAs: string;
  /** Limits of builds that say nothing else. */
  limits: Limits;
  /** What has to be free before a build begins. */
  room: RoomNeeded;
  /** Whether no other build uses the builder. */
  isAlone: () => boolean;
  /** Aborts when the build shall end. */
  signal: AbortSignal;
  /** Aborts when the orchestrator leaves the build alone, wherever it is. */
  leaving: AbortSignal;
  happen: (happening: Happening) => Promise<unknown>;
  logger: Logger;
}

/** What the builder calls this attempt. */
export function scriptId({ id, attempt }: Build): string {
  return attempt === 1 ? id : `${id}-${attempt}`;
}
