import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { signedHeaders } from '../../../src/notifications/webhook.ts';
import { skipUnless } from '../../fixtures/limits.ts';
import { builderMissing, TestOrchestrator } from '../../fixtures/orchestrator.ts';
import { until } from '../../fixtures/watcher.ts';
import { WebhookReceiver } from '../../fixtures/webhook-receiver.ts';

const secret = 'a secret of the tests';
const states = ['queued', 'preparing', 'building', 'collecting', 'succeeded'];

const orchestrator = ({ url }: WebhookReceiver) =>
  TestOrchestrator.start({ NEXUS_WEBHOOK_URL: url, NEXUS_WEBHOOK_SECRET: secret });

const told = (receiver: WebhookReceiver, id: string, last: string) =>
  until(`${last} of ${id}`, () => receiver.statesOf(id).includes(last) || undefined);

describe('A webhook', () => {
  before(async function () {
    skipUnless(this, await builderMissing());
  });

  it('is told of every state of a build in order, signed', async () => {
    await using receiver = await WebhookReceiver.start();
    await using nexus = await orchestrator(receiver);
    const { id } = await nexus.ended((await nexus.script('nexus-phase one; nexus-phase two')).id);
    await told(receiver, id, 'succeeded');
    assert.deepEqual(receiver.statesOf(id), states);
    for (const { headers, body, message } of receiver.received) {
      const expected = signedHeaders(message.id, body, Number(headers['webhook-timestamp']), secret);
      for (const [name, value] of Object.entries(expected)) assert.equal(headers[name], value);
    }
    const ids = receiver.received.map(({ message }) => message.id);
    assert.equal(new Set(ids).size, ids.length);
  });

  it('that fails is tried again, and misses nothing', async () => {
    await using receiver = await WebhookReceiver.start();
    receiver.answers.push(500);
    await using nexus = await orchestrator(receiver);
    const { id } = await nexus.ended((await nexus.script('exit 3')).id);
    await told(receiver, id, 'failed');
    assert.deepEqual(receiver.statesOf(id), ['queued', 'preparing', 'building', 'failed']);
    assert.equal(receiver.received.at(-1)?.message.build.error?.code, 'build-failed');
  });

  it('that refuses a message is not asked again, and is told of what comes next', async () => {
    await using receiver = await WebhookReceiver.start();
    receiver.answers.push(410);
    await using nexus = await orchestrator(receiver);
    const { id } = await nexus.script('true');
    await told(receiver, id, 'succeeded');
    assert.deepEqual(receiver.statesOf(id), states.slice(1));
    assert.match(nexus.log.text(), /refused a message/);
    assert.ok(!nexus.log.text().includes(secret));
  });

  it('is told of what happened while it was away, also by the next orchestrator', async () => {
    await using receiver = await WebhookReceiver.start();
    receiver.answers.push(...Array.from({ length: 4 }, () => 503));
    await using nexus = await orchestrator(receiver);
    const { id } = await nexus.ended((await nexus.script('true')).id);
    await nexus.stop();
    assert.deepEqual(receiver.statesOf(id), []);
    receiver.answers.length = 0;
    await nexus.start();
    await told(receiver, id, 'succeeded');
    assert.deepEqual(receiver.statesOf(id), states);
    await until('nothing left to tell', async () => {
      const kept = await readFile(join(nexus.config.data, 'webhooks.json'), 'utf8');
      return kept.trim() === '{}' || undefined;
    });
  });
});

describe('GET /metrics', () => {
  before(async function () {
    skipUnless(this, await builderMissing());
  });

  it('has the builds, their durations and the builder, for either of two tokens', async () => {
    const scrape = 'a token for scraping';
    await using nexus = await TestOrchestrator.start({ NEXUS_METRICS_TOKEN: scrape });
    await nexus.ended((await nexus.script('echo 12345 > f; nexus-artifact f')).id);
    await nexus.ended((await nexus.script('exit 1')).id);
    const reply = await nexus.fetch('/metrics');
    assert.match(reply.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
    const text = await reply.text();
    for (const line of [
      'nexus_builds{state="succeeded"} 1',
      'nexus_builds{state="failed"} 1',
      'nexus_queue_length 0',
      'nexus_build_duration_seconds_count{state="succeeded"} 1',
      'nexus_build_duration_seconds_bucket{state="failed",le="+Inf"} 1',
    ])
      assert.ok(text.split('\n').includes(line), `${line} is not in\n${text}`);
    assert.match(text, /^nexus_builder_state\{state="(ready|busy)"\} 1$/m);
    for (const line of text.split('\n'))
      assert.match(line, /^(# (HELP|TYPE) nexus_\w+ .+|nexus_\w+(\{[^}]*\})? [0-9.]+|)$/);
    const status = async (token: string, path = '/metrics') => {
      const headers = { authorization: `Bearer ${token}` };
      return (await nexus.fetch(path, { headers })).status;
    };
    assert.equal(await status(scrape), 200);
    assert.equal(await status('something else'), 401);
    assert.equal(await status(scrape, '/api/v1/builds'), 401);
  });
});
