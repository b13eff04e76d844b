import { resolve } from 'node:path';
import { z } from 'zod';
import { NexusError } from './errors.ts';
import { type LimitsConfig, limitSettings, limitsOf } from './limits.ts';
import { type NotifyConfig, notifyOf, notifySettings } from './notify-config.ts';

/** NixOS 26.05 as of 2026-09-11: what builds use when neither the request nor NEXUS_NIXPKGS says otherwise. */
export const pinnedNixpkgs = '21a67dc470149f337cecafbe965d8d252a390518';

const size = z.string().regex(/^[1-9][0-9]*[MGT]$/, 'must be a whole number with M, G or T, such as 4G');
const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, 'may have only letters, digits and _ . -');
const wholeNumber = z
  .string()
  .regex(/^[0-9]+$/, 'must be a whole number')
  .transform(Number);
const port = wholeNumber.pipe(z.number().max(65535));
const seconds = z
  .string()
  .regex(/^[0-9]+(\.[0-9]+)?$/, 'must be a number of seconds')
  .transform(Number)
  .pipe(z.number().positive());

/** What becomes of unfinished builds when the orchestrator stops: see `Orchestrator.stop`. */
export const stopModes = ['leave', 'finish', 'cancel'] as const;
export type StopMode = (typeof stopModes)[number];

const environment = z.object({
  NEXUS_DATA: z.string().min(1).default('data'),
  NEXUS_ARTIFACTS: z.string().min(1).default('artifacts'),
  NEXUS_ARTIFACTS_SHOWN_AS: z.string().min(1).optional(),
  NEXUS_HOST: z.string().min(1).default('127.0.0.1'),
  NEXUS_PORT: port.default(7788),
  NEXUS_URL: z.url().optional(),
  NEXUS_TOKEN: z.string().min(16, 'must have at least 16 characters').optional(),
  NEXUS_LOG_LEVEL: z.enum(['error', 'warn', 'info', 'debug']).default('info'),
  NEXUS_BUILDER: z.enum(['auto', 'docker-vm', 'this-machine']).default('auto'),
  NEXUS_SLOTS: wholeNumber.pipe(z.number().min(1).max(64)).default(1),
  NEXUS_STOP: z.enum(stopModes).default('leave'),
  NEXUS_NIXPKGS: z.string().min(1).default(pinnedNixpkgs),
  NEXUS_BUILDER_START: z.enum(['first-build', 'at-once']).default('first-build'),
  NEXUS_VM_IMAGE: z.string().min(1).optional(),
  NEXUS_VM_NIX_IMAGE: z.string().min(1).default('nixos/nix:2.34.7'),
  NEXUS_VM_NIXPKGS: z.string().min(1).default(pinnedNixpkgs),
  NEXUS_VM_BOOT: z.string().min(1).optional(),
  NEXUS_VM_BOOT_FOLDER: z.string().min(1).default('.'),
  NEXUS_VM_SETTINGS: z.string().min(1).optional(),
  NEXUS_VM_NAME: name.default('nexus-builder-vm'),
  NEXUS_VM_NETWORK: name.optional(),
  NEXUS_VM_STORAGE: name.default('nexus-builder-storage'),
  NEXUS_VM_NIX_CACHE: name.default('nexus-builder-nix'),
  NEXUS_VM_MEMORY: size.default('4G'),
  NEXUS_VM_CORES: wholeNumber.pipe(z.number().positive()).default(2),
  NEXUS_VM_DISK: size.default('64G'),
  NEXUS_VM_KVM: z.enum(['auto', 'on', 'off']).default('auto'),
  NEXUS_VM_SSH_PORT: port.default(0),
  NEXUS_VM_BOOT_TIMEOUT: seconds.default(600),
  NEXUS_COMPOSE_PROJECT: name.optional(),
  ...limitSettings,
  ...notifySettings,
});

/** What is never shown; the address of a webhook often has a secret in it. */
const secretSetting = /_TOKEN$|_SECRET$|^NEXUS_WEBHOOK_/;

/** Settings of the watcher, the Compose file and the tests, which are not ours to judge. */
const foreign = /^NEXUS_(BOOTSTRAP|MODE|BUILD_|COMPOSE_|SOURCE|TEST_)/;

export interface VmConfig {
  /** Image of the VM container, when it is not the one for the Engine's architecture; keeps the contract of qemux/qemu. */
  image: string | undefined;
  /** Image with Nix, in which the builder ISO is made. */
  nixImage: string;
  /** nixpkgs the builder ISO is made from: channel, revision, or a path in the container that makes it. */
  nixpkgs: string;
  /** File or URL to boot, when it is not the builder ISO made from `vm/`. */
  boot: string | undefined;
  /** Folder with the settings of Nix in the VM: src/builders/vm-settings/. */
  settings: string | undefined;
  name: string;
  /** Docker network the VM joins; set when the orchestrator is a container of that network too. */
  network: string | undefined;
  /** Volume of the store disk. */
  storage: string;
  /** Volume of /nix in the container that makes the builder ISO. */
  nixCache: string;
  memory: string;
  cores: number;
  disk: string;
  kvm: 'auto' | 'on' | 'off';
  /** Port on 127.0.0.1 for SSH; 0 takes a free one. */
  sshPort: number;
  bootTimeoutMs: number;
  /** Compose project whose `ps` and `logs` shall list the VM. */
  composeProject: string | undefined;
}

