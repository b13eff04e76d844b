import { text } from 'node:stream/consumers';
import { execa } from 'execa';
import { type Build, isFinished } from '../../src/builds/build.ts';
import type { BuildRequest } from '../../src/builds/request.ts';
import { CleanUp } from '../../src/clean-up.ts';
import { ApiClient } from '../../src/cli/api-client.ts';
import { packSource } from '../../src/cli/pack-source.ts';
import { readConfig } from '../../src/config.ts';
import { type Orchestrator, startOrchestrator } from '../../src/main.ts';
import { dataPaths } from '../../src/paths.ts';
import { loadOrMakeKeys, type SshKeys } from '../../src/transport/ssh-keys.ts';
import { SshTransport } from '../../src/transport/ssh-transport.ts';
import { keptLog } from '../fixtures/kept-log.ts';
import { type TempFolder, tempFolder } from '../fixtures/temp-folder.ts';
import { vmSettings } from './iso.ts';

/** An orchestrator in this process, with a VM container of its own. */
export class VmOrchestrator implements AsyncDisposable {
  readonly folder: TempFolder;
  readonly keys: SshKeys;
  readonly name: string;
  readonly #log = keptLog();
  readonly #cleanUp = new CleanUp();
  #running: Orchestrator | undefined;

  private constructor(folder: TempFolder, keys: SshKeys) {
    this.folder = folder;
    this.keys = keys;
    this.name = `nexus-e2e-vm-${process.pid}`;
    this.#cleanUp.use(folder);
  }

  /** Has keys and folders; `start` starts it. */
  static async make(): Promise<VmOrchestrator> {
    const folder = await tempFolder();
    return new VmOrchestrator(folder, await loadOrMakeKeys(dataPaths(folder.file('data'))));
  }

  /** Starts it and boots the VM. */
  async start(environment: Record<string, string>): Promise<void> {
    const config = readConfig({
      ...vmSettings(this.name),
      NEXUS_DATA: this.folder.file('data'),
      NEXUS_ARTIFACTS: this.folder.file('artifacts'),
      ...environment,
    });
    this.#cleanUp.defer(() => execa('docker', ['volume', 'rm', '--force', this.name], { reject: false }));
    this.#running = this.#cleanUp.use(await startOrchestrator(config, this.#log.logger));
    await this.run('true');
  }

  get running(): Orchestrator {
    if (!this.#running) throw new Error('not started');
    return this.#running;
  }

  /** What it has logged, one JSON object a line. */
  get log(): string {
    return this.#log.text();
  }

  /** Runs Bash on the builder and gives what it printed. */
  async run(script: string): Promise<string> {
    const build = await this.#build({ kind: 'script', name: 'test', script });
    const output = await text(this.#api.log(build.id, { follow: false }));
    if (build.state === 'succeeded') return output;
    throw new Error(`the script ${build.state}: ${build.error?.message}\n${output}`);
  }

  /** Builds the default.nix of a folder. */
  async buildFolder(folder: string): Promise<Build> {
    const source = await this.#api.uploadSource((await packSource({ folder })).tar);
    return this.#build({ kind: 'nix', name: 'test', source, file: 'default.nix' });
  }

  /** A connection of our own to the guest. */
  async connect(): Promise<SshTransport> {
    const { stdout } = await execa('docker', ['port', this.name, '22/tcp']);
    return SshTransport.connect({
      host: '127.0.0.1',
      port: Number(stdout.split(':').at(-1)),
      username: 'root',
      privateKey: this.keys.client.privateKey,
      hostPublicKey: this.keys.host.publicKey,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cleanUp[Symbol.asyncDispose]();
  }

  get #api(): ApiClient {
    return new ApiClient(this.running.url, this.running.token);
  }

  async #build(request: BuildRequest): Promise<Build> {
    const { id } = await this.#api.submit(request);
    // It ends when the build has ended.
    for await (const _ of this.#api.watch(id)) {
    }
    const build = await this.#api.show(id);
    if (!isFinished(build)) throw new Error(`build ${id} is still ${build.state}`);
    return build;
  }
}
