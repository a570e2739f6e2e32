import assert from 'node:assert/strict';
import { createHmac, createPublicKey } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { UnsecuredJWT } from 'jose';
import { type Issuer, type IssuerKey, newIssuer, serveKeys } from '../../test/oidc-issuer.ts';
import { createIssuerKeys } from './issuer-keys.ts';
import { createWebTokenVerifier, type TokenVerdict, type WebTokenVerifier } from './web-tokens.ts';

const name = 'https://issuer.test/realm';
const minute = 60_000;

/** A verifier whose clocks stand still until they are moved. */
interface Setup {
  readonly issuer: Issuer;
  readonly verifier: WebTokenVerifier;
  readonly clock: { now: number; monotonic: number };
  readonly troubles: string[];
  verify(token: string): Promise<TokenVerdict>;
}

function setup(keysFrom: string, issuer: Issuer = newIssuer(name, () => clock.now)): Setup {
  const troubles: string[] = [];
  const keys = createIssuerKeys({
    world: { monotonic: () => clock.monotonic },
    sources: [{ issuer: name, keysFrom }],
    onTrouble: (text) => troubles.push(text),
  });
  const verifier = createWebTokenVerifier({ keys, world: { now: () => clock.now } });
  return { issuer, verifier, clock, troubles, verify: (token) => verifier.verify(token, name) };
}

const clock = { now: Date.UTC(2026, 0, 1), monotonic: 0 };

/** The issuer's keys in a file, one of each algorithm. */
async function withFile(t: TestContext, algorithms: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'sealhold-test-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'keys.json');
  const issuer = newIssuer(name, () => clock.now);
  const keys = [];
  for (const alg of algorithms) keys.push(await issuer.addKey(alg));
  const save = () => writeFileSync(file, JSON.stringify(issuer.keySet));
  save();
  return { ...setup(file, issuer), keys, key: keys[0] as IssuerKey, file, save };
}

const kindOf = async (verdict: Promise<TokenVerdict>): Promise<string> => (await verdict).kind;
const base64url = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

describe('a token of a configured issuer', () => {
  const algorithms = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'EdDSA'];

  test('is taken, signed in any of the ways that OIDC issuers sign', async (t) => {
    const { keys, verify, verifier } = await withFile(t, algorithms);
    for (const key of keys) {
      const token = await key.token({ extra: [1] });
      assert.equal(verifier.issuerOf(token), name);
      const verdict = await verify(token);
      assert.equal(verdict.kind, 'valid', key.alg);
      if (verdict.kind !== 'valid') return;
      assert.equal(verdict.claims.sub, 'subject-1');
      assert.deepEqual(verdict.claims.extra, [1]);
    }
  });

  test('without a key id is taken where one key alone can be meant', async (t) => {
    const { key, issuer, verify, save } = await withFile(t, ['RS256', 'ES256']);
    const token = await key.token({}, { kid: undefined as never });
    assert.equal(await kindOf(verify(token)), 'valid');
    const other = await issuer.addKey('RS256');
    save();
    clock.monotonic += 11 * minute;
    const unnamed = await other.token({}, { kid: undefined as never });
    assert.equal(await kindOf(verify(unnamed)), 'invalid');
    assert.equal(await kindOf(verify(await other.token())), 'valid');
  });

  test('is refused when a character of it changes', async (t) => {
    const { key, verify } = await withFile(t, ['ES256']);
    const token = await key.token();
    for (let at = 0; at < token.length - 1; at++) {
      const other = token[at] === 'A' ? 'B' : 'A';
      const altered = token.slice(0, at) + other + token.slice(at + 1);
      assert.notEqual(await kindOf(verify(altered)), 'valid', `at ${at}`);
    }
  });
});

