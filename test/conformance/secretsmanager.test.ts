/**
 * Reproduces the Secrets Manager cases recorded from real AWS and compares error code, message and
 * members. The recordings lie beside the checkout where we work; without them the test says that it
 * was skipped.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ask as askingOf } from '../ask.ts';
import { machineClock, openSecrets, rotating, type SecretsNode } from '../open-secrets.ts';
import type { Ask } from './case.ts';
import { compare } from './match.ts';
import { cases } from './secretsmanager-cases.ts';
import { rotationFunction } from './secretsmanager-rotation-cases.ts';

const folder = join(import.meta.dirname, '../../../shared/recorded/secretsmanager');
const file = join(folder, 'test_secretsmanager.snapshot.json');
const skip = existsSync(file) ? false : `the recordings are not here (${file})`;

let node: SecretsNode;
let served: Awaited<ReturnType<SecretsNode['serve']>>;
let asking: ReturnType<typeof askingOf>;
before(async () => {
  if (skip !== false) return;
  node = await openSecrets({ clock: machineClock });
  node.functions.set(rotationFunction, rotating(node, { readsPending: false }));
  served = await node.serve();
  const { endpoint } = served;
  asking = askingOf({ endpoint, accessKeyId: 'test', secretAccessKey: 'test' });
});
after(async () => {
  await served?.close();
  await node?.close();
  assert.deepEqual(node?.faults ?? [], []);
});

const ask: Ask = async (operation, input, region = 'eu-central-1') => {
  const options = { region, service: 'secretsmanager', target: `secretsmanager.${operation}` };
  const { status, body } = await asking(operation, input, options);
  return { status, body };
};

/** Recorded answers repeat a modelled error's text in a second member; one is enough. */
function withoutTwins(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([name, answer]) => {
      if (typeof answer !== 'object' || answer === null || !('ResponseMetadata' in answer))
        return [name, answer];
      const { Message: _twin, ...rest } = answer as Record<string, unknown>;
      return [name, 'Error' in rest ? rest : answer];
    }),
  );
}

/** The recorder's placeholders, in the form that `compare` knows. */
function normal(recorded: Record<string, unknown>): Record<string, unknown> {
  const text = JSON.stringify(recorded)
    .replaceAll(/<version_uuid:(\d+)>/g, '<version-uuid:$1>')
    .replaceAll(/<SecretId-\d+idx><ArnPart-(\d+)idx>/g, '<arn-end:$1>')
    .replaceAll(/<SecretId-(\d+)idx>/g, '<secret-id:$1>')
    .replaceAll(/<ArnPart-(\d+)idx>/g, '<arn-part:$1>')
    .replaceAll('<version-id>', '<version-id:1>');
  return JSON.parse(text);
}

/** Maps by version become lists in the order of the labels, so that ids are compared as values. */
function listed(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => listed(item));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  if (name.endsWith('ToStages'))
    return entries
      .map(([id, stages]) => ({ stages, id }))
      .sort((x, y) => (`${x.stages}` < `${y.stages}` ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, listed(item, key)]));
}

/** Some cases were recorded without the status of their answers. */
function asRecorded(recorded: Record<string, unknown>, actual: Record<string, unknown>) {
  return Object.fromEntries(
    Object.entries(actual).map(([name, answer]) => {
      const hasStatus = JSON.stringify(recorded[name])?.includes('ResponseMetadata');
      if (hasStatus || typeof answer !== 'object') return [name, answer];
      const { ResponseMetadata: _, ...rest } = answer as Record<string, unknown>;
      return [name, rest];
    }),
  );
}

describe('Secrets Manager answers as recorded from AWS', { skip }, () => {
  const recorded: Record<string, { 'recorded-content': Record<string, unknown> }> =
    skip === false ? JSON.parse(readFileSync(file, 'utf8')) : {};
  let reproduced = 0;
  for (const [name, { 'recorded-content': content }] of Object.entries(recorded)) {
    const short = name.replace(/^.*::/, '');
    const [, base, bracket] = /^([^[]+)(?:\[(.*)\])?$/s.exec(short) as RegExpExecArray;
    test(short, async (t) => {
      const reproduce = cases.get(base as string);
      assert.ok(reproduce !== undefined, 'nothing reproduces it');
      const actual = await reproduce(ask, bracket?.split('-') ?? []);
      const { differences, explained } = compare(
        listed(normal(withoutTwins(content))),
        listed(asRecorded(content, actual)),
      );
      for (const reason of new Set(explained)) t.diagnostic(`accepted: ${reason}`);
      assert.deepEqual(differences, []);
      reproduced++;
    });
  }
  test('the count', () => {
    const all = Object.keys(recorded).length;
    console.log(`Recorded Secrets Manager cases: ${reproduced} of ${all} reproduced.`);
    assert.equal(reproduced, all);
  });
});
