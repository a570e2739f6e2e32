/**
 * SecureStrings: their values are encrypted by KMS, called for the caller. A standard parameter is
 * encrypted by KMS itself, an advanced one under a data key, as a message of the AWS Encryption
 * SDK.
 * (https://docs.aws.amazon.com/systems-manager/latest/userguide/secure-string-parameter-kms-encryption.html)
 */
import { ApiError } from '../../api-error.ts';
import type { Call } from '../../operation.ts';
import { openMessage, readHeader, sealMessage } from './encryption-sdk-message.ts';
import { ofKms } from './errors.ts';
import type { Tier, Version } from './parameter.ts';
import { type MaybePromise, whenHere } from './when.ts';

/** The key of an account that has named none. */
export const defaultKeyId = 'alias/aws/ssm';

interface Encrypted {
  readonly CiphertextBlob: Buffer;
}
interface Decrypted {
  readonly Plaintext: Buffer;
}
interface DataKey {
  readonly CiphertextBlob: Buffer;
  readonly Plaintext: Buffer;
  readonly KeyId: string;
}

const contextOf = (arn: string) => ({ PARAMETER_ARN: arn });

/** The ciphertext in base64. @throws ApiError InvalidKeyId, AccessDeniedException */
export function encryptValue(
  wanted: {
    readonly arn: string;
    readonly value: string;
    readonly keyId: string;
    readonly tier: Tier;
  },
  call: Call,
): MaybePromise<string> {
  const EncryptionContext = contextOf(wanted.arn);
  const plaintext = Buffer.from(wanted.value);
  const { keyId: KeyId } = wanted;
  if (wanted.tier === 'Standard')
    return whenHere(
      ofKey<Encrypted>(call, 'Encrypt', { KeyId, Plaintext: plaintext, EncryptionContext }),
      ({ CiphertextBlob }) => {
        plaintext.fill(0);
        return CiphertextBlob.toString('base64');
      },
    );
  return whenHere(
    ofKey<DataKey>(call, 'GenerateDataKey', { KeyId, KeySpec: 'AES_256', EncryptionContext }),
    ({ CiphertextBlob, Plaintext, KeyId: keyArn }) => {
      const message = sealMessage({
        plaintext,
        context: EncryptionContext,
        dataKey: Plaintext,
        encryptedDataKey: { keyArn, ciphertext: CiphertextBlob },
        world: call.world,
      });
      Plaintext.fill(0);
      plaintext.fill(0);
      return message.toString('base64');
    },
  );
}

/** The value of a version of a SecureString. At once when KMS has all in its caches. */
export function decryptValue(
  arn: string,
  { value, tier }: Pick<Version, 'value' | 'tier'>,
  call: Call,
): MaybePromise<string> {
  const stored = Buffer.from(value, 'base64');
  return tier === 'Standard' ? decryptBlob(arn, stored, call) : decryptMessage(arn, stored, call);
}

function decryptBlob(arn: string, blob: Buffer, call: Call): MaybePromise<string> {
  return whenHere(
    ofKey<Decrypted>(call, 'Decrypt', {
      CiphertextBlob: blob,
      EncryptionContext: contextOf(arn),
    }),
    ({ Plaintext }) => textOf(Plaintext),
  );
}

function decryptMessage(arn: string, message: Buffer, call: Call): MaybePromise<string> {
  const header = readHeader(message);
  if (header?.context.PARAMETER_ARN !== arn) throw new Error(`${arn} holds no message of its own`);
  const { keyArn, ciphertext } = header.encryptedDataKey;
  return whenHere(
    ofKey<Decrypted>(call, 'Decrypt', {
      KeyId: keyArn,
      CiphertextBlob: ciphertext,
      EncryptionContext: header.context,
    }),
    ({ Plaintext: dataKey }) => {
      const opened = openMessage(message, header, dataKey);
      dataKey.fill(0);
      if (opened === undefined) throw new Error(`The message of ${arn} does not open`);
      return textOf(opened);
    },
  );
}

function textOf(plaintext: Buffer): string {
  const text = plaintext.toString();
  plaintext.fill(0);
  return text;
}

/** KMS's answer; what it refuses is told as Parameter Store tells it. */
function ofKey<Output>(call: Call, operation: string, input: object): MaybePromise<Output> {
  const told = (error: unknown): never => {
    throw error instanceof ApiError ? ofKms(error, call.requestId) : error;
  };
  try {
    const output = call.invoke('kms', operation, input) as MaybePromise<Output>;
    return output instanceof Promise ? output.catch(told) : output;
  } catch (error) {
    return told(error);
  }
}
