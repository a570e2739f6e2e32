/**
 * Reproduces the KMS cases recorded from real AWS and compares error code, message and members. The
 * recordings lie beside the checkout where we work; without them the test says that it was skipped.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { signRequest } from '../../src/identity/sign.ts';
import { type RunningServer, startServer } from '../running-server.ts';
import type { Ask } from './case.ts';
import { cases } from './kms-cases.ts';
import { compare } from './match.ts';

const file = join(import.meta.dirname, '../../../shared/recorded/kms/test_kms.snapshot.json');
const skip = existsSync(file) ? false : `the recordings are not here (${file})`;

let server: RunningServer;
before(async () => {
  if (skip === false) server = await startServer({ mode: 'dev' });
});
after(() => server?.stop());

const ask: Ask = async (operation, input, region = 'us-east-1') => {
  const body = Buffer.from(JSON.stringify(input));
  const headers = signRequest({
    method: 'POST',
    url: `${server.endpoint}/`,
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `TrentService.${operation}`,
    },
    body,
    accessKeyId: '111122223333',
    secretAccessKey: 'test',
    region,
    service: 'kms',
    at: Date.now(),
  });
  const response = await fetch(server.endpoint, { method: 'POST', headers, body });
  const text = await response.text();
  return { status: response.status, body: text === '' ? {} : JSON.parse(text) };
};

/** Recorded answers repeat a modelled error's text in a second member; one is enough. */
function withoutTwins(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([name, answer]) => {
      if (typeof answer !== 'object' || answer === null || !('Error' in answer))
        return [name, answer];
      const { message: _twin, ...rest } = answer as Record<string, unknown>;
      return [name, rest];
    }),
  );
}

/** What AWS answers otherwise since it was recorded, by why. */
const superseded: ReadonlyMap<string, string> = new Map([
  [
    'test_rotate_key_on_demand_raises_error_given_key_with_imported_key_material',
    'imported keys rotate on demand since June 2025; recordings of November show the new answer',
  ],
]);

describe('KMS answers as recorded from AWS', { skip }, () => {
  const recorded: Record<string, { 'recorded-content': Record<string, unknown> }> =
    skip === false ? JSON.parse(readFileSync(file, 'utf8')) : {};
  const later: string[] = [];
  let reproduced = 0;
  for (const [name, { 'recorded-content': content }] of Object.entries(recorded)) {
    const short = name.replace(/^.*::/, '');
    const [, base, bracket] = /^([^[]+)(?:\[(.*)\])?$/.exec(short) as RegExpExecArray;
    const reason = superseded.get(base as string);
    if (reason !== undefined) {
      test(short, { skip: reason });
      continue;
    }
    const reproduce = cases.get(base as string);
    if (reproduce === undefined) {
      later.push(short);
      continue;
    }
    test(short, async (t) => {
      const actual = await reproduce(ask, bracket?.split('-') ?? []);
      const { differences, explained } = compare(withoutTwins(content), actual);
      for (const reason of new Set(explained)) t.diagnostic(`accepted: ${reason}`);
      assert.deepEqual(differences, []);
      reproduced++;
    });
  }
  test('the count', () => {
    console.log(
      `Recorded KMS cases: ${reproduced} reproduced, ${later.length} need operations that are not there yet.`,
    );
    assert.ok(reproduced > 0);
  });
});
