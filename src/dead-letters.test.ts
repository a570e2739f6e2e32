import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { testWorld } from '../test/trail.ts';
import { openDeadLetters } from './dead-letters.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'sealhold-letters-'));
after(() => rmSync(dataDir, { recursive: true }));

const letter = {
  ruleArn: 'arn:aws:events:us-east-1:111122223333:rule/r',
  targetArn: 'arn:aws:lambda:us-east-1:111122223333:function:f',
  errorCode: 'NO_PERMISSIONS',
  errorMessage: 'not allowed',
  retryAttempts: 0,
  event: '{"id":"1","detail":{"n":1.0}}',
};

describe('The dead-letter file', () => {
  test('has a line for each event, for its owner alone', async () => {
    const lines: string[] = [];
    const log = (line: string) => lines.push(line);
    const letters = openDeadLetters({ dataDir, name: 'node-1', world: testWorld, log });
    await Promise.all([
      letters.keep(letter),
      letters.keep({ ...letter, exhaustedRetryCondition: 'MaximumRetryAttempts' }),
    ]);
    const file = join(dataDir, 'dead-letters', 'node-1.jsonl');
    const [first = '', second = ''] = readFileSync(file, 'utf8').trim().split('\n');
    assert.ok(first.endsWith(',"event":{"id":"1","detail":{"n":1.0}}}'));
    const { time, ...told } = JSON.parse(first);
    assert.equal(new Date(time).toISOString(), time);
    assert.deepEqual(told, {
      RULE_ARN: letter.ruleArn,
      TARGET_ARN: letter.targetArn,
      ERROR_CODE: 'NO_PERMISSIONS',
      ERROR_MESSAGE: 'not allowed',
      RETRY_ATTEMPTS: 0,
      event: { id: '1', detail: { n: 1 } },
    });
    assert.equal(JSON.parse(second).EXHAUSTED_RETRY_CONDITION, 'MaximumRetryAttempts');
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(statSync(join(dataDir, 'dead-letters')).mode & 0o777, 0o700);
    assert.equal(lines.length, 2);
    assert.ok(!lines.join().includes('detail'));
  });

  test('makes way when it is full, and keeps the one before', async () => {
    const log = () => undefined;
    const letters = openDeadLetters({ dataDir, name: 'node-2', world: testWorld, log });
    const large = { ...letter, event: JSON.stringify({ a: 'x'.repeat(6 * 1024 * 1024) }) };
    for (let n = 0; n < 8; n++) await letters.keep(large);
    const files = readdirSync(join(dataDir, 'dead-letters')).filter((each) =>
      each.includes('node-2'),
    );
    assert.deepEqual(files.sort(), ['node-2.jsonl', 'node-2.old.jsonl']);
    const sizes = files.map((each) => statSync(join(dataDir, 'dead-letters', each)).size);
    assert.ok(sizes.every((size) => size < 25 * 1024 * 1024));
  });

  test('is none for a server in memory, whose log tells', async () => {
    const lines: string[] = [];
    const log = (line: string) => lines.push(line);
    const letters = openDeadLetters({ dataDir: undefined, name: 'a', world: testWorld, log });
    await letters.keep(letter);
    assert.match(
      lines.join(),
      /could not be delivered .*: NO_PERMISSIONS: not allowed\. It is lost\.$/,
    );
    assert.ok(!existsSync(join(dataDir, 'dead-letters', 'a.jsonl')));
  });
});
