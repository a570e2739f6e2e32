import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { openMessage, readHeader, sealMessage } from './encryption-sdk-message.ts';

const world = {
  now: () => 0,
  machineNow: () => 0,
  monotonic: () => 0,
  randomBytes,
};
const context = { PARAMETER_ARN: 'arn:aws:ssm:eu-central-1:111122223333:parameter/a/b' };
const encryptedDataKey = {
  keyArn: 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
  ciphertext: randomBytes(180),
};

function sealed(sizeBytes: number) {
  const dataKey = randomBytes(32);
  const plaintext = randomBytes(sizeBytes);
  const message = sealMessage({ plaintext, context, dataKey, encryptedDataKey, world });
  return { dataKey, plaintext, message };
}

function opened(message: Buffer, dataKey: Buffer): Buffer | undefined {
  const header = readHeader(message);
  return header === undefined ? undefined : openMessage(message, header, dataKey);
}

describe('a message of the AWS Encryption SDK', () => {
  for (const sizeBytes of [0, 1, 4095, 4096, 4097, 8192, 8193, 20_000])
    test(`of ${sizeBytes} bytes opens to what was sealed`, () => {
      const { dataKey, plaintext, message } = sealed(sizeBytes);
      assert.deepEqual(opened(message, dataKey), plaintext);
    });

  test('begins as the message format says', () => {
    const { message } = sealed(10);
    assert.equal(message.subarray(0, 3).toString('hex'), '020478');
    const header = readHeader(message);
    assert.deepEqual(header?.context, context);
    assert.deepEqual(header?.encryptedDataKey, encryptedDataKey);
  });

  test('does not open with any bit of it changed', () => {
    const { dataKey, message } = sealed(4_100);
    for (let at = 0; at < message.length; at += at < 600 ? 1 : 37) {
      const altered = Buffer.from(message);
      altered[at] = (altered[at] as number) ^ (1 << (at % 8));
      assert.equal(opened(altered, dataKey), undefined, `byte ${at}`);
    }
  });

  test('does not open with another data key, cut off, or with something behind it', () => {
    const { dataKey, message } = sealed(100);
    assert.equal(opened(message, randomBytes(32)), undefined);
    assert.equal(opened(Buffer.concat([message, Buffer.of(0)]), dataKey), undefined);
    for (let length = 0; length < message.length; length++)
      assert.equal(opened(message.subarray(0, length), dataKey), undefined, `${length} bytes`);
  });

  test('frames of one message do not open in another place', () => {
    const { dataKey, message } = sealed(8_192 + 10);
    const frame = 4 + 12 + 4_096 + 16;
    const body = message.length - (4 + 4 + 12 + 4 + 10 + 16) - 2 * frame;
    const swapped = Buffer.concat([
      message.subarray(0, body),
      message.subarray(body + frame, body + 2 * frame),
      message.subarray(body, body + frame),
      message.subarray(body + 2 * frame),
    ]);
    assert.equal(opened(swapped, dataKey), undefined);
  });

  test('arbitrary bytes are no message, and never an exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const message = Buffer.concat([Buffer.from('020478', 'hex'), bytes]);
        return opened(message, Buffer.alloc(32)) === undefined;
      }),
    );
  });
});
