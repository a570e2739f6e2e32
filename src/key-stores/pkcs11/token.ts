/**
 * One token of a PKCS#11 library: its slot, sessions and keys. Keys are 256-bit AES, made in the
 * token, named by their label, and not extractable. Runs in a process of its own
 * (token-process.ts).
 */
import type { HsmFailure } from '../key-store.ts';
import { ck, type Handle, type Pkcs11, returnValueOf } from './pkcs11-module.ts';

/** A failure with its name, and for the operator's log the library's own. */
export class TokenFailure extends Error {
  override name = 'TokenFailure';
  readonly failure: HsmFailure;
  constructor(failure: HsmFailure, detail: string) {
    super(detail);
    this.failure = failure;
  }
}

/** Return values that say what is wrong by themselves. */
const named: ReadonlyMap<string, HsmFailure> = new Map([
  ['CKR_PIN_INCORRECT', 'PASSWORD_WRONG'],
  ['CKR_PIN_INVALID', 'PASSWORD_WRONG'],
  ['CKR_PIN_LEN_RANGE', 'PASSWORD_WRONG'],
  ['CKR_PIN_EXPIRED', 'PASSWORD_WRONG'],
  ['CKR_PIN_LOCKED', 'USER_LOCKED_OUT'],
  ['CKR_USER_PIN_NOT_INITIALIZED', 'USER_NOT_FOUND'],
  ['CKR_USER_ANOTHER_ALREADY_LOGGED_IN', 'USER_LOGGED_IN'],
  ['CKR_TOKEN_NOT_PRESENT', 'UNREACHABLE'],
  ['CKR_TOKEN_NOT_RECOGNIZED', 'UNREACHABLE'],
  ['CKR_DEVICE_ERROR', 'UNREACHABLE'],
  ['CKR_DEVICE_REMOVED', 'UNREACHABLE'],
  ['CKR_SESSION_CLOSED', 'UNREACHABLE'],
  ['CKR_SESSION_HANDLE_INVALID', 'UNREACHABLE'],
  ['CKR_USER_NOT_LOGGED_IN', 'UNREACHABLE'],
  ['CKR_CRYPTOKI_NOT_INITIALIZED', 'UNREACHABLE'],
]);

const ciphertextFaults: ReadonlySet<string> = new Set([
  'CKR_ENCRYPTED_DATA_INVALID',
  'CKR_ENCRYPTED_DATA_LEN_RANGE',
  'CKR_AEAD_DECRYPT_FAILED',
]);

const tagBytes = 16;

export class Token {
  readonly #library: Pkcs11;
  readonly #gcmParameters: number;
  readonly #label: string;
  readonly #slot: Handle;
  readonly #free: Handle[];
  readonly #waiting: ((session: Handle) => void)[] = [];
  readonly #keys = new Map<string, Handle>();

  /** Finds the token and opens sessions. Throws TokenFailure, or what the library throws. */
  constructor(options: {
    readonly library: Pkcs11;
    readonly gcmParameters: number;
    readonly label: string;
    readonly sessions: number;
  }) {
    const { library, label } = options;
    this.#library = library;
    this.#gcmParameters = options.gcmParameters;
    this.#label = label;
    const slot = library.C_GetSlotList(true).find((each) => this.#isLabelled(each));
    if (slot === undefined) throw new TokenFailure('TOKEN_ABSENT', `no token '${label}'`);
    this.#slot = slot;
    const flags = ck.serialSession | ck.readWriteSession;
    this.#free = Array.from({ length: options.sessions }, () => library.C_OpenSession(slot, flags));
  }

  #isLabelled(slot: Handle): boolean {
    try {
      return this.#library.C_GetTokenInfo(slot).label.replace(/[\s\0]+$/, '') === this.#label;
    } catch {
      return false;
    }
  }

  /** Throws TokenFailure. */
  login(pin: string): void {
    try {
      this.#library.C_Login(this.#free[0]!, ck.user, pin);
    } catch (error) {
      if (returnValueOf(error) === 'CKR_USER_ALREADY_LOGGED_IN') return;
      throw this.#failureOf(error);
    }
  }

