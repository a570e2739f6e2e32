/** What CreateGrant may ask for: the terms of a grant, checked. Pure. */
import type { KeyUsage } from '../../crypto/key-spec.ts';
import type {
  CreateGrantRequest,
  GrantOperation,
  GrantConstraints as WireConstraints,
} from '../../model/kms.generated.ts';
import type { EncryptionContext } from './envelope.ts';
import {
  grantConstraintNeedsSymmetricKey,
  grantConstraintTooLarge,
  grantContextConstraintsBoth,
  granteeNeeded,
  grantIdInvalid,
  grantOperationsNeeded,
  grantOperationUnsuitable,
  grantPrincipalInvalid,
  retiringPrincipalsBoth,
  serviceGranteeIncomplete,
} from './errors.ts';
import { type GrantConstraints, type GrantTerms, isGrantId } from './grant.ts';
import { type GrantPrincipal, parseGrantPrincipal } from './grant-principal.ts';
import { isSymmetricEncryptionKey, type Key } from './key.ts';

/** CreateGrant in the API reference, Constraints. */
const maxContextPairs = 8;
const maxContextValueChars = 384;

/**
 * The terms that a request asks for, as far as they are right for any key.
 * @throws ApiError ValidationException; InvalidArnException for what is no principal.
 */
export function checkedTerms(input: CreateGrantRequest, partition: string): GrantTerms {
  if (input.Operations.length === 0) throw grantOperationsNeeded();
  const grantee = granteeOf(input, partition);
  const retiring = retiringOf(input, partition);
  const constraints = checkedConstraints(input.Constraints ?? {});
  const isComplete = constraints.sourceArn !== undefined && retiring !== undefined;
  if (grantee.kind === 'service' && !isComplete) throw serviceGranteeIncomplete();
  return {
    grantee,
    ...(retiring === undefined ? {} : { retiring }),
    operations: [...new Set(input.Operations)],
    constraints,
    ...(input.Name === undefined ? {} : { name: input.Name }),
  };
}

function granteeOf(input: CreateGrantRequest, partition: string): GrantPrincipal {
  const grantee = onePrincipal(input.GranteePrincipal, input.GranteeServicePrincipal, partition);
  if (grantee === undefined || grantee === 'both') throw granteeNeeded();
  return grantee;
}

function retiringOf(input: CreateGrantRequest, partition: string): GrantPrincipal | undefined {
  const { RetiringPrincipal, RetiringServicePrincipal } = input;
  const retiring = onePrincipal(RetiringPrincipal, RetiringServicePrincipal, partition);
  if (retiring === 'both') throw retiringPrincipalsBoth();
  return retiring;
}

/** @throws ApiError InvalidArnException. */
function onePrincipal(
  arn: string | undefined,
  service: string | undefined,
  partition: string,
): GrantPrincipal | 'both' | undefined {
  if (arn !== undefined && service !== undefined) return 'both';
  if (service !== undefined) return { kind: 'service', name: service };
  return arn === undefined ? undefined : checkedPrincipal(arn, partition);
}

/** @throws ApiError InvalidArnException when no grant can name this principal. */
export function checkedPrincipal(arn: string, partition: string): GrantPrincipal {
  const principal = parseGrantPrincipal(arn, partition);
  if (principal === undefined) throw grantPrincipalInvalid(arn);
  return principal;
}

function checkedConstraints(wire: WireConstraints): GrantConstraints {
  const { EncryptionContextEquals, EncryptionContextSubset, SourceArn } = wire;
  if (EncryptionContextEquals !== undefined && EncryptionContextSubset !== undefined)
    throw grantContextConstraintsBoth();
  return {
    ...(EncryptionContextEquals === undefined
      ? {}
      : { contextEquals: checkedContext(EncryptionContextEquals) }),
    ...(EncryptionContextSubset === undefined
      ? {}
      : { contextSubset: checkedContext(EncryptionContextSubset) }),
    ...(SourceArn === undefined ? {} : { sourceArn: SourceArn }),
  };
}

function checkedContext(context: EncryptionContext): EncryptionContext {
  const values = Object.values(context);
  const isLong = values.some((value) => value.length > maxContextValueChars);
  if (isLong || values.length > maxContextPairs)
    throw grantConstraintTooLarge({ pairs: maxContextPairs, valueChars: maxContextValueChars });
  return context;
}

/** @throws ApiError InvalidGrantIdException for what no grant can be called. */
export function requireGrantId(grantId: string): void {
  if (!isGrantId(grantId)) throw grantIdInvalid(grantId);
}

/** What a key must be for an operation: its usage, or one of these; `any` key has the rest. */
const needs: Record<GrantOperation, KeyUsage | 'symmetric' | 'asymmetric' | 'any'> = {
  Encrypt: 'ENCRYPT_DECRYPT',
  Decrypt: 'ENCRYPT_DECRYPT',
  ReEncryptFrom: 'ENCRYPT_DECRYPT',
  ReEncryptTo: 'ENCRYPT_DECRYPT',
  GenerateDataKey: 'symmetric',
  GenerateDataKeyWithoutPlaintext: 'symmetric',
  GenerateDataKeyPair: 'symmetric',
  GenerateDataKeyPairWithoutPlaintext: 'symmetric',
  Sign: 'SIGN_VERIFY',
  Verify: 'SIGN_VERIFY',
  GenerateMac: 'GENERATE_VERIFY_MAC',
  VerifyMac: 'GENERATE_VERIFY_MAC',
  DeriveSharedSecret: 'KEY_AGREEMENT',
  Encapsulate: 'ENCAPSULATE_DECAPSULATE',
  Decapsulate: 'ENCAPSULATE_DECAPSULATE',
  GetPublicKey: 'asymmetric',
  DescribeKey: 'any',
  CreateGrant: 'any',
  RetireGrant: 'any',
};

type GrantedKey = Pick<Key, 'arn' | 'spec' | 'usage'>;

/** Whether grants on the key can have the operation. */
export function suitsKey(operation: GrantOperation, key: GrantedKey): boolean {
  const need = needs[operation];
  if (need === 'any') return true;
  const isSymmetric = key.spec === 'SYMMETRIC_DEFAULT';
  if (need === 'symmetric') return isSymmetric;
  if (need === 'asymmetric') return !isSymmetric && key.usage !== 'GENERATE_VERIFY_MAC';
  return key.usage === need;
}

/**
 * Only symmetric encryption keys know an encryption context, so only their grants can constrain it.
 * @throws ApiError ValidationException when the key can do nothing with these terms.
 */
export function requireSuitable(terms: GrantTerms, key: Key): void {
  for (const operation of terms.operations)
    if (!suitsKey(operation, key)) throw grantOperationUnsuitable(operation, key);
  const { contextEquals, contextSubset } = terms.constraints;
  const isConstrained = contextEquals !== undefined || contextSubset !== undefined;
  if (isConstrained && !isSymmetricEncryptionKey(key)) throw grantConstraintNeedsSymmetricKey(key);
}
