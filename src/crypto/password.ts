/**
 * Keys and hashes from passwords: Argon2id (RFC 9106), with its parameters stored beside the
 * result.
 */
import { argon2 } from 'node:crypto';
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
 * A key of `lengthBytes` from a password, on the thread pool (about 0.1 s). `secret` and
 * `associatedData` are RFC 9106's K and X: a pepper kept elsewhere, and what the result is bound
 * to. The caller owns and wipes the result.
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
