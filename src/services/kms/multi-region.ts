/** ReplicateKey and UpdatePrimaryRegion, and the end of the states that keys pass through. */
import type {
  KmsModel,
  ReplicateKeyRequest,
  ReplicateKeyResponse,
  UpdatePrimaryRegionRequest,
} from '../../model/kms.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import { partitionOfRegion } from '../../region.ts';
import { conditionsOf } from './condition-keys.ts';
import type { KmsContext } from './context.ts';
import type { DueChange } from './due.ts';
import {
  alreadyPrimary,
  keyNotFound,
  notPrimary,
  regionNotForReplicas,
  replicaExists,
} from './errors.ts';
import { authorizeOnKey } from './governed.ts';
import { type Key, keyRecordId } from './key.ts';
import { everything, keyInTrail, ownerOf } from './key-finder.ts';
import { keyArn } from './key-id.ts';
import { keyMetadata } from './key-metadata.ts';
import { policyFor } from './key-policy.ts';
import { requireState } from './key-state.ts';
import {
  exchanged,
  isPrimary,
  isTransitionDue,
  type MultiRegionKey,
  promoted,
  replicaOf,
  settled,
  sharing,
  withReplica,
} from './multi-region-key.ts';
import type { KeyEntry } from './records.ts';
import { relatedKeys, replaceShared } from './related-keys.ts';
import { checkedTags } from './tag-rules.ts';

export function multiRegionOperations(kms: KmsContext) {
  const find = kms.finder.namedByKeyId;
  return {
    ReplicateKey: {
      readOnly: false,
      find,
      run: (input, call, entry: KeyEntry) => replicateKey(kms, input, call, entry),
    },
    UpdatePrimaryRegion: {
      readOnly: false,
      find,
      run: (input, call, entry: KeyEntry) => updatePrimaryRegion(kms, input, call, entry),
    },
  } satisfies Operations<KmsModel, 'ReplicateKey' | 'UpdatePrimaryRegion'>;
}

async function replicateKey(
  kms: KmsContext,
  input: ReplicateKeyRequest,
  call: Call,
  entry: KeyEntry,
): Promise<ReplicateKeyResponse> {
  const primary = primaryOf(entry);
  requireState(primary, 'ReplicateKey');
  const region = input.ReplicaRegion;
  if (region === primary.region || partitionOfRegion(region) !== call.partition)
    throw regionNotForReplicas(region);
  const tags = checkedTags(input.Tags ?? []);
  const description = input.Description ?? '';
  const bypassPolicyLockoutSafetyCheck = input.BypassPolicyLockoutSafetyCheck === true;
  call.note({ requestParameters: { description, bypassPolicyLockoutSafetyCheck } });
  // What the caller could not make there directly can't be made by replicating either.
  const conditions = conditionsOf({ call, input: { ...input }, key: primary });
  call.authorize('kms:CreateKey', everything(call), { conditions });
  if (tags.length > 0) call.authorize('kms:TagResource', everything(call), { conditions });
  const arn = keyArn({ ...ownerOf(call), region }, primary.keyId);
  if (primary.multiRegion.replicaRegions.includes(region)) throw replicaExists(arn);
  const policy = await policyFor(kms, input, { call, keyArn: arn, key: primary });
  const changed = withReplica(primary, region);
  const replica = replicaOf(changed, { region, arn, now: call.now, description, ...policy, tags });
  call.stage(
    kms.records.keys.insert(keyRecordId(replica), replica),
    await replaceShared(kms.records, entry, changed),
    await kms.limits.addKey(replica),
  );
  return {
    ReplicaKeyMetadata: keyMetadata(replica),
    ReplicaPolicy: policy.policy,
    ...(tags.length === 0
      ? {}
      : { ReplicaTags: tags.map(({ key, value }) => ({ TagKey: key, TagValue: value })) }),
  };
}

function primaryOf({ value: key }: KeyEntry): MultiRegionKey {
  if (!isPrimary(key)) throw notPrimary(key.arn);
  return key;
}

async function updatePrimaryRegion(
  kms: KmsContext,
  input: UpdatePrimaryRegionRequest,
  call: Call,
  entry: KeyEntry,
): Promise<void> {
  const { keys } = kms.records;
  const primary = primaryOf(entry);
  requireState(primary, 'UpdatePrimaryRegion');
  const region = input.PrimaryRegion;
  if (region === primary.region) throw alreadyPrimary(primary.arn);
  const related = await relatedKeys(kms.records, primary);
  const replica = related.find(({ value }) => value.region === region);
  if (replica === undefined) throw keyNotFound(keyArn({ ...ownerOf(call), region }, primary.keyId));
  const asked = { call, action: 'kms:UpdatePrimaryRegion', key: replica.value, input };
  await authorizeOnKey(kms, asked);
  requireState(replica.value, 'UpdatePrimaryRegion');
  const former = exchanged(primary, region, call.now);
  const placed = (key: Key): Key =>
    key.region === region ? promoted(key, former, call.now) : sharing(key, former);
  call.stage(
    keys.replace(entry, former),
    ...related.map((each) => keys.replace(each, placed(each.value))),
  );
  call.note({ responseElements: { keyId: primary.arn } });
}

/** The keys to leave Creating or Updating at `now`, at most `limit`. Nothing is written yet. */
export async function dueTransitions(
  kms: KmsContext,
  { now, limit }: { readonly now: number; readonly limit: number },
): Promise<readonly DueChange[]> {
  const { keys } = kms.records;
  const { entries } = await keys.pageBy('transition', { key: '', limit });
  return entries
    .filter(({ value }) => isTransitionDue(value, now))
    .map((entry) => ({
      id: entry.value.arn,
      writes: keys.replace(entry, settled(entry.value)),
      event: synchronized(entry.value),
    }));
}

/** KMS Developer Guide, "SynchronizeMultiRegionKey" log entry. */
const synchronized = (key: Key): DueChange['event'] => ({
  eventName: 'SynchronizeMultiRegionKey',
  eventType: 'AwsApiCall',
  account: key.account,
  region: key.region,
  resources: [keyInTrail(key)],
  responseElements: { keyId: key.arn },
});
