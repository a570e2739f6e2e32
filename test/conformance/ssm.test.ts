/**
 * Reproduces the Parameter Store cases recorded from real AWS. The recordings lie beside the
 * checkout where we work; without them the test says that it was skipped.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ask as asking } from '../ask.ts';
import { type RunningServer, startServer } from '../running-server.ts';
import type { Ask } from './case.ts';
import { compare } from './match.ts';
import { cases } from './ssm-cases.ts';

const file = join(import.meta.dirname, '../../../shared/recorded/ssm/test_ssm.snapshot.json');
const skip = existsSync(file) ? false : `the recordings are not here (${file})`;

let server: RunningServer;
before(async () => {
  if (skip === false) server = await startServer({ mode: 'dev' });
});
after(() => server?.stop());

const ask: Ask = (operation, input) =>
  asking({ ...server, accessKeyId: '111122223333' })(operation, input, {
    target: `AmazonSSM.${operation}`,
    service: 'ssm',
  });

describe('Parameter Store answers as recorded from AWS', { skip }, () => {
  const recorded: Record<string, { 'recorded-content': unknown }> =
    skip === false ? JSON.parse(readFileSync(file, 'utf8')) : {};
  for (const [name, { 'recorded-content': content }] of Object.entries(recorded)) {
    const short = name.replace(/^.*::/, '');
    test(short, async () => {
      const reproduce = cases.get(short);
      assert.ok(reproduce !== undefined, `${short} is recorded and not reproduced`);
      assert.deepEqual(compare(content, await reproduce(ask, [])).differences, []);
    });
  }
});
