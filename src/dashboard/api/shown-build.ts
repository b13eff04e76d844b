import type { Build } from '../../builds/build.ts';

interface Count {
  done: number;
  total: number;
}

/** What a build that runs is doing, as far as Nix says; orchestrators without it leave it out. */
export interface Progress {
  stage: string;
  paths: Count;
  bytes: Count;
  derivations: Count & { running: number; failed: number };
  running: { name: string; phase: string | null; seconds: number | null; line: string | null }[];
  lastLine: string | null;
  silentSeconds: number;
  note: string | null;
  eta: { low: number; high: number } | null;
}

/** A build as it is listed and watched. */
export type ShownBuild = Build & {
  progress?: Progress;
  pinned?: boolean;
};
