/**
 * The digest over the set of rows: it shows that none was removed, added or rolled back behind
 * our back, which the barrier, judging one row at a time, can't. It is the XOR of a keyed hash
 * of each row, so that a commit updates it by the rows that it touches, whatever their number
 * (Bellare and Micciancio, "A New Paradigm for Collision-free Hashing", 1997; keyed, and never
 * shown, since XOR alone is linear). What lies on the disk is masked, and tagged with the number
 * of the commit: who reads the disk learns no row's hash and can't compose a state that never
 * was.
 */
import { equalSecret, hmacSha256 } from '../../crypto/hash.ts';
import { hkdfSha256 } from '../../crypto/kdf.ts';

export const digestBytes = 32;
const versionBytes = 8;

/** The state row as it lies on the disk. */
export interface StoredState {
  /** The number of the last commit. */
  readonly seq: number;
  readonly rowCount: number;
  /**
   * 16 random bytes, fresh for each state: a restored copy that goes on doesn't use a mask
   * twice.
   */
  readonly nonce: Uint8Array;
  readonly masked: Uint8Array;
  readonly tag: Uint8Array;
}

export interface State {
  readonly seq: number;
  readonly rowCount: number;
  readonly digest: Buffer;
}

export interface DigestKeys {
  readonly row: Buffer;
  readonly mask: Buffer;
  readonly state: Buffer;
  readonly feed: Buffer;
}

/** Separate keys for separate purposes, from one `integrityKey` of 32 bytes. */
export function digestKeys(integrityKey: Uint8Array): DigestKeys {
  if (integrityKey.length !== 32) throw new RangeError('an integrity key has 32 bytes');
  const derive = (purpose: string): Buffer =>
    hkdfSha256(integrityKey, {
      salt: new Uint8Array(0),
      info: Buffer.from(`sealhold store ${purpose} v1`),
      lengthBytes: 32,
    });
  return {
    row: derive('row'),
    mask: derive('mask'),
    state: derive('state'),
    feed: derive('feed'),
  };
}

/** Adds the row to the digest, or takes it out: XOR is its own inverse. */
export function toggleRow(
  keys: DigestKeys,
  digest: Buffer,
  row: { readonly path: string; readonly version: number },
): void {
  const size = versionBytes + Buffer.byteLength(row.path);
  const input = size <= scratch.length ? scratch.subarray(0, size) : Buffer.allocUnsafe(size);
  // The version goes first, at a fixed width, so that no two rows give one input.
  writeNumber(input, row.version, 0);
  input.write(row.path, versionBytes);
  xor(digest, hmacSha256(keys.row, input));
}

const scratch = Buffer.allocUnsafeSlow(1024);

export function storedState(keys: DigestKeys, state: State, nonce: Uint8Array): StoredState {
  const masked = Buffer.from(state.digest);
  xor(masked, mask(keys, state, nonce));
  const { seq, rowCount } = state;
  return { seq, rowCount, nonce, masked, tag: tagOf(keys, { seq, rowCount, nonce, masked }) };
}

/** Undefined when the tag is not ours. */
export function openState(keys: DigestKeys, stored: StoredState): State | undefined {
  if (stored.masked.length !== digestBytes) return undefined;
  if (!Number.isSafeInteger(stored.seq) || stored.seq < 0) return undefined;
  if (!Number.isSafeInteger(stored.rowCount) || stored.rowCount < 0) return undefined;
  if (!equalSecret(tagOf(keys, stored), stored.tag)) return undefined;
  const digest = Buffer.from(stored.masked);
  xor(digest, mask(keys, stored, stored.nonce));
  return { seq: stored.seq, rowCount: stored.rowCount, digest };
}

/** Authenticates one entry of the change feed. */
export function feedTag(keys: DigestKeys, seq: number, paths: string): Buffer {
  const number = Buffer.allocUnsafe(8);
  writeNumber(number, seq, 0);
  return hmacSha256(keys.feed, Buffer.concat([number, Buffer.from(paths)])).subarray(0, 16);
}

function mask(
  keys: DigestKeys,
  { seq, rowCount }: { seq: number; rowCount: number },
  nonce: Uint8Array,
): Buffer {
  return hmacSha256(keys.mask, numbered(seq, rowCount, nonce));
}

function tagOf(keys: DigestKeys, stored: Omit<StoredState, 'tag'>): Buffer {
  const { seq, rowCount, nonce, masked } = stored;
  return hmacSha256(keys.state, Buffer.concat([numbered(seq, rowCount, nonce), masked]));
}

function numbered(seq: number, rowCount: number, nonce: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(16 + nonce.length);
  writeNumber(bytes, seq, 0);
  writeNumber(bytes, rowCount, 8);
  bytes.set(nonce, 16);
  return bytes;
}

/** Whole numbers up to 2⁵³ as eight bytes, without the price of a BigInt. */
function writeNumber(bytes: Buffer, value: number, at: number): void {
  bytes.writeUInt32BE(Math.floor(value / 2 ** 32), at);
  bytes.writeUInt32BE(value % 2 ** 32, at + 4);
}

function xor(into: Buffer, other: Uint8Array): void {
  for (let i = 0; i < digestBytes; i++) into[i] = into[i]! ^ other[i]!;
}
