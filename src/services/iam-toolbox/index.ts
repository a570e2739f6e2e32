/**
 * IAM Toolbox: why a call was denied, in the form of AWS's preview.
 * (https://docs.aws.amazon.com/iam-toolbox/latest/APIReference/Welcome.html)
 */
import type {
  Check,
  CheckType,
  IamToolboxModel,
  MatchedPolicy,
  PolicyType as WirePolicyType,
} from '../../model/iam-toolbox.generated.ts';
import type { Call, Found, Operations, OperationTable } from '../../operation.ts';
import type { PolicyType } from '../../policy/evaluate.ts';
import type { ExplainedPolicy, Explanation } from '../../policy/explain.ts';
import { detailsNotFound, policyNotFound } from './errors.ts';

/** A denial as it is kept. */
export interface KeptDenial {
  readonly requestId: string;
  readonly at: number;
  readonly region: string;
  readonly account: string;
  readonly principalArn: string;
  readonly explanation: Explanation;
  readonly policies: readonly {
    readonly uri: string;
    readonly type: PolicyType;
    readonly isInline: boolean;
    readonly attachedTo?: string;
    /** JSON */
    readonly document: string;
  }[];
}

export interface ToolboxPorts {
  readonly findDenial: (id: string) => Promise<KeptDenial | undefined>;
}

export function createIamToolbox(ports: ToolboxPorts): OperationTable {
  const find = async (
    { authorizationId }: { readonly authorizationId: string },
    call: Call,
  ): Promise<Found<KeptDenial>> => {
    const denial = await ports.findDenial(authorizationId);
    if (denial === undefined || denial.account !== call.principal.account)
      throw detailsNotFound(authorizationId);
    return { resource: { arn: '*', account: call.principal.account }, subject: denial };
  };
  const operations = {
    GetRequestAuthorizationDetails: {
      readOnly: true,
      find,
      run: (_input, _call, denial: KeptDenial) => ({
        requestContext: requestContext(denial),
        evaluations: [evaluationOf(denial)],
        policies: denial.policies.map(({ uri, type, isInline, attachedTo }) => ({
          type: wireType(type),
          inline: isInline,
          uri,
          ...(attachedTo === undefined ? {} : { attachedTo: [{ arn: attachedTo }] }),
        })),
      }),
    },
    GetRequestAuthorizationPolicy: {
      readOnly: true,
      find,
      run: ({ policyUri }, _call, { policies }: KeptDenial) => {
        const policy = policies.find(({ uri }) => uri === policyUri);
        if (policy === undefined) throw policyNotFound(policyUri);
        return { policyDocument: JSON.parse(policy.document) };
      },
    },
  } satisfies Operations<IamToolboxModel>;
  return new Map(Object.entries(operations));
}

/** The keys that are the request's, whatever was asked of it. */
const requestContext = (denial: KeptDenial) => ({
  'aws:PrincipalArn': denial.principalArn,
  'aws:PrincipalAccount': denial.principalArn.split(':')[4] ?? '',
  'aws:RequestedRegion': denial.region,
  'aws:CurrentTime': new Date(denial.at).toISOString(),
});

function evaluationOf({ explanation }: KeptDenial) {
  const { action, resource, decision, policies } = explanation;
  return {
    action,
    resource,
    evaluatedEffect: isExplicit(decision.because) ? 'EXPLICIT_DENY' : 'IMPLICIT_DENY',
    checks: checks.flatMap(([checkType, types]) => {
      const relevant = policies.filter(({ type }) => types.includes(type));
      return relevant.length === 0 && checkType !== 'PRINCIPAL'
        ? []
        : [checkOf(checkType, types, relevant)];
    }),
  } as const;
}

const isExplicit = (because: string): boolean => because === 'explicit deny';

const checks: readonly (readonly [CheckType, readonly PolicyType[]])[] = [
  ['SERVICE_CONTROL_POLICY', ['service-control']],
  ['RESOURCE_CONTROL_POLICY', ['resource-control']],
  ['VPC_ENDPOINT', ['vpc-endpoint']],
  ['RESOURCE', ['resource', 'trust']],
  ['PRINCIPAL', ['identity']],
  ['PERMISSIONS_BOUNDARY', ['boundary']],
  ['SESSION', ['session']],
];

function checkOf(
  checkType: CheckType,
  types: readonly PolicyType[],
  relevant: readonly ExplainedPolicy[],
): Check {
  const matched = relevant.flatMap(matchedPolicy);
  const effects = matched.flatMap(({ matchedStatements = [] }) =>
    matchedStatements.map(({ evaluatedEffect }) => evaluatedEffect),
  );
  return {
    checkType,
    evaluatedEffect: effects.includes('DENY')
      ? 'EXPLICIT_DENY'
      : effects.includes('ALLOW')
        ? 'ALLOW'
        : 'IMPLICIT_DENY',
    relevantPolicyTypes: types.filter((type) => type !== 'trust').map(wireType),
    ...(matched.length === 0 ? {} : { matchedPolicies: matched }),
  };
}

function matchedPolicy(policy: ExplainedPolicy): readonly MatchedPolicy[] {
  const matched = policy.statements.filter((statement) => statement.matched);
  if (matched.length === 0) return [];
  return [
    {
      uri: policy.arn ?? `${policy.attachedTo ?? ''}#${policy.type}/${policy.name}`,
      matchedStatements: matched.map(({ sid, effect }) => ({
        ...(sid === undefined ? {} : { sid }),
        evaluatedEffect: effect === 'Allow' ? 'ALLOW' : 'DENY',
      })),
    },
  ];
}

const wireTypes: Readonly<Record<PolicyType, WirePolicyType>> = {
  identity: 'IDENTITY_BASED_POLICY',
  resource: 'RESOURCE_BASED_POLICY',
  trust: 'RESOURCE_BASED_POLICY',
  boundary: 'PERMISSIONS_BOUNDARY',
  session: 'SESSION_POLICY',
  'service-control': 'SERVICE_CONTROL_POLICY',
  'resource-control': 'RESOURCE_CONTROL_POLICY',
  'vpc-endpoint': 'VPC_ENDPOINT_POLICY',
};
const wireType = (type: PolicyType): WirePolicyType => wireTypes[type];
