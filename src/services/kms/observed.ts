/** The rows of the cryptographic operations with somebody who watches what succeeds. */
import type { KeyLastUsageTrackingOperation } from '../../model/kms.generated.ts';
import type { Call, Operation, OperationTable } from '../../operation.ts';
import type { Key } from './key.ts';
import { usedKeys } from './used-keys.ts';
import { whenHere } from './when.ts';

/** What AWS counts as a use of a key; reading its public key is none. */
const uses: Readonly<Record<KeyLastUsageTrackingOperation, true>> = {
  Decrypt: true,
  DeriveSharedSecret: true,
  Encrypt: true,
  GenerateDataKey: true,
  GenerateDataKeyPair: true,
  GenerateDataKeyPairWithoutPlaintext: true,
  GenerateDataKeyWithoutPlaintext: true,
  GenerateMac: true,
  ReEncrypt: true,
  Sign: true,
  Verify: true,
  VerifyMac: true,
  Encapsulate: true,
  Decapsulate: true,
};

/** A use that succeeded, just before it is recorded and answered. */
export type Watch = (keys: readonly Key[], call: Call) => void;

/** Dry runs and refusals end in errors and are not watched. */
export function observed(rows: OperationTable, watch: Watch): OperationTable {
  return new Map(
    [...rows].map(([name, row]) => [name, Object.hasOwn(uses, name) ? watched(row, watch) : row]),
  );
}

function watched(row: Operation<unknown, unknown>, watch: Watch): Operation<unknown, unknown> {
  return {
    ...row,
    run: (input, call, subject) =>
      whenHere(row.run(input, call, subject), (output) => {
        watch(usedKeys(subject), call);
        return output;
      }),
  };
}
