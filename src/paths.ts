import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Every name the orchestrator uses on its own disk; docs/internals.md lists the same. */
export interface DataPaths {
  root: string;
  /** API token, mode 0600. */
  token: string;
  /** Folder with the socket of the one orchestrator that owns the data. */
  lock: string;
  /** Where the running orchestrator answers: `{ url, pid }`. */
  server: string;
  /** What an orchestrator that the CLI started in the background prints. */
  serverLog: string;
  clientKey: string;
  clientPublicKey: string;
  hostKey: string;
  hostPublicKey: string;
  knownHosts: string;
  /** Folder of the pipe when the builder is this machine. */
  thisMachine: string;
  /** Builder ISO and what it was made from. */
  bootMedium: string;
  bootMediumSource: string;
  /** Uploaded sources, by the sha256 of their cleaned tar archive. */
  sources: string;
  /** What webhooks were told, and what the inbox has made builds of. */
  webhooks: string;
  inbox: string;
  builds: string;
  /** How long derivations took here. */
  durations: string;
  build(id: string): BuildPaths;
}

export interface BuildPaths {
  root: string;
  /** The journal: everything that has happened to the build. */
  events: string;
  /** Its sum: written when the build is accepted and when it has ended. */
  record: string;
  /** There when nothing may remove the build. */
  pinned: string;
  script: string;
  log: string;
}

export function dataPaths(root: string): DataPaths {
  const keys = join(root, 'keys');
  const builds = join(root, 'builds');
  return {
    root,
    token: join(root, 'token'),
    lock: join(root, 'lock'),
    server: join(root, 'server.json'),
    serverLog: join(root, 'server.log'),
    clientKey: join(keys, 'client_ed25519'),
    clientPublicKey: join(keys, 'client_ed25519.pub'),
    hostKey: join(keys, 'host_ed25519'),
    hostPublicKey: join(keys, 'host_ed25519.pub'),
    knownHosts: join(keys, 'known_hosts'),
    thisMachine: join(root, 'this-machine'),
    bootMedium: join(root, 'builder', 'boot.iso'),
    bootMediumSource: join(root, 'builder', 'boot.json'),
    sources: join(root, 'sources'),
    webhooks: join(root, 'webhooks.json'),
    inbox: join(root, 'inbox.json'),
    builds,
    durations: join(root, 'durations.json'),
    build: (id) => buildPaths(join(builds, id)),
  };
}

function buildPaths(root: string): BuildPaths {
  return {
    root,
    events: join(root, 'events.jsonl'),
    record: join(root, 'build.json'),
    pinned: join(root, 'pinned'),
    script: join(root, 'script'),
    log: join(root, 'log'),
  };
}

/** The folder of the package: `vm/` lies in it, beside `src/` or `dist/`. */
export const packageRoot = fileURLToPath(new URL('..', import.meta.url));
/** What `npm run build` makes of src/dashboard. */
export const dashboardFolder = join(packageRoot, 'dist', 'dashboard');
export const vmSource = join(packageRoot, 'vm');
export const watcherProgram = join(vmSource, 'watcher', 'nexus-watcher');
