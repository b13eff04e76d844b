import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { newBuild } from '../../../src/builds/transition.ts';
import { messageOfEvent } from '../../../src/notifications/message.ts';
import { signedHeaders } from '../../../src/notifications/webhook.ts';

const at = '2026-09-11T10:15:00.000Z';
const build = newBuild('id', { kind: 'script', name: 'x', script: 'echo secret' }, new Date(at));

describe('The message of an event', () => {
  it('names build and state, and has nothing of the request’s inside', () => {
    const message = messageOfEvent(build, { n: 3, at, type: 'started', seq: 7 });
    assert.deepEqual(message, {
      ...{ id: 'id/3', type: 'build.state', at },
      build: { id: 'id', name: 'x', kind: 'script', state: 'building', createdAt: at },
    });
  });

  it('has the artifacts of what succeeded and the error of what failed', () => {
    const artifact = { name: 'a', bytes: 1, sha256: '0'.repeat(64), path: '/a' };
    const succeeded = messageOfEvent(build, { n: 1, at, type: 'succeeded', artifacts: [artifact] });
    assert.deepEqual(succeeded?.build.artifacts, [artifact]);
    const error = { code: 'build-failed', message: 'It failed' } as const;
    const failed = messageOfEvent(build, { n: 1, at, type: 'failed', error });
    assert.deepEqual(failed?.build.error, error);
  });

  it('is none for what changes no state', () => {
    assert.equal(messageOfEvent(build, { n: 1, at, type: 'phase', phase: 'x', seq: 1 }), undefined);
    assert.equal(messageOfEvent(build, { n: 1, at, type: 'cancel' }), undefined);
  });
});

describe('The headers of a message', () => {
  it('are signed as Standard Webhooks are', () => {
    // The example of https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
    const headers = signedHeaders(
      'msg_p5jXN8AQM9LWM0D4loKWxJek',
      '{"test": 2432232314}',
      1614265330,
      'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    );
    assert.deepEqual(headers, {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it('take any other secret as it is, and are unsigned without one', () => {
    const { 'webhook-signature': signature } = signedHeaders('a', 'b', 1, 'plain secret') as Record<
      string,
      string
    >;
    assert.equal(signature, `v1,${createHmac('sha256', 'plain secret').update('a.1.b').digest('base64')}`);
    assert.deepEqual(Object.keys(signedHeaders('a', 'b', 1, undefined)), ['webhook-id', 'webhook-timestamp']);
  });
});
