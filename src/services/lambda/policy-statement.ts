/** The statements of a function's policy, as AddPermission makes them. Pure. */
import type { AddPermissionRequest } from '../../model/lambda.generated.ts';
import { principalInvalid } from './errors.ts';

export interface PolicyStatement {
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Principal: '*' | Readonly<Record<string, string>>;
  readonly Action: string;
  readonly Resource: string;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** @throws ApiError InvalidParameterValueException for what is no principal */
export function statementOf(
  input: AddPermissionRequest,
  { arn, partition }: { readonly arn: string; readonly partition: string },
): PolicyStatement {
  const condition = conditionOf(input);
  return {
    Sid: input.StatementId,
    Effect: 'Allow',
    Principal: principalOf(input.Principal, partition),
    Action: input.Action,
    Resource: arn,
    ...(Object.keys(condition).length === 0 ? {} : { Condition: condition }),
  };
}

function principalOf(given: string, partition: string): PolicyStatement['Principal'] {
  if (given === '*') return '*';
  if (/^\d{12}$/.test(given)) return { AWS: `arn:${partition}:iam::${given}:root` };
  if (/^arn:aws[a-z-]*:(iam::\d{12}:(root|(user|role)\/.+)|sts::\d{12}:.+\/.+)$/.test(given))
    return { AWS: given };
  if (/^[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com(\.cn)?$/.test(given)) return { Service: given };
  throw principalInvalid();
}

/** Operator, condition key and value, as Lambda writes them. */
function conditionOf(input: AddPermissionRequest): Record<string, Record<string, string>> {
  const { InvokedViaFunctionUrl } = input;
  const conditions: ReadonlyArray<readonly [string, string, string | undefined]> = [
    ['StringEquals', 'AWS:SourceAccount', input.SourceAccount],
    ['StringEquals', 'aws:PrincipalOrgID', input.PrincipalOrgID],
    ['StringEquals', 'lambda:EventSourceToken', input.EventSourceToken],
    ['StringEquals', 'lambda:FunctionUrlAuthType', input.FunctionUrlAuthType],
    [
      'Bool',
      'lambda:InvokedViaFunctionUrl',
      InvokedViaFunctionUrl === undefined ? undefined : String(InvokedViaFunctionUrl),
    ],
    ['ArnLike', 'AWS:SourceArn', input.SourceArn],
  ];
  const condition: Record<string, Record<string, string>> = {};
  for (const [operator, key, value] of conditions)
    if (value !== undefined) condition[operator] = { ...condition[operator], [key]: value };
  return condition;
}

export const policyText = (statements: readonly PolicyStatement[]): string =>
  JSON.stringify({ Version: '2012-10-17', Id: 'default', Statement: statements });

/** Of a text that `policyText` made. */
export const statementsIn = (text: string): readonly PolicyStatement[] =>
  (JSON.parse(text) as { Statement: PolicyStatement[] }).Statement;
