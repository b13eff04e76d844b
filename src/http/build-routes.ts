import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { type Artifact, buildSchema, isFinished } from '../builds/build.ts';
import { buildRequest, parseRequest } from '../builds/request.ts';
import { messageOf, NexusError } from '../errors.ts';
import type { BuildPaths } from '../paths.ts';
import { isPinned } from '../retention/pins.ts';
import { buildId, buildList, buildQuery, buildView, errorReply } from './schemas.ts';
import type { ApiServer, ServerParts } from './server-parts.ts';

export function buildRoutes(api: ApiServer, { builds, store, board, paths, artifacts }: ServerParts): void {
  api.post(
    '/builds',
    {
      schema: {
        summary: 'Submit a build',
        description:
          'Answered with 200 and an earlier build when that has made the same and its artifacts are still here.',
        body: buildRequest,
        response: { 200: buildSchema, 201: buildSchema, '4xx': errorReply },
      },
    },
    async (request, reply) => {
      const build = await builds.submit(parseRequest(request.body));
      return reply.status(isFinished(build) ? 200 : 201).send(build);
    },
  );
  api.get(
    '/builds',
    {
      schema: {
        summary: 'Builds, newest first',
        querystring: buildQuery,
        response: { 200: buildList, '4xx': errorReply },
      },
    },
    async ({ query }) => {
      const { builds: found, next } = await store.page(query);
      return {
        builds: found.map((build) => ({ ...builds.shown(build), progress: board.of(build.id) })),
        next,
      };
    },
  );
  api.get(
    '/builds/:id',
    { schema: { summary: 'One build', params: buildId, response: { 200: buildView, '4xx': errorReply } } },
    async ({ params }) => ({
      ...builds.shown(await store.get(params.id)),
      ...(await pinOf(paths.build(params.id))),
      progress: board.of(params.id),
    }),
  );
  api.post(
    '/builds/:id/cancel',
    {
      schema: {
        summary: 'End a build; a finished one stays as it is',
        params: buildId,
        response: { 200: buildSchema, '4xx': errorReply },
      },
    },
    async ({ params }) => builds.cancel(params.id),
  );
  api.get(
    '/builds/:id/artifacts/:name',
    {
      schema: {
        summary: 'Download an artifact',
        params: buildId.extend({ name: z.string() }),
        produces: ['application/octet-stream'],
        response: { '4xx': errorReply },
      },
    },
    async ({ params }, reply) => {
      const build = await store.get(params.id);
      const artifact = build.artifacts.find(({ name }) => name === params.name);
      if (!artifact) {
        const names = build.artifacts.map(({ name }) => name).join(', ') || 'none';
        throw new NexusError('not-found', `Build ${build.id} has no artifact ${params.name}`, {
          hint: `It has: ${names}.`,
        });
      }
      if (build.state !== 'succeeded') {
        throw new NexusError(
          'not-finished',
          `Build ${build.id} is ${build.state}, so its artifacts are not here yet`,
        );
      }
      return download(reply, join(artifacts, `${build.request.name}-${build.id}`, artifact.name), artifact);
    },
  );
}

const pinOf = async (paths: BuildPaths) => ((await isPinned(paths)) ? { pinned: true } : {});

async function download(reply: FastifyReply, file: string, { name, bytes }: Artifact) {
  const handle = await openArtifact(file, name);
  return reply
    .header('content-type', 'application/octet-stream')
    .header('content-length', bytes)
    .header('content-disposition', `attachment; filename="${name}"`)
    .send(handle.createReadStream());
}

/** The folder is the user's, who may have moved or deleted what was in it. */
async function openArtifact(file: string, name: string) {
  try {
    return await open(file);
  } catch (cause) {
    throw new NexusError('not-found', `The artifact ${name} is no longer where it was: ${messageOf(cause)}`, {
      hint: 'Build it again; what Nix still has is not built anew.',
      cause,
    });
  }
}
