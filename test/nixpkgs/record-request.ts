import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buffer, json } from 'node:stream/consumers';
import { environmentForPrograms } from '../../src/config.ts';

const repository = join(import.meta.dirname, '../..');
const token = 'a-token-for-this-one-request';

export interface Recorded {
  request: unknown;
  /** The tar archive that was uploaded. */
  source: Buffer;
}

/**
 * Runs `nexus ARGUMENTS` in the repository, and returns what it asks of the orchestrator.
 * @throws what the command says when it asks nothing.
 */
export async function recordRequest(arguments_: readonly string[]): Promise<Recorded> {
  const recorded: Partial<Recorded> = {};
  const server = createServer((call, reply) => {
    void answer(call, recorded).then(({ status, body }) => {
      reply.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  await listen(server);
  try {
    const said = await nexus(arguments_, (server.address() as AddressInfo).port);
    const { request, source = Buffer.alloc(0) } = recorded;
    if (request === undefined) throw new Error(said.trim());
    return { request, source };
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

/** An orchestrator that takes the source and the request, and then refuses, so that the command ends. */
async function answer(call: IncomingMessage, recorded: Partial<Recorded>) {
  if (call.method === 'POST' && call.url === '/api/v1/sources') {
    recorded.source = await buffer(call);
    return { status: 201, body: { id: createHash('sha256').update(recorded.source).digest('hex') } };
  }
  if (call.method === 'POST' && call.url === '/api/v1/builds') recorded.request = await json(call);
  return { status: 404, body: { error: { code: 'not-found', message: 'recorded' } } };
}

/** Resolves with what it says on its standard error, however it ends. */
function nexus(arguments_: readonly string[], port: number): Promise<string> {
  const settings = { NEXUS_URL: `http://127.0.0.1:${port}`, NEXUS_TOKEN: token };
  return new Promise((done) => {
    execFile(
      process.execPath,
      ['--import', 'tsx', join(repository, 'src/cli.ts'), ...arguments_],
      { cwd: repository, env: { ...environmentForPrograms(), ...settings }, timeout: 60_000 },
      (_error, _out, err) => done(err),
    );
  });
}

const listen = (server: Server) => new Promise<void>((done) => server.listen(0, '127.0.0.1', () => done()));
