/**
 * Messages of the AWS Encryption SDK, version 2, with algorithm suite 0x0478: AES-256-GCM, HKDF
 * with SHA-512, key commitment, no signature. Every Encryption SDK of version 2 and later reads
 * them.
 * (https://docs.aws.amazon.com/encryption-sdk/latest/developer-guide/message-format.html)
 *
 *     header  02 ‖ 0478 ‖ message id (32) ‖ context ‖ encrypted data keys ‖ 02 ‖ frame length (4)
 *             ‖ commitment (32) ‖ tag over all of this (16)
 *     body    frames: number (4) ‖ IV (12) ‖ ciphertext ‖ tag (16); the last one begins with
 *             ffffffff and has its length (4) after the IV
 */
import { open, seal, tagBytes } from '../../crypto/aead.ts';
import { equalSecret } from '../../crypto/hash.ts';
import { hkdfSha512 } from '../../crypto/kdf.ts';
import type { World } from '../../world.ts';

export type EncryptionContext = Readonly<Record<string, string>>;

/** A data key as KMS has encrypted it. */
export interface EncryptedDataKey {
  readonly keyArn: string;
  readonly ciphertext: Buffer;
}

const version = 2;
const suite = 0x0478;
const framed = 2;
const messageIdBytes = 32;
const commitmentBytes = 32;
const frameBytes = 4_096;
const ivBytes = 12;
const lastFrame = 0xffff_ffff;
const providerId = 'aws-kms';
const bodyText = {
  middle: 'AWSKMSEncryptionClient Frame',
  last: 'AWSKMSEncryptionClient Final Frame',
};

/** `dataKey`: 32 bytes, used for this message only. */
export function sealMessage(message: {
  readonly plaintext: Buffer;
  readonly context: EncryptionContext;
  readonly dataKey: Buffer;
  readonly encryptedDataKey: EncryptedDataKey;
  readonly world: World;
}): Buffer {
  const { plaintext, context, dataKey, encryptedDataKey, world } = message;
  const messageId = world.randomBytes(messageIdBytes);
  const { key, commitment } = derive(dataKey, messageId);
  const header = Buffer.concat([
    Buffer.of(version),
    uint16(suite),
    messageId,
    sized(serialized(context)),
    uint16(1),
    sized(Buffer.from(providerId)),
    sized(Buffer.from(encryptedDataKey.keyArn)),
    sized(encryptedDataKey.ciphertext),
    Buffer.of(framed),
    uint32(frameBytes),
    commitment,
  ]);
  // The header's own IV is zero; those of the frames are their numbers, from 1.
  const tag = seal(key, { iv: Buffer.alloc(ivBytes), aad: header, plaintext: Buffer.alloc(0) });
  const frames = [...sealedFrames(key, messageId, plaintext)];
  key.fill(0);
  return Buffer.concat([header, tag, ...frames]);
}

function* sealedFrames(key: Buffer, messageId: Buffer, plaintext: Buffer): Generator<Buffer> {
  let number = 1;
  let at = 0;
  for (; plaintext.length - at > frameBytes; at += frameBytes, number++) {
    const part = plaintext.subarray(at, at + frameBytes);
    const iv = frameIv(number);
    const aad = frameAad(messageId, { isLast: false, number, sizeBytes: part.length });
    yield Buffer.concat([uint32(number), iv, seal(key, { iv, aad, plaintext: part })]);
  }
  const part = plaintext.subarray(at);
  const iv = frameIv(number);
  const aad = frameAad(messageId, { isLast: true, number, sizeBytes: part.length });
  yield Buffer.concat([
    uint32(lastFrame),
    uint32(number),
    iv,
    uint32(part.length),
    seal(key, { iv, aad, plaintext: part }),
  ]);
}

export interface MessageHeader {
  readonly context: EncryptionContext;
  readonly encryptedDataKey: EncryptedDataKey;
  /** All that the header's tag is over. */
  readonly bytes: Buffer;
  readonly messageId: Buffer;
  readonly commitment: Buffer;
}

/**
 * What a message says before it is opened, none of it proved yet. Undefined for what is no message
 * of this suite.
 */
