import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import type { BridgeEventOf, FinishedResult } from '../../../src/bridge/messages.ts';
import {
  explainFailure,
  failingLines,
  limitReached,
  type RoomAround,
} from '../../../src/builds/explain-failure.ts';
import { knownCause } from '../../../src/builds/known-causes.ts';
import type { ErrorCode } from '../../../src/errors.ts';
import { recordedLog } from '../../fixtures/nix-logs.ts';
import { tempFolder } from '../../fixtures/temp-folder.ts';

describe('failingLines', () => {
  it('puts the error first, then what was printed before it, without Nix’s own chatter', () => {
    const log = `these 2 derivations will be built:
  /nix/store/aaaa-x.drv
building '/nix/store/aaaa-x.drv'...
cc: fatal mistake
error: builder for '/nix/store/aaaa-x.drv' failed with exit code 7
`;
    assert.deepEqual(failingLines(log), [
      "error: builder for '/nix/store/aaaa-x.drv' failed with exit code 7",
      'Before that:',
      '  cc: fatal mistake',
    ]);
  });

  it('takes the innermost of nested errors, and names files as the person knows them', () => {
    const log = `error:
       … while evaluating list element at index 0

       error: attribute 'mkFroce' missing
       at /nexus_bootstrap/builds/20261120-134633-9f30/source/bad.nix:1:38:
       Did you mean mkForce?
`;
    const lines = failingLines(log);
    assert.deepEqual(lines.slice(0, 3), [
      "error: attribute 'mkFroce' missing",
      'at bad.nix:1:38:',
      'Did you mean mkForce?',
    ]);
  });

  it('gives the last lines when nothing is called an error', () => {
    assert.deepEqual(failingLines('one\ntwo\n\n'), ['one', 'two']);
  });

  it('has nothing to say of an empty log', () => {
    assert.deepEqual(failingLines(''), []);
  });
});

const ended = (status: number): BridgeEventOf<'finished'> => ({
  ...{ v: 1, seq: 1, at: '', type: 'finished', id: 'x', result: 'exit-code' },
  ...{ status, retrieve: [] },
});

describe('explainFailure', () => {
  const room = { disk: 1e12, memory: 1e9, oomKills: 0 };
  const killed = "error: builder for '/nix/store/x.drv' failed due to signal 9 (Killed)";
  const nixFull = 'error: writing to file: No space left on device';
  const imageFull = "cptofs: No space left on device\nerror: builder for '/nix/store/x.drv' failed";
  interface Case {
    log: string;
    result: FinishedResult;
    around: RoomAround;
    code: ErrorCode;
  }
  const cases: Case[] = [
    { log: '', result: 'oom-kill', around: {}, code: 'out-of-memory' },
    { log: killed, result: 'exit-code', around: { before: room, after: room }, code: 'build-failed' },
    {
      ...{ log: killed, result: 'exit-code', code: 'out-of-memory' },
      around: { before: room, after: { ...room, oomKills: 1 } },
    },
    { log: 'plain', result: 'exit-code', around: { before: room, after: room }, code: 'build-failed' },
    { log: nixFull, result: 'exit-code', around: {}, code: 'disk-full' },
    {
      // Not even its log had room to say so.
      ...{ log: '', result: 'exit-code', code: 'disk-full' },
      around: { before: room, after: { ...room, disk: 60_000 } },
    },
    { log: imageFull, result: 'exit-code', around: { before: room, after: room }, code: 'build-failed' },
    {
      ...{ log: imageFull, result: 'exit-code', code: 'disk-full' },
      around: { before: room, after: { ...room, disk: 4096 } },
    },
  ];
  for (const { log, result, around, code } of cases) {
    it(`calls ${result} after “${log}” ${code}, with ${JSON.stringify(around).slice(-30)}`, async () => {
      await using folder = await tempFolder();
      await writeFile(folder.file('log'), log);
      const end = { result, status: 1, retrieve: [] };
      const finished = { v: 1, seq: 1, at: '', type: 'finished', id: 'x', ...end } as const;
      const error = await explainFailure(finished, folder.file('log'), around);
      assert.equal(error.code, code);
      assert.ok(error.hint);
    });
  }

  it('names the derivation that failed, in a log of real Nix, and gives the last lines of its own', async () => {
    await using folder = await tempFolder();
    await writeFile(folder.file('log'), recordedLog('failure'));
    const finished = ended(100);
    const { message } = await explainFailure(finished, folder.file('log'));
    const lines = message.split('\n');
    assert.equal(lines[0], 'The build of broken-1.0 failed with exit code 3; it printed last:');
    assert.deepEqual(lines.slice(-2), ['  compiling 15', '  foo.c:3: error: expected ;']);
    assert.doesNotMatch(message, /@nix/);
  });

  it('reads no more of a long log than its end', async () => {
    await using folder = await tempFolder();
    const chatter = `@nix ${JSON.stringify({ action: 'result', id: 1, type: 105, fields: [1, 2, 3, 4] })}\n`;
    await writeFile(folder.file('log'), `${'x'.repeat(2_000_000)}\n${chatter.repeat(9000)}error: the end\n`);
    const finished = ended(1);
    const { message } = await explainFailure(finished, folder.file('log'));
    assert.match(message, /^The build failed with status 1\nerror: the end/);
    assert.ok(message.length < 10_000);
  });

  it('names the limit that was reached, and how to change it', () => {
    const { code, message, hint } = limitReached({ name: 'silence', value: 7200 });
    assert.equal(code, 'limit-reached');
    assert.match(message, /2 h 0 min.*silence=7200/);
    assert.match(hint ?? '', /--silence-limit.*NEXUS_LIMIT_SILENCE/);
  });
});

describe('knownCause', () => {
  // Every line below was printed by the real thing: Nix 2.26 with nixpkgs 26.11pre, or the Linux kernel.
  const cases: [string, RegExp][] = [
    [
      'error: The option `fileSystems."/".device\' has conflicting definition values:',
      /hardware-configuration/,
    ],
    [
      "error: The option `system.build.installBootLoader' is defined multiple times while it's expected to be unique.",
      /boot\.loader/,
    ],
    ['error: writing to file: No space left on device', /NEXUS_VM_DISK/],
    [
      "warning: unable to download 'https://cache.nixos.org/nix-cache-info': Could not resolve host: cache.nixos.org",
      /network/,
    ],
    ["error: The option `image.modules' does not exist.", /25\.05/],
    ["error: path '/nexus/hardware-configuration.nix' does not exist", /folder/],
    ["error: hash mismatch in fixed-output derivation '/nix/store/x.drv'", /downloaded/],
    ["error: builder for '/nix/store/x.drv' failed due to signal 9 (Killed)", /NEXUS_VM_MEMORY/],
  ];
  for (const [line, advice] of cases) {
    it(`advises on: ${line.slice(0, 70)}`, () => {
      assert.match(knownCause(line) ?? '', advice);
    });
  }

  it('says nothing of what it does not know', () => {
    assert.equal(knownCause("error: attribute 'x' missing"), undefined);
  });
});
