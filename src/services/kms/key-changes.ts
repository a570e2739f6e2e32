/** EnableKey, DisableKey, UpdateKeyDescription, ScheduleKeyDeletion and CancelKeyDeletion. */
import type {
  KmsModel,
  ScheduleKeyDeletionRequest,
  ScheduleKeyDeletionResponse,
} from '../../model/kms.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import { changeKey } from './change-key.ts';
import type { KmsContext } from './context.ts';
import { backingFacts } from './custom-key-stores/backing-key-removal.ts';
import { storeOfKey } from './custom-key-stores/store-records.ts';
import { keyNotFound, windowOutOfRange } from './errors.ts';
import { deletionCancelled, deletionScheduled, described, disabled, enabled } from './key.ts';
import { requireState } from './key-state.ts';
import type { KeyEntry } from './records.ts';

/** AWS's range; the model's is wider (ScheduleKeyDeletion in the API reference). */
const windowDays = { min: 7, max: 30, default: 30 };

export function keyChangeOperations(kms: KmsContext) {
  const find = kms.finder.namedByKeyId;
  return {
    EnableKey: {
      readOnly: false,
      find,
      run: (_input, call, entry: KeyEntry) =>
        changeKey(kms, call, { entry, operation: 'EnableKey' }, enabled),
    },
    DisableKey: {
      readOnly: false,
      find,
      run: (_input, call, entry: KeyEntry) =>
        changeKey(kms, call, { entry, operation: 'DisableKey' }, disabled),
    },
    UpdateKeyDescription: {
      readOnly: false,
      find,
      run: (input, call, entry: KeyEntry) =>
        changeKey(kms, call, { entry, operation: 'UpdateKeyDescription' }, (key) =>
          described(key, input.Description),
        ),
    },
    ScheduleKeyDeletion: {
      readOnly: false,
      find: (input, call) => {
        checkWindow(input.PendingWindowInDays);
        return find(input, call);
      },
      run: (input, call, entry: KeyEntry) => scheduleDeletion(kms, input, call, entry),
    },
    CancelKeyDeletion: {
      readOnly: false,
      find,
      run: (_input, call, entry: KeyEntry) => {
        requireState(entry.value, 'CancelKeyDeletion');
        if (entry.value.deletionBegan === true) throw keyNotFound(entry.value.arn);
        call.stage(kms.records.keys.replace(entry, deletionCancelled(entry.value)));
        return { KeyId: entry.value.arn };
      },
    },
  } satisfies Operations<
    KmsModel,
    | 'EnableKey'
    | 'DisableKey'
    | 'UpdateKeyDescription'
    | 'ScheduleKeyDeletion'
    | 'CancelKeyDeletion'
  >;
}

function checkWindow(days: number | undefined): void {
  if (days === undefined) return;
  const { min, max } = windowDays;
  if (days < min) throw windowOutOfRange({ days, bound: `greater than or equal to ${min}` });
  if (days > max) throw windowOutOfRange({ days, bound: `less than or equal to ${max}` });
}

async function scheduleDeletion(
  kms: KmsContext,
  input: ScheduleKeyDeletionRequest,
  call: Call,
  entry: KeyEntry,
): Promise<ScheduleKeyDeletionResponse> {
  requireState(entry.value, 'ScheduleKeyDeletion');
  const days = input.PendingWindowInDays ?? windowDays.default;
  const key = deletionScheduled(entry.value, { now: call.now, days });
  call.stage(kms.records.keys.replace(entry, key));
  if (key.origin === 'AWS_CLOUDHSM') {
    const store = await storeOfKey(kms.records, key);
    call.note({ additionalEventData: backingFacts(key, store?.value) });
  }
  return {
    KeyId: key.arn,
    ...(key.deletionDate === undefined ? {} : { DeletionDate: key.deletionDate }),
    KeyState: key.state,
    PendingWindowInDays: days,
  };
}