export function readHeader(message: Buffer): MessageHeader | undefined {
  const reader = new Reader(message);
  try {
    if (reader.take(1).readUInt8() !== version || reader.uint16() !== suite) return undefined;
    const messageId = reader.take(messageIdBytes);
    const context = deserialized(reader.sized());
    if (reader.uint16() !== 1 || reader.sized().toString() !== providerId) return undefined;
    const keyArn = reader.sized().toString();
    const ciphertext = reader.sized();
    if (reader.take(1).readUInt8() !== framed || reader.uint32() !== frameBytes) return undefined;
    const commitment = reader.take(commitmentBytes);
    const bytes = message.subarray(0, reader.at);
    return { context, encryptedDataKey: { keyArn, ciphertext }, bytes, messageId, commitment };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/**
 * The plaintext of a message, by the data key that KMS gave for it. Undefined for every failure
 * alike. The caller owns and wipes the result.
 */
export function openMessage(
  message: Buffer,
  header: MessageHeader,
  dataKey: Buffer,
): Buffer | undefined {
  const { key, commitment } = derive(dataKey, header.messageId);
  const reader = new Reader(message, header.bytes.length);
  const parts: Buffer[] = [];
  try {
    if (!equalSecret(commitment, header.commitment)) return undefined;
    const iv = Buffer.alloc(ivBytes);
    const sealed = reader.take(tagBytes);
    if (open(key, { iv, aad: header.bytes, sealed }) === undefined) return undefined;
    for (let number = 1; ; number++) {
      const frame = openFrame(reader, { key, messageId: header.messageId, number });
      if (frame === undefined) return undefined;
      parts.push(frame.part);
      if (frame.isLast) return reader.isAtEnd() ? Buffer.concat(parts) : undefined;
    }
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  } finally {
    key.fill(0);
    for (const part of parts) part.fill(0);
  }
}

function openFrame(
  reader: Reader,
  { key, messageId, number }: { key: Buffer; messageId: Buffer; number: number },
): { readonly part: Buffer; readonly isLast: boolean } | undefined {
  const mark = reader.uint32();
  const isLast = mark === lastFrame;
  if ((isLast ? reader.uint32() : mark) !== number) return undefined;
  const iv = reader.take(ivBytes);
  const sizeBytes = isLast ? reader.uint32() : frameBytes;
  if (sizeBytes > frameBytes) return undefined;
  const sealed = reader.take(sizeBytes + tagBytes);
  const part = open(key, { iv, aad: frameAad(messageId, { isLast, number, sizeBytes }), sealed });
  return part === undefined ? undefined : { part, isLast };
}

/** The key of the message and the commitment to it, of 32 bytes each. */
function derive(dataKey: Buffer, messageId: Buffer): { key: Buffer; commitment: Buffer } {
  const derived = (info: Buffer): Buffer =>
    hkdfSha512(dataKey, { salt: messageId, info, lengthBytes: 32 });
  return {
    key: derived(Buffer.concat([uint16(suite), Buffer.from('DERIVEKEY')])),
    commitment: derived(Buffer.from('COMMITKEY')),
  };
}

function frameIv(number: number): Buffer {
  const iv = Buffer.alloc(ivBytes);
  iv.writeUInt32BE(number, ivBytes - 4);
  return iv;
}

function frameAad(
  messageId: Buffer,
  frame: { readonly isLast: boolean; readonly number: number; readonly sizeBytes: number },
): Buffer {
  const text = Buffer.from(frame.isLast ? bodyText.last : bodyText.middle);
  return Buffer.concat([messageId, text, uint32(frame.number), uint32(0), uint32(frame.sizeBytes)]);
}

/** Pairs in the order of their keys' bytes, each part with its length. */
function serialized(context: EncryptionContext): Buffer {
  const pairs = Object.entries(context)
    .map(([key, value]): [Buffer, Buffer] => [Buffer.from(key), Buffer.from(value)])
    .sort(([a], [b]) => Buffer.compare(a, b));
  if (pairs.length === 0) return Buffer.alloc(0);
  return Buffer.concat([
    uint16(pairs.length),
    ...pairs.flatMap(([key, value]) => [sized(key), sized(value)]),
  ]);
}

function deserialized(bytes: Buffer): EncryptionContext {
  if (bytes.length === 0) return {};
  const reader = new Reader(bytes);
  const entries = Array.from({ length: reader.uint16() }, (): [string, string] => [
    reader.sized().toString(),
    reader.sized().toString(),
  ]);
  if (!reader.isAtEnd()) throw new RangeError('bytes after the context');
  return Object.fromEntries(entries);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

const sized = (bytes: Buffer): Buffer => Buffer.concat([uint16(bytes.length), bytes]);

/** Takes bytes from the front; throws RangeError where there are too few. */
class Reader {
  readonly #bytes: Buffer;
  at: number;

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes;
    this.at = at;
  }

  take(sizeBytes: number): Buffer {
    const end = this.at + sizeBytes;
    if (end > this.#bytes.length) throw new RangeError('the message is cut off');
    const taken = this.#bytes.subarray(this.at, end);
    this.at = end;
    return taken;
  }

  uint16(): number {
    return this.take(2).readUInt16BE();
  }

  uint32(): number {
    return this.take(4).readUInt32BE();
  }

  /** What has its length before it. */
  sized(): Buffer {
    return this.take(this.uint16());
  }

  isAtEnd(): boolean {
    return this.at === this.#bytes.length;
  }
}