describe('an attack with a JSON Web Token', () => {
  test('alg none', async (t) => {
    const { verify } = await withFile(t, ['RS256']);
    const seconds = Math.floor(clock.now / 1000);
    const claims = { iss: name, sub: 's', aud: 'c', iat: seconds, exp: seconds + 60 };
    assert.equal(await kindOf(verify(new UnsecuredJWT(claims).encode())), 'invalid');
    for (const alg of ['none', 'None', 'NONE', '', 'RS256'])
      for (const signature of ['', 'AA'])
        assert.notEqual(
          await kindOf(verify(`${base64url({ alg })}.${base64url(claims)}.${signature}`)),
          'valid',
        );
  });

  test('key confusion: HMAC with the public key as the secret', async (t) => {
    const { key, verify } = await withFile(t, ['RS256']);
    const [, payload] = (await key.token()).split('.');
    const publicKey = createPublicKey({ key: key.publicJwk as never, format: 'jwk' });
    const secrets = [
      publicKey.export({ type: 'spki', format: 'pem' }),
      publicKey.export({ type: 'spki', format: 'der' }),
      publicKey.export({ type: 'pkcs1', format: 'pem' }),
      Buffer.from(key.publicJwk.n as string, 'base64url'),
      JSON.stringify(key.publicJwk),
    ];
    for (const secret of secrets)
      for (const kid of [key.kid, undefined]) {
        const signed: string = `${base64url({ alg: 'HS256', kid })}.${payload}`;
        const signature = createHmac('sha256', secret).update(signed).digest('base64url');
        assert.equal(await kindOf(verify(`${signed}.${signature}`)), 'invalid');
      }
  });

  test('a shared secret in the key set is no key either', async (t) => {
    const { issuer, verify, save } = await withFile(t, ['RS256']);
    const k = base64url('0123456789abcdef0123456789abcdef');
    issuer.keySet.keys.push({ kty: 'oct', kid: 'shared', alg: 'HS256', k });
    save();
    const seconds = Math.floor(clock.now / 1000);
    const claims = { iss: name, sub: 's', aud: 'c', iat: seconds, exp: seconds + 60 };
    const signed = `${base64url({ alg: 'HS256', kid: 'shared' })}.${base64url(claims)}`;
    const signature = createHmac('sha256', Buffer.from(k, 'base64url')).update(signed);
    assert.equal(await kindOf(verify(`${signed}.${signature.digest('base64url')}`)), 'invalid');
  });

  test('a wrong key id, another key under the right one, a key that the token brings along', async (t) => {
    const { key, issuer, verify } = await withFile(t, ['ES256']);
    const foreign = await issuer.addKey('ES256', { hidden: true });
    assert.equal(await kindOf(verify(await foreign.token())), 'no-key');
    assert.equal(await kindOf(verify(await key.token({}, { kid: 'x' }))), 'no-key');
    assert.equal(await kindOf(verify(await foreign.token({}, { kid: key.kid }))), 'invalid');
    const brought = await foreign.token({}, { kid: key.kid, jwk: foreign.publicJwk as never });
    assert.equal(await kindOf(verify(brought)), 'invalid');
    const jku = await foreign.token({}, { kid: key.kid, jku: 'http://127.0.0.1:1/keys' });
    assert.equal(await kindOf(verify(jku)), 'invalid');
  });

  test('another algorithm of the same key', async (t) => {
    const { key, verify } = await withFile(t, ['ES256']);
    const [head, payload, signature] = (await key.token()).split('.');
    const { kid } = JSON.parse(Buffer.from(head as string, 'base64url').toString());
    for (const alg of ['ES384', 'RS256', 'EdDSA', 'HS256', 'PS256', 'ES256K']) {
      const changed = `${base64url({ alg, kid })}.${payload}.${signature}`;
      assert.notEqual(await kindOf(verify(changed)), 'valid', alg);
    }
  });

  test('expired, not begun, issued in the future, without an end', async (t) => {
    const { key, verify } = await withFile(t, ['ES256']);
    const seconds = Math.floor(clock.now / 1000);
    const verdict = async (claims: Record<string, unknown>) => verify(await key.token(claims));
    assert.equal((await verdict({ exp: seconds - 59 })).kind, 'valid');
    assert.deepEqual(await verdict({ exp: seconds - 60 }), {
      kind: 'expired',
      expiry: seconds - 60,
    });
    assert.equal((await verdict({ nbf: seconds + 60 })).kind, 'valid');
    assert.equal((await verdict({ nbf: seconds + 61 })).kind, 'invalid');
    assert.equal((await verdict({ iat: seconds + 60 })).kind, 'valid');
    assert.equal((await verdict({ iat: seconds + 61 })).kind, 'invalid');
    for (const claim of ['exp', 'iat', 'sub', 'aud'])
      assert.deepEqual(await verdict({ [claim]: undefined }), { kind: 'missing-claim', claim });
    assert.equal((await verdict({ exp: `${seconds + 60}` })).kind, 'invalid');
  });

  test('claims of wrong kinds', async (t) => {
    const { key, verify } = await withFile(t, ['ES256']);
    const wrongs: Record<string, unknown>[] = [
      { sub: '' },
      { sub: 1 },
      { sub: 'x'.repeat(256) },
      { aud: 1 },
      { aud: [1] },
      { aud: { length: 1 } },
      { azp: ['client-1'] },
      { iat: 'now' },
    ];
    for (const claims of wrongs) {
      const token = await key.token(claims);
      assert.equal(await kindOf(verify(token)), 'invalid', JSON.stringify(claims));
    }
  });

  test('the token of one issuer as that of another', async (t) => {
    const { key, verifier } = await withFile(t, ['ES256']);
    const token = await key.token({ iss: 'https://other.test' });
    assert.equal(await kindOf(verifier.verify(token, name)), 'invalid');
    assert.equal(await kindOf(verifier.verify(token, 'https://other.test')), 'no-key');
  });

  test('whatever is no token has no issuer, and neither has one of another scheme', async (t) => {
    const { key, verifier } = await withFile(t, ['ES256']);
    for (const token of ['', '.', '..', 'a.b.c', 'x'.repeat(20_000), '{"iss":"https://a.test"}'])
      assert.equal(verifier.issuerOf(token), undefined, token.slice(0, 30));
    for (const iss of ['http://issuer.test', 'issuer.test', 'https://a b', 'https://a/../b?x', 7])
      assert.equal(verifier.issuerOf(await key.token({ iss })), undefined);
  });
});

