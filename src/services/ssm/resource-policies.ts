/**
 * PutResourcePolicy, GetResourcePolicies and DeleteResourcePolicy: sharing of advanced parameters
 * with other accounts. What a policy may say is in sharing.ts.
 */
import { sha256Hex } from '../../crypto/hash.ts';
import type { SsmModel } from '../../model/ssm.generated.ts';
import type { Call, Found, Operations } from '../../operation.ts';
import { shownPolicy } from '../../policy/shown.ts';
import { newUuid } from '../../uuid.ts';
import type { SsmContext } from './context.ts';
import {
  noSuchResource,
  notShareable,
  policyConflict,
  policyMalformed,
  policyMissing,
  tooManyResourcePolicies,
} from './errors.ts';
import { findNamed, found, type Named } from './finder.ts';
import { type Sharing, shared, unshared } from './parameter.ts';
import { parseParameterName } from './parameter-name.ts';
import type { ParameterEntry } from './records.ts';
import { readShares } from './sharing.ts';
import { type MaybePromise, whenHere } from './when.ts';

export function resourcePolicyOperations(ssm: SsmContext) {
  const find = (input: { readonly ResourceArn: string }, call: Call) =>
    findShared(ssm, input.ResourceArn, call);
  const { parameters } = ssm.records;
  return {
    PutResourcePolicy: {
      readOnly: false,
      find,
      run: async (input, call, named: Named) => {
        const entry = present(named);
        if (entry.value.current.tier !== 'Advanced')
          throw notShareable('Only parameters of the advanced-parameter tier can be shared.');
        const { arn } = entry.value;
        const shares = readShares(input.Policy, { arn, fault: ssm.ports.policyFault });
        const principalIds = await idsOf(ssm, shares.entities);
        const policyId = idToPut(entry.value.sharing, input) ?? newUuid(call.world);
        const policyHash = sha256Hex(`${policyId}\n${input.Policy}`);
        const { listedFor } = shares;
        const sharing = { policyId, policyHash, text: input.Policy, listedFor, principalIds };
        call.stage(parameters.replace(entry, shared(entry.value, sharing)));
        return { PolicyId: policyId, PolicyHash: policyHash };
      },
    },
    GetResourcePolicies: {
      readOnly: true,
      find,
      run: async (_input, _call, named: Named) => {
        const { sharing } = present(named).value;
        if (sharing === undefined) return { Policies: [] };
        const { policyId: PolicyId, policyHash: PolicyHash } = sharing;
        const Policy = await shownPolicy(sharing, ssm.ports.arnOf);
        return { Policies: [{ PolicyId, PolicyHash, Policy }] };
      },
    },
    DeleteResourcePolicy: {
      readOnly: false,
      find,
      run: (input, call, named: Named) => {
        const entry = present(named);
        requireMatch(entry.value.sharing, input);
        call.stage(parameters.replace(entry, unshared(entry.value)));
        return {};
      },
    },
  } satisfies Operations<
    SsmModel,
    'PutResourcePolicy' | 'GetResourcePolicies' | 'DeleteResourcePolicy'
  >;
}

/** By its ARN, without a selector. @throws ApiError ResourcePolicyInvalidParameterException */
function findShared(ssm: SsmContext, arn: string, call: Call): MaybePromise<Found<Named>> {
  const isParameter = /^arn:[a-z-]+:ssm:[^:]+:\d{12}:parameter\/[^:]+$/.test(arn);
  if (!isParameter) throw notShareable(`${arn} is not the ARN of a parameter.`);
  const name = parseParameterName(arn);
  return whenHere(findNamed(ssm.records, name, call), (named) => found(named, {}));
}

function present({ entry }: Named): ParameterEntry {
  if (entry === undefined) throw noSuchResource();
  return entry;
}

/** One of the same name that is made later is a stranger. */
async function idsOf(
  { ports }: SsmContext,
  arns: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  const ids: Record<string, string> = {};
  for (const arn of arns) {
    const id = await ports.uniqueIdOf(arn);
    if (id === undefined) throw policyMalformed(`Invalid principal in policy: "AWS":"${arn}"`);
    ids[arn] = id;
  }
  return ids;
}

interface Versioned {
  readonly PolicyId?: string;
  readonly PolicyHash?: string;
}

/** The id of the policy that is replaced; undefined for a new one. */
function idToPut(sharing: Sharing | undefined, input: Versioned): string | undefined {
  const isNew = input.PolicyId === undefined && input.PolicyHash === undefined;
  if (!isNew) return requireMatch(sharing, input).policyId;
  if (sharing !== undefined) throw tooManyResourcePolicies();
  return undefined;
}

function requireMatch(sharing: Sharing | undefined, { PolicyId, PolicyHash }: Versioned): Sharing {
  if (sharing === undefined || sharing.policyId !== PolicyId) throw policyMissing();
  if (sharing.policyHash !== PolicyHash) throw policyConflict();
  return sharing;
}
