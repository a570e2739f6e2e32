/**
 * RetireGrant and RevokeGrant. Who may revoke is the key's to say, who may retire the grant's.
 * (https://docs.aws.amazon.com/kms/latest/developerguide/grant-delete.html)
 */
import type { RetireGrantRequest, RevokeGrantRequest } from '../../model/kms.generated.ts';
import type { Call, Found, ResourcePolicy } from '../../operation.ts';
import type { KmsContext } from './context.ts';
import {
  foreignKeyDenied,
  grantNotFound,
  grantTokenInvalid,
  keyNotFound,
  retireNeedsKeyArn,
  retireNeedsOneName,
} from './errors.ts';
import { mayRetire } from './grant.ts';
import { grantCaller } from './grant-principal.ts';
import type { GrantEntry } from './grant-records.ts';
import { requireGrantId } from './grant-request.ts';
import type { GrantRef } from './grant-token.ts';
import { keyRecordId } from './key.ts';
import { keyInTrail } from './key-finder.ts';
import { keyArn, parseKeyOnlyName } from './key-id.ts';
import { requireState } from './key-state.ts';
import type { KeyEntry } from './records.ts';
import { endDryRun } from './usable.ts';

/** A grant to be retired and its key, which may be another account's. */
export interface Retirable {
  readonly key: KeyEntry;
  readonly grant: GrantEntry;
}

/** RetireGrant has no effect in key policies: nothing but the grant allows it. */
const noPolicy: ResourcePolicy = {
  text: '{"Version":"2012-10-17","Statement":[]}',
  rule: 'required',
  name: 'grant',
};

/**
 * The grant decides, and the caller's own policies can deny; the key's policy has no say, and the
 * owner of the key need not be asked.
 * @throws ApiError NotFoundException; AccessDeniedException for what is another account's and isn't
 * there.
 */
export async function findRetirable(
  kms: KmsContext,
  input: RetireGrantRequest,
  call: Call,
): Promise<Found<Retirable>> {
  const ref = namedGrant(kms, input, call);
  call.note({ additionalEventData: { grantId: ref.grantId } });
  const [key, grant] = await Promise.all([
    kms.records.keys.get(keyRecordId(ref)),
    kms.grants.find(ref),
  ]);
  if (key === undefined || grant === undefined) throw notThere(ref, key, call);
  const resource = keyInTrail(key.value);
  call.note({ resources: [resource] });
  return {
    resource: { ...resource, policy: { ...noPolicy } },
    subject: { key, grant },
    grant: (identityAllows) =>
      mayRetire(grant.value, grantCaller(call.principal, identityAllows))
        ? { id: grant.value.grantId }
        : undefined,
    concealedAs: 'this resource',
  };
}

function namedGrant(kms: KmsContext, input: RetireGrantRequest, call: Call): GrantRef {
  const { GrantToken, KeyId, GrantId } = input;
  if (GrantToken !== undefined) {
    if (KeyId !== undefined || GrantId !== undefined) throw retireNeedsOneName();
    const ref = kms.grants.tokens.read(GrantToken);
    if (ref?.region !== call.region) throw grantTokenInvalid();
    return ref;
  }
  if (KeyId === undefined || GrantId === undefined) throw retireNeedsOneName();
  const { keyId, account } = parseKeyOnlyName(KeyId, call);
  // AWS takes no bare key id here (RetireGrant in the API reference, KeyId).
  if (account === undefined) throw retireNeedsKeyArn(KeyId);
  requireGrantId(GrantId);
  return { account, region: call.region, keyId, grantId: GrantId };
}

function notThere(ref: GrantRef, key: KeyEntry | undefined, call: Call): Error {
  if (ref.account !== call.principal.account) return foreignKeyDenied(denial(call));
  if (key === undefined)
    return keyNotFound(keyArn({ ...ref, partition: call.partition }, ref.keyId));
  return grantNotFound(ref.grantId);
}

const denial = (call: Call) => ({
  callerArn: call.principal.arn,
  action: `kms:${call.operation}`,
});

/** Whoever reaches this is somebody whom the grant lets retire it. */
export async function retireGrant(
  kms: KmsContext,
  input: RetireGrantRequest,
  call: Call,
  { key: { value: key }, grant }: Retirable,
): Promise<void> {
  requireState(key, 'RetireGrant');
  endDryRun(input);
  await remove(kms, call, grant);
}

export async function revokeGrant(
  kms: KmsContext,
  input: RevokeGrantRequest,
  call: Call,
  { value: key }: KeyEntry,
): Promise<void> {
  requireGrantId(input.GrantId);
  requireState(key, 'RevokeGrant');
  const grant = await kms.grants.find({ ...key, grantId: input.GrantId });
  if (grant === undefined) throw grantNotFound(input.GrantId);
  endDryRun(input);
  await remove(kms, call, grant);
}

async function remove(kms: KmsContext, call: Call, grant: GrantEntry): Promise<void> {
  call.stage(await kms.grants.remove(grant));
  call.note({ responseElements: { keyId: grant.value.keyArn } });
}
