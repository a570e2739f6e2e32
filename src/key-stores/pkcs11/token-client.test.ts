/** The client against a real token (SoftHSM 2), and against libraries that are none. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import {
  clusterId,
  lookAt,
  missing,
  newToken,
  password,
  type SoftToken,
} from '../../../test/softhsm.ts';
import { machineWorld } from '../../cli/world.ts';
import type { HsmStore, Outcome } from '../key-store.ts';
import { parseClusters } from './clusters.ts';
import { createHsmClusters } from './token-client.ts';

const cause = { principalArn: '', operation: 'Encrypt', requestId: '', region: 'eu-central-1' };
const plaintext = Buffer.from('what KMS has encrypted already');
const aad = Buffer.from('context');
const lines: string[] = [];
const stores: HsmStore[] = [];
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
});

const account = '111122223333';
const clustersOf = (cluster: Readonly<Record<string, unknown>>) =>
  createHsmClusters({
    clusters: parseClusters(
      JSON.stringify({ clusters: { [clusterId]: { ...cluster, trustAnchor: undefined } } }),
      String,
    ),
    world: machineWorld(),
    log: (line) => void lines.push(line),
  });
function openStore(
  cluster: Readonly<Record<string, unknown>>,
  pin: () => Promise<string> = async () => password,
): HsmStore {
  const store = clustersOf(cluster).open({ clusterId, account, password: pin });
  stores.push(store);
  return store;
}

const value = <T>(outcome: Outcome<T, unknown>): T => {
  if (outcome.kind === 'failed') assert.fail(String(outcome.failure));
  return outcome.value;
};
const failure = (outcome: Outcome<unknown, unknown>) =>
  outcome.kind === 'failed' ? outcome.failure : 'none';
const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('a token', { skip: missing ?? false }, () => {
  let token: SoftToken;
  before(() => {
    token = newToken();
  });
  after(() => token.remove());

  test('makes keys that encrypt and decrypt there and never come out', async () => {
    const store = openStore(token.cluster);
    value(await store.connect());
    value(await store.createKey('key-1'));
    const sealed = value(await store.encrypt('key-1', { plaintext, aad }, cause));
    assert.equal(sealed.ciphertext.length, plaintext.length);
    assert.equal(sealed.iv.length, 12);
    assert.equal(sealed.tag.length, 16);
    const opened = await store.decrypt('key-1', { ...sealed, aad }, cause);
    assert.deepEqual(value(opened), plaintext);
    const seen = lookAt(token, 'key-1');
    assert.deepEqual(seen, {
      found: 1,
      sensitive: true,
      extractable: false,
      valueError: 'CKR_ATTRIBUTE_SENSITIVE',
    });
  });

  test('tells what is wrong: key, ciphertext, name', async () => {
    const store = openStore(token.cluster);
    value(await store.createKey('key-2'));
    assert.equal(failure(await store.createKey('key-2')), 'INTERNAL');
    const sealed = value(await store.encrypt('key-2', { plaintext, aad }, cause));
    const flipped = Buffer.from(sealed.ciphertext);
    flipped[0]! ^= 1;
    const wrong = [
      { ...sealed, aad: Buffer.alloc(0) },
      { ...sealed, aad, ciphertext: flipped },
      { ...sealed, aad, tag: Buffer.alloc(16) },
      { ...sealed, aad, iv: Buffer.alloc(12) },
      { ...sealed, aad, ciphertext: Buffer.alloc(0) },
    ];
    for (const message of wrong)
      assert.equal(failure(await store.decrypt('key-2', message, cause)), 'CIPHERTEXT_REFUSED');
    const absent = await store.encrypt('key-3', { plaintext, aad }, cause);
    assert.equal(failure(absent), 'KEY_NOT_FOUND');
    // None of it has cost the connection.
    assert.deepEqual(value(await store.decrypt('key-2', { ...sealed, aad }, cause)), plaintext);
  });

  test('does many things at a time', async () => {
    const store = openStore(token.cluster);
    value(await store.createKey('key-4'));
    const messages = Array.from({ length: 200 }, (_, i) => Buffer.alloc(1 + i * 20, i));
    const sealed = await Promise.all(
      messages.map((each) => store.encrypt('key-4', { plaintext: each, aad }, cause)),
    );
    const opened = await Promise.all(
      sealed.map((each) => store.decrypt('key-4', { ...value(each), aad }, cause)),
    );
    assert.deepEqual(opened.map(value), messages);
    const ivs = new Set(sealed.map((each) => value(each).iv.toString('hex')));
    assert.equal(ivs.size, messages.length);
  });

  test('serves two processes, and whoever is started anew', async () => {
    const [one, two] = [openStore(token.cluster), openStore(token.cluster)];
    value(await two.connect());
    value(await one.createKey('key-5'));
    const sealed = value(await one.encrypt('key-5', { plaintext, aad }, cause));
    assert.deepEqual(value(await two.decrypt('key-5', { ...sealed, aad }, cause)), plaintext);
    await one.close();
    const again = openStore(token.cluster);
    assert.deepEqual(value(await again.decrypt('key-5', { ...sealed, aad }, cause)), plaintext);
  });

  test('destroys keys, also those that are gone', async () => {
    const store = openStore(token.cluster);
    value(await store.createKey('key-6'));
    value(await store.removeKey('key-6'));
    value(await store.removeKey('key-6'));
    assert.deepEqual(lookAt(token, 'key-6'), { found: 0 });
    const gone = await store.encrypt('key-6', { plaintext, aad }, cause);
    assert.equal(failure(gone), 'KEY_NOT_FOUND');
  });

  test('gives random bytes', async () => {
    const store = openStore(token.cluster);
    const [one, two] = [await store.randomBytes(32), await store.randomBytes(32)];
    assert.equal(value(one).length, 32);
    assert.notDeepEqual(value(one), value(two));
  });

  test('that is unplugged fails, and serves again when it is back', async () => {
    const store = openStore(token.cluster);
    value(await store.createKey('key-7'));
    const sealed = value(await store.encrypt('key-7', { plaintext, aad }, cause));
    const decrypt = () => store.decrypt('key-7', { ...sealed, aad }, cause);
    token.unplug();
    try {
      assert.equal(failure(await decrypt()), 'UNREACHABLE');
      await later(1_100);
      assert.equal(failure(await decrypt()), 'TOKEN_ABSENT');
    } finally {
      token.plugIn();
    }
    await later(1_100);
    assert.deepEqual(value(await decrypt()), plaintext);
  });

  test('lets nobody in with a wrong password, and is asked only once with it', async () => {
    let asked = 0;
    const store = openStore(token.cluster, async () => {
      asked++;
      return 'wrong password';
    });
    assert.equal(failure(await store.connect()), 'PASSWORD_WRONG');
    await later(1_100);
    const use = await store.encrypt('key-1', { plaintext, aad }, cause);
    assert.equal(failure(use), 'PASSWORD_WRONG');
    assert.equal(asked, 1);
    assert.ok(lines.some((line) => line.includes('PASSWORD_WRONG (CKR_PIN_INCORRECT in C_Login)')));
    assert.ok(lines.every((line) => !line.includes('wrong password')));
  });

  test('is not found by another label, nor by a library that is none', async () => {
    const other = openStore({ ...token.cluster, token: 'other' });
    assert.equal(failure(await other.connect()), 'TOKEN_ABSENT');
    const none = openStore({ ...token.cluster, library: '/usr/lib/none.so' });
    assert.equal(failure(await none.connect()), 'INTERNAL');
    assert.match(lines.at(-1) ?? '', /none\.so can't be loaded/);
  });

  test('is looked for by one process, however many ask, and is its account’s', async () => {
    const clusters = clustersOf({ ...token.cluster, account });
    const looks = [1, 2, 3].map(() => clusters.look(clusterId, account));
    assert.equal(new Set(looks).size, 1);
    for (const look of looks) value(await look);
    assert.notEqual(clusters.look(clusterId, account), looks[0]);
    const other = '444455556666';
    assert.equal(clusters.find(clusterId, other), undefined);
    assert.equal(failure(await clusters.look(clusterId, other)), 'TOKEN_ABSENT');
    const store = clusters.open({ clusterId, account: other, password: async () => password });
    assert.equal(failure(await store.connect()), 'TOKEN_ABSENT');
  });

  test('sees nothing of this process’s environment', async () => {
    const store = openStore({ ...token.cluster, environment: {} });
    assert.equal(failure(await store.connect()), 'TOKEN_ABSENT');
  });
});

const compiler = spawnSync('cc', ['--version']).status === 0;
const skip = missing ?? (compiler ? false : 'there is no C compiler to make a bad library with');
describe('a library', { skip }, () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'sealhold-library-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** A shared library whose code begins as it is loaded. */
  const libraryThat = (name: string, code: string): string => {
    const source = join(folder, `${name}.c`);
    const file = join(folder, `${name}.so`);
    writeFileSync(
      source,
      `#include <unistd.h>\n#include <stdlib.h>\n__attribute__((constructor)) void f(void) { ${code} }\n`,
    );
    const made = spawnSync('cc', ['-shared', '-fPIC', '-o', file, source], { encoding: 'utf8' });
    assert.equal(made.status, 0, made.stderr);
    return file;
  };

  test('that crashes takes nobody with it', async () => {
    const store = openStore({ library: libraryThat('crash', 'abort();'), token: 'kms' });
    assert.equal(failure(await store.connect()), 'UNREACHABLE');
  });

  test('that hangs is ended in time', async () => {
    const library = libraryThat('hang', 'for (;;) sleep(1);');
    const store = openStore({ library, token: 'kms', timeoutMs: 100 });
    assert.equal(failure(await store.connect()), 'UNREACHABLE');
    assert.match(lines.at(-1) ?? '', /no answer to 'open' within 2000 ms; its process is ended/);
  });

  test('that hangs does not keep a store from being closed', async () => {
    const library = libraryThat('hang-at-end', 'for (;;) sleep(1);');
    const store = openStore({ library, token: 'kms' });
    const connecting = store.connect();
    const begun = performance.now();
    await store.close();
    assert.equal(failure(await connecting), 'UNREACHABLE');
    assert.ok(performance.now() - begun < 2_000);
  });
});