describe("an issuer's keys", () => {
  test('are read once and kept, and anew after ten minutes', async (t) => {
    const issuer = newIssuer(name, () => clock.now);
    const key = await issuer.addKey('ES256');
    const served = await serveKeys(issuer.keySet);
    t.after(() => served.close());
    const { verify } = setup(served.url, issuer);
    const token = await key.token();
    await Promise.all(Array.from({ length: 20 }, () => verify(token)));
    assert.equal(served.asked(), 1);
    clock.monotonic += 10 * minute;
    assert.equal(await kindOf(verify(token)), 'valid');
    assert.equal(served.asked(), 1);
    clock.monotonic += 1;
    assert.equal(await kindOf(verify(token)), 'valid');
    assert.equal(served.asked(), 2);
  });

  test('are read anew for a key that is new, and not for every token that says so', async (t) => {
    const issuer = newIssuer(name, () => clock.now);
    const old = await issuer.addKey('ES256');
    const served = await serveKeys(issuer.keySet);
    t.after(() => served.close());
    const { verify } = setup(served.url, issuer);
    assert.equal(await kindOf(verify(await old.token())), 'valid');
    const fresh = await issuer.addKey('ES256', { kid: 'fresh' });
    assert.equal(await kindOf(verify(await fresh.token())), 'no-key');
    clock.monotonic += 30_001;
    assert.equal(await kindOf(verify(await fresh.token())), 'valid');
    assert.equal(served.asked(), 2);
    const never = await issuer.addKey('ES256', { kid: 'never', hidden: true });
    for (let i = 0; i < 20; i++) {
      clock.monotonic += 1_000;
      assert.equal(await kindOf(verify(await never.token())), 'no-key');
    }
    assert.equal(served.asked(), 2);
  });

  test('that were taken away are no good after ten minutes', async (t) => {
    const issuer = newIssuer(name, () => clock.now);
    const key = await issuer.addKey('ES256');
    const served = await serveKeys(issuer.keySet);
    t.after(() => served.close());
    const { verify } = setup(served.url, issuer);
    const token = await key.token();
    assert.equal(await kindOf(verify(token)), 'valid');
    served.answer = { status: 200, body: '{"keys":[]}' };
    clock.monotonic += 10 * minute + 1;
    assert.equal(await kindOf(verify(token)), 'no-key');
  });

  test('are kept for an hour when they cannot be read any more, and tried for sparingly', async (t) => {
    const issuer = newIssuer(name, () => clock.now);
    const key = await issuer.addKey('ES256');
    const served = await serveKeys(issuer.keySet);
    t.after(() => served.close());
    const { verify, troubles } = setup(served.url, issuer);
    const token = await key.token();
    assert.equal(await kindOf(verify(token)), 'valid');
    served.answer = { status: 503, body: '' };
    clock.monotonic += 11 * minute;
    for (let i = 0; i < 10; i++) assert.equal(await kindOf(verify(token)), 'valid');
    assert.equal(served.asked(), 2);
    assert.match(troubles.join(), /The keys of https:\/\/issuer\.test\/realm .* answered 503/);
    clock.monotonic += 50 * minute;
    assert.equal(await kindOf(verify(token)), 'unreachable');
    served.answer = undefined;
    clock.monotonic += 5_001;
    assert.equal(await kindOf(verify(token)), 'valid');
  });

  test('are not taken from what is no key set, too large, or elsewhere', async (t) => {
    const issuer = newIssuer(name, () => clock.now);
    const token = await (await issuer.addKey('ES256')).token();
    const served = await serveKeys(issuer.keySet);
    const elsewhere = await serveKeys(issuer.keySet);
    t.after(() => Promise.all([served.close(), elsewhere.close()]));
    const keys = Array.from({ length: 101 }, () => issuer.keySet.keys[0]);
    const answers = [
      { status: 200, body: 'no JSON' },
      { status: 200, body: '[]' },
      { status: 200, body: '{"keys":{}}' },
      { status: 200, body: '{"keys":[1]}' },
      { status: 200, body: JSON.stringify({ keys }) },
      { status: 200, body: JSON.stringify({ ...issuer.keySet, x: 'x'.repeat(300_000) }) },
      { status: 302, headers: { location: elsewhere.url }, body: '' },
      { status: 404, body: JSON.stringify(issuer.keySet) },
    ];
    for (const answer of answers) {
      served.answer = answer;
      const { verify, troubles } = setup(served.url, issuer);
      assert.equal(await kindOf(verify(token)), 'unreachable', answer.body.slice(0, 40));
      assert.equal(troubles.length, 1);
    }
    assert.equal(elsewhere.asked(), 0);
  });

  test('of an issuer that does not answer are waited for five seconds at the most', async (t) => {
    const issuer = newIssuer(name, () => clock.now);
    const token = await (await issuer.addKey('ES256')).token();
    const served = await serveKeys(issuer.keySet);
    t.after(() => served.close());
    served.answer = 'nothing';
    const { verify } = setup(served.url, issuer);
    const start = performance.now();
    const verdicts = await Promise.all([verify(token), verify(token)]);
    assert.ok(performance.now() - start < 9_000);
    assert.deepEqual(verdicts, [{ kind: 'unreachable' }, { kind: 'unreachable' }]);
    assert.equal(served.asked(), 1);
  });

  test('in a file that is gone or too large are not there', async (t) => {
    const { key, file, verifier } = await withFile(t, ['ES256']);
    const token = await key.token();
    assert.equal(await kindOf(verifier.verify(token, `${name}/`)), 'invalid');
    for (const path of [`${file}x`, join(file, 'x'), '/dev/zero'])
      assert.equal(await kindOf(setup(path).verify(token)), 'unreachable', path);
    writeFileSync(file, `${' '.repeat(300_000)}{"keys":[]}`);
    assert.equal(await kindOf(setup(file).verify(token)), 'unreachable');
  });
});
