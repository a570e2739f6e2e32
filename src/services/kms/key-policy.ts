/**
 * What it takes to give a key a policy: the document is right, the account keeps control of the
 * key, and whoever is named is there. Principals are remembered by their unique ids.
 * (https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html)
 */
import type { Call } from '../../operation.ts';
import { shownPolicy } from '../../policy/shown.ts';
import { conditionsOf } from './condition-keys.ts';
import type { KmsContext } from './context.ts';
import { policyPrincipalsInvalid } from './errors.ts';
import type { Key } from './key.ts';
import { ownerOf } from './key-finder.ts';
import { checkedPolicy, defaultPolicy, namedPrincipals, printPolicy } from './policy-document.ts';

/** What of a key its policy is. */
export type KeyPolicy = Pick<Key, 'policy' | 'policyPrincipals'>;

interface PolicyRequest {
  readonly Policy?: string;
  readonly BypassPolicyLockoutSafetyCheck?: boolean;
}

/**
 * The policy that a request gives to the key with this ARN; the default one where it gives none.
 * @throws ApiError MalformedPolicyDocumentException, InvalidArnException or LimitExceededException.
 */
export async function policyFor(
  kms: KmsContext,
  input: PolicyRequest,
  { call, keyArn, key }: { readonly call: Call; readonly keyArn: string; readonly key?: Key },
): Promise<KeyPolicy> {
  const owner = ownerOf(call);
  if (input.Policy === undefined) return { policy: defaultPolicy(owner) };
  const conditions = conditionsOf({ call, input: { ...input }, key });
  const policy = checkedPolicy(input.Policy, {
    bypassLockoutCheck: input.BypassPolicyLockoutSafetyCheck === true,
    keepsControl: (text) =>
      call.wouldAllow(
        'kms:PutKeyPolicy',
        {
          arn: keyArn,
          account: owner.account,
          policy: { text, rule: 'required', name: 'default' },
        },
        { conditions },
      ),
  });
  const policyPrincipals = await uniqueIds(kms, policy);
  return policyPrincipals === undefined ? { policy } : { policy, policyPrincipals };
}

async function uniqueIds(
  { principals }: KmsContext,
  policy: string,
): Promise<Key['policyPrincipals']> {
  const named = namedPrincipals(policy);
  if (principals === undefined || named.length === 0) return undefined;
  const ids: Record<string, string> = {};
  for (const arn of named) {
    const id = await principals.uniqueIdOf(arn);
    if (id === undefined) throw policyPrincipalsInvalid();
    ids[arn] = id;
  }
  return ids;
}

/** The key's policy as GetKeyPolicy shows it. */
export async function shownKeyPolicy(
  { principals }: KmsContext,
  { policy: text, policyPrincipals: principalIds = {} }: Key,
): Promise<string> {
  if (principals === undefined) return text;
  return shownPolicy({ text, principalIds }, principals.arnOf, printPolicy);
}
