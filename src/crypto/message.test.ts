import assert from 'node:assert/strict';
import { createSecretKey } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { open } from './aead.ts';
import { deriveKey } from './kdf.ts';
import { openMessage, sealMessage } from './message.ts';

const key = createSecretKey(Buffer.alloc(32, 7));
const bytes = (constraints: fc.IntArrayConstraints) =>
  fc.uint8Array(constraints).map((array) => Buffer.from(array));
const messages = fc.record({
  nonce: bytes({ minLength: 16, maxLength: 16 }),
  iv: bytes({ minLength: 12, maxLength: 12 }),
  aad: bytes({ maxLength: 200 }),
  plaintext: bytes({ maxLength: 5000 }),
});

test('what was sealed opens to the same plaintext', () => {
  fc.assert(
    fc.property(messages, (message) => {
      const sealed = sealMessage(key, message);
      assert.equal(sealed.length, message.plaintext.length + 16);
      assert.deepEqual(openMessage(key, { ...message, sealed }), message.plaintext);
    }),
  );
});

test('the key of a message is SP 800-108 of the nonce, as anyone can recompute it', () => {
  fc.assert(
    fc.property(messages, (message) => {
      const sealed = sealMessage(key, message);
      const messageKey = deriveKey(key, {
        label: Buffer.from('sealhold message v1'),
        context: message.nonce,
        lengthBytes: 32,
      });
      assert.deepEqual(open(messageKey, { ...message, sealed }), message.plaintext);
    }),
  );
});

test('a changed byte anywhere makes opening fail without an exception', () => {
  fc.assert(
    fc.property(
      messages,
      fc.constantFrom('nonce', 'iv', 'aad', 'sealed'),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (message, part, position, flip) => {
        const whole = { ...message, sealed: sealMessage(key, message) };
        const changed = Buffer.from(whole[part]);
        fc.pre(changed.length > 0);
        const at = position % changed.length;
        changed[at] = changed[at]! ^ flip;
        assert.equal(openMessage(key, { ...whole, [part]: changed }), undefined);
      },
    ),
  );
});

test('another key, a shortened tag, and nonces or IVs of another length fail the same way', () => {
  const message = { nonce: Buffer.alloc(16), iv: Buffer.alloc(12), aad: Buffer.from('aad') };
  const sealed = sealMessage(key, { ...message, plaintext: Buffer.from('plaintext') });
  const other = createSecretKey(Buffer.alloc(32, 8));
  assert.equal(openMessage(other, { ...message, sealed }), undefined);
  for (let length = 0; length < sealed.length; length++) {
    assert.equal(openMessage(key, { ...message, sealed: sealed.subarray(0, length) }), undefined);
  }
  assert.equal(openMessage(key, { ...message, sealed, nonce: Buffer.alloc(15) }), undefined);
  assert.equal(openMessage(key, { ...message, sealed, iv: Buffer.alloc(16) }), undefined);
});

test('sealing under a nonce or IV of another length is a fault of ours and throws', () => {
  const message = { nonce: Buffer.alloc(16), iv: Buffer.alloc(12), aad: Buffer.alloc(0) };
  const plaintext = Buffer.alloc(1);
  for (const wrong of [{ nonce: Buffer.alloc(12) }, { iv: Buffer.alloc(16) }]) {
    assert.throws(() => sealMessage(key, { ...message, plaintext, ...wrong }), RangeError);
  }
});