  async createKey(name: string): Promise<void> {
    await this.#inSession(async (session) => {
      if (this.#find(session, name) !== undefined)
        throw new TokenFailure('INTERNAL', 'a key of this label exists');
      const attributes = [
        { type: ck.class, value: ck.secretKey },
        { type: ck.keyType, value: ck.aes },
        { type: ck.valueLength, value: 32 },
        { type: ck.token, value: true },
        { type: ck.private, value: true },
        { type: ck.sensitive, value: true },
        { type: ck.extractable, value: false },
        { type: ck.encrypt, value: true },
        { type: ck.decrypt, value: true },
        { type: ck.wrap, value: false },
        { type: ck.unwrap, value: false },
        { type: ck.label, value: name },
        { type: ck.id, value: Buffer.from(name) },
      ];
      const mechanism = { mechanism: ck.aesKeyGen };
      const key = await this.#library.C_GenerateKeyAsync(session, mechanism, attributes);
      this.#requireSecret(session, key);
      this.#keys.set(name, key);
    });
  }

  /** A token that ignores what was asked would hand the key out. */
  #requireSecret(session: Handle, key: Handle): void {
    const wanted = [ck.local, ck.alwaysSensitive, ck.neverExtractable].map((type) => ({ type }));
    const found = this.#library.C_GetAttributeValue(session, key, wanted);
    if (found.every(({ value }) => value[0] === 1)) return;
    this.#library.C_DestroyObject(session, key);
    throw new TokenFailure('INTERNAL', 'the token makes extractable keys');
  }

  removeKey(name: string): Promise<void> {
    return this.#inSession(async (session) => {
      const key = this.#find(session, name);
      this.#keys.delete(name);
      if (key !== undefined) this.#library.C_DestroyObject(session, key);
    });
  }

  /** Ciphertext and tag. */
  encrypt(
    name: string,
    { iv, aad, plaintext }: { iv: Buffer; aad: Buffer; plaintext: Buffer },
  ): Promise<Buffer> {
    return this.#inSession((session) =>
      this.#withKey(session, name, (key) => {
        this.#library.C_EncryptInit(session, this.#gcm(iv, aad), key);
        const output = Buffer.alloc(plaintext.length + tagBytes);
        return this.#library.C_EncryptAsync(session, plaintext, output);
      }),
    );
  }

  /** Throws TokenFailure CIPHERTEXT_REFUSED for what this key has not made. */
  decrypt(
    name: string,
    { iv, aad, sealed }: { iv: Buffer; aad: Buffer; sealed: Buffer },
  ): Promise<Buffer> {
    return this.#inSession(async (session) => {
      try {
        return await this.#withKey(session, name, (key) => {
          this.#library.C_DecryptInit(session, this.#gcm(iv, aad), key);
          return this.#library.C_DecryptAsync(session, sealed, Buffer.alloc(sealed.length));
        });
      } catch (error) {
        const refused = await this.#isCiphertextToBlame(error, session, name);
        throw refused ? new TokenFailure('CIPHERTEXT_REFUSED', describe(error)) : error;
      }
    });
  }

  /**
   * Some libraries have only CKR_GENERAL_ERROR for a wrong tag. When the same key encrypts in the
   * same session, it was the ciphertext.
   */
  async #isCiphertextToBlame(error: unknown, session: Handle, name: string): Promise<boolean> {
    const value = returnValueOf(error);
    if (error instanceof TokenFailure || value === undefined || named.has(value)) return false;
    if (ciphertextFaults.has(value)) return true;
    try {
      const key = this.#keys.get(name);
      if (key === undefined) return false;
      this.#library.C_EncryptInit(session, this.#gcm(Buffer.alloc(12), Buffer.alloc(0)), key);
      await this.#library.C_EncryptAsync(session, Buffer.alloc(1), Buffer.alloc(1 + tagBytes));
      return true;
    } catch {
      return false;
    }
  }

  randomBytes(sizeBytes: number): Promise<Buffer> {
    return this.#inSession(async (session) =>
      this.#library.C_GenerateRandom(session, Buffer.alloc(sizeBytes)),
    );
  }

  close(): void {
    // The last session of a token takes the login with it.
    this.#library.C_CloseAllSessions(this.#slot);
    this.#library.C_Finalize();
  }

  #gcm(iv: Buffer, aad: Buffer) {
    const parameter = { type: this.#gcmParameters, iv, ivBits: iv.length * 8, aad, tagBits: 128 };
    return { mechanism: ck.aesGcm, parameter };
  }

  /** A handle that was kept may have become another's: it is looked up once more. */
  async #withKey<R>(session: Handle, name: string, use: (key: Handle) => Promise<R>): Promise<R> {
    const kept = this.#keys.get(name);
    try {
      return await use(kept ?? this.#require(session, name));
    } catch (error) {
      const isStale = returnValueOf(error)?.endsWith('_HANDLE_INVALID') === true;
      if (kept === undefined || !isStale) throw error;
      this.#keys.delete(name);
      return use(this.#require(session, name));
    }
  }

  #require(session: Handle, name: string): Handle {
    const key = this.#find(session, name);
    if (key === undefined) throw new TokenFailure('KEY_NOT_FOUND', `no key '${name}'`);
    this.#keys.set(name, key);
    return key;
  }

  #find(session: Handle, name: string): Handle | undefined {
    this.#library.C_FindObjectsInit(session, [
      { type: ck.class, value: ck.secretKey },
      { type: ck.label, value: name },
    ]);
    const found = this.#library.C_FindObjects(session, 2);
    this.#library.C_FindObjectsFinal(session);
    if (found.length > 1) throw new TokenFailure('INTERNAL', `two keys '${name}'`);
    return found[0];
  }

  async #inSession<R>(use: (session: Handle) => Promise<R>): Promise<R> {
    const session =
      this.#free.pop() ?? (await new Promise<Handle>((resolve) => this.#waiting.push(resolve)));
    try {
      return await use(session);
    } catch (error) {
      throw this.#failureOf(error, session);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free.push(session);
      else next(session);
    }
  }

  /** What failed is the token's fault when the token is no longer what it was. */
  #failureOf(error: unknown, session?: Handle): TokenFailure {
    const value = returnValueOf(error);
    const known = value === undefined ? undefined : named.get(value);
    if (known !== undefined) return new TokenFailure(known, describe(error));
    const isCiphertext = error instanceof TokenFailure && error.failure === 'CIPHERTEXT_REFUSED';
    if (!isCiphertext && session !== undefined && !this.#isAlive(session))
      return new TokenFailure('UNREACHABLE', describe(error));
    return error instanceof TokenFailure ? error : new TokenFailure('INTERNAL', describe(error));
  }

  #isAlive(session: Handle): boolean {
    if (!this.#isLabelled(this.#slot)) return false;
    try {
      return this.#library.C_GetSessionInfo(session).state === ck.readWriteUser;
    } catch {
      return false;
    }
  }
}

/** Names of the library's own, nothing of what was asked. */
export function describe(error: unknown): string {
  if (error instanceof TokenFailure) return error.message;
  const { method } = error as { readonly method?: unknown };
  const value = returnValueOf(error) ?? (error instanceof Error ? error.name : 'unknown');
  return typeof method === 'string' && method !== '' ? `${value} in ${method}` : value;
}
