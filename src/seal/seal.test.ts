import assert from 'node:assert/strict';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { testWorld } from '../../test/contract/world.ts';
import { changeSeal, createSeal, openSeal, sealKind } from './seal.ts';
import { SealError } from './seal-error.ts';

const world = testWorld();
const root = mkdtempSync(join(tmpdir(), 'sealhold-seal-'));
after(() => rmSync(root, { recursive: true, force: true }));

const byKeyFile = { kind: 'keyfile' } as const;
const says = (passphrase: string) => async () => passphrase;
const byPassphrase = (passphrase: string) =>
  ({ kind: 'passphrase', passphrase: says(passphrase) }) as const;

function newFolder(): string {
  return mkdtempSync(join(root, 'data-'));
}

async function assertClosed(opening: Promise<Buffer>, text: RegExp): Promise<void> {
  await assert.rejects(opening, (error: unknown) => {
    assert.ok(error instanceof SealError, String(error));
    assert.match(error.message, text);
    return true;
  });
}

describe('A seal by key file', () => {
  test('gives the same root key at each opening', async () => {
    const folder = newFolder();
    assert.equal(sealKind(folder), undefined);
    const rootKey = await createSeal(folder, { choice: byKeyFile, world });
    assert.equal(rootKey.length, 32);
    assert.equal(sealKind(folder), 'keyfile');
    assert.deepEqual(await openSeal(folder), rootKey);
    for (const name of ['seal.json', 'seal.key']) {
      assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600);
      assert.ok(!readFileSync(join(folder, name), 'utf8').includes(rootKey.toString('base64')));
    }
    const another = await createSeal(newFolder(), { choice: byKeyFile, world });
    assert.notDeepEqual(another, rootKey);
  });

  test('is not made twice', async () => {
    const folder = newFolder();
    await createSeal(folder, { choice: byKeyFile, world });
    await assertClosed(createSeal(folder, { choice: byKeyFile, world }), /exists already/);
  });

  test('says which file is missing, strange or another', async () => {
    const folder = newFolder();
    const keyFile = join(folder, 'seal.key');
    await assertClosed(openSeal(folder), /seal\.json is missing\. Restore/);
    await createSeal(folder, { choice: byKeyFile, world });
    writeFileSync(keyFile, '# nothing\n');
    await assertClosed(openSeal(folder), /seal\.key is not a key file/);
    writeFileSync(keyFile, Buffer.alloc(32, 'another').toString('base64'));
    await assertClosed(openSeal(folder), /seal\.key is not the one/);
    rmSync(keyFile);
    await assertClosed(openSeal(folder), /The key file .*seal\.key is missing\. Put it back/);
    writeFileSync(join(folder, 'seal.json'), '{"format":9}');
    await assertClosed(openSeal(folder), /seal\.json is damaged or of a newer version/);
  });

  test('takes a key file that is there, elsewhere, and follows it when it moves', async () => {
    const folder = newFolder();
    const elsewhere = join(newFolder(), 'mounted');
    const text = `${Buffer.alloc(32, 'given').toString('base64')}\n`;
    writeFileSync(elsewhere, text, { mode: 0o400 });
    const choice = { kind: 'keyfile', keyFile: elsewhere } as const;
    const rootKey = await createSeal(folder, { choice, world });
    assert.equal(readFileSync(elsewhere, 'utf8'), text);
    assert.deepEqual(await openSeal(folder), rootKey);
    copyFileSync(elsewhere, `${elsewhere}-moved`);
    rmSync(elsewhere);
    await assertClosed(openSeal(folder), /mounted is missing/);
    assert.deepEqual(await openSeal(folder, { keyFile: `${elsewhere}-moved` }), rootKey);
  });

  test('opens with nothing altered in seal.json but the place of the key file', async () => {
    const folder = newFolder();
    await createSeal(folder, { choice: byKeyFile, world });
    const file = join(folder, 'seal.json');
    const seal = JSON.parse(readFileSync(file, 'utf8'));
    const wrapped = Buffer.from(seal.wrapped, 'base64');
    for (let at = 0; at < wrapped.length; at++) {
      const altered = Buffer.from(wrapped);
      altered[at] = altered[at]! ^ 1;
      writeFileSync(file, JSON.stringify({ ...seal, wrapped: altered.toString('base64') }));
      await assertClosed(openSeal(folder), /not the one .* or seal\.json was altered/);
    }
  });
});

