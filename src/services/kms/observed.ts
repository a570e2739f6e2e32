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
}

/** What an operation did with one key. */
type Done = Pick<Use, 'context' | 'made' | 'opened'>;
type Reading = (input: Members, output: Members) => readonly Done[];

const plain: Reading = () => [{ context: undefined, made: undefined, opened: undefined }];
const makes: Reading = (input, output) => [
  { context: input.EncryptionContext, made: output.CiphertextBlob, opened: undefined },
];
const makesPair: Reading = (input, output) => [
  { context: input.EncryptionContext, made: output.PrivateKeyCiphertextBlob, opened: undefined },
];

/**
 * What AWS counts as a use of a key (reading its public key is none), and what each does with the
 * keys that it uses, in the order of `usedKeys`.
 */
const uses: Readonly<Record<KeyLastUsageTrackingOperation, Reading>> = {
  Decrypt: (input) => [
    { context: input.EncryptionContext, made: undefined, opened: input.CiphertextBlob },
  ],
  DeriveSharedSecret: plain,
  Encrypt: makes,
  GenerateDataKey: makes,
  GenerateDataKeyPair: makesPair,
  GenerateDataKeyPairWithoutPlaintext: makesPair,
  GenerateDataKeyWithoutPlaintext: makes,
  GenerateMac: plain,
  ReEncrypt: (input, output) => [
    { context: input.SourceEncryptionContext, made: undefined, opened: input.CiphertextBlob },
    { context: input.DestinationEncryptionContext, made: output.CiphertextBlob, opened: undefined },
  ],
  Sign: plain,
  Verify: plain,
  VerifyMac: plain,
  Encapsulate: plain,
  Decapsulate: plain,
};

export interface Watch {
  /** A use that succeeded, just before it is recorded and answered. */
  used(use: Use): void;
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
    const done = reading(input as Members, output as Members);
    // Of two keys of a ReEncrypt both were used.
    for (let i = 0; i < done.length; i++) {
      const { context, made, opened } = done[i] as Done;
      watch.used({ call, key: keys[i] as Key, context, made, opened });
    }
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
