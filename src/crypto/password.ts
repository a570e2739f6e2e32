/** Keys and hashes from passwords: Argon2id (RFC 9106), with its parameters stored beside the result. */
import { argon2 } from 'node:crypto';
import { equalSecret } from './hash.ts';
import { randomBytes } from './random.ts';

export interface PasswordParameters {
  readonly algorithm: 'argon2id';
  readonly salt: Buffer;
  readonly memoryKib: number;
  readonly passes: number;
  readonly parallelism: number;
}

/** RFC 9106 section 4, second recommendation (t=3, 64 MiB, p=4), with a fresh 128-bit salt. */
export function newPasswordParameters(): PasswordParameters {
  return {
    algorithm: 'argon2id',
    salt: randomBytes(16),
    memoryKib: 65_536,
    passes: 3,
    parallelism: 4,
  };
}

/**
 * A key of `lengthBytes` from a password, on the thread pool (about 0.1 s). `secret` and `associatedData` are RFC
 * 9106's K and X: a pepper kept elsewhere, and what the result is bound to. The caller owns and wipes the result.
 */
export function deriveFromPassword(
  password: string | Uint8Array,
  parameters: PasswordParameters,
  options: {
    readonly lengthBytes: number;
    readonly secret?: Uint8Array;
    readonly associatedData?: Uint8Array;
  },
): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const { secret, associatedData } = options;
  argon2(
    parameters.algorithm,
    {
      message: password,
      nonce: parameters.salt,
      memory: parameters.memoryKib,
      passes: parameters.passes,
      parallelism: parameters.parallelism,
      tagLength: options.lengthBytes,
      ...(secret === undefined ? {} : { secret }),
      ...(associatedData === undefined ? {} : { associatedData }),
    },
    (error, derived) => (error === null ? resolve(derived) : reject(error)),
  );
  return promise;
}

/** `$argon2id$v=19$m=65536,t=3,p=4$salt$hash`, the form in which password hashes are kept (PHC string format). */
export async function hashPassword(password: string): Promise<string> {
  const parameters = newPasswordParameters();
  const hash = await deriveFromPassword(password, parameters, { lengthBytes: 32 });
  const { memoryKib, passes, parallelism, salt } = parameters;
  const costs = `m=${memoryKib},t=${passes},p=${parallelism}`;
  return `$argon2id$v=19$${costs}$${unpadded(salt)}$${unpadded(hash)}`;
}

const stored =
  /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,64})\$([A-Za-z0-9+/]{43})$/;

/** Whether a password gives the stored hash. A stored text of another form is a fault of ours and throws. */
export async function verifyPassword(password: string, storedHash: string): Promise<boolean> {
  const [, memoryKib, passes, parallelism, salt, hash] = stored.exec(storedHash) ?? [];
  if (salt === undefined || hash === undefined) throw new Error('not an Argon2id hash of ours');
  const parameters: PasswordParameters = {
    algorithm: 'argon2id',
    salt: Buffer.from(salt, 'base64'),
    memoryKib: Number(memoryKib),
    passes: Number(passes),
    parallelism: Number(parallelism),
  };
  const actual = await deriveFromPassword(password, parameters, { lengthBytes: 32 });
  return equalSecret(actual, Buffer.from(hash, 'base64'));
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}