export interface Config extends LimitsConfig, NotifyConfig {
  data: string;
  artifacts: string;
  /** How the artifacts folder is called where the user looks, when that differs (a bind mount). */
  artifactsShownAs: string;
  host: string;
  port: number;
  url: string | undefined;
  token: string | undefined;
  logLevel: 'error' | 'warn' | 'info' | 'debug';
  builder: 'auto' | 'docker-vm' | 'this-machine';
  builderStart: 'first-build' | 'at-once';
  /** Builds at once on the builder. */
  slots: number;
  stop: StopMode;
  nixpkgs: string;
  vm: VmConfig;
}

/**
 * Reads the NEXUS_* settings; relative paths start at `directory`.
 * @throws {NexusError} `config-invalid`, naming every wrong setting at once.
 */
export function readConfig(env: NodeJS.ProcessEnv = process.env, directory = process.cwd()): Config {
  const settings = parse(env);
  const artifacts = resolve(directory, settings.NEXUS_ARTIFACTS);
  return {
    data: resolve(directory, settings.NEXUS_DATA),
    artifacts,
    artifactsShownAs: settings.NEXUS_ARTIFACTS_SHOWN_AS ?? artifacts,
    host: settings.NEXUS_HOST,
    port: settings.NEXUS_PORT,
    url: settings.NEXUS_URL,
    token: settings.NEXUS_TOKEN,
    logLevel: settings.NEXUS_LOG_LEVEL,
    builder: settings.NEXUS_BUILDER,
    builderStart: settings.NEXUS_BUILDER_START,
    slots: settings.NEXUS_SLOTS,
    stop: settings.NEXUS_STOP,
    nixpkgs: settings.NEXUS_NIXPKGS,
    ...limitsOf(settings),
    ...notifyOf(settings, directory),
    vm: {
      image: settings.NEXUS_VM_IMAGE,
      nixImage: settings.NEXUS_VM_NIX_IMAGE,
      nixpkgs: settings.NEXUS_VM_NIXPKGS,
      boot: bootMedium(settings, directory),
      settings: settings.NEXUS_VM_SETTINGS && resolve(directory, settings.NEXUS_VM_SETTINGS),
      name: settings.NEXUS_VM_NAME,
      network: settings.NEXUS_VM_NETWORK,
      storage: settings.NEXUS_VM_STORAGE,
      nixCache: settings.NEXUS_VM_NIX_CACHE,
      memory: settings.NEXUS_VM_MEMORY,
      cores: settings.NEXUS_VM_CORES,
      disk: settings.NEXUS_VM_DISK,
      kvm: settings.NEXUS_VM_KVM,
      sshPort: settings.NEXUS_VM_SSH_PORT,
      bootTimeoutMs: settings.NEXUS_VM_BOOT_TIMEOUT * 1000,
      composeProject: settings.NEXUS_COMPOSE_PROJECT,
    },
  };
}

function bootMedium(
  { NEXUS_VM_BOOT: boot, NEXUS_VM_BOOT_FOLDER: folder }: z.infer<typeof environment>,
  directory: string,
): string | undefined {
  if (boot === undefined || isUrl(boot)) return boot;
  return resolve(directory, folder, boot);
}

export const isUrl = (text: string) => /^https?:\/\//.test(text);

function parse(env: NodeJS.ProcessEnv) {
  // Compose passes settings the user left out as empty strings.
  const given = Object.entries(env).filter(([key, value]) => key.startsWith('NEXUS_') && value !== '');
  const unknown = given
    .filter(([key]) => !(key in environment.shape) && !foreign.test(key))
    .map(([key]) => `${key}: no such setting`);
  const result = environment.safeParse(Object.fromEntries(given));
  if (result.success && unknown.length === 0) return result.data;
  const wrong = (result.error?.issues ?? []).map((issue) => {
    const key = String(issue.path[0]);
    return `${key}=${secretSetting.test(key) ? '…' : env[key]}: ${issue.message}`;
  });
  throw new NexusError(
    'config-invalid',
    `These settings are wrong:\n  ${[...wrong, ...unknown].join('\n  ')}`,
    {
      hint: 'The README lists every setting with its meaning and default.',
      cause: result.error,
    },
  );
}

/** The environment for programs we start on this machine: everything but our own settings, the token above all. */
export function environmentForPrograms(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([key]) => !key.startsWith('NEXUS_')));
}
