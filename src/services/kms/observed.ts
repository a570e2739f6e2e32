/** The rows of all operations with somebody who watches what is answered, and how keys are used. */
import type { KeyLastUsageTrackingOperation } from '../../model/kms.generated.ts';
import type { Call, Operation, OperationTable } from '../../operation.ts';
import type { EncryptionContext } from './envelope.ts';
import type { Key } from './key.ts';
import type { Use } from './key-uses.ts';
import { mentionedKey, usedKeys } from './used-keys.ts';
import { whenHere } from './when.ts';

/** Members of the inputs and outputs of cryptographic operations, where they have them. */
interface Members {
  readonly EncryptionContext?: EncryptionContext;
  readonly SourceEncryptionContext?: EncryptionContext;
  readonly DestinationEncryptionContext?: EncryptionContext;
  readonly CiphertextBlob?: Uint8Array;
  readonly PrivateKeyCiphertextBlob?: Uint8Array;
  readonly KeyMaterialId?: string;
  readonly SourceKeyMaterialId?: string;
  readonly DestinationKeyMaterialId?: string;
}

type Watched = (key: Key, use: Use) => void;
/** Tells what an operation did with the keys of `usedKeys`, in their order. */
type Reading = (
  keys: readonly Key[],
  members: { readonly input: Members; readonly output: Members },
  watched: Watched,
) => void;

const nothing: Use = {
  context: undefined,
  did: undefined,
  ciphertext: undefined,
  materialId: undefined,
};
const plain: Reading = ([key], _members, watched) => watched(key as Key, nothing);
const makes: Reading = ([key], { input, output }, watched) =>
  watched(key as Key, {
    context: input.EncryptionContext,
    did: 'made',
    ciphertext: output.CiphertextBlob ?? output.PrivateKeyCiphertextBlob,
    materialId: output.KeyMaterialId,
  });
const opens: Reading = ([key], { input, output }, watched) =>
  watched(key as Key, {
    context: input.EncryptionContext,
    did: 'opened',
    ciphertext: input.CiphertextBlob,
    materialId: output.KeyMaterialId,
  });
const reencrypts: Reading = ([source, destination], { input, output }, watched) => {
  watched(source as Key, {
    context: input.SourceEncryptionContext,
    did: 'opened',
    ciphertext: input.CiphertextBlob,
    materialId: output.SourceKeyMaterialId,
  });
  watched(destination as Key, {
    context: input.DestinationEncryptionContext,
    did: 'made',
    ciphertext: output.CiphertextBlob,
    materialId: output.DestinationKeyMaterialId,
  });
};

/** What AWS counts as a use of a key; reading its public key is none. */
const uses: Readonly<Record<KeyLastUsageTrackingOperation, Reading>> = {
  Decrypt: opens,
  DeriveSharedSecret: plain,
  Encrypt: makes,
  GenerateDataKey: makes,
  GenerateDataKeyPair: makes,
  GenerateDataKeyPairWithoutPlaintext: makes,
  GenerateDataKeyWithoutPlaintext: makes,
  GenerateMac: plain,
  ReEncrypt: reencrypts,
  Sign: plain,
  Verify: plain,
  VerifyMac: plain,
  Encapsulate: plain,
  Decapsulate: plain,
};

export interface Watch {
  /** A use that succeeded, just before it is recorded and answered. */
  used(by: { readonly key: Key; readonly call: Call }, use: Use): void;
  /** Any request that succeeded, or would have but for its dry run. */
  answered(request: Answered): void;
}

export interface Answered {
  readonly call: Call;
  readonly input: unknown;
  /** The key that it is about; the source of a ReEncrypt. */
  readonly key: Key | undefined;
  /** The destination of a ReEncrypt. */
  readonly other: Key | undefined;
}

/** Refusals end in errors and are not watched. */
export function observed(rows: OperationTable, watch: Watch): OperationTable {
  return new Map([...rows].map(([name, row]) => [name, watched(name, row, watch)]));
}

type Row = Operation<unknown, unknown>;

function watched(name: string, row: Row, watch: Watch): Row {
  const reading = Object.hasOwn(uses, name)
    ? uses[name as KeyLastUsageTrackingOperation]
    : undefined;
  // What changes something may conflict with another node and run again: it is one request.
  const counted = row.readOnly ? undefined : new WeakSet<Call>();
  const count = (request: Answered): void => {
    if (counted?.has(request.call)) return;
    counted?.add(request.call);
    watch.answered(request);
  };
  const succeeded = (input: unknown, call: Call, subject: unknown) => (output: unknown) => {
    const keys = reading === undefined ? mentionedKey(subject) : usedKeys(subject);
    count({ call, input, key: keys[0], other: keys[1] });
    if (reading === undefined) return output;
    const members = { input: input as Members, output: output as Members };
    reading(keys, members, (key, use) => watch.used({ key, call }, use));
    return output;
  };
  const failed = (error: unknown, request: Omit<Answered, 'key' | 'other'>, subject: unknown) => {
    if (isDryRun(error)) {
      const [key, other] = mentionedKey(subject);
      count({ ...request, key, other });
    }
    throw error;
  };
  return {
    ...row,
    run: (input, call, subject) => {
      const refuse = (error: unknown): never => failed(error, { call, input }, subject);
      let output: unknown;
      try {
        output = row.run(input, call, subject);
      } catch (error) {
        return refuse(error);
      }
      const done = succeeded(input, call, subject);
      return output instanceof Promise ? output.then(done, refuse) : whenHere(output, done);
    },
  };
}

const isDryRun = (error: unknown): boolean =>
  (error as { readonly code?: unknown }).code === 'DryRunOperationException';
