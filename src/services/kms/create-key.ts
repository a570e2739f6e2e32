/** CreateKey: what may be asked for, and the key that comes of it. */
import { type KeySpec, type KeySpecName, type KeyUsage, keySpecs } from '../../crypto/key-spec.ts';
import type { CreateKeyRequest, CreateKeyResponse } from '../../model/kms.generated.ts';
import type { Call } from '../../operation.ts';
import type { Write } from '../../store/engine.ts';
import { uuidFrom } from '../../uuid.ts';
import { conditionsOf } from './condition-keys.ts';
import type { KmsContext } from './context.ts';
import {
  checkedPlace,
  keyMadeBy,
  type Placed,
  placeKey,
  type StorePlace,
} from './custom-key-stores/store-key.ts';
import {
  memberNotForOrigin,
  specNotForOrigin,
  specNotInRegion,
  twoSpecs,
  usageIncompatible,
  usageNeeded,
} from './errors.ts';
import { isImportable } from './import-rules.ts';
import { firstGeneration, type Generation, type Key, keyRecordId, type Tag } from './key.ts';
import { everything, keyInTrail, ownerOf } from './key-finder.ts';
import { keyArn, multiRegionIdFrom } from './key-id.ts';
import { keyMetadata, specMembers } from './key-metadata.ts';
import { policyFor } from './key-policy.ts';
import { checkedTags } from './tag-rules.ts';

/** What a request asks for, checked, with AWS's defaults. */
interface KeyWish {
  readonly spec: KeySpecName;
  readonly usage: KeyUsage;
  readonly origin: Key['origin'];
  /** Undefined unless it is to lie in a custom key store. */
  readonly place: StorePlace | undefined;
  readonly description: string;
  readonly isMultiRegion: boolean;
  readonly tags: readonly Tag[];
}

export async function createKey(
  kms: KmsContext,
  input: CreateKeyRequest,
  call: Call,
): Promise<CreateKeyResponse> {
  const wish = checkedWish(input);
  const conditions = conditionsOf({ call, input: { ...input }, key: undefined });
  if (wish.tags.length > 0) call.authorize('kms:TagResource', everything(call), { conditions });
  const owner = ownerOf(call);
  const random = call.world.randomBytes(16);
  const newId = wish.isMultiRegion ? multiRegionIdFrom(random) : uuidFrom(random);
  const keyId = keyMadeBy(call) ?? newId;
  const arn = keyArn(owner, keyId);
  const policy = await policyFor(kms, input, { call, keyArn: arn });
  const counted = await kms.limits.addKey(owner);
  // Last of all that may refuse: what is made in a token stays there.
  const placed = wish.place && (await placeKey(kms, wish.place, { call, keyId }));
  const made = await firstMaterial(kms, wish, { account: owner.account, keyId, now: call.now });
  const key: Key = {
    account: owner.account,
    region: call.region,
    keyId,
    arn,
    createdAt: call.now,
    description: wish.description,
    spec: wish.spec,
    usage: wish.usage,
    origin: wish.origin,
    manager: 'CUSTOMER',
    state: wish.origin === 'EXTERNAL' ? 'PendingImport' : 'Enabled',
    ...(wish.isMultiRegion
      ? { multiRegion: { primaryRegion: call.region, replicaRegions: [] } }
      : {}),
    ...storeMembers(wish.place),
    generations: made.generations,
    ...policy,
    tags: wish.tags,
  };
  const record = kms.records.keys.insert(keyRecordId(key), key);
  call.stage(made.writes, record, counted, placed?.writes ?? []);
  noteDefaults(input, key, call);
  if (placed !== undefined) noteBacking(key, placed, call);
  return { KeyMetadata: keyMetadata(key, placed?.store) };
}

const storeMembers = (place: StorePlace | undefined) => ({
  ...(place === undefined ? {} : { customKeyStoreId: place.storeId }),
  ...(place?.xksKeyId === undefined ? {} : { xksKeyId: place.xksKeyId }),
});

/** CloudTrail names the key in the cluster; an external one stands in the request. */
function noteBacking(key: Key, { store }: Placed, call: Call): void {
  if (store.backing.type !== 'AWS_CLOUDHSM') return;
  const backingKey = JSON.stringify({ backingKeyId: key.keyId });
  call.note({ additionalEventData: { backingKey } });
}

/** A key for imported material begins without any. */
async function firstMaterial(
  { materials }: KmsContext,
  { spec, origin }: KeyWish,
  key: { readonly account: string; readonly keyId: string; readonly now: number },
): Promise<{ generations: readonly Generation[]; writes: readonly Write[] }> {
  if (origin === 'EXTERNAL') return { generations: [], writes: [] };
  const { material, writes } = await materials.create({ ...key, spec });
  return { generations: firstGeneration(material.owner.materialId), writes };
}

/** Spec, usage, origin, tags, in AWS's order as far as it is known; the policy comes last. */
function checkedWish(input: CreateKeyRequest): KeyWish {
  if (input.KeySpec !== undefined && input.CustomerMasterKeySpec !== undefined) throw twoSpecs();
  const name = input.KeySpec ?? input.CustomerMasterKeySpec ?? 'SYMMETRIC_DEFAULT';
  if (input.KeyUsage === undefined && name !== 'SYMMETRIC_DEFAULT') throw usageNeeded();
  const usage = input.KeyUsage ?? 'ENCRYPT_DECRYPT';
  const spec = keySpecs.get(name);
  if (spec === undefined) throw new Error(`No key spec ${name}`);
  if (!spec.algorithms.has(usage)) throw usageIncompatible({ usage, spec: name });
  if (!spec.supported) throw specNotInRegion(name);
  const origin = checkedOrigin(input, spec);
  return {
    spec: spec.name,
    usage,
    origin,
    place:
      origin === 'AWS_CLOUDHSM' || origin === 'EXTERNAL_KEY_STORE'
        ? checkedPlace(input, origin)
        : undefined,
    description: input.Description ?? '',
    isMultiRegion: input.MultiRegion === true,
    tags: checkedTags(input.Tags ?? []),
  };
}

/** @throws ApiError for specs and members that keys of this origin cannot have. */
function checkedOrigin(
  { Origin: origin = 'AWS_KMS', CustomKeyStoreId, XksKeyId, MultiRegion }: CreateKeyRequest,
  spec: KeySpec,
): Key['origin'] {
  const isHere = origin === 'AWS_KMS' || origin === 'EXTERNAL';
  if (isHere && CustomKeyStoreId !== undefined)
    throw memberNotForOrigin('CustomKeyStoreId', origin);
  if (isHere && XksKeyId !== undefined) throw memberNotForOrigin('XksKeyId', origin);
  if (!isHere && MultiRegion === true) throw memberNotForOrigin('MultiRegion', origin);
  const isFit =
    origin === 'EXTERNAL' ? isImportable(spec) : isHere || spec.name === 'SYMMETRIC_DEFAULT';
  if (!isFit) throw specNotForOrigin({ spec: spec.name, origin });
  return origin;
}

/**
 * CloudTrail shows the parameters with their defaults, and the key that the request couldn't name.
 */
function noteDefaults(input: CreateKeyRequest, key: Key, call: Call): void {
  const { KeySpec: keySpec, CustomerMasterKeySpec: customerMasterKeySpec } = specMembers(key);
  call.note({
    requestParameters: {
      description: key.description,
      origin: key.origin,
      bypassPolicyLockoutSafetyCheck: input.BypassPolicyLockoutSafetyCheck === true,
      keySpec,
      customerMasterKeySpec,
      keyUsage: key.usage,
    },
    resources: [keyInTrail(key)],
  });
}
