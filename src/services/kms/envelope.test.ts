import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { refusal } from '../../../test/open-kms.ts';
import { keySpecs, type SecretKey } from '../../crypto/key-spec.ts';
import { openMessage } from '../../crypto/message.ts';
import {
  type BlobOwner,
  blobHeader,
  blobOwner,
  claimedMaterialId,
  type EncryptionContext,
  encodeContext,
  hasHeader,
  headerBytes,
  openBlob,
  sealBlob,
  sealRandomBytes,
} from './envelope.ts';

const secret = () => {
  const loaded = keySpecs.get('SYMMETRIC_DEFAULT')?.load(randomBytes(32)) as SecretKey;
  return loaded.secret;
};
const installationKey = secret();
const key = secret();
const owner: BlobOwner = {
  account: '001122223333',
  keyId: '1234abcd-12ab-34cd-56ef-1234567890ab',
  materialId: 'c0'.repeat(32),
};
const header = blobHeader(owner, installationKey);
const seal = (plaintext: Buffer, context?: EncryptionContext) =>
  sealBlob({ header, key, context }, plaintext, randomBytes(sealRandomBytes));
const open = (blob: Buffer, context?: EncryptionContext) =>
  openBlob({ header, key, context }, blob);

/** As Decrypt does it: whose blob, is the header right, then open. */
function decrypt(blob: Buffer, context?: EncryptionContext): Buffer | undefined {
  const named = blobOwner(blob, installationKey);
  if (named === undefined || named.materialId !== owner.materialId) return undefined;
  return open(blob, context);
}

describe('a ciphertext blob', () => {
  test('opens to what was sealed, of every length, under its context', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 4096 }),
        fc.dictionary(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' })),
        (plaintext, context) => {
          const blob = seal(Buffer.from(plaintext), context);
          assert.equal(blob.length, 120 + plaintext.length);
          assert.deepEqual(decrypt(blob, context), Buffer.from(plaintext));
        },
      ),
    );
  });

  test("begins as AWS's do", () => {
    assert.match(seal(Buffer.from('x')).toString('base64'), /^AQICAH[ghij]/);
  });

  test('differs each time, in everything after the header', () => {
    const plaintext = Buffer.alloc(64, 7);
    const [one, two] = [seal(plaintext), seal(plaintext)];
    assert.deepEqual(one.subarray(0, headerBytes), two.subarray(0, headerBytes));
    for (const [from, to] of [
      [76, 92],
      [92, 104],
      [104, 168],
      [168, 184],
    ] as const)
      assert.notDeepEqual(one.subarray(from, to), two.subarray(from, to));
  });

  test('is refused when any one of its bits is flipped', () => {
    const blob = seal(Buffer.from('forty-two bytes of plaintext for this test'), { a: 'b' });
    for (let bit = 0; bit < blob.length * 8; bit++) {
      const altered = Buffer.from(blob);
      altered[bit >> 3]! ^= 1 << (bit & 7);
      assert.equal(decrypt(altered, { a: 'b' }), undefined, `bit ${bit}`);
      if (bit < headerBytes * 8) assert.equal(hasHeader(altered, header), false, `bit ${bit}`);
    }
    assert.equal(decrypt(blob, { a: 'b' })?.length, 42);
  });

  test('is refused when it is cut short or has a tail', () => {
    const blob = seal(Buffer.from('plaintext'));
    for (let length = 0; length < blob.length; length++)
      assert.equal(decrypt(blob.subarray(0, length)), undefined);
    assert.equal(decrypt(Buffer.concat([blob, Buffer.alloc(1)])), undefined);
  });

  test("is refused under another key's header, and the other under this one's", () => {
    const other = blobHeader({ ...owner, materialId: 'c1'.repeat(32) }, installationKey);
    const swapped = Buffer.concat([other, seal(Buffer.from('x')).subarray(headerBytes)]);
    assert.equal(blobOwner(swapped, installationKey)?.materialId, 'c1'.repeat(32));
    assert.equal(openBlob({ header: other, key, context: undefined }, swapped), undefined);
    assert.equal(open(swapped.fill(header, 0, headerBytes)) === undefined, false);
  });

  test('of another installation is nobody’s', () => {
    assert.equal(blobOwner(seal(Buffer.from('x')), secret()), undefined);
  });

  test('tells its owner: account with leading zeros, UUID or multi-Region id', () => {
    assert.deepEqual(blobOwner(seal(Buffer.from('x')), installationKey), owner);
    const mrk = { ...owner, keyId: 'mrk-1234abcd12ab34cd56ef1234567890ab' };
    const itsHeader = blobHeader(mrk, installationKey);
    const blob = sealBlob(
      { header: itsHeader, key, context: undefined },
      Buffer.from('x'),
      randomBytes(sealRandomBytes),
    );
    assert.deepEqual(blobOwner(blob, installationKey), mrk);
    assert.notDeepEqual(itsHeader, header);
  });

  test('that is random bytes, an RSA ciphertext or empty claims nothing', () => {
    for (const bytes of [Buffer.alloc(0), randomBytes(256), Buffer.alloc(512)])
      assert.equal(claimedMaterialId(bytes), undefined);
  });
});

