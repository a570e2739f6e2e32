/**
 * Reproduces the EventBridge cases recorded from real AWS. The recordings lie beside the checkout
 * where we work; without them the test says that it was skipped.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type RunningServer, startServer } from '../running-server.ts';
import { cases } from './events-cases.ts';
import { connectionCases } from './events-connection-cases.ts';
import { deliveryCases } from './events-delivery-cases.ts';
import { patternCase } from './events-pattern-cases.ts';
import {
  account,
  comparable,
  type Events,
  type EventsCase,
  eventsFor,
} from './events-recording.ts';
import { tagAndScheduleCases } from './events-tag-cases.ts';
import { compare } from './match.ts';

const folder = join(import.meta.dirname, '../../../shared/recorded/events');
const skip = existsSync(folder) ? false : `the recordings are not here (${folder})`;
const files = ['events', 'events_inputs', 'events_patterns', 'events_schedule', 'events_tags'];
const more = ['events_targets', 'api_destinations_and_connection'];

const all: ReadonlyMap<string, EventsCase> = new Map([
  ...cases,
  ...tagAndScheduleCases,
  ...deliveryCases,
  ...connectionCases,
]);

/** What is recorded and can't be had here, and why. */
const elsewhere: ReadonlyArray<readonly [RegExp, string]> = [
  [/exceed_limit_ten/, 'the message would repeat the whole request, and with it what is secret'],
  [/target_(sns|kinesis|firehose|api_gateway)|bus_to_bus\[/, 'a service that is not here'],
  [/target_lambda/, 'shown with real functions in the scenarios'],
  [/target_events|_to_default_eventbus/, 'needs roles: shown in the scenarios'],
  [/process_(to|pattern)|response_entries_order/, 'the order of entries and detail is not said'],
  [/connection_validations/, 'two faults of one member come in an order of chance'],
  [/regions1/, 'each Region answers as the one of the other case'],
  [/large_and_complex|test_event_pattern_source/, 'what was sent is not recorded'],
];

let server: RunningServer;
let events: Events;
before(async () => {
  if (skip !== false) return;
  server = await startServer({ mode: 'dev' });
  events = eventsFor({ ...server, accessKeyId: account });
});
after(() => server?.stop());

describe('EventBridge answers as recorded from AWS', { skip }, () => {
  let reproduced = 0;
  for (const file of skip === false ? [...files, ...more] : []) {
    const text = readFileSync(join(folder, `test_${file}.snapshot.json`), 'utf8');
    for (const [name, { 'recorded-content': content }] of Object.entries(
      JSON.parse(text) as Record<string, { 'recorded-content': object }>,
    )) {
      const [, short = '', parameters] =
        /^(\w+)(?:\[(.*)\])?$/s.exec(name.replace(/^.*?::(?:.*::)?(?=test)/s, '')) ?? [];
      if (Object.keys(content).length === 0 && !short.includes('nested_keys')) continue;
      if (elsewhere.some(([pattern]) => pattern.test(`${short}[${parameters ?? ''}`))) continue;
      test(`${short} ${parameters ?? ''}`, async () => {
        const reproduce = all.get(short) ?? patternCase(short, parameters, content);
        assert.ok(reproduce !== undefined, `${short} is recorded and not reproduced`);
        const given = parameters === undefined ? [] : splitParameters(short, parameters);
        const actual = await reproduce(events, given);
        const { differences } = compare(comparable(content), actual);
        assert.deepEqual(differences, []);
        reproduced++;
      });
    }
  }
  test('the count', () => {
    console.log(`${reproduced} recorded cases reproduced.`);
    assert.ok(reproduced > 100);
  });
});

/** Only these have two, which a hyphen divides; others have hyphens of their own. */
const splitParameters = (short: string, parameters: string): string[] =>
  short === 'test_create_list_describe_delete_custom_event_buses'
    ? parameters.split('-')
    : [parameters];
