/**
 * The secret that session tokens and encoded messages of this installation are made with: drawn at
 * the very first start, kept as a sealed record, the same on every node. Who takes it away ends
 * every session there is.
 */
import { createSecretKey, type KeyObject } from 'node:crypto';
import { hkdfSha256 } from '../crypto/kdf.ts';
import type { Store } from '../store/store.ts';
import type { World } from '../world.ts';

/** One key a purpose: what is made for one can't be passed off as the other. */
export interface SessionSecret {
  /** Seals session tokens. */
  readonly tokens: KeyObject;
  /** What secret access keys are derived from. */
  readonly secretAccessKeys: KeyObject;
  /** Seals encoded authorization messages. */
  readonly messages: KeyObject;
}

interface SecretRecord {
  /** base64, 32 bytes */
  readonly secret: string;
}

const recordId = 'sessions';
const secretBytes = 32;

/** Reads the secret; where there is none, commits a new one first. */
export async function openSessionSecret({
  store,
  world,
}: {
  readonly store: Store;
  readonly world: World;
}): Promise<SessionSecret> {
  const records = store.collection<SecretRecord>({ path: 'sts/secrets' });
  let record = await records.get(recordId);
  if (record === undefined) {
    const drawn = world.randomBytes(secretBytes);
    // On a conflict another node was first; its secret is read then.
    await store.commit(records.insert(recordId, { secret: drawn.toString('base64') }));
    drawn.fill(0);
    record = await records.get(recordId);
  }
  const secret = Buffer.from(record?.value.secret ?? '', 'base64');
  if (secret.length !== secretBytes) throw new Error('The secret of sessions cannot be stored');
  const keyFor = (purpose: string): KeyObject => {
    const info = Buffer.from(`sealhold ${purpose} v1`);
    const bytes = hkdfSha256(secret, { salt: Buffer.alloc(0), info, lengthBytes: secretBytes });
    const key = createSecretKey(bytes);
    bytes.fill(0);
    return key;
  };
  const keys = {
    tokens: keyFor('session token'),
    secretAccessKeys: keyFor('temporary secret access key'),
    messages: keyFor('authorization message'),
  };
  secret.fill(0);
  return keys;
}