describe('the encryption context', () => {
  const anyText = fc.string({ unit: 'grapheme', maxLength: 4 });
  const anyContext = fc.dictionary(anyText, anyText, { maxKeys: 3 });

  test('is the same in every order of its pairs', () => {
    fc.assert(
      fc.property(anyContext, (context) => {
        const reversed = Object.fromEntries(Object.entries(context).reverse());
        assert.deepEqual(encodeContext(context), encodeContext(reversed));
      }),
    );
  });

  test('never encodes two different contexts alike', () => {
    fc.assert(
      fc.property(anyContext, anyContext, (one, two) => {
        const sorted = (c: EncryptionContext) => JSON.stringify(Object.entries(c).sort());
        assert.equal(encodeContext(one).equals(encodeContext(two)), sorted(one) === sorted(two));
      }),
    );
  });

  test('keeps apart what runs together when written one after the other', () => {
    const alike: readonly EncryptionContext[] = [
      { a: 'bc' },
      { ab: 'c' },
      { abc: '' },
      { '': 'abc' },
      { a: '', bc: '' },
      { a: 'b', c: '' },
      { a: '\0\0\0\0' },
      { 'a\0\0\0\0': '' },
      {},
    ];
    for (const sealedUnder of alike)
      for (const openedUnder of alike) {
        const opened = open(seal(Buffer.from('x'), sealedUnder), openedUnder);
        assert.equal(opened !== undefined, sealedUnder === openedUnder);
      }
  });

  test('is authenticated after the header in its one form, however long or short', () => {
    const text = fc.oneof(anyText, fc.string({ unit: 'grapheme', minLength: 900 }));
    fc.assert(
      fc.property(fc.dictionary(text, text, { maxKeys: 2 }), (context) => {
        const blob = seal(Buffer.from('x'), context);
        const opened = openMessage(key, {
          nonce: blob.subarray(76, 92),
          iv: blob.subarray(92, 104),
          aad: Buffer.concat([header, encodeContext(context)]),
          sealed: blob.subarray(104),
        });
        assert.deepEqual(opened, Buffer.from('x'));
      }),
    );
    for (const context of [{ '\ud800': 'a' }, { a: '\udfff' }])
      assert.throws(() => seal(Buffer.from('x'), context), { code: 'ValidationException' });
  });

  test('that is absent is the empty one', () => {
    assert.ok(open(seal(Buffer.from('x'), {}), undefined));
  });

  test('is sorted by UTF-8 bytes, not by UTF-16 units', () => {
    const encoded = encodeContext({ '\u{10000}': '1', '\uffff': '2' });
    assert.ok(encoded.indexOf('\uffff') < encoded.indexOf('\u{10000}'));
  });

  test('with unpaired surrogates is refused, because UTF-8 would make them equal', () => {
    const text = 'EncryptionContext must be well-formed Unicode text.';
    for (const context of [{ '\ud800': 'a' }, { a: '\udfff' }])
      assert.throws(() => encodeContext(context), refusal('ValidationException', text));
  });

  test('takes names of members that every object has', () => {
    const context = JSON.parse('{"__proto__":"a","constructor":"b","toString":"c"}');
    assert.ok(open(seal(Buffer.from('x'), context), context));
    assert.equal(open(seal(Buffer.from('x'), context), {}), undefined);
  });
});
