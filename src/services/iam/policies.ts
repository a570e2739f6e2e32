/** Managed policies: making, showing, listing and deleting them. */
import type {
  CreatePolicyRequest,
  IamModel,
  ListPoliciesRequest,
  Policy,
} from '../../model/iam.generated.ts';
import type { Call, Found, Operations } from '../../operation.ts';
import { awsManagedPolicies } from './aws-managed-policies.ts';
import { conditionsOf } from './conditions.ts';
import type { IamContext } from './context.ts';
import { checkManagedPolicy } from './documents.ts';
import { listResource } from './entities.ts';
import { policyExists, policyHasVersions, policyInUse } from './errors.ts';
import { iamArn, newUniqueId } from './ids.ts';
import {
  needOwnPolicy,
  needPolicy,
  policyResource,
  type SoughtPolicy,
  seekPolicy,
} from './managed-policy.ts';
import { allOfAccount, pageOf } from './page.ts';
import { countAllUses, countOf, type UseCount, usesOf } from './policy-uses.ts';
import { requireRoom } from './quota.ts';
import { type ManagedPolicyRecord, recordId } from './records.ts';
import { listedAwsPolicy, listedPolicy } from './shown-policy.ts';
import { shownTags, withTags } from './tag-rules.ts';

export function policyOperations(iam: IamContext) {
  return {
    CreatePolicy: {
      readOnly: false,
      find: ({ PolicyName, Path = '/', Tags }, call) => ({
        resource: newPolicyResource({ name: PolicyName, path: Path }, call),
        subject: undefined,
        conditions: conditionsOf({ tags: Tags }),
      }),
      run: (input, call) => createPolicy(iam, input, call),
    },
    GetPolicy: {
      readOnly: true,
      find: (input, call) => findPolicy(iam, input, call),
      run: async (_input, call, sought: SoughtPolicy) => ({
        Policy: await shownPolicy(iam, needPolicy(sought), call),
      }),
    },
    ListPolicies: {
      readOnly: true,
      find: ({ PathPrefix }, call) => ({
        resource: listResource('policy', PathPrefix, call),
        subject: undefined,
      }),
      run: async (input, call) => {
        const wanted = await wantedPolicies(iam, input, call);
        const { items, tail } = pageOf(wanted, ({ PolicyId }) => PolicyId as string, input);
        return { Policies: items, ...tail };
      },
    },
    DeletePolicy: {
      readOnly: false,
      find: (input, call) => findPolicy(iam, input, call),
      run: async (_input, call, sought: SoughtPolicy) => {
        const entry = needOwnPolicy(sought, call);
        const { attached, bounded } = countOf(await usesOf(iam.records, entry.value));
        if (attached + bounded > 0) throw policyInUse();
        if (entry.value.versions.length > 1) throw policyHasVersions();
        call.stage(iam.records.policies.remove(entry));
      },
    },
  } satisfies Operations<IamModel, 'CreatePolicy' | 'GetPolicy' | 'ListPolicies' | 'DeletePolicy'>;
}

/** For a row's `find`: the policy of this ARN. */
export async function findPolicy(
  { records }: IamContext,
  { PolicyArn }: { readonly PolicyArn: string },
  call: Call,
): Promise<Found<SoughtPolicy>> {
  const sought = await seekPolicy(records, PolicyArn, call);
  return { resource: policyResource(sought, call), subject: sought };
}

function newPolicyResource(
  { name, path }: { readonly name: string; readonly path: string },
  { partition, principal: { account } }: Call,
) {
  const arn = iamArn({ partition, account, type: 'policy', path, name });
  return { arn, account, type: 'AWS::IAM::Policy' };
}

async function createPolicy(
  { records }: IamContext,
  { PolicyName: name, Path: path = '/', PolicyDocument, Description, Tags }: CreatePolicyRequest,
  call: Call,
): Promise<{ Policy: Policy }> {
  const { account } = call.principal;
  const resource = newPolicyResource({ name, path }, call);
  if (Tags !== undefined)
    call.authorize('iam:TagPolicy', resource, { conditions: conditionsOf({ tags: Tags }) });
  checkManagedPolicy(PolicyDocument);
  const id = recordId(account, name);
  if ((await records.policies.get(id)) !== undefined) throw policyExists(name);
  await requireRoom(records.policies, account, 'Policies');
  const policy: ManagedPolicyRecord = {
    account,
    name,
    path,
    policyId: newUniqueId('policy', call.world),
    arn: resource.arn,
    ...(Description === undefined ? {} : { description: Description }),
    createdAt: call.now,
    updatedAt: call.now,
    tags: withTags([], Tags),
    versions: [{ id: 'v1', document: PolicyDocument, createdAt: call.now, isDefault: true }],
    lastVersion: 1,
  };
  call.stage(records.policies.insert(id, policy));
  const tags = Tags === undefined ? {} : { Tags: shownTags(policy.tags) };
  return { Policy: { ...listedPolicy(policy, undefined), ...tags } };
}

async function shownPolicy(
  { records }: IamContext,
  { arn, entry, aws }: SoughtPolicy,
  { principal: { account } }: Call,
): Promise<Policy> {
  const uses = countOf(await usesOf(records, { arn, account }));
  const policy = entry?.value;
  const description = policy?.description ?? aws?.description;
  return {
    ...(policy !== undefined ? listedPolicy(policy, uses) : {}),
    ...(aws !== undefined ? listedAwsPolicy({ arn, policy: aws }, uses) : {}),
    ...(description === undefined ? {} : { Description: description }),
    Tags: shownTags(policy?.tags ?? []),
  };
}

/** AWS's first, in the order in which they were made, then the account's by name. */
async function wantedPolicies(
  { records }: IamContext,
  input: ListPoliciesRequest,
  { partition, principal: { account } }: Call,
): Promise<readonly Policy[]> {
  const { Scope = 'All', OnlyAttached = false, PathPrefix = '/', PolicyUsageFilter } = input;
  const uses = await countAllUses(records, account);
  const isWanted = (arn: string, path: string): boolean =>
    path.startsWith(PathPrefix) &&
    (!OnlyAttached || isUsed(uses.get(arn))) &&
    (PolicyUsageFilter === undefined || isUsed(uses.get(arn), PolicyUsageFilter));
  const aws = Scope === 'Local' ? [] : awsManagedPolicies;
  const own = Scope === 'AWS' ? [] : await allOfAccount(records.policies, account);
  return [
    ...aws
      .map((policy) => ({ arn: awsPolicyArn(partition, policy), policy }))
      .filter(({ arn, policy }) => isWanted(arn, policy.path))
      .map(({ arn, policy }) => listedAwsPolicy({ arn, policy }, uses.get(arn))),
    ...own
      .filter(({ arn, path }) => isWanted(arn, path))
      .map((policy) => listedPolicy(policy, uses.get(policy.arn))),
  ];
}

const isUsed = (
  { attached, bounded }: UseCount = { attached: 0, bounded: 0 },
  as?: ListPoliciesRequest['PolicyUsageFilter'],
): boolean =>
  (as !== 'PermissionsBoundary' && attached > 0) || (as !== 'PermissionsPolicy' && bounded > 0);

export const awsPolicyArn = (
  partition: string,
  { path, name }: { readonly path: string; readonly name: string },
): string => iamArn({ partition, account: 'aws', type: 'policy', path, name });
