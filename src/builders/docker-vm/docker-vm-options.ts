import type { VmConfig } from '../../config.ts';
import type { Logger } from '../../log.ts';
import type { DataPaths } from '../../paths.ts';
import type { SshKeys } from '../../transport/ssh-keys.ts';
import type { ProvideBootMedium } from './boot-medium.ts';
import type { Engine } from './engine.ts';

export interface DockerVmOptions {
  vm: VmConfig;
  engine: Engine;
  keys: SshKeys;
  paths: DataPaths;
  provideBootMedium: ProvideBootMedium;
  /** The folder `vm/` of the package. */
  source: string;
  logger: Logger;
}
