import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CleanUp } from '../src/clean-up.ts';
import { Sshd, type SshdOptions } from '../test/fixtures/sshd.ts';
import { type TempFolder, tempFolder } from '../test/fixtures/temp-folder.ts';
import { PipeFolder } from '../test/fixtures/watcher.ts';
import { Orchestrator } from './orchestrator.ts';

const program = fileURLToPath(new URL('programs/serve-over-ssh.mjs', import.meta.url));

/** An sshd of this machine, as OpenSSH’s own programs reach it: as the host `stand`. */
export class SshStand implements AsyncDisposable {
  readonly sshd: Sshd;
  readonly folder: TempFolder;
  readonly #cleanUp: CleanUp;

  private constructor(sshd: Sshd, folder: TempFolder, cleanUp: CleanUp) {
    this.sshd = sshd;
    this.folder = folder;
    this.#cleanUp = cleanUp;
  }

  static async start(options: SshdOptions = {}): Promise<SshStand> {
    await using cleanUp = new CleanUp();
    const folder = cleanUp.use(await tempFolder());
    const sshd = cleanUp.use(await Sshd.start(options));
    await writeFile(folder.file('key'), sshd.address.privateKey, { mode: 0o600 });
    await writeFile(folder.file('ssh_config'), configOf(sshd, folder));
    return new SshStand(sshd, folder, cleanUp.move());
  }

  /** The file with the key that it accepts. */
  get key(): string {
    return this.folder.file('key');
  }

  ssh(command: string): Promise<unknown> {
    return run('ssh', ['-F', this.#config, 'stand', command]);
  }

  /** Runs a command there, its output into a file here. */
  async sshInto(path: string, command: string): Promise<void> {
    await runInto(path, 'ssh', ['-F', this.#config, 'stand', command]);
  }

  scp(...words: string[]): Promise<unknown> {
    return run('scp', ['-q', '-F', this.#config, ...words]);
  }

  rsync(...words: string[]): Promise<unknown> {
    return run('rsync', ['-e', `ssh -F "${this.#config}"`, ...words]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#cleanUp[Symbol.asyncDispose]();
  }

  get #config(): string {
    return this.folder.file('ssh_config');
  }
}

function configOf({ address: { host, port, username } }: Sshd, folder: TempFolder): string {
  const lines = [
    ...['Host stand', `HostName ${host}`, `Port ${port}`, `User ${username}`],
    ...[`IdentityFile "${folder.file('key')}"`, 'IdentitiesOnly yes', 'LogLevel ERROR'],
    ...['StrictHostKeyChecking no', 'UserKnownHostsFile /dev/null'],
  ];
  return `${lines.join('\n')}\n`;
}

const run = promisify(execFile);

/** Runs a program, its output into a file. */
export async function runInto(path: string, program: string, words: readonly string[]): Promise<void> {
  await using file = await open(path, 'w');
  const child = spawn(program, words, { stdio: ['ignore', file.fd, 'inherit'] });
  const [status] = await once(child, 'exit');
  if (status !== 0) throw new Error(`${program} ended with ${status}`);
}

/** An orchestrator whose builder is reached over SSH, as a VM is, and the same builder by hand. */
export class BuilderStand implements AsyncDisposable {
  readonly line: SshStand;
  readonly nexus: Orchestrator;
  /** Folder of the pipe on the builder. */
  readonly pipe: string;
  readonly #cleanUp: CleanUp;

  private constructor(line: SshStand, nexus: Orchestrator, pipe: string, cleanUp: CleanUp) {
    this.line = line;
    this.nexus = nexus;
    this.pipe = pipe;
    this.#cleanUp = cleanUp;
  }

  static async start(settings: NodeJS.ProcessEnv = {}): Promise<BuilderStand> {
    await using cleanUp = new CleanUp();
    const pipe = cleanUp.use(await PipeFolder.create());
    await pipe.watch();
    const line = cleanUp.use(await SshStand.start());
    const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
    const builder = JSON.stringify({ address: line.sshd.address, root: pipe.path, boot });
    const nexus = cleanUp.use(
      await Orchestrator.start({
        folder: line.folder.path,
        program: [program],
        settings: { NEXUS_TEST_BUILDER: builder, ...settings },
      }),
    );
    const stand = new BuilderStand(line, nexus, pipe.path, cleanUp.move());
    // The builder is ready, and what is loaded once is loaded.
    await nexus.build({ kind: 'script', name: 'warm', script: 'true' });
    return stand;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#cleanUp[Symbol.asyncDispose]();
  }
}
