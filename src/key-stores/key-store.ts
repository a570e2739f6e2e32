/**
 * The port between KMS and the places where the keys of custom key stores lie: HSM clusters behind
 * PKCS#11 and external key managers behind an XKS proxy. Whatever can go wrong out there is a value
 * with a name; which error of AWS's it becomes is for KMS to say.
 */

export type Outcome<T, Failure> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'failed'; readonly failure: Failure };

export const done = <T>(value: T): Outcome<T, never> => ({ kind: 'done', value });
export const failed = <Failure>(failure: Failure): Outcome<never, Failure> => ({
  kind: 'failed',
  failure,
});

/** The call of KMS on whose behalf a store is asked; proxies and their auditors see it. */
export interface Cause {
  readonly principalArn: string;
  /** As CloudTrail names it: `Encrypt`. */
  readonly operation: string;
  readonly requestId: string;
  readonly region: string;
  /** Undefined where there is no key yet. */
  readonly keyArn?: string;
  /** The service that calls KMS for somebody: `secretsmanager`. */
  readonly viaService?: string;
}

/** AES-256-GCM as the store made it. */
export interface StoreCiphertext {
  /** 12 or 16 bytes. */
  readonly iv: Buffer;
  /** 16 bytes. */
  readonly tag: Buffer;
  /** The store's own notes, at most 20 bytes, often none. */
  readonly metadata: Buffer;
  /** As long as the plaintext. */
  readonly ciphertext: Buffer;
}

/** `key` is what the store calls the key. Nothing here rejects. */
export interface KeyStore<Failure> {
  encrypt(
    key: string,
    message: { readonly plaintext: Buffer; readonly aad: Buffer },
    cause: Cause,
  ): Promise<Outcome<StoreCiphertext, Failure>>;
  /** The caller owns and wipes the plaintext. */
  decrypt(
    key: string,
    message: StoreCiphertext & { readonly aad: Buffer },
    cause: Cause,
  ): Promise<Outcome<Buffer, Failure>>;
  /** Gives up connections and secrets. What is under way fails. */
  close(): Promise<void>;
}

export type HsmFailure =
  /** No token of the cluster's label is in any slot. */
  | 'TOKEN_ABSENT'
  | 'PASSWORD_WRONG'
  | 'USER_LOCKED_OUT'
  | 'USER_NOT_FOUND'
  | 'USER_LOGGED_IN'
  /** The token or its library answers no more, or not in time. */
  | 'UNREACHABLE'
  | 'KEY_NOT_FOUND'
  | 'CIPHERTEXT_REFUSED'
  /** The library can't be loaded, or the token can't do what is asked. */
  | 'INTERNAL';

/** A token with a user logged in. It comes back by itself after it was away. */
export interface HsmStore extends KeyStore<HsmFailure> {
  /** Logs in, unless that is done. */
  connect(): Promise<Outcome<undefined, HsmFailure>>;
  /** Makes a 256-bit AES key that never leaves the token. The name must be new. */
  createKey(key: string): Promise<Outcome<undefined, HsmFailure>>;
  /** Destroys the key; one that isn't there is destroyed. */
  removeKey(key: string): Promise<Outcome<undefined, HsmFailure>>;
  randomBytes(sizeBytes: number): Promise<Outcome<Buffer, HsmFailure>>;
}

/** The clusters that the operator has named. */
export interface HsmClusters {
  /** Undefined when there is no cluster of this id for the account. */
  find(clusterId: string, account: string): HsmCluster | undefined;
  /** Whether the cluster's token is there; nobody logs in. */
  look(clusterId: string, account: string): Promise<Outcome<undefined, HsmFailure>>;
  /** `password` is asked for whenever somebody logs in, so that nobody need keep it. */
  open(options: {
    readonly clusterId: string;
    readonly account: string;
    readonly password: () => Promise<string>;
  }): HsmStore;
}

export interface HsmCluster {
  /** PEM, as the operator has it; undefined where there is none to compare with. */
  readonly trustAnchor: string | undefined;
}

/** The errors that a proxy answers with: name and status (XKS Proxy API v1, "Error codes"). */
export const proxyErrors = {
  ValidationException: 400,
  InvalidStateException: 400,
  InvalidCiphertextException: 400,
  InvalidKeyUsageException: 400,
  AuthenticationFailedException: 401,
  AccessDeniedException: 403,
  KeyNotFoundException: 404,
  InvalidUriPathException: 404,
  ThrottlingException: 429,
  UnsupportedOperationException: 501,
  DependencyTimeoutException: 503,
  InternalException: 500,
} as const;
export type ProxyError = keyof typeof proxyErrors;

export type XksFailure =
  | ProxyError
  /** No TCP connection, or none that the operator allows. */
  | 'UNREACHABLE'
  | 'TLS'
  | 'TIMED_OUT'
  /** What came is no answer of the protocol. */
  | 'MALFORMED'
  /** The proxy answers, and says that every key manager behind it is unavailable. */
  | 'MANAGERS_UNAVAILABLE'
  /** The operator has named no such VPC endpoint service. */
  | 'SERVICE_NOT_FOUND';

export interface ExternalKey {
  readonly keySpec: string;
  readonly keyUsage: readonly string[];
  readonly keyStatus: string;
}

export interface XksStore extends KeyStore<XksFailure> {
  health(cause: Cause): Promise<Outcome<undefined, XksFailure>>;
  metadata(key: string, cause: Cause): Promise<Outcome<ExternalKey, XksFailure>>;
}

export interface XksAddress {
  /** `https://xks.example.com`, without a port. */
  readonly endpoint: string;
  /** `/kms/xks/v1`, with whatever stands before it. */
  readonly path: string;
  /** Undefined for a public endpoint. */
  readonly vpcService: string | undefined;
}

/** The proxies that the operator lets this server reach. */
export interface XksProxies {
  hasService(vpcService: string): boolean;
  open(options: {
    readonly address: XksAddress;
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
  }): XksStore;
}
