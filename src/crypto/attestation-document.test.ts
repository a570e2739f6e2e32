import assert from 'node:assert/strict';
import { createHash, randomBytes, X509Certificate } from 'node:crypto';
import { describe, test } from 'node:test';
import { encode } from 'cborg';
import fc from 'fast-check';
import {
  attestationPki,
  type CertificateOptions,
  type Claims,
  enclaveClaims,
  extension,
  issue,
  type Pki,
  pcr,
  pemOf,
  type Signing,
  signedDocument,
  signedPayload,
} from '../../test/attestation.ts';
import { verifyAttestation } from './attestation-document.ts';
import { chainVerifier, noRoots, trustedRoots } from './certificate-chain.ts';
import { nitroRootFingerprint, nitroRootPem } from './nitro-root.ts';

const pki = attestationPki();
const publicKey = Buffer.from('any bytes');
const claims = enclaveClaims(pki, publicKey);
const hourMs = 3_600_000;

const verifierOf = ({ chain }: Pki) => chainVerifier(trustedRoots(pemOf(chain[0]!)));
const trusting = verifierOf(pki);

/** `verified`, or the fault. */
function outcome(bytes: Buffer, { verifyChain = trusting, now = Date.now() } = {}): string {
  const verified = verifyAttestation(bytes, { verifyChain, now });
  return verified.kind === 'refused' ? verified.fault : verified.kind;
}
const outcomeOf = (changed: Claims, signing: Signing = {}) =>
  outcome(signedDocument(pki, { ...claims, ...changed }, signing));

