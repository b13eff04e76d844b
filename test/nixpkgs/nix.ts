import { execFile } from 'node:child_process';
import { access, constants, readFile } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { environmentForPrograms } from '../../src/config.ts';

export interface Ran {
  status: number;
  out: string;
  err: string;
}

/** An input of a flake.lock. */
export interface LockedPath {
  type: 'path';
  path: string;
  narHash: string;
  lastModified: number;
}

/** The Nix that evaluates: its programs, and the environment they need here. */
export class Nix {
  /** nixpkgs, as an absolute path. */
  readonly nixpkgs: string;
  readonly #environment: NodeJS.ProcessEnv;
  #locked: Promise<LockedPath> | undefined;

  private constructor(nixpkgs: string, environment: NodeJS.ProcessEnv) {
    this.nixpkgs = nixpkgs;
    this.#environment = environment;
  }

  /** @param folder holds the programs of Nix; without it they are those in PATH. */
  static async find(nixpkgs: string, folder: string | undefined): Promise<Nix> {
    const path = [...(folder ? [resolve(folder)] : []), process.env.PATH ?? ''].join(delimiter);
    const settings = ['experimental-features = nix-command flakes', 'substituters ='];
    // Debian's Nix has no build users, and root may do without.
    if (process.getuid?.() === 0 && !(await hasGroup('nixbld'))) settings.push('build-users-group =');
    const environment: NodeJS.ProcessEnv = { ...environmentForPrograms(), PATH: path };
    // Nothing but what a command line says may decide which nixpkgs is evaluated.
    delete environment.NIX_PATH;
    environment.NIX_CONFIG = [environment.NIX_CONFIG ?? '', ...settings].join('\n');
    const nix = new Nix(resolve(nixpkgs), environment);
    await access(join(nix.nixpkgs, 'nixos/default.nix'), constants.R_OK);
    return nix;
  }

  /** Runs a program, also one that only a folder before PATH has. */
  run(command: readonly string[], { cwd, before, env }: RunOptions = {}): Promise<Ran> {
    const [program = '', ...rest] = command;
    const environment = { ...this.#environment, ...env };
    if (before) environment.PATH = `${before}${delimiter}${environment.PATH}`;
    const limits = { timeout: 15 * 60_000, maxBuffer: 256 * 1024 * 1024 };
    return new Promise((done) => {
      execFile('env', [program, ...rest], { cwd, env: environment, ...limits }, (error, out, err) => {
        const status = error ? (typeof error.code === 'number' ? error.code : 1) : 0;
        done({ status, out, err: err || (error?.message ?? '') });
      });
    });
  }

  /**
   * nixpkgs as a flake input that is in the store already: a path outside of it would be hashed and copied each time
   * anew, which takes a minute.
   */
  lockedNixpkgs(): Promise<LockedPath> {
    this.#locked ??= this.#addToStore();
    return this.#locked;
  }

  async #addToStore(): Promise<LockedPath> {
    const added = await this.run(['nix', 'store', 'add', '--name', 'source', this.nixpkgs]);
    if (added.status !== 0) throw new Error(errorOf(added));
    const path = added.out.trim();
    const hashed = await this.run(['nix-store', '--query', '--hash', path]);
    if (hashed.status !== 0) throw new Error(errorOf(hashed));
    const converted = await this.run(['nix', 'hash', 'convert', '--to', 'sri', hashed.out.trim()]);
    if (converted.status !== 0) throw new Error(errorOf(converted));
    return { type: 'path', path, narHash: converted.out.trim(), lastModified: 1 };
  }

  async version(): Promise<string> {
    const { status, out, err } = await this.run(['nix-instantiate', '--version']);
    if (status !== 0) throw new Error(`Nix does not work here: ${err.trim()}`);
    return out.trim();
  }
}

interface RunOptions {
  cwd?: string;
  /** Folder whose programs come before all others. */
  before?: string;
  env?: NodeJS.ProcessEnv;
}

/** Nix says what is wrong last, below the trace of how it came there. */
export function errorOf({ status, err }: Ran): string {
  const lines = err.split('\n').map((line) => line.trim());
  const index = lines.findLastIndex((line) => /^error: ./.test(line));
  if (index >= 0) return `${lines[index]} ${lines[index + 1] ?? ''}`.trim();
  return lines.findLast((line) => line !== '') ?? `status ${status}`;
}

export function warningsOf({ err }: Ran): string[] {
  return err
    .split('\n')
    .filter((line) => /^(evaluation )?warning: /.test(line) && !line.includes('--add-root'));
}

async function hasGroup(name: string): Promise<boolean> {
  return (await readFile('/etc/group', 'utf8')).split('\n').some((line) => line.startsWith(`${name}:`));
}
