/** CreateKey: what may be asked for, and the key that comes of it. */
import { type KeySpecName, type KeyUsage, keySpecs } from '../../crypto/key-spec.ts';
import type { CreateKeyRequest, CreateKeyResponse } from '../../model/kms.generated.ts';
import type { Call } from '../../operation.ts';
import type { KmsContext } from './context.ts';
import {
  keyStoreWithoutOrigin,
  originNotSupported,
  specNotInRegion,
  twoSpecs,
  usageIncompatible,
  usageNeeded,
} from './errors.ts';
import { firstGeneration, type Key, keyRecordId, type Tag } from './key.ts';
import { everything, keyResource, ownerOf } from './key-finder.ts';
import { keyArn, multiRegionIdFrom, uuidFrom } from './key-id.ts';
import { keyMetadata, specMembers } from './key-metadata.ts';
import { checkedPolicy, defaultPolicy } from './policy-document.ts';
import { checkedTags } from './tag-rules.ts';

/** What a request asks for, checked, with AWS's defaults. */
interface KeyWish {
  readonly spec: KeySpecName;
  readonly usage: KeyUsage;
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
  if (wish.tags.length > 0) call.authorize('kms:TagResource', everything(call));
  const owner = ownerOf(call);
  const random = call.world.randomBytes(16);
  const keyId = wish.isMultiRegion ? multiRegionIdFrom(random) : uuidFrom(random);
  const arn = keyArn(owner, keyId);
  const policy = policyOf(input, arn, call);
  const made = await kms.materials.create({
    account: owner.account,
    keyId,
    spec: wish.spec,
    now: call.now,
  });
  const key: Key = {
    account: owner.account,
    region: call.region,
    keyId,
    arn,
    createdAt: call.now,
    description: wish.description,
    spec: wish.spec,
    usage: wish.usage,
    origin: 'AWS_KMS',
    manager: 'CUSTOMER',
    state: 'Enabled',
    ...(wish.isMultiRegion
      ? { multiRegion: { primaryRegion: call.region, replicaRegions: [] } }
      : {}),
    generations: firstGeneration(made.material.owner.materialId),
    policy,
    tags: wish.tags,
  };
  const counted = await kms.limits.addKey(owner);
  call.stage(made.writes, kms.records.keys.insert(keyRecordId(key), key), counted);
  noteDefaults(input, key, call);
  return { KeyMetadata: keyMetadata(key) };
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
  checkOrigin(input);
  return {
    spec: spec.name,
    usage,
    description: input.Description ?? '',
    isMultiRegion: input.MultiRegion === true,
    tags: checkedTags(input.Tags ?? []),
  };
}

function checkOrigin({ Origin, CustomKeyStoreId, XksKeyId }: CreateKeyRequest): void {
  if (Origin !== undefined && Origin !== 'AWS_KMS') throw originNotSupported(Origin);
  if (CustomKeyStoreId !== undefined) throw keyStoreWithoutOrigin('CustomKeyStoreId');
  if (XksKeyId !== undefined) throw keyStoreWithoutOrigin('XksKeyId');
}

/** The first policy of the key that is to have this ARN. */
export function policyOf(
  input: Pick<CreateKeyRequest, 'Policy' | 'BypassPolicyLockoutSafetyCheck'>,
  arn: string,
  call: Call,
): string {
  const { account, partition } = ownerOf(call);
  if (input.Policy === undefined) return defaultPolicy({ account, partition });
  return checkedPolicy(input.Policy, {
    account,
    partition,
    callerArn: call.principal.arn,
    keyArn: arn,
    bypassLockoutCheck: input.BypassPolicyLockoutSafetyCheck === true,
  });
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
    resources: [keyResource(key)],
  });
}
