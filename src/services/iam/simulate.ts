/** SimulatePrincipalPolicy, SimulateCustomPolicy, and the context keys that either would need. */
import type {
  ContextEntry,
  EvaluationResult,
  IamModel,
  SimulateCustomPolicyRequest,
  SimulatePolicyResponse,
  SimulatePrincipalPolicyRequest,
} from '../../model/iam.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import { foldCase } from '../../policy/context.ts';
import type { Caller, ConditionValue } from '../../policy/evaluate.ts';
import type { IamContext } from './context.ts';
import type { Kinds } from './entities.ts';
import {
  callerNeeded,
  invalidEntityArn,
  invalidSimulationAction,
  oneBoundaryOnly,
} from './errors.ts';
import { pageOf } from './page.ts';
import {
  contextKeysOf,
  inputPolicies,
  type SimulatedPolicy,
  simulatedPolicy,
} from './simulated-policies.ts';
import {
  findPrincipal,
  type SimulatedPrincipal,
  type SoughtPrincipal,
  simulatedPrincipal,
} from './simulated-principal.ts';
import { policiesOf, type Simulation, simulate } from './simulation.ts';

export function simulateOperations(iam: IamContext, kinds: Kinds) {
  const everyone = (_input: unknown, { principal: { account } }: Call) => ({
    resource: { arn: '*', account },
    subject: undefined,
  });
  return {
    SimulateCustomPolicy: {
      readOnly: true,
      find: everyone,
      run: (input, call) => {
        const caller = callerOf(input.CallerArn, strangerOf(call));
        const policies = inputPolicies(input.PolicyInputList, identityInput);
        const principal = { caller, policies, boundary: undefined, keys: new Map() };
        return results(input, { principal, levels: levelsOf(input) });
      },
    },
    SimulatePrincipalPolicy: {
      readOnly: true,
      find: ({ PolicySourceArn }, call) => findPrincipal(kinds, PolicySourceArn, call),
      run: async (input, _call, sought: SoughtPrincipal) => {
        const known = await simulatedPrincipal(iam.records, sought);
        if (input.ResourcePolicy !== undefined && input.CallerArn === undefined)
          if (known.caller.type !== 'IAMUser' || known.caller.principalId === '')
            throw callerNeeded();
        const more = inputPolicies(input.PolicyInputList, identityInput);
        const principal = {
          ...known,
          caller: callerOf(input.CallerArn, known.caller),
          policies: [...known.policies.filter(isKept(input)), ...more],
          boundary: [known.boundary].find((each) => each !== undefined && isKept(input)(each)),
        };
        return results(input, { principal, levels: undefined });
      },
    },
    GetContextKeysForCustomPolicy: {
      readOnly: true,
      find: everyone,
      run: ({ PolicyInputList }) => ({
        ContextKeyNames: contextKeysOf(inputPolicies(PolicyInputList, identityInput)),
      }),
    },
    GetContextKeysForPrincipalPolicy: {
      readOnly: true,
      find: ({ PolicySourceArn }, call) => findPrincipal(kinds, PolicySourceArn, call),
      run: async ({ PolicyInputList }, _call, sought: SoughtPrincipal) => {
        const { policies } = await simulatedPrincipal(iam.records, sought);
        const more = inputPolicies(PolicyInputList, identityInput);
        return { ContextKeyNames: contextKeysOf([...policies, ...more]) };
      },
    },
  } satisfies Operations<
    IamModel,
    | 'SimulateCustomPolicy'
    | 'SimulatePrincipalPolicy'
    | 'GetContextKeysForCustomPolicy'
    | 'GetContextKeysForPrincipalPolicy'
  >;
}

const identityInput = { type: 'identity', list: 'PolicyInputList' } as const;

/** Somebody in the account of whom nothing more is known. */
function strangerOf({ principal: { account } }: Call): Caller {
  return { type: 'IAMUser', account, arn: `arn:aws:iam::${account}:user/`, principalId: '' };
}

/** @throws ApiError InvalidInput when it isn't the ARN of a user. */
function callerOf(arn: string | undefined, otherwise: Caller): Caller {
  if (arn === undefined) return otherwise;
  const account = /^arn:aws[a-z-]*:iam::(\d{12}):user\/[\x21-\x7e]+$/.exec(arn)?.[1];
  if (account === undefined) throw invalidEntityArn(arn);
  return {
    type: 'IAMUser',
    account,
    arn,
    principalId: arn === otherwise.arn ? otherwise.principalId : '',
  };
}

/** The policies that the request doesn't exclude, inline ones by name and managed ones by ARN. */
function isKept({ PolicyExclusionList = [] }: SimulatePrincipalPolicyRequest) {
  const excluded = new Set(
    PolicyExclusionList.map(({ PolicyArn, InlinePolicyIdentifier: inline }) =>
      inline === undefined
        ? PolicyArn
        : `${inline.AttachmentType}_${inline.AttachmentName}_${inline.PolicyName}`,
    ),
  );
  return ({ name, arn }: SimulatedPolicy): boolean => !excluded.has(arn ?? name);
}

interface Subject {
  readonly principal: SimulatedPrincipal;
  readonly levels: Simulation['levels'];
}

type Request = SimulateCustomPolicyRequest | SimulatePrincipalPolicyRequest;

/** So many decisions one page holds at the most; one with more resources has one action. */
const decisionsPerPage = 2_000;

