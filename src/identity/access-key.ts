/** Access keys: what one is, how new ones are made, and what an id tells by itself. */
import type { KeyObject } from 'node:crypto';
import type { Principal } from '../operation.ts';
import type { World } from '../world.ts';

/**
 * Never changed in place: another secret or status is another object, which is how caches notice.
 */
export interface AccessKey {
  readonly accessKeyId: string;
  /** From `sealSecret` (sigv4.ts). */
  readonly secret: KeyObject;
  readonly principal: Principal;
  readonly status: 'Active' | 'Inactive';
  /** Temporary keys only, which are found by their session token; the end by `world.now()`. */
  readonly session?: { readonly expiresAt: number };
}

export interface NewAccessKey {
  readonly accessKeyId: string;
  /** Shown once to whom it is for. Kept only sealed. */
  readonly secretAccessKey: string;
}

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/**
 * A new long-term key for an account of 12 digits. Throws a RangeError for another account.
 */
export function mintAccessKey(account: string, world: World): NewAccessKey {
  const accessKeyId = newAccessKeyId('AKIA', account, world);
  const secret = world.randomBytes(30);
  const secretAccessKey = secret.toString('base64');
  secret.fill(0);
  return { accessKeyId, secretAccessKey };
}

/**
 * An id for a long-term key (AKIA) or a temporary one (ASIA). Ids of AWS's current form carry the
 * account: the first six of their ten bytes are a set bit, 40 bits of account and 7 random ones.
 * Throws a RangeError unless the account is 12 digits.
 */
export function newAccessKeyId(prefix: 'AKIA' | 'ASIA', account: string, world: World): string {
  if (!/^\d{12}$/.test(account)) throw new RangeError('An account is 12 digits.');
  const bytes = world.randomBytes(10);
  const lowBits = BigInt((bytes[5] as number) & 0x7f);
  const head = (1n << 47n) | (BigInt(account) << 7n) | lowBits;
  for (let i = 0; i < 6; i++) bytes[i] = Number((head >> BigInt(40 - 8 * i)) & 0xffn);
  return `${prefix}${toBase32(bytes)}`;
}

function toBase32(bytes: Uint8Array): string {
  let bits = 0n;
  for (const byte of bytes) bits = (bits << 8n) | BigInt(byte);
  let text = '';
  for (let shift = BigInt(bytes.length * 8 - 5); shift >= 0n; shift -= 5n)
    text += base32[Number((bits >> shift) & 31n)];
  return text;
}

/**
 * The account that an access key id names. Undefined for ids that name none: those from before
 * 2019, whose first bit is clear (AKIAI…, AKIAJ…), and whatever isn't an access key id.
 */
export function accountOfAccessKeyId(accessKeyId: string): string | undefined {
  if (!/^A(?:KI|SI)A[A-Z2-7]{16}$/.test(accessKeyId)) return undefined;
  let head = 0n;
  for (const character of accessKeyId.slice(4, 14))
    head = (head << 5n) | BigInt(base32.indexOf(character));
  // Ten characters are 50 bits; the account is in the first 48.
  head >>= 2n;
  if (head >> 47n === 0n) return undefined;
  const account = (head & 0x7fffffffff80n) >> 7n;
  return account > 999_999_999_999n ? undefined : String(account).padStart(12, '0');
}

/** The root user of an account, signing with one of its keys. */
export function rootPrincipal(options: {
  readonly account: string;
  readonly accessKeyId: string;
  /** Default `aws`. */
  readonly partition?: string;
}): Principal {
  const { account, accessKeyId, partition = 'aws' } = options;
  const arn = `arn:${partition}:iam::${account}:root`;
  return { type: 'Root', account, arn, principalId: account, accessKeyId };
}
