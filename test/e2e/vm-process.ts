import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { type Build, isFinished } from '../../src/builds/build.ts';
import type { BuilderStatusReply } from '../../src/http/schemas.ts';
import { dataPaths } from '../../src/paths.ts';
import { loadOrMakeKeys } from '../../src/transport/ssh-keys.ts';
import { SshTransport } from '../../src/transport/ssh-transport.ts';
import { OrchestratorProcess } from '../fixtures/orchestrator-process.ts';
import { iso, vmSettings } from './iso.ts';

/** A boot, and a power-down before it, on a busy machine. */
const limitMs = 8 * 60_000;

/** An orchestrator as a process that can be killed, with a VM container that need not die with it. */
export class VmProcess implements AsyncDisposable {
  readonly name: string;
  readonly nexus: OrchestratorProcess;

  private constructor(name: string, nexus: OrchestratorProcess) {
    this.name = name;
    this.nexus = nexus;
  }

  /** Starts the orchestrator and boots the VM. */
  static async start(kind: string, settings: NodeJS.ProcessEnv = {}): Promise<VmProcess> {
    const name = `nexus-e2e-${kind}-${process.pid}`;
    const boot = await iso('guest');
    const all = { ...vmSettings(name), NEXUS_VM_BOOT: boot, NEXUS_VM_SETTINGS: 'settings', ...settings };
    const nexus = await OrchestratorProcess.start(all);
    const vm = new VmProcess(name, nexus);
    try {
      await mkdir(nexus.folder.file('settings'));
      await vm.run('true');
      return vm;
    } catch (error) {
      await vm[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Looks until there is something to see. */
  async until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
    const end = Date.now() + limitMs;
    for (;;) {
      const seen = await look().catch((error) => {
        if (Date.now() > end) throw error;
        return undefined;
      });
      if (seen !== undefined) return seen;
      if (Date.now() > end) throw new Error(`Waited ${limitMs / 1000} s for ${what}`);
      await sleep(250);
    }
  }

  ended(id: string): Promise<Build> {
    return this.until(`the end of ${id}`, async () => {
      const build = await this.nexus.client.show(id);
      return isFinished(build) ? build : undefined;
    });
  }

  inPhase(id: string, phase: string): Promise<Build> {
    return this.until(`phase ${phase} of ${id}`, async () => {
      const build = await this.nexus.client.show(id);
      assert.ok(!isFinished(build) || build.phase === phase, `it ended: ${JSON.stringify(build)}`);
      return build.phase === phase ? build : undefined;
    });
  }

  builder(what: string, isSo: (status: BuilderStatusReply) => boolean): Promise<BuilderStatusReply> {
    return this.until(`the builder: ${what}`, async () => {
      const status = await this.nexus.client.builder();
      return isSo(status) ? status : undefined;
    });
  }

  /** Runs Bash in the VM and gives what it printed. */
  async run(script: string): Promise<string> {
    const { id } = await this.nexus.script(script);
    const build = await this.ended(id);
    const output = await this.nexus.logOf(id);
    if (build.state === 'succeeded') return output;
    throw new Error(`the script ${build.state}: ${build.error?.message}\n${output}`);
  }

  async bootId(): Promise<string> {
    return (await this.run('cat /proc/sys/kernel/random/boot_id')).trim();
  }

  async containerId(): Promise<string> {
    return (await this.docker('inspect', '--format', '{{.Id}}', this.name)).trim();
  }

  async docker(...words: string[]): Promise<string> {
    return (await execa('docker', words)).stdout;
  }

  /** A connection of our own to the guest. */
  async connect(): Promise<SshTransport> {
    const keys = await loadOrMakeKeys(dataPaths(this.nexus.folder.file('data')));
    const port = (await this.docker('port', this.name, '22/tcp')).split(':').at(-1);
    return SshTransport.connect({
      ...{ host: '127.0.0.1', port: Number(port), username: 'root' },
      privateKey: keys.client.privateKey,
      hostPublicKey: keys.host.publicKey,
    });
  }

  /** Writes a file of the settings of the VM. */
  async setting(name: string, content: string): Promise<void> {
    await writeFile(this.nexus.folder.file('settings', name), content);
  }

  /** What the orchestrator that runs now has logged. */
  get log(): string {
    return this.nexus.process.stderr + this.nexus.process.stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.nexus[Symbol.asyncDispose]();
    await execa('docker', ['rm', '--force', '--volumes', this.name], { reject: false });
    await execa('docker', ['volume', 'rm', '--force', this.name], { reject: false });
  }
}

/** Bash that counts aloud, ten times a second, and says when it has begun. */
export function counting(to: number): string {
  return `nexus-phase counting\nfor ((n = 1; n <= ${to}; n++)); do echo "$n"; sleep 0.1; done`;
}

export function counted(to: number): string {
  return Array.from({ length: to }, (_, index) => `${index + 1}\n`).join('');
}
