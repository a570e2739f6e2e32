/**
 * What is used of the package `pkcs11js`, which wraps a PKCS#11 library (OASIS PKCS #11 2.40) for
 * Node. Typed here, because the package is optional: it compiles when it is installed, and where it
 * couldn't, all else must still build and run.
 */

export type Handle = Buffer;
interface Attribute {
  readonly type: number;
  readonly value?: Buffer | string | number | boolean;
}
type Template = readonly Attribute[];
interface Mechanism {
  readonly mechanism: number;
  readonly parameter?: {
    readonly type: number;
    readonly iv: Buffer;
    readonly ivBits: number;
    readonly aad: Buffer;
    readonly tagBits: number;
  };
}

export interface Pkcs11 {
  load(path: string): void;
  C_Initialize(options: { readonly flags: number }): void;
  C_Finalize(): void;
  C_GetSlotList(tokenPresent: boolean): Handle[];
  C_GetTokenInfo(slot: Handle): { readonly label: string };
  C_OpenSession(slot: Handle, flags: number): Handle;
  C_CloseAllSessions(slot: Handle): void;
  C_GetSessionInfo(session: Handle): { readonly state: number };
  C_Login(session: Handle, userType: number, pin: string): void;
  C_GenerateKeyAsync(session: Handle, mechanism: Mechanism, template: Template): Promise<Handle>;
  C_DestroyObject(session: Handle, object: Handle): void;
  C_GetAttributeValue(session: Handle, object: Handle, template: Template): { value: Buffer }[];
  C_FindObjectsInit(session: Handle, template: Template): void;
  C_FindObjects(session: Handle, maxCount: number): Handle[];
  C_FindObjectsFinal(session: Handle): void;
  C_EncryptInit(session: Handle, mechanism: Mechanism, key: Handle): void;
  C_EncryptAsync(session: Handle, input: Buffer, output: Buffer): Promise<Buffer>;
  C_DecryptInit(session: Handle, mechanism: Mechanism, key: Handle): void;
  C_DecryptAsync(session: Handle, input: Buffer, output: Buffer): Promise<Buffer>;
  C_GenerateRandom(session: Handle, output: Buffer): Buffer;
}

/** The standard's numbers (OASIS PKCS #11 Base Specification 2.40, appendix B). */
export const ck = {
  osLockingOk: 0x2,
  serialSession: 0x4,
  readWriteSession: 0x2,
  user: 1,
  /** CKS_RW_USER_FUNCTIONS: somebody is logged in. */
  readWriteUser: 3,
  secretKey: 4,
  aes: 0x1f,
  aesKeyGen: 0x1080,
  aesGcm: 0x1087,
  class: 0x0,
  token: 0x1,
  private: 0x2,
  label: 0x3,
  keyType: 0x100,
  id: 0x102,
  sensitive: 0x103,
  encrypt: 0x104,
  decrypt: 0x105,
  wrap: 0x106,
  unwrap: 0x107,
  valueLength: 0x161,
  extractable: 0x162,
  local: 0x163,
  neverExtractable: 0x164,
  alwaysSensitive: 0x165,
} as const;

/** The package's own mark of the parameters of AES-GCM. */
interface Package {
  readonly PKCS11: new () => Pkcs11;
  readonly CK_PARAMS_AES_GCM: number;
}

/** Rejects when the package is not installed or was not compiled. */
export async function loadPackage(): Promise<Package> {
  // A name that the type checker doesn't follow: the package may not be there.
  const name: string = 'pkcs11js';
  const { default: loaded } = (await import(name)) as { readonly default: Package };
  return loaded;
}

/** The standard's name of a failure, such as `CKR_PIN_INCORRECT`; undefined for other errors. */
export function returnValueOf(error: unknown): string | undefined {
  return error instanceof Error ? /\bCKR_\w+/.exec(error.message)?.[0] : undefined;
}
