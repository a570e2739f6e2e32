/**
 * IAM's own condition keys and those about tags of a request.
 * (https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html)
 */
import type { ConditionKeys } from '../../operation.ts';
import { foldCase } from '../../policy/context.ts';
import type { Tag } from './records.ts';

export interface ConditionFacts {
  /** Tags that the request brings. */
  readonly tags?: ReadonlyArray<{ readonly Key: string; readonly Value: string }> | undefined;
  /** Keys of tags that it takes away. */
  readonly tagKeys?: readonly string[] | undefined;
  /** The managed policy that is attached or detached. */
  readonly policyArn?: string | undefined;
  /** The boundary that is asked for or, without one, that is there. */
  readonly boundary?: string | undefined;
  /** The service that a role is handed to. */
  readonly passedTo?: string | undefined;
  /** The service that a service-linked role is for. */
  readonly serviceName?: string | undefined;
  /** Tags of the user or role that is acted on. */
  readonly resourceTags?: readonly Tag[] | undefined;
}

const single: Readonly<Record<string, (facts: ConditionFacts) => string | undefined>> = {
  'iam:policyarn': ({ policyArn }) => policyArn,
  'iam:permissionsboundary': ({ boundary }) => boundary,
  'iam:passedtoservice': ({ passedTo }) => passedTo,
  'iam:awsservicename': ({ serviceName }) => serviceName,
};

export function conditionsOf(facts: ConditionFacts): ConditionKeys {
  return (key) => {
    if (Object.hasOwn(single, key)) return single[key]?.(facts);
    if (key === 'aws:tagkeys') return facts.tags?.map(({ Key }) => Key) ?? facts.tagKeys;
    const slash = key.indexOf('/');
    const name = key.slice(slash + 1);
    switch (key.slice(0, slash)) {
      case 'aws:requesttag':
        return facts.tags?.find(({ Key }) => foldCase(Key) === name)?.Value;
      case 'iam:resourcetag':
        return facts.resourceTags?.find((tag) => foldCase(tag.key) === name)?.value;
      default:
        return undefined;
    }
  };
}
