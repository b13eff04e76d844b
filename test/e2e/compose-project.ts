import { chown, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

export const repository = fileURLToPath(new URL('../..', import.meta.url));
export const fixtures = join(repository, 'test', 'fixtures');

/** Not root, so that the ownership of what is delivered can be seen. */
export const userId = 1000;

const minute = 60_000;

export interface Outcome {
  stdout: string;
  stderr: string;
  exitCode: number | undefined;
}

/** Our docker-compose.yml, unchanged, as a project of its own with the stand-ins of test/fixtures. */
export class ComposeProject implements AsyncDisposable {
  readonly name: string;
  readonly folder: string;
  readonly artifacts: string;
  readonly port: number;

  private constructor(name: string, folder: string, port: number) {
    this.name = name;
    this.folder = folder;
    this.artifacts = join(folder, 'artifacts');
    this.port = port;
  }

  static async make(): Promise<ComposeProject> {
    const folder = await mkdtemp(join(tmpdir(), 'nexus-e2e-'));
    const port = await freePort();
    const project = new ComposeProject(`nexus-e2e-${port}`, folder, port);
    await mkdir(project.artifacts);
    await chown(project.artifacts, userId, userId);
    return project;
  }

  /** `docker compose …` as a user types it. */
  async compose(
    args: readonly string[],
    options: { timeout?: number; reject?: boolean } = {},
  ): Promise<Outcome> {
    const { timeout = 10 * minute, reject = true } = options;
    return docker(['compose', '-p', this.name, ...args], this.#environment(), { timeout, reject });
  }

  /** `docker compose run --rm nexus …`. */
  nexus(args: readonly string[], options: { reject?: boolean } = {}): Promise<Outcome> {
    return this.compose(['run', '--rm', '-T', 'nexus', ...args], options);
  }

  /** Names of what the Engine still has of this project. */
  async leftovers(kind: 'container' | 'network' | 'volume'): Promise<string[]> {
    const listed = {
      container: ['ps', '-a', '--format', '{{.Names}}'],
      network: ['network', 'ls', '--format', '{{.Name}}'],
      volume: ['volume', 'ls', '--format', '{{.Name}}'],
    }[kind];
    const { stdout } = await execa('docker', listed);
    return stdout.split('\n').filter((name) => name.startsWith(this.name));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.compose(['--profile', '*', 'down', '--volumes', '--remove-orphans'], { reject: false });
    await rm(this.folder, { recursive: true, force: true });
  }

  #environment() {
    return {
      NEXUS_PORT: String(this.port),
      NEXUS_IMAGE: `${this.name}:local`,
      NEXUS_ARTIFACTS: this.artifacts,
      NEXUS_NODE_IMAGE: 'nexus-test/node',
      NEXUS_VM_IMAGE: 'nexus-test/qemu:7.48',
      NEXUS_VM_NIX_IMAGE: 'nexus-test/nix',
      NEXUS_VM_NIXPKGS: '/usr/share/nexus-test/nixpkgs',
      NEXUS_NIXPKGS: '/usr/share/nexus-test/nixpkgs',
      NEXUS_VM_MEMORY: '2G',
      NEXUS_VM_DISK: '8G',
    };
  }
}

async function docker(
  args: readonly string[],
  env: Record<string, string>,
  options: { timeout: number; reject: boolean },
): Promise<Outcome> {
  const { stdout, stderr, exitCode } = await execa('docker', args, { cwd: repository, env, ...options });
  return { stdout, stderr, exitCode };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