describe('an attestation document', () => {
  test('of an enclave tells its module, registers and key', () => {
    const bytes = signedDocument(pki, claims);
    const verified = verifyAttestation(bytes, { verifyChain: trusting, now: Date.now() });
    assert.ok(verified.kind === 'verified');
    const { platform, moduleId, pcrs, publicKey: key } = verified.document;
    assert.deepEqual([platform, moduleId], ['enclave', 'i-0123456789abcdef0-enc0123456789abcdef']);
    assert.deepEqual([...pcrs.keys()], [0, 1, 2, 3, 4, 8]);
    assert.deepEqual(pcrs.get(8), pcr(9));
    assert.deepEqual(key, publicKey);
  });

  test('of a NitroTPM has 24 registers of its own name', () => {
    const of = (index: number) =>
      outcomeOf({ pcrs: undefined, nitrotpm_pcrs: new Map([[index, pcr(1)]]) });
    assert.deepEqual([of(0), of(23), of(24)], ['verified', 'verified', 'malformed']);
  });

  test('may have the tag of COSE_Sign1, and no other', () => {
    const bytes = signedDocument(pki, claims);
    assert.equal(outcome(Buffer.concat([Buffer.of(0xd2), bytes])), 'verified');
    assert.equal(outcome(Buffer.concat([Buffer.of(0xd1), bytes])), 'malformed');
    assert.equal(outcome(Buffer.concat([Buffer.of(0xd2, 0xd2), bytes])), 'malformed');
  });

  test('may leave out what is optional, or have null there', () => {
    assert.equal(outcomeOf({ public_key: null }), 'verified');
    assert.equal(
      outcomeOf({ public_key: undefined, user_data: undefined, nonce: undefined }),
      'verified',
    );
    assert.equal(outcomeOf({ user_data: Buffer.alloc(1024), nonce: Buffer.alloc(0) }), 'verified');
  });

  const bad: Readonly<Record<string, Claims>> = {
    'no module': { module_id: '' },
    'a module that is no text': { module_id: 7 },
    'another digest': { digest: 'SHA256' },
    'a time that is none': { timestamp: 0 },
    'a time that is no whole number': { timestamp: 1.5 },
    'no registers': { pcrs: new Map() },
    'registers that are a list': { pcrs: [pcr(0)] },
    'a register of 31 bytes': { pcrs: new Map([[0, Buffer.alloc(31)]]) },
    'a register 32': { pcrs: new Map([[32, pcr(0)]]) },
    'a register with a name': { pcrs: new Map<unknown, Buffer>([['0', pcr(0)]]) },
    'registers of both platforms': { nitrotpm_pcrs: new Map([[0, pcr(0)]]) },
    'registers of neither': { pcrs: undefined },
    'no bundle': { cabundle: [] },
    'a bundle without end': { cabundle: Array(9).fill(pki.chain[0]!.der) },
    'a certificate that is too long': { certificate: Buffer.alloc(1025) },
    'a certificate that is none': { certificate: Buffer.from('x') },
    'a certificate with a tail': { certificate: Buffer.concat([pki.signer.der, Buffer.of(0)]) },
    'an empty key': { public_key: Buffer.alloc(0) },
    'a key that is text': { public_key: 'x' },
    'a nonce that is too long': { nonce: Buffer.alloc(1025) },
    'a member that nobody knows': { more: 1 },
  };
  for (const [what, change] of Object.entries(bad))
    test(`with ${what} is refused`, () => assert.equal(outcomeOf(change), 'malformed'));

  test('that another key signed, or that was changed since, is refused', () => {
    assert.equal(outcomeOf({}, { key: attestationPki().signer.privateKey }), 'signature');
    const bytes = signedDocument(pki, claims);
    const at = bytes.indexOf('enc0123');
    bytes.write('f', at);
    assert.equal(outcome(bytes), 'signature');
  });

  test('with another algorithm, headers that are not signed, or another form is refused', () => {
    const forms: readonly Signing[] = [
      { header: new Map([[1, -7]]) },
      {
        header: new Map([
          [1, -35],
          [4, 1],
        ]),
      },
      { header: [1, -35] },
      { unprotected: new Map([[1, -35]]) },
      { unprotected: [] },
      { replace: (parts) => parts.slice(0, 3) },
      { replace: (parts) => [...parts, 0] },
      { replace: ([a, b, c, d]) => [a, b, c, (d as Buffer).subarray(1)] },
      { replace: ([a, b, , d]) => [a, b, null, d] },
    ];
    for (const form of forms) assert.equal(outcomeOf({}, form), 'malformed', String(form.replace));
  });

  test('is one value in CBOR, each key once, of definite length', () => {
    const bytes = signedDocument(pki, claims);
    assert.equal(outcome(Buffer.concat([bytes, Buffer.of(0)])), 'malformed');
    const members = Buffer.from(encode(new Map(Object.entries(claims))));
    const twice = Buffer.concat([Buffer.of(0xaa), members.subarray(1), encode('digest')]);
    const repeated = Buffer.concat([twice, encode('SHA384')]);
    assert.equal(outcome(signedPayload(pki, repeated)), 'malformed');
    const open = Buffer.concat([Buffer.of(0xbf), members.subarray(1), Buffer.of(0xff)]);
    assert.equal(outcome(signedPayload(pki, open)), 'malformed');
    assert.equal(outcome(signedPayload(pki, members)), 'verified');
  });

  test('that is hostile is refused, never thrown at', () => {
    const deep = Buffer.alloc(16_000, 0x81);
    assert.equal(outcome(deep), 'malformed');
    assert.equal(outcome(signedPayload(pki, deep)), 'malformed');
    assert.equal(outcome(Buffer.alloc(262_144, 0x81)), 'malformed');
    assert.equal(outcome(Buffer.from('9affffffff', 'hex')), 'malformed');
    assert.equal(outcome(Buffer.from('bbffffffffffffffff', 'hex')), 'malformed');
    const bytes = signedDocument(pki, claims);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = Buffer.from(bytes);
        changed[at]! ^= flip;
        assert.notEqual(outcome(changed), 'verified');
      }),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        assert.equal(outcome(Buffer.from(noise)), 'malformed');
        assert.equal(outcome(signedPayload(pki, noise)), 'malformed');
      }),
    );
  });
});

