/**
 * Grant tokens: text that names a grant and proves that this installation gave it out. So a token
 * needs no look-up table and is good on every node at once. It is a name, not a right: what the
 * grant allows its grantee is all that comes of it.
 *
 *     offset size
 *     0      1    1: the version of this form
 *     1      6    account of the key, as a big-endian number
 *     7      1    kind of key id: 0 a UUID, 1 multi-Region
 *     8      16   key id
 *     24     32   grant id
 *     56     16   random, so that no two tokens of a grant are alike
 *     72     n    Region
 *     72+n   32   HMAC-SHA-256 over all before it
 *
 * The whole is base64.
 */
import { equalSecret, hmacSha256 } from '../../crypto/hash.ts';
import type { InstallationKey } from './installation.ts';
import { uuidText } from './key-id.ts';

/** What a token names. */
export interface GrantRef {
  /** The key's. */
  readonly account: string;
  readonly region: string;
  readonly keyId: string;
  readonly grantId: string;
}

export interface GrantTokens {
  /** A new token of a grant. `random` is 16 fresh bytes. */
  issue(grant: GrantRef, random: Buffer): string;
  /** What the token names; undefined when this installation never gave it out. */
  read(token: string): GrantRef | undefined;
}

const accountAt = 1;
const kindAt = accountAt + 6;
const keyIdAt = kindAt + 1;
const grantIdAt = keyIdAt + 16;
const randomAt = grantIdAt + 32;
const regionAt = randomAt + 16;
const tagBytes = 32;
export const tokenRandomBytes = regionAt - randomAt;
const version = 1;
/** Far more than any Region's name needs; longer text is not looked at. */
const longestToken = 512;

/** Keeps this use of the installation's key apart from its others. */
const label = Buffer.from('sealhold kms grant token v1\0');

/** `key` is the installation's: its tokens are good on all of its nodes and nowhere else. */
export function createGrantTokens(key: InstallationKey): GrantTokens {
  const tagOf = (body: Buffer) => hmacSha256(key, Buffer.concat([label, body]));
  return {
    issue(grant, random) {
      const body = Buffer.alloc(regionAt + grant.region.length);
      body[0] = version;
      body.writeUIntBE(Number(grant.account), accountAt, 6);
      body[kindAt] = grant.keyId.startsWith('mrk-') ? 1 : 0;
      body.write(grant.keyId.replace(/^mrk-|-/g, ''), keyIdAt, 'hex');
      body.write(grant.grantId, grantIdAt, 'hex');
      random.copy(body, randomAt);
      body.write(grant.region, regionAt, 'latin1');
      return Buffer.concat([body, tagOf(body)]).toString('base64');
    },
    read(token) {
      if (token.length > longestToken) return undefined;
      const bytes = Buffer.from(token, 'base64');
      // Base64 is read leniently; one token has one spelling.
      if (bytes.length <= regionAt + tagBytes || bytes.toString('base64') !== token)
        return undefined;
      const body = bytes.subarray(0, bytes.length - tagBytes);
      if (!equalSecret(bytes.subarray(body.length), tagOf(body))) return undefined;
      return body[0] === version ? named(body) : undefined;
    },
  };
}

function named(body: Buffer): GrantRef {
  const keyHex = body.toString('hex', keyIdAt, grantIdAt);
  return {
    account: String(body.readUIntBE(accountAt, 6)).padStart(12, '0'),
    region: body.toString('latin1', regionAt),
    keyId: body[kindAt] === 1 ? `mrk-${keyHex}` : uuidText(keyHex),
    grantId: body.toString('hex', grantIdAt, randomAt),
  };
}
