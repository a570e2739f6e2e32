/**
 * GetKeyPolicy, PutKeyPolicy and ListKeyPolicies. What makes a policy well formed is in
 * policy-document.ts.
 */
import type { KmsModel } from '../../model/kms.generated.ts';
import type { Operations } from '../../operation.ts';
import { changeKey } from './change-key.ts';
import type { KmsContext } from './context.ts';
import { policyNotFound, ramPolicyReserved } from './errors.ts';
import { withPolicy } from './key.ts';
import { policyFor, shownKeyPolicy } from './key-policy.ts';
import { requireState } from './key-state.ts';
import { pageOf } from './marker.ts';
import type { KeyEntry } from './records.ts';

/** The only policy that customers write. */
const policyName = 'default';
const ramPolicyName = 'AWS_RAM';
const defaultLimit = 100;

export function keyPolicyOperations(kms: KmsContext) {
  const find = kms.finder.namedByKeyId;
  return {
    GetKeyPolicy: {
      readOnly: true,
      find,
      run: async (input, call, { value: key }: KeyEntry) => {
        const name = input.PolicyName ?? policyName;
        call.note({ requestParameters: { policyName: name } });
        requireState(key, 'GetKeyPolicy');
        if (name !== policyName) throw policyNotFound();
        return { Policy: await shownKeyPolicy(kms, key), PolicyName: policyName };
      },
    },
    PutKeyPolicy: {
      readOnly: false,
      find,
      run: async (input, call, entry: KeyEntry) => {
        const name = input.PolicyName ?? policyName;
        const bypassLockoutCheck = input.BypassPolicyLockoutSafetyCheck === true;
        call.note({
          requestParameters: {
            policyName: name,
            bypassPolicyLockoutSafetyCheck: bypassLockoutCheck,
          },
        });
        if (name === ramPolicyName) throw ramPolicyReserved();
        if (name !== policyName) throw policyNotFound();
        const key = entry.value;
        requireState(key, 'PutKeyPolicy');
        const policy = await policyFor(kms, input, { call, keyArn: key.arn, key });
        changeKey(kms, call, { entry, operation: 'PutKeyPolicy' }, () => withPolicy(key, policy));
      },
    },
    ListKeyPolicies: {
      readOnly: true,
      find,
      run: (input, _call, { value: key }: KeyEntry) => {
        requireState(key, 'ListKeyPolicies');
        const { items, tail } = pageOf([policyName], (name) => name, {
          list: 'policies',
          marker: input.Marker,
          limit: input.Limit ?? defaultLimit,
        });
        return { PolicyNames: items, ...tail };
      },
    },
  } satisfies Operations<KmsModel, 'GetKeyPolicy' | 'PutKeyPolicy' | 'ListKeyPolicies'>;
}