describe('A seal by passphrase', () => {
  test('opens with the passphrase, however it is composed, and no other', async () => {
    const folder = newFolder();
    const rootKey = await createSeal(folder, { choice: byPassphrase('caf\u00e9 au lait'), world });
    assert.equal(sealKind(folder), 'passphrase');
    assert.deepEqual(await openSeal(folder, { passphrase: says('caf\u00e9 au lait') }), rootKey);
    assert.deepEqual(await openSeal(folder, { passphrase: says('cafe\u0301 au lait') }), rootKey);
    const wrong = openSeal(folder, { passphrase: says('cafe au lait') });
    await assertClosed(wrong, /The passphrase doesn't open .*seal\.json: it is wrong/);
    await assertClosed(openSeal(folder), /sealed with a passphrase, and none was given/);
    assert.equal(existsSync(join(folder, 'seal.key')), false);
  });

  test('binds the costs of the derivation, and bounds them', async () => {
    const folder = newFolder();
    await createSeal(folder, { choice: byPassphrase('correct horse'), world });
    const file = join(folder, 'seal.json');
    const seal = JSON.parse(readFileSync(file, 'utf8'));
    const open = (kdf: object) => {
      writeFileSync(file, JSON.stringify({ ...seal, kdf: { ...seal.kdf, ...kdf } }));
      return openSeal(folder, { passphrase: says('correct horse') });
    };
    await assertClosed(open({ passes: seal.kdf.passes - 1 }), /wrong, or the file was altered/);
    for (const kdf of [{ memoryKib: 2 ** 31 }, { passes: 1e9 }, { parallelism: 0 }, { salt: 1 }]) {
      await assertClosed(open(kdf), /damaged or of a newer version/);
    }
  });
});

describe('Changing the seal', () => {
  test('keeps the root key, whatever seals it before and after', async () => {
    const folder = newFolder();
    const rootKey = await createSeal(folder, { choice: byKeyFile, world });
    await changeSeal(folder, { choice: byPassphrase('correct horse'), world });
    assert.equal(existsSync(join(folder, 'seal.key')), false);
    const from = { passphrase: says('correct horse') };
    assert.deepEqual(await openSeal(folder, from), rootKey);
    await changeSeal(folder, { from, choice: byPassphrase('battery staple'), world });
    await assertClosed(openSeal(folder, from), /passphrase doesn't open/);
    const next = { passphrase: says('battery staple') };
    await changeSeal(folder, { from: next, choice: byKeyFile, world });
    assert.deepEqual(await openSeal(folder), rootKey);
  });

  test('gives a key file a new key, after which copies of the old one are worth nothing', async () => {
    const folder = newFolder();
    const keyFile = join(folder, 'seal.key');
    const rootKey = await createSeal(folder, { choice: byKeyFile, world });
    copyFileSync(keyFile, `${keyFile}.old`);
    await changeSeal(folder, { choice: byKeyFile, world });
    assert.deepEqual(await openSeal(folder), rootKey);
    await assertClosed(openSeal(folder, { keyFile: `${keyFile}.old` }), /not the one/);
  });

  test('opens at every point where the power may fail while a key file changes', async () => {
    const folder = newFolder();
    const keyFile = join(folder, 'seal.key');
    const sealFile = join(folder, 'seal.json');
    const rootKey = await createSeal(folder, { choice: byKeyFile, world });
    const keyLine = (file: string) => readFileSync(file, 'utf8').split('\n').at(-2)!;
    const before = { key: keyLine(keyFile), seal: readFileSync(sealFile) };
    await changeSeal(folder, { choice: byKeyFile, world });
    const after = { key: keyLine(keyFile), seal: readFileSync(sealFile) };
    for (const seal of [before.seal, after.seal]) {
      writeFileSync(keyFile, `${after.key}\n${before.key}\n`);
      writeFileSync(sealFile, seal);
      assert.deepEqual(await openSeal(folder), rootKey);
    }
    // Half-written files that a crash left behind are in nobody's way.
    writeFileSync(`${keyFile}.new`, 'half');
    writeFileSync(`${sealFile}.new`, 'half');
    await changeSeal(folder, { choice: byKeyFile, world });
    assert.deepEqual(await openSeal(folder), rootKey);
  });

  test('leaves a key file that lies elsewhere to its owner, and names it', async () => {
    const folder = newFolder();
    const keyFile = join(newFolder(), 'key');
    await createSeal(folder, { choice: { kind: 'keyfile', keyFile }, world });
    const { leftKeyFile } = await changeSeal(folder, { choice: byKeyFile, world });
    assert.equal(leftKeyFile, keyFile);
    assert.ok(existsSync(keyFile));
  });

  test('changes nothing when the old seal does not open', async () => {
    const folder = newFolder();
    await createSeal(folder, { choice: byPassphrase('correct horse'), world });
    const before = readFileSync(join(folder, 'seal.json'));
    const from = { passphrase: says('wrong horse') };
    await assert.rejects(changeSeal(folder, { from, choice: byKeyFile, world }), SealError);
    assert.deepEqual(readFileSync(join(folder, 'seal.json')), before);
    assert.equal(existsSync(join(folder, 'seal.key')), false);
  });
});