describe('the certificates of a document', () => {
  const of = (at: number, options: CertificateOptions) => {
    const changed = attestationPki({ at, options });
    const bytes = signedDocument(changed, enclaveClaims(changed, null));
    return outcome(bytes, { verifyChain: verifierOf(changed) });
  };

  test('begin with a root that was configured; without any, nothing is trusted', () => {
    const other = attestationPki();
    const bytes = signedDocument(other, enclaveClaims(other, null));
    assert.equal(outcome(bytes), 'untrusted');
    assert.equal(outcome(bytes, { verifyChain: chainVerifier(noRoots) }), 'untrusted');
    assert.equal(outcome(bytes, { verifyChain: verifierOf(other) }), 'verified');
    const both = chainVerifier(trustedRoots(pemOf(pki.chain[0]!) + pemOf(other.chain[0]!)));
    for (const each of [bytes, signedDocument(pki, claims)])
      assert.equal(outcome(each, { verifyChain: both }), 'verified');
  });

  test('are each issued by the one before it', () => {
    const other = attestationPki();
    const [, first, second] = other.chain;
    const root = pki.chain[0]!;
    const bundle = [root, first!, second!].map(({ der }) => der);
    const foreign = { ...enclaveClaims(other, null), cabundle: bundle };
    assert.equal(outcome(signedDocument(other, foreign)), 'untrusted');
    assert.equal(outcomeOf({ cabundle: [root.der] }), 'untrusted');
    const [one, two, three] = pki.chain.map(({ der }) => der);
    assert.equal(outcomeOf({ cabundle: [one, three, two] }), 'untrusted');
  });

  const wrong: Readonly<Record<string, readonly [number, CertificateOptions, string]>> = {
    'an authority that is none': [1, { isAuthority: false, keyUsage: 0x04 }, 'untrusted'],
    'an authority that may not sign certificates': [2, { keyUsage: 0x80 }, 'untrusted'],
    'an authority without a key usage': [2, { keyUsage: null }, 'untrusted'],
    'a chain longer than its authority allows': [1, { pathLength: 0 }, 'untrusted'],
    'a signer that is an authority': [3, { isAuthority: true, keyUsage: 0x84 }, 'untrusted'],
    'a signer that may not sign': [3, { keyUsage: 0x04 }, 'untrusted'],
    'a key on another curve': [3, { curve: 'prime256v1' }, 'malformed'],
    'a weaker hash': [2, { hash: 'sha256' }, 'malformed'],
    'an authority that is over': [1, { until: Date.now() - 1 }, 'expired'],
    'a signer that has not begun': [3, { from: Date.now() + hourMs }, 'expired'],
    'a critical extension that nobody knows': [
      2,
      { extensions: [extension(Buffer.from('0603551d24', 'hex'), Buffer.of(5, 0))] },
      'malformed',
    ],
    'an extension that stands twice': [
      3,
      { extensions: [extension(Buffer.from('0603551d13', 'hex'), Buffer.of(0x30, 0))] },
      'malformed',
    ],
  };
  for (const [what, [at, options, fault]] of Object.entries(wrong))
    test(`with ${what} are refused`, () => assert.equal(of(at, options), fault));

  test('may have extensions that are not critical', () => {
    const plain = extension(Buffer.from('0603551d24', 'hex'), Buffer.of(5, 0), false);
    assert.equal(of(2, { extensions: [plain] }), 'verified');
  });

  test('are judged at the time that is asked for, also when they were believed before', () => {
    const bytes = signedDocument(pki, claims);
    const at = (hours: number) => outcome(bytes, { now: Date.now() + hours * hourMs });
    assert.deepEqual([0, 4, 0, -2, 0].map(at), [
      'verified',
      'expired',
      'verified',
      'expired',
      'verified',
    ]);
  });

  test('stay believed only as a whole', () => {
    const verifyChain = verifierOf(pki);
    assert.equal(outcome(signedDocument(pki, claims), { verifyChain }), 'verified');
    const impostor = issue({ name: 'test 3', isAuthority: false });
    const theirs = { ...claims, certificate: impostor.der };
    const forged = signedDocument(pki, theirs, { key: impostor.privateKey });
    assert.equal(outcome(forged, { verifyChain }), 'untrusted');
  });
});

describe('trusted roots', () => {
  test("can be AWS's own, which is the one that AWS publishes", () => {
    const root = new X509Certificate(nitroRootPem);
    assert.equal(createHash('sha256').update(root.raw).digest('hex'), nitroRootFingerprint);
    assert.equal(trustedRoots(nitroRootPem).includes(root.raw), true);
    assert.match(root.subject, /CN=aws\.nitro-enclaves/);
  });

  test('are refused with words where they can be none', () => {
    assert.throws(() => trustedRoots('x'), /no certificate in PEM form/);
    const signer = issue({ isAuthority: false });
    assert.throws(() => trustedRoots(pemOf(signer)), /certificate 1 is not that of an authority/);
    const noise = `-----BEGIN CERTIFICATE-----\n${randomBytes(99).toString('base64')}\n-----END CERTIFICATE-----`;
    assert.throws(() => trustedRoots(pemOf(pki.chain[0]!) + noise), /certificate 2 is not/);
  });
});
