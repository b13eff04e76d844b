import fastify from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { BuilderLife } from '../builders/builder-life.ts';
import type { BootChecks } from '../builds/boot-checks.ts';
import type { Builds } from '../builds/builds.ts';
import type { LiveBoots } from '../builds/live-boots.ts';
import type { Sources } from '../builds/sources.ts';
import type { BuildStore } from '../builds/store.ts';
import type { StopMode } from '../config.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { DataPaths } from '../paths.ts';
import type { ProgressBoard } from '../progress/progress-board.ts';
import type { Garbage } from '../retention/gc.ts';

/** What the routes work with. */
export interface ServerParts {
  builds: Builds;
  store: BuildStore;
  sources: Sources;
  life: BuilderLife;
  /** What the builds that run are doing. */
  board: ProgressBoard;
  garbage: Garbage;
  bootChecks: BootChecks;
  liveBoots: LiveBoots;
  metrics: Metrics;
  /** Opens /metrics and nothing else. */
  metricsToken: string | undefined;
  paths: DataPaths;
  /** Folder with one folder a build. */
  artifacts: string;
  version: string;
  token: string;
  logger: Logger;
  /** Asks for the end of the orchestrator. */
  stop: (builds: StopMode) => void;
  /** What becomes of unfinished builds when that does not say. */
  stopMode: StopMode;
  /** Aborts when the server closes, and ends every stream. */
  closing: AbortSignal;
}

export type ApiServer = ReturnType<typeof newServer>;

/** An empty server whose routes are typed by their schemas. */
export function newServer() {
  return fastify({
    forceCloseConnections: true,
    bodyLimit: 2 * 1024 * 1024,
  }).withTypeProvider<ZodTypeProvider>();
}
