/** A change of a key's record as one of the void operations does it. */
import type { Call } from '../../operation.ts';
import type { KmsContext } from './context.ts';
import type { Key } from './key.ts';
import { type KeyOperation, requireState } from './key-state.ts';
import type { KeyEntry } from './records.ts';

/**
 * Checks the key's state, stages the changed record and notes what CloudTrail shows for an
 * operation without an answer. `change` may return the key itself when nothing changes.
 */
export function changeKey(
  kms: KmsContext,
  call: Call,
  { entry, operation }: { readonly entry: KeyEntry; readonly operation: KeyOperation },
  change: (key: Key) => Key,
): void {
  requireState(entry.value, operation);
  const changed = change(entry.value);
  if (changed !== entry.value) call.stage(kms.records.keys.replace(entry, changed));
  call.note({ responseElements: { keyId: entry.value.arn } });
}