async function results(
  input: Request,
  { principal, levels }: Subject,
): Promise<SimulatePolicyResponse> {
  for (const action of input.ActionNames)
    if (!/^[\w-]+:[\w*?-]+$/.test(action)) throw invalidSimulationAction(action);
  const simulation = simulationOf(input, { principal, levels });
  const resources = resourcesOf(input, simulation);
  const MaxItems = Math.min(
    input.MaxItems ?? 100,
    Math.max(1, Math.floor(decisionsPerPage / resources.length)),
  );
  const numbered = input.ActionNames.map((action, index) => ({ action, index }));
  const { items, tail } = pageOf(numbered, ({ index }) => String(index), { ...input, MaxItems });
  const EvaluationResults: EvaluationResult[] = [];
  for (const { action } of items) {
    EvaluationResults.push(resultOf(simulation, action, resources));
    await othersTurn();
  }
  return { EvaluationResults, ...tail };
}

/** Policies may be long and actions many; whoever else asks something is not kept waiting. */
const othersTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function simulationOf(input: Request, { principal, levels }: Subject): Simulation {
  const { ResourcePolicy, PermissionsBoundaryPolicyInputList: boundaries } = input;
  if ((boundaries?.length ?? 0) > 1) throw oneBoundaryOnly();
  const [boundary = principal.boundary] = inputPolicies(boundaries, {
    type: 'boundary',
    list: 'PermissionsBoundaryPolicyInputList',
  });
  const simulation = {
    caller: principal.caller,
    identity: principal.policies,
    boundary,
    resourcePolicy:
      ResourcePolicy === undefined
        ? undefined
        : simulatedPolicy({ type: 'resource', name: 'ResourcePolicy', text: ResourcePolicy }),
    levels,
    keys: new Map<string, ConditionValue>([
      ...principal.keys,
      ...(input.ContextEntries ?? []).flatMap(keyOf),
    ]),
  };
  const spelled = contextKeysOf(policiesOf({ ...simulation, spelled: new Map() }));
  return { ...simulation, spelled: new Map(spelled.map((name) => [foldCase(name), name])) };
}

/** An entry without values is as none. */
function keyOf({ ContextKeyName, ContextKeyValues = [], ContextKeyType }: ContextEntry) {
  const [first] = ContextKeyValues;
  if (ContextKeyName === undefined || first === undefined) return [];
  const isList = ContextKeyValues.length > 1 || ContextKeyType?.endsWith('List') === true;
  const value: ConditionValue = isList ? ContextKeyValues : first;
  return [[foldCase(ContextKeyName), value] as const];
}

const levelsOf = ({
  OrderedOrganizationPolicyInputList: levels,
}: SimulateCustomPolicyRequest): Simulation['levels'] =>
  levels?.map(({ ServiceControlPolicyInputList }, index) =>
    inputPolicies(ServiceControlPolicyInputList, {
      type: 'service-control',
      list: `OrderedOrganizationPolicyInputList.${index + 1}.ServiceControlPolicyInputList`,
    }),
  );

interface SimulatedResource {
  readonly arn: string;
  readonly account: string;
}

/**
 * Without a resource policy a resource counts as the caller's own, since nothing could speak for
 * its account.
 */
function resourcesOf(
  { ResourceArns = ['*'], ResourceOwner }: Request,
  { caller, resourcePolicy }: Simulation,
): readonly SimulatedResource[] {
  const owner = /^(?:arn:aws[a-z-]*:[a-z]+::)?(\d{12})(?::.*)?$/.exec(ResourceOwner ?? '')?.[1];
  return ResourceArns.map((arn) => {
    const named = /^arn:[^:]*:[^:]*:[^:]*:(\d{12}):/.exec(arn)?.[1];
    const account = resourcePolicy === undefined ? undefined : (named ?? owner);
    return { arn, account: account ?? caller.account };
  });
}

/** With one resource its result is the action's; with several the action's sums them up. */
function resultOf(
  simulation: Simulation,
  action: string,
  resources: readonly SimulatedResource[],
): EvaluationResult {
  const all = resources.map((resource) => ({
    arn: resource.arn,
    result: simulate(simulation, { action, resource }),
  }));
  const [{ arn, result: first }] = all as [(typeof all)[number]];
  const { decision, allowedByOrganizations: _told, ...alone } = first;
  const decisions = all.map(({ result }) => result.decision);
  const summed = decisions.includes('explicitDeny') ? 'explicitDeny' : 'implicitDeny';
  const isAlone = all.length === 1;
  return {
    EvalActionName: action,
    EvalResourceName: isAlone ? arn : '*',
    EvalDecision: decisions.every((each) => each === 'allowed') ? 'allowed' : summed,
    ...(isAlone ? alone : { MatchedStatements: [], MissingContextValues: [] }),
    ...(isAlone && arn !== '*' ? { MissingContextValues: [] } : {}),
    ...organizations(all.map(({ result }) => result.allowedByOrganizations)),
    ...(isAlone && arn === '*' ? {} : { ResourceSpecificResults: all.map(specific) }),
  };
}

function specific({ arn, result }: { arn: string; result: ReturnType<typeof simulate> }) {
  const { decision, allowedByOrganizations: _told, ...rest } = result;
  return { EvalResourceName: arn, EvalResourceDecision: decision, ...rest };
}

function organizations(
  allowed: readonly (boolean | undefined)[],
): Pick<EvaluationResult, 'OrganizationsDecisionDetail'> {
  if (allowed[0] === undefined) return {};
  return { OrganizationsDecisionDetail: { AllowedByOrganizations: !allowed.includes(false) } };
}
