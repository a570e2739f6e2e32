/**
 * Reproduces the STS cases recorded from real AWS and compares error code, message and members. The
 * recordings lie beside the checkout where we work; without them the test says that it was skipped.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type RunningServer, startServer } from '../running-server.ts';
import { account, rootOf } from '../sts.ts';
import { compare } from './match.ts';
import { cases } from './sts-cases.ts';

const file = join(import.meta.dirname, '../../../shared/recorded/sts/test_sts.snapshot.json');
const skip = existsSync(file) ? false : `the recordings are not here (${file})`;

let server: RunningServer;
before(async () => {
  if (skip === false) server = await startServer({ mode: 'dev' });
});
after(() => server?.stop());

describe('STS answers as recorded from AWS', { skip }, () => {
  const recorded: Record<string, { 'recorded-content': Record<string, unknown> }> =
    skip === false ? JSON.parse(readFileSync(file, 'utf8')) : {};
  let reproduced = 0;
  for (const [name, { 'recorded-content': content }] of Object.entries(recorded)) {
    const short = name.replace(/^.*::/, '');
    test(short, async (t) => {
      const reproduce = cases.get(short);
      assert.ok(reproduce, 'nobody has written down what was asked');
      const { differences, explained } = compare(content, await reproduce(rootOf(server, account)));
      for (const reason of new Set(explained)) t.diagnostic(`accepted: ${reason}`);
      assert.deepEqual(differences, []);
      reproduced++;
    });
  }
  test('the count', () => {
    console.log(`Recorded STS cases: ${reproduced} of ${Object.keys(recorded).length} reproduced.`);
    assert.equal(reproduced, Object.keys(recorded).length);
  });
});
