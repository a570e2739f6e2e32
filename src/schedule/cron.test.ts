import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { nextTime, parseCron } from './cron.ts';

function times(fields: string, after: string, count: number): string[] {
  const cron = parseCron(fields);
  assert.ok(cron, `${fields} is taken`);
  const all: string[] = [];
  let at: number | undefined = Date.parse(after);
  while (all.length < count) {
    at = nextTime(cron, at as number);
    if (at === undefined) break;
    all.push(new Date(at).toISOString().slice(0, 16));
  }
  return all;
}

describe('The times of a cron expression', () => {
  const cases: ReadonlyArray<readonly [string, string, string, readonly string[]]> = [
    ['each day', '15 10 * * ? *', '2024-02-28T12:00Z', ['2024-02-29T10:15', '2024-03-01T10:15']],
    [
      'are after the time that is asked about',
      '0 0 * * ? *',
      '2024-01-01T00:00Z',
      ['2024-01-02T00:00'],
    ],
    [
      'steps',
      '0/15 9 * * ? *',
      '2024-01-01T09:16Z',
      ['2024-01-01T09:30', '2024-01-01T09:45', '2024-01-02T09:00'],
    ],
    [
      'steps from anywhere',
      '5/20 * * * ? *',
      '2024-01-01T23:50Z',
      ['2024-01-02T00:05', '2024-01-02T00:25'],
    ],
    ['lists', '5,35 14 * * ? *', '2024-01-01T00:00Z', ['2024-01-01T14:05', '2024-01-01T14:35']],
    ['names of weekdays', '0 18 ? * MON-FRI *', '2024-01-05T18:00Z', ['2024-01-08T18:00']],
    ['names of months', '0 0 1 feb ? *', '2024-03-01T00:00Z', ['2025-02-01T00:00']],
    [
      'the last day of a month',
      '0 0 L 2 ? *',
      '2023-01-01T00:00Z',
      ['2023-02-28T00:00', '2024-02-29T00:00'],
    ],
    ['the last day of a week', '0 0 ? * L *', '2024-01-01T00:00Z', ['2024-01-06T00:00']],
    [
      'the last Friday of a month',
      '15 10 ? * 6L 2024-2025',
      '2024-01-01T00:00Z',
      ['2024-01-26T10:15', '2024-02-23T10:15'],
    ],
    [
      'the third Saturday of a month',
      '0 2 ? * SAT#3 *',
      '2024-01-01T00:00Z',
      ['2024-01-20T02:00', '2024-02-17T02:00'],
    ],
    [
      'a fifth Monday only where there is one',
      '0 0 ? * 2#5 *',
      '2024-01-01T00:00Z',
      ['2024-01-29T00:00', '2024-04-29T00:00'],
    ],
    [
      'the workday nearest to a Saturday',
      '0 0 15W 6 ? *',
      '2024-01-01T00:00Z',
      ['2024-06-14T00:00'],
    ],
    ['the workday nearest to a Sunday', '0 0 16W 6 ? *', '2024-01-01T00:00Z', ['2024-06-17T00:00']],
    [
      'a first that is a Saturday goes on to Monday',
      '0 0 1W 6 ? *',
      '2024-01-01T00:00Z',
      ['2024-06-03T00:00'],
    ],
    [
      'a last that is a Sunday goes back to Friday',
      '0 0 30W 6 ? *',
      '2024-01-01T00:00Z',
      ['2024-06-28T00:00'],
    ],
    ['the last workday', '0 0 LW 6 ? *', '2024-01-01T00:00Z', ['2024-06-28T00:00']],
    ['years', '0 0 1 1 ? 2030,2040', '2024-01-01T00:00Z', ['2030-01-01T00:00', '2040-01-01T00:00']],
    ['that is over', '15 10 ? * 6L 2002-2005', '2024-01-01T00:00Z', []],
    ['that never comes', '0 0 30 2 ? *', '2024-01-01T00:00Z', []],
    ['29 February', '0 0 29 2 ? *', '2024-03-01T00:00Z', ['2028-02-29T00:00']],
    ['across a year', '* * * * ? *', '2024-12-31T23:59:30Z', ['2025-01-01T00:00']],
  ];
  for (const [name, fields, after, expected] of cases)
    test(name, () => assert.deepEqual(times(fields, after, expected.length || 1), expected));
});

describe('What is no cron expression', () => {
  const cases = [
    '',
    'INVALID',
    '0 0 * * ?',
    '0 0 * * ? * *',
    '71 8 1 * ? *',
    '0 24 * * ? *',
    '0 0 0 * ? *',
    '0 0 1 13 ? *',
    '0 0 ? * 8 *',
    '0 0 1 1 ? 1969',
    '0 0 1 1 ? 2200',
    '0 1 * * * *',
    '0 0 ? * ? *',
    '7 20 * * NOT *',
    '0 dummy ? * MON-FRI *',
    '0 0 ? * MON#6 *',
    '0 0 32W * ? *',
    '0 0/0 * * ? *',
    '5-1 0 * * ? *',
    '*-5 0 * * ? *',
    '1,,2 0 * * ? *',
    '? 0 * * ? *',
    '0 0 ? ? * *',
  ];
  for (const fields of cases)
    test(JSON.stringify(fields), () => assert.equal(parseCron(fields), undefined));
});
