/** From what a request calls a parameter to the parameter, and what is decided on. */
import type { Call, Circumstances, ConditionKeys, Found, Resource } from '../../operation.ts';
import { foldCase } from '../../policy/context.ts';
import type { Parameter } from './parameter.ts';
import { type Owner, type ParameterName, parameterArn } from './parameter-name.ts';
import { type ParameterEntry, parameterId, type Records } from './records.ts';
import { type MaybePromise, whenHere } from './when.ts';

/** A parameter that a request names, which may not be there. */
export interface Named {
  readonly name: ParameterName;
  readonly owner: Owner;
  readonly arn: string;
  readonly entry: ParameterEntry | undefined;
}

export const ownerOf = (call: Call): Owner & { readonly partition: string } => ({
  account: call.principal.account,
  region: call.region,
  partition: call.partition,
});

/** At once when the parameter is cached. Those of other Regions aren't to be found in this one. */
export function findNamed(records: Records, name: ParameterName, call: Call): MaybePromise<Named> {
  const owner = name.owner ?? { account: call.principal.account, region: call.region };
  const arn = parameterArn({ ...owner, partition: call.partition }, name.path);
  if (owner.region !== call.region) return { name, owner, arn, entry: undefined };
  const id = parameterId(owner, name.path);
  return whenHere(records.parameters.peek(id) ?? records.parameters.get(id), (entry) => ({
    name,
    owner,
    arn,
    entry,
  }));
}

const resourceType = 'AWS::SSM::Parameter';
const resources = new WeakMap<Parameter, Resource>();

/** With its tags, and the policy that shares it. */
export function resourceOf({ arn, owner, entry }: Omit<Named, 'name'>): Resource {
  if (entry === undefined) return { arn, account: owner.account, type: resourceType };
  const { value: parameter } = entry;
  let resource = resources.get(parameter);
  if (resource === undefined) {
    const { sharing, account, tags } = parameter;
    resource = {
      arn,
      account,
      type: resourceType,
      tags: Object.fromEntries(tags.map(({ key, value }) => [key, value])),
      ...(sharing === undefined
        ? {}
        : {
            policy: {
              text: sharing.text,
              rule: 'ordinary',
              name: sharing.policyId,
              principalIds: sharing.principalIds,
            },
          }),
    };
    resources.set(parameter, resource);
  }
  return resource;
}

/** What a row's `find` gives for a named parameter. */
export const found = (named: Named, input: RequestMembers): Found<Named> => ({
  resource: resourceOf(named),
  subject: named,
  ...circumstances(input, named.entry),
});

/** The members of requests that condition keys are read from. */
export interface RequestMembers {
  readonly Overwrite?: boolean;
  readonly Recursive?: boolean;
  readonly Policies?: string;
  readonly Tags?: ReadonlyArray<{ readonly Key: string; readonly Value: string }>;
  readonly TagKeys?: readonly string[];
}

const requestTag = 'aws:requesttag/';
const resourceTag = 'ssm:resourcetag/';

/**
 * Parameter Store's condition keys
 * (https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html).
 * `ssm:Overwrite` and `ssm:Policies` are of PutParameter, `ssm:Recursive` of GetParametersByPath.
 */
export function circumstances(
  input: RequestMembers,
  entry: ParameterEntry | undefined,
  of: 'put' | 'path' | 'other' = 'other',
): Circumstances {
  const conditions: ConditionKeys = (key) => {
    switch (key) {
      case 'ssm:overwrite':
        return of === 'put' ? String(input.Overwrite === true) : undefined;
      case 'ssm:policies':
        return of === 'put' ? String(input.Policies !== undefined) : undefined;
      case 'ssm:recursive':
        return of === 'path' ? String(input.Recursive === true) : undefined;
      case 'aws:tagkeys':
        return tagKeys(input);
    }
    if (key.startsWith(requestTag)) return requestTagValue(input, key.slice(requestTag.length));
    if (!key.startsWith(resourceTag)) return undefined;
    const wanted = key.slice(resourceTag.length);
    return taggedValue(entry?.value.tags.filter((tag) => foldCase(tag.key) === wanted) ?? []);
  };
  // Who may not see a parameter of another account must not learn whether it is there.
  return { conditions, concealedAs: 'this resource' };
}

function tagKeys({ Tags = [], TagKeys = [] }: RequestMembers): readonly string[] | undefined {
  const keys = [...Tags.map(({ Key }) => Key), ...TagKeys];
  return keys.length === 0 ? undefined : keys;
}

function requestTagValue({ Tags = [] }: RequestMembers, wanted: string) {
  const tags = Tags.filter(({ Key }) => foldCase(Key) === wanted);
  return taggedValue(tags.map(({ Value: value }) => ({ value })));
}

/** Two tags may differ by case only; then both values count. */
const taggedValue = (tags: ReadonlyArray<{ readonly value: string }>) =>
  tags.length > 1 ? tags.map(({ value }) => value) : tags[0]?.value;
