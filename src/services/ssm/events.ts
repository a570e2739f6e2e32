/**
 * What Parameter Store tells EventBridge.
 * (https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-cwe.html)
 */
import type { Parameter } from './parameter.ts';
import type { ParameterPolicy } from './parameter-policy.ts';

/** An event as EventBridge's envelope has it, without what the bus adds. */
export interface ParameterEvent {
  readonly source: 'aws.ssm';
  readonly detailType: 'Parameter Store Change' | 'Parameter Store Policy Action';
  readonly account: string;
  readonly region: string;
  /** ms since 1970 */
  readonly time: number;
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
}

export type Change = 'Create' | 'Update' | 'Delete' | 'LabelParameterVersion';

export function changeEvent(parameter: Parameter, operation: Change, time: number): ParameterEvent {
  const { name, current } = parameter;
  const { type, description } = current;
  const described = description === undefined ? {} : { description };
  return event(parameter, 'Parameter Store Change', time, {
    operation,
    name,
    type,
    ...described,
  });
}

export function policyEvent(
  parameter: Parameter,
  policy: ParameterPolicy,
  time: number,
): ParameterEvent {
  return event(parameter, 'Parameter Store Policy Action', time, {
    'parameter-name': parameter.name,
    'parameter-type': parameter.current.type,
    'policy-type': policy.type,
    'policy-content': policy.text,
    'action-status': 'Success',
  });
}

function event(
  { account, region, arn }: Parameter,
  detailType: ParameterEvent['detailType'],
  time: number,
  detail: ParameterEvent['detail'],
): ParameterEvent {
  return { source: 'aws.ssm', detailType, account, region, time, resources: [arn], detail };
}
