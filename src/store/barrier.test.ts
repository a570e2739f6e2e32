import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { testWorld } from '../../test/contract/world.ts';
import { Barrier } from './barrier.ts';
import { type Row, StoreDamaged } from './engine.ts';
import { createKeyring } from './keyring.ts';
import { openSqliteEngine } from './sqlite/engine.ts';

const world = testWorld();
const rootKey = Buffer.alloc(32, 'root');

async function newBarrier(): Promise<Barrier> {
  const integrityKey = Buffer.alloc(32, 'integrity');
  const engine = await openSqliteEngine({ file: ':memory:', world, integrityKey });
  return new Barrier(await createKeyring({ engine, rootKey, world }), world);
}

const secret = 'the content of the record';

async function assertDamaged(barrier: Barrier, row: Row): Promise<void> {
  await assert.rejects(
    async () => barrier.open(row),
    (error: unknown) => {
      assert.ok(error instanceof StoreDamaged, String(error));
      assert.ok(error.message.includes(JSON.stringify(row.path)));
      assert.ok(!error.message.includes(secret));
      return true;
    },
  );
}

describe('The barrier', () => {
  test('opens what it sealed, and shows nothing of it', async () => {
    const barrier = await newBarrier();
    const any = fc.record({ path: fc.string({ minLength: 1 }), bytes: fc.uint8Array() });
    const property = fc.asyncProperty(any, async ({ path, bytes }) => {
      const plaintext = Buffer.from(bytes);
      const row = { path, ...barrier.seal(path, plaintext) };
      assert.deepEqual(await barrier.open(row), plaintext);
      assert.equal(row.value.length, plaintext.length + 33);
    });
    await fc.assert(property);
    const { value } = barrier.seal('p', Buffer.from(secret));
    assert.ok(!value.includes(secret.slice(0, 4)));
  });

  test('refuses a record with any bit changed', async () => {
    const barrier = await newBarrier();
    const row = { path: 'a/b', ...barrier.seal('a/b', Buffer.from(secret)) };
    for (let at = 0; at < row.value.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const value = Buffer.from(row.value);
        value[at] = value[at]! ^ (1 << bit);
        await assertDamaged(barrier, { ...row, value });
      }
    }
  });

  test('refuses a record that was cut or lengthened', async () => {
    const barrier = await newBarrier();
    const row = { path: 'a/b', ...barrier.seal('a/b', Buffer.from(secret)) };
    for (let size = 0; size < row.value.length; size++) {
      await assertDamaged(barrier, { ...row, value: row.value.subarray(0, size) });
    }
    await assertDamaged(barrier, { ...row, value: Buffer.concat([row.value, Buffer.alloc(1)]) });
  });

  test('refuses a record at another path or in another version', async () => {
    const barrier = await newBarrier();
    const one = { path: 'a/b', ...barrier.seal('a/b', Buffer.from(secret)) };
    const other = { path: 'a/c', ...barrier.seal('a/c', Buffer.from(secret)) };
    await assertDamaged(barrier, { ...one, path: 'a/c' });
    await assertDamaged(barrier, { ...one, value: other.value });
    await assertDamaged(barrier, { ...other, path: 'a/b', version: one.version });
    for (let bit = 0; bit < 52; bit++) {
      const flipped = Number(BigInt(one.version) ^ (1n << BigInt(bit)));
      await assertDamaged(barrier, { ...one, version: flipped });
    }
  });

  test('refuses what another keyring sealed', async () => {
    const [one, other] = [await newBarrier(), await newBarrier()];
    await assertDamaged(other, { path: 'a', ...one.seal('a', Buffer.from(secret)) });
  });

  test('gives each sealing its own version and IV', async () => {
    const barrier = await newBarrier();
    const rows = Array.from({ length: 2000 }, () => barrier.seal('a', Buffer.from(secret)));
    assert.equal(new Set(rows.map(({ version }) => version)).size, 2000);
    assert.equal(new Set(rows.map(({ value }) => value.toString('hex', 5, 17))).size, 2000);
    // Random over the whole width of 52 bits.
    assert.ok(rows.every(({ version }) => Number.isSafeInteger(version) && version > 0));
    assert.ok(rows.some(({ version }) => version >= 2 ** 51));
    assert.ok(rows.every(({ version }) => version < 2 ** 52));
    assert.ok(rows.some(({ version }) => version % 2 === 1));
  });
});
