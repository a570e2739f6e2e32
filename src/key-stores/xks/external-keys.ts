/**
 * External keys made of KMS's HMAC_256 keys. The XKS proxy API gives each ciphertext 20 bytes for
 * its notes, too few for a ciphertext of KMS's own, so KMS is asked to derive instead: its
 * GenerateMac over a fresh nonce is the AES key of one message (NIST SP 800-108 in counter mode,
 * whose one block is that MAC). The KMS key never leaves KMS, each use is a call of KMS's,
 * authorized and recorded there, and this side keeps nothing.
 */
import { open, seal } from '../../crypto/aead.ts';
import type { World } from '../../world.ts';
import {
  done,
  type ExternalKey,
  failed,
  type Outcome,
  type ProxyError,
  type StoreCiphertext,
} from '../key-store.ts';
import type { AskKms } from './kms-api.ts';
import { gcmAad } from './protocol.ts';

const nonceBytes = 16;
const ivBytes = 12;
const tagBytes = 16;
const keyBytes = 32;
/** The first byte of the notes, then the nonce. */
const version = 1;
const label = Buffer.from('sealhold xks message v1\0');

type Answer<T> = Promise<Outcome<T, ProxyError>>;

export interface ExternalKeys {
  metadata(key: string, agent: string): Answer<ExternalKey>;
  encrypt(
    key: string,
    message: { readonly plaintext: Buffer; readonly aad: Buffer },
    agent: string,
  ): Answer<StoreCiphertext>;
  /** The caller owns and wipes the plaintext. */
  decrypt(
    key: string,
    message: StoreCiphertext & { readonly aad: Buffer },
    agent: string,
  ): Answer<Buffer>;
  /** Whether KMS does cryptographic work for us. */
  isAvailable(agent: string): Promise<boolean>;
}

export function createExternalKeys(ask: AskKms, world: World): ExternalKeys {
  /** The caller owns and wipes the key. */
  const messageKey = async (key: string, nonce: Buffer, agent: string): Answer<Buffer> => {
    const counterAndLength = [Buffer.of(0, 0, 0, 1), Buffer.of(0, 0, 1, 0)];
    const input = Buffer.concat([counterAndLength[0]!, label, nonce, counterAndLength[1]!]);
    const answer = await ask(
      'GenerateMac',
      { KeyId: key, MacAlgorithm: 'HMAC_SHA_256', Message: input.toString('base64') },
      agent,
    );
    if (answer.kind === 'failed') return answer;
    const mac = Buffer.from(String(answer.value.Mac ?? ''), 'base64');
    return mac.length === keyBytes ? done(mac) : failed('InternalException');
  };
  return {
    async metadata(key, agent) {
      const answer = await ask('DescribeKey', { KeyId: key }, agent);
      return answer.kind === 'failed' ? answer : done(describe(answer.value.KeyMetadata));
    },
    async encrypt(key, { plaintext, aad }, agent) {
      const nonce = world.randomBytes(nonceBytes);
      const made = await messageKey(key, nonce, agent);
      if (made.kind === 'failed') return made;
      const iv = world.randomBytes(ivBytes);
      const metadata = Buffer.concat([Buffer.of(version), nonce]);
      const sealed = seal(made.value, { iv, aad: gcmAad(aad, metadata), plaintext });
      made.value.fill(0);
      const end = sealed.length - tagBytes;
      return done({ iv, metadata, ciphertext: sealed.subarray(0, end), tag: sealed.subarray(end) });
    },
    async decrypt(key, { iv, tag, metadata, ciphertext, aad }, agent) {
      if (metadata.length !== 1 + nonceBytes || metadata[0] !== version || iv.length !== ivBytes)
        return failed('InvalidCiphertextException');
      const made = await messageKey(key, metadata.subarray(1), agent);
      if (made.kind === 'failed') return made;
      const sealed = Buffer.concat([ciphertext, tag]);
      const plaintext = open(made.value, { iv, aad: gcmAad(aad, metadata), sealed });
      made.value.fill(0);
      return plaintext === undefined ? failed('InvalidCiphertextException') : done(plaintext);
    },
    isAvailable: async (agent) =>
      (await ask('GenerateRandom', { NumberOfBytes: 1 }, agent)).kind === 'done',
  };
}

/** A key that serves here is an AES key to the other side; of others it sees what they are. */
function describe(metadata: unknown): ExternalKey {
  const { KeySpec, KeyState } = (metadata ?? {}) as Readonly<Record<string, unknown>>;
  const serves = KeySpec === 'HMAC_256';
  return {
    keySpec: serves ? 'AES_256' : String(KeySpec),
    keyUsage: serves ? ['ENCRYPT', 'DECRYPT'] : [],
    keyStatus: KeyState === 'Enabled' ? 'ENABLED' : 'DISABLED',
  };
}
