/**
 * A flipped byte anywhere in the database is detected or without effect: a wrong or missing answer
 * is never
 * served.
 */
import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type Answer, ask } from '../ask.ts';
import {
  freePort,
  freshFolder,
  type RunningServer,
  removeFolder,
  startServer,
} from '../running-server.ts';

const flips = 60;
/** What a start that is refused says. */
const refusals =
  /damaged|older than the trail|not a database|keyring|altered|missing|not what was written/i;

/**
 * Everything that can be asked of the store: what it says must stay, or become an error of
 * ours.
 */
async function questions(
  call: ReturnType<typeof ask>,
  keys: readonly string[],
  blobs: readonly unknown[],
): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const KeyId of keys) {
    answers.push(await call('DescribeKey', { KeyId }));
    answers.push(await call('DescribeKey', { KeyId: `alias/${KeyId}` }));
    answers.push(await call('ListResourceTags', { KeyId }));
  }
  for (const CiphertextBlob of blobs) answers.push(await call('Decrypt', { CiphertextBlob }));
  answers.push(await call('ListKeys'), await call('ListAliases'));
  return answers;
}

async function prepare(folder: string, how: 'SIGTERM' | 'SIGKILL') {
  const server = await startServer({ mode: 'start', data: folder });
  const call = ask(server);
  const keys: string[] = [];
  const blobs: unknown[] = [];
  for (let i = 0; i < 6; i++) {
    const { KeyId } = (await call('CreateKey', { Tags: [{ TagKey: 'i', TagValue: `${i}` }] })).body
      .KeyMetadata as { KeyId: string };
    await call('CreateAlias', { AliasName: `alias/${KeyId}`, TargetKeyId: KeyId });
    keys.push(KeyId);
    blobs.push((await call('Encrypt', { KeyId, Plaintext: 'YQ==' })).body.CiphertextBlob);
  }
  const expected = (await questions(call, keys, blobs)).map((a) => a.text);
  await server.stop(how);
  return { keys, blobs, expected };
}

for (const [how, name] of [
  ['SIGTERM', 'sealhold.db'],
  ['SIGKILL', 'sealhold.db-wal'],
] as const) {
  describe(`a flipped byte in ${name}, after ${how}`, () => {
    test(`at ${flips} places: the start is refused, the answer is an error of ours, or nothing has changed`, async (t) => {
      const [folder, copy] = [freshFolder(), freshFolder()];
      const { keys, blobs, expected } = await prepare(folder, how);
      const bytes = readFileSync(join(folder, name));
      let refusedStarts = 0;
      let withheld = 0;
      for (let i = 0; i < flips; i++) {
        removeFolder(copy);
        cpSync(folder, copy, { recursive: true });
        const flipped = Buffer.from(bytes);
        const at = Math.floor(((i + 0.5) * bytes.length) / flips) + (i % 7);
        flipped[at]! ^= 1 << (i % 8);
        writeFileSync(join(copy, name), flipped);
        let server: RunningServer;
        try {
          server = await startServer({ mode: 'start', data: copy, port: await freePort() });
        } catch (error) {
          assert.match(String(error), refusals, `offset ${at}: ${error}`);
          refusedStarts++;
          continue;
        }
        const answers = await questions(ask(server), keys, blobs);
        await server.stop('SIGKILL');
        for (const [n, answer] of answers.entries()) {
          if (answer.status === 500) withheld++;
          else assert.equal(answer.text, expected[n], `offset ${at}, question ${n}`);
        }
      }
      t.diagnostic(
        `${refusedStarts} of ${flips} starts refused, ${withheld} answers withheld, none wrong`,
      );
      assert.ok(refusedStarts + withheld > 0, 'the flips hit something');
      removeFolder(folder);
      removeFolder(copy);
    });
  });
}
