import type { Hello, Pipe } from '../bridge/pipe.ts';
import type { Transport } from '../transport/transport.ts';

export const builderKinds = ['docker-vm', 'this-machine'] as const;
export type BuilderKind = (typeof builderKinds)[number];

export interface StartOptions {
  signal: AbortSignal;
  /** Called at the beginning of every readiness step and whenever there is news of it. */
  onStep: (step: StepNews) => void;
}

export interface StepNews {
  /** 1, 2, 3 … of `of`. */
  step: number;
  of: number;
  description: string;
  /** News within the step, such as how much of an image is here. */
  detail?: string;
}

/** A machine that can be made ready to run Nix. */
export interface Builder {
  readonly kind: BuilderKind;
  /** Does what takes long the first time (images pulled, ISO made) and needs no machine that runs. */
  prepare(options: StartOptions): Promise<void>;
  /** Makes it ready, or leaves nothing behind and rejects with what was missing. */
  start(options: StartOptions): Promise<StartedBuilder>;
  /** Stops a machine that an earlier orchestrator has left running, if there can be one. */
  stopLeft?(): Promise<void>;
}

/** A builder that answers. Disposing stops it, detaching leaves it; after either, both do nothing. */
export interface StartedBuilder extends AsyncDisposable {
  readonly kind: BuilderKind;
  readonly transport: Transport;
  readonly pipe: Pipe;
  readonly hello: Hello;
  /** Aborts when the builder is gone for good; the reason says why. */
  readonly lost: AbortSignal;
  /** The last lines of its console, for people. */
  consoleTail(): Promise<string>;
  /**
   * Lets go of it: connections close, the machine and its builds go on, and the next start of this kind of builder
   * finds them there. What has to be done for that is done before; a detached builder is never `lost`.
   */
  detach(): Promise<void>;
}
