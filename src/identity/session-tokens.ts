/**
 * Temporary credentials that no store knows: the session token itself says whose they are, sealed
 * under the installation's secret and bound to the access key id, and the secret access key is
 * derived from the token's nonce.
 */
import { deriveKey } from '../crypto/kdf.ts';
import type { Principal } from '../operation.ts';
import type { World } from '../world.ts';
import { type AccessKey, accountOfAccessKeyId, newAccessKeyId } from './access-key.ts';
import { openText, overheadBytes, sealText, type TextSeal } from './sealed-text.ts';
import type { SessionSecret } from './session-secret.ts';
import { sealSecret } from './sigv4.ts';

/** What a session token says. */
export interface SessionClaims {
  /** With a session. */
  readonly principal: Omit<Principal, 'accessKeyId'>;
  /** The long-term access key that asked, where the session must end with it. */
  readonly endsWith?: string;
}

export interface TemporaryCredentials {
  /** `ASIA…`, with the principal's account in it. */
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

export interface OpenedSession {
  /** The same object for as long as the session is in use, since caches are keyed by it. */
  readonly accessKey: AccessKey;
  readonly endsWith: string | undefined;
}

export interface SessionTokens {
  /** `minimumChars`: tokens are filled up to it, for clients who try how long a one they bear. */
  issue(claims: SessionClaims, minimumChars?: number): TemporaryCredentials;
  /**
   * The session that id and token name together. `refused`: a token of ours that was altered, or is
   * another key's or another installation's. Undefined: nothing of ours.
   */
  find(accessKeyId: string, sessionToken: string): OpenedSession | 'refused' | undefined;
}

/**
 * Real tokens begin so too (`IQoJb3JpZ2luX2Vj`), and tools that look for leaked ones know them by
 * it. The three bytes after it are ours: real ones go on otherwise. 15 bytes are whole in base64.
 */
const front = Buffer.from('!\n\torigin_ecSH\x01', 'latin1');
const frontChars = front.toString('base64');
/** Far longer than any that is issued. */
const longestChars = 8_192;
const secretBytes = 30;

export function createSessionTokens(options: {
  readonly secret: SessionSecret;
  readonly world: World;
  /** How many sessions a node keeps opened. */
  readonly capacity?: number;
}): SessionTokens {
  const { secret, world, capacity = 10_000 } = options;
  const seal: TextSeal = { key: secret.tokens, front };
  const opened = new OpenedSessions(capacity);

  const secretOf = (nonce: Buffer, accessKeyId: string): string => {
    const context = Buffer.concat([nonce, Buffer.from(accessKeyId)]);
    const label = Buffer.from('secret access key');
    const bytes = deriveKey(secret.secretAccessKeys, { label, context, lengthBytes: secretBytes });
    const text = bytes.toString('base64');
    bytes.fill(0);
    return text;
  };

  const open = (accessKeyId: string, sessionToken: string): OpenedSession | undefined => {
    const bytes = Buffer.from(sessionToken, 'base64');
    // Base64 has many spellings of the same bytes; one of them was issued.
    if (bytes.toString('base64') !== sessionToken) return undefined;
    const found = openText(seal, { bytes, boundTo: accessKeyId });
    if (found === undefined) return undefined;
    const { principal, endsWith } = JSON.parse(found.text) as SessionClaims;
    const accessKey: AccessKey = {
      accessKeyId,
      secret: sealSecret(secretOf(found.nonce, accessKeyId)),
      principal: { ...principal, accessKeyId },
      status: 'Active',
      session: { expiresAt: principal.session?.expiresAt ?? 0 },
    };
    return { accessKey, endsWith };
  };

  return {
    issue: ({ principal, endsWith = '' }, minimumChars = 0) => {
      const { account } = principal;
      const accessKeyId = newAccessKeyId('ASIA', account, world);
      // Keys that we didn't make are dev mode's strangers'; no key of theirs could ever end.
      const isOurs = accountOfAccessKeyId(endsWith) === account;
      const claims: SessionClaims = { principal, ...(isOurs ? { endsWith } : {}) };
      const text = filled(JSON.stringify(claims), minimumChars);
      const { bytes, nonce } = sealText(seal, { text, boundTo: accessKeyId, world });
      return {
        accessKeyId,
        secretAccessKey: secretOf(nonce, accessKeyId),
        sessionToken: bytes.toString('base64'),
      };
    },
    find: (accessKeyId, sessionToken) => {
      const known = opened.get(sessionToken);
      if (known !== undefined)
        return known.accessKey.accessKeyId === accessKeyId ? known : 'refused';
      if (!sessionToken.startsWith(frontChars)) return undefined;
      if (sessionToken.length > longestChars) return 'refused';
      const session = open(accessKeyId, sessionToken);
      if (session === undefined) return 'refused';
      opened.keep(sessionToken, session);
      return session;
    },
  };
}

/** Blanks behind JSON mean nothing. */
function filled(json: string, minimumChars: number): string {
  const wantedBytes = Math.ceil(minimumChars / 4) * 3 - front.length - overheadBytes;
  const missing = wantedBytes - Buffer.byteLength(json);
  return missing > 0 ? json + ' '.repeat(missing) : json;
}

/**
 * By token, in two generations: what was used since the last turn survives it. Only tokens that
 * were opened get in, so that strangers push out nobody. The look-up compares whole tokens by a
 * seeded hash first: it tells nothing of how nearly another one fits.
 */
class OpenedSessions {
  readonly #generation: number;
  #young = new Map<string, OpenedSession>();
  #old = new Map<string, OpenedSession>();

  constructor(capacity: number) {
    this.#generation = Math.max(1, capacity >> 1);
  }

  get(sessionToken: string): OpenedSession | undefined {
    const young = this.#young.get(sessionToken);
    if (young !== undefined) return young;
    const old = this.#old.get(sessionToken);
    if (old !== undefined) this.keep(sessionToken, old);
    return old;
  }

  keep(sessionToken: string, session: OpenedSession): void {
    if (this.#young.size >= this.#generation) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(sessionToken, session);
  }
}
