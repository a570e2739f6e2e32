/** CreateKey, DescribeKey, ListKeys, GetPublicKey, and what changes a key's state or description. */
import type {
  KmsModel,
  ListKeysRequest,
  ListKeysResponse,
  ScheduleKeyDeletionRequest,
  ScheduleKeyDeletionResponse,
} from '../../model/kms.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import { changeKey } from './change-key.ts';
import type { KmsContext } from './context.ts';
import { createKey } from './create-key.ts';
import { unsupportedSpec, windowOutOfRange } from './errors.ts';
import { deletionCancelled, deletionScheduled, described, disabled, enabled } from './key.ts';
import { foundNothing, ownerOf } from './key-finder.ts';
import { algorithmMembers, keyMetadata, specMembers } from './key-metadata.ts';
import { requireState } from './key-state.ts';
import { decodeMarker, pageTail } from './marker.ts';
import { pairOf } from './material.ts';
import { type KeyEntry, keysPrefix } from './records.ts';
import { whenHere } from './when.ts';

/** AWS's range; the model's is wider (ScheduleKeyDeletion in the API reference). */
const windowDays = { min: 7, max: 30, default: 30 };
const listKeysDefaultLimit = 100;

export function keyOperations(kms: KmsContext) {
  const find = kms.finder.namedByKeyId;
  return {
    CreateKey: {
      readOnly: false,
      find: foundNothing,
      run: (input, call) => createKey(kms, input, call),
    },
    DescribeKey: {
      readOnly: true,
      find: kms.finder.named,
      run: (_input, _call, { value: key }: KeyEntry) => ({ KeyMetadata: keyMetadata(key) }),
    },
    ListKeys: {
      readOnly: true,
      find: foundNothing,
      run: (input, call) => listKeys(kms, input, call),
    },
    GetPublicKey: {
      readOnly: true,
      find: kms.finder.named,
      run: (_input, _call, { value: key }: KeyEntry) => {
        requireState(key, 'GetPublicKey');
        if (key.spec === 'SYMMETRIC_DEFAULT' || key.usage === 'GENERATE_VERIFY_MAC')
          throw unsupportedSpec();
        return whenHere(kms.materials.current(key), (material) => ({
          KeyId: key.arn,
          PublicKey: pairOf(material).publicKeyDer,
          ...specMembers(key),
          KeyUsage: key.usage,
          ...algorithmMembers(key),
        }));
      },
    },
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
        call.stage(kms.records.keys.replace(entry, deletionCancelled(entry.value)));
        return { KeyId: entry.value.arn };
      },
    },
  } satisfies Operations<
    KmsModel,
    | 'CreateKey'
    | 'DescribeKey'
    | 'ListKeys'
    | 'GetPublicKey'
    | 'EnableKey'
    | 'DisableKey'
    | 'UpdateKeyDescription'
    | 'ScheduleKeyDeletion'
    | 'CancelKeyDeletion'
  >;
}

/** AWS managed keys and keys pending deletion are listed like all others. */
async function listKeys(
  kms: KmsContext,
  input: ListKeysRequest,
  call: Call,
): Promise<ListKeysResponse> {
  const prefix = keysPrefix(ownerOf(call));
  const after = decodeMarker('keys', input.Marker);
  // Keys that other accounts share through RAM: nobody shares any here.
  if (input.ResourceOwners?.includes('SELF') === false) return { Keys: [], Truncated: false };
  const page = await kms.records.keys.page({
    prefix,
    ...(after === undefined ? {} : { after: `${prefix}${after}` }),
    limit: input.Limit ?? listKeysDefaultLimit,
  });
  return {
    Keys: page.entries.map(({ value }) => ({ KeyId: value.keyId, KeyArn: value.arn })),
    ...pageTail('keys', page.next?.slice(prefix.length)),
  };
}

function checkWindow(days: number | undefined): void {
  if (days === undefined) return;
  const { min, max } = windowDays;
  if (days < min) throw windowOutOfRange({ days, bound: `greater than or equal to ${min}` });
  if (days > max) throw windowOutOfRange({ days, bound: `less than or equal to ${max}` });
}

function scheduleDeletion(
  kms: KmsContext,
  input: ScheduleKeyDeletionRequest,
  call: Call,
  entry: KeyEntry,
): ScheduleKeyDeletionResponse {
  requireState(entry.value, 'ScheduleKeyDeletion');
  const days = input.PendingWindowInDays ?? windowDays.default;
  const key = deletionScheduled(entry.value, { now: call.now, days });
  call.stage(kms.records.keys.replace(entry, key));
  return {
    KeyId: key.arn,
    ...(key.deletionDate === undefined ? {} : { DeletionDate: key.deletionDate }),
    KeyState: key.state,
    PendingWindowInDays: days,
  };
}
