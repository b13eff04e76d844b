import { CleanUp } from '../../src/clean-up.ts';
import { Sshd } from '../fixtures/sshd.ts';
import { TcpProxy } from '../fixtures/tcp-proxy.ts';
import { PipeFolder, type RunningWatcher } from '../fixtures/watcher.ts';
import type { NexusOptions } from './nexus.ts';
import type { BuilderSettings } from './serve-over-ssh.ts';

const serve = new URL('serve-over-ssh.ts', import.meta.url).pathname;
const program = [process.execPath, '--import', 'tsx', serve];

/** A builder as a VM is one: a watcher that lives on whatever we do, behind a real sshd, behind a line that can break. */
export class SshStand implements AsyncDisposable {
  readonly sshd: Sshd;
  readonly line: TcpProxy;
  readonly pipe: PipeFolder;
  readonly #cleanUp: CleanUp;
  watcher: RunningWatcher;

  private constructor(
    sshd: Sshd,
    line: TcpProxy,
    pipe: PipeFolder,
    watcher: RunningWatcher,
    cleanUp: CleanUp,
  ) {
    this.sshd = sshd;
    this.line = line;
    this.pipe = pipe;
    this.watcher = watcher;
    this.#cleanUp = cleanUp;
  }

  static async start(): Promise<SshStand> {
    await using cleanUp = new CleanUp();
    const pipe = cleanUp.use(await PipeFolder.create());
    const watcher = await pipe.watch();
    const sshd = cleanUp.use(await Sshd.start());
    const line = cleanUp.use(await TcpProxy.to(sshd.port));
    return new SshStand(sshd, line, pipe, watcher, cleanUp.move());
  }

  /** How an orchestrator uses this builder. */
  get options(): NexusOptions {
    const settings: BuilderSettings = {
      address: { ...this.sshd.address, port: this.line.port },
      root: this.pipe.path,
      keepaliveMs: 500,
    };
    return {
      program,
      pipe: this.pipe.path,
      settings: { NEXUS_TEST_BUILDER: JSON.stringify(settings) },
    };
  }

  /** Ends the watcher, which may be the last process of this pipe. */
  async endWatcher(): Promise<void> {
    await this.watcher.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#cleanUp[Symbol.asyncDispose]();
  }
}
