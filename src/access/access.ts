/** All that decides on calls, opened on one store. */
import { parsePolicyArn, policyText } from '../services/iam/policy-text.ts';
import { type IamRecords, recordId } from '../services/iam/records.ts';
import type { Store } from '../store/store.ts';
import type { World } from '../world.ts';
import {
  callerPoliciesOf,
  type FindCallerPolicies,
  type ManagedPolicyText,
} from './caller-policies.ts';
import { type CompiledPolicies, compiledPolicies } from './compiled-policies.ts';
import { type Denials, openDenials } from './denials.ts';
import { type Able, type ReverseQuestion, whoCan } from './who-can.ts';

export interface Access {
  readonly compiled: CompiledPolicies;
  readonly callerPolicies: FindCallerPolicies;
  readonly denials: Denials;
  readonly whoCan: (asked: ReverseQuestion) => Promise<readonly Able[]>;
}

export function openAccess(options: {
  readonly store: Store;
  readonly iam: IamRecords;
  readonly world: World;
}): Access {
  const { store, iam, world } = options;
  const compiled = compiledPolicies();
  const callerPolicies = callerPoliciesOf(iam, {
    compiled,
    managedPolicyText: managedPolicies(iam),
  });
  return {
    compiled,
    callerPolicies,
    denials: openDenials({ store, world, compiled }),
    whoCan: (asked) => whoCan({ iam, callerPolicies, compiled }, asked),
  };
}

/** Texts of managed policies, each read for the sake of who depends on it. */
function managedPolicies(iam: IamRecords): ManagedPolicyText {
  return async (arn, read) => {
    const named = parsePolicyArn(arn);
    if (named !== undefined && named.account !== 'aws')
      await read(iam.policies, recordId(named.account, named.name));
    return (await policyText(iam, arn))?.document;
  };
}
