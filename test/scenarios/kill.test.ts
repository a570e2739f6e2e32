/**
 * kill -9 under write load, again and again on one data folder: whatever was acknowledged is there
 * after the restart, the trail's chain is whole and holds the record of every acknowledged call.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { type Answer, ask } from '../ask.ts';
import {
  freePort,
  freshFolder,
  type RunningServer,
  removeFolder,
  sealhold,
  startServer,
} from '../running-server.ts';

const rounds = Number(process.env.SEALHOLD_KILLS ?? 200);
const writers = 4;

/** What the server has acknowledged, and so must still know. */
interface Acknowledged {
  readonly state: string;
  readonly tags: Record<string, string>;
  readonly alias: string | undefined;
  readonly description: string;
}
type Ledger = Map<string, Acknowledged>;

type Ask = ReturnType<typeof ask>;

/**
 * One writer: creates a key, then changes it until the server dies. A change whose answer never
 * came may have happened or
 * not.
 */
async function write(call: Ask, ledger: Ledger, unsure: Set<string>): Promise<void> {
  const made = await call('CreateKey', { Description: 'first' });
  const { KeyId } = (made.body.KeyMetadata ?? {}) as { KeyId?: string };
  assert.ok(KeyId, made.text);
  ledger.set(KeyId, { state: 'Enabled', tags: {}, alias: undefined, description: 'first' });
  const change = async (operation: string, input: object, after: Partial<Acknowledged>) => {
    unsure.add(KeyId);
    const answer = await call(operation, input);
    assert.equal(answer.status, 200, answer.text);
    ledger.set(KeyId, { ...(ledger.get(KeyId) as Acknowledged), ...after });
    unsure.delete(KeyId);
  };
  const AliasName = `alias/${KeyId}`;
  await change('CreateAlias', { AliasName, TargetKeyId: KeyId }, { alias: AliasName });
  await change(
    'TagResource',
    { KeyId, Tags: [{ TagKey: 'n', TagValue: '1' }] },
    { tags: { n: '1' } },
  );
  await change('UpdateKeyDescription', { KeyId, Description: 'second' }, { description: 'second' });
  await change('DisableKey', { KeyId }, { state: 'Disabled' });
  await change(
    'TagResource',
    { KeyId, Tags: [{ TagKey: 'n', TagValue: '2' }] },
    { tags: { n: '2' } },
  );
  await change('EnableKey', { KeyId }, { state: 'Enabled' });
}

async function writeUntilDead(call: Ask, ledger: Ledger, unsure: Set<string>): Promise<void> {
  for (;;) {
    try {
      await write(call, ledger, unsure);
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      return; // the connection went with the server
    }
  }
}

async function check(call: Ask, keyId: string, expected: Acknowledged): Promise<void> {
  const { body } = await call('DescribeKey', { KeyId: keyId });
  const metadata = body.KeyMetadata as { KeyState: string; Description: string } | undefined;
  assert.ok(metadata, `the acknowledged key ${keyId} is gone: ${JSON.stringify(body)}`);
  assert.equal(metadata.KeyState, expected.state);
  assert.equal(metadata.Description, expected.description);
  const tags = (await call('ListResourceTags', { KeyId: keyId })).body.Tags as {
    TagKey: string;
    TagValue: string;
  }[];
  assert.deepEqual(Object.fromEntries(tags.map((t) => [t.TagKey, t.TagValue])), expected.tags);
  if (expected.alias !== undefined) {
    const named = (await call('DescribeKey', { KeyId: expected.alias })).body.KeyMetadata;
    assert.equal((named as { KeyId: string }).KeyId, keyId);
  }
}

function verifyTrail(folder: string): { records: number } {
  const done = spawnSync(sealhold, ['trail', 'verify', '--data', folder, '--json'], {
    encoding: 'utf8',
  });
  assert.equal(done.status, 0, `trail verify: ${done.stdout}${done.stderr}`);
  return JSON.parse(done.stdout);
}

describe(`kill -9, ${rounds} times`, () => {
  test('loses nothing that was acknowledged and leaves the trail whole', async (t) => {
    const folder = freshFolder();
    const port = await freePort();
    const ledger: Ledger = new Map();
    let acknowledged = 0;
    let server: RunningServer = await startServer({ mode: 'start', data: folder, port });
    for (let round = 0; round < rounds; round++) {
      const fresh: Ledger = new Map();
      const unsure = new Set<string>();
      const counted = countingAsk(ask(server), () => acknowledged++);
      const load = Array.from({ length: writers }, () => writeUntilDead(counted, fresh, unsure));
      await new Promise((resolve) => setTimeout(resolve, 80 + (round % 8) * 40));
      await server.stop('SIGKILL');
      await Promise.all(load);
      if (round % 20 === 0) assert.ok(verifyTrail(folder).records >= acknowledged);
      server = await startServer({ mode: 'start', data: folder, port });
      const call = ask(server);
      for (const [keyId, expected] of fresh) {
        if (unsure.has(keyId)) continue;
        await check(call, keyId, expected);
        ledger.set(keyId, expected);
      }
    }
    const call = ask(server);
    const sample = [...ledger].filter(
      (_, i) => i % Math.max(1, Math.floor(ledger.size / 200)) === 0,
    );
    for (const [keyId, expected] of sample) await check(call, keyId, expected);
    assert.equal(await server.stop(), 0);
    const { records } = verifyTrail(folder);
    assert.ok(records >= acknowledged, `${records} records for ${acknowledged} acknowledged calls`);
    t.diagnostic(
      `${rounds} kills, ${ledger.size} keys, ${acknowledged} acknowledged calls, ${records} records`,
    );
    removeFolder(folder);
  });
});

/** Counts answers: each of them was promised a record. */
function countingAsk(call: Ask, count: () => void): Ask {
  return async (...input): Promise<Answer> => {
    const answer = await call(...input);
    count();
    return answer;
  };
}
