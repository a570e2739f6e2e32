/** Versions of managed policies: up to five, one of them the default, which is what counts. */
import type { CreatePolicyVersionRequest, IamModel } from '../../model/iam.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import type { IamContext } from './context.ts';
import { checkManagedPolicy } from './documents.ts';
import {
  defaultVersionStays,
  policyNotAttachable,
  policyVersionNotFound,
  tooManyVersions,
} from './errors.ts';
import { limits } from './limits.ts';
import { needOwnPolicy, needPolicy, type SoughtPolicy } from './managed-policy.ts';
import { pageOf } from './page.ts';
import { findPolicy } from './policies.ts';
import type { PolicyVersion } from './records.ts';
import { awsVersion, listedVersion, shownVersion } from './shown-policy.ts';

export function policyVersionOperations(iam: IamContext) {
  const find = (input: { readonly PolicyArn: string }, call: Call) => findPolicy(iam, input, call);
  return {
    CreatePolicyVersion: {
      readOnly: false,
      find,
      run: (input, call, sought: SoughtPolicy) => createVersion(iam, input, call, sought),
    },
    GetPolicyVersion: {
      readOnly: true,
      find,
      run: ({ VersionId }, _call, sought: SoughtPolicy) => ({
        PolicyVersion: shownVersion(theVersion(versionsOf(sought), sought.arn, VersionId)),
      }),
    },
    ListPolicyVersions: {
      readOnly: true,
      find,
      run: (input, _call, sought: SoughtPolicy) => {
        const newestFirst = versionsOf(needPolicy(sought, policyNotAttachable)).toReversed();
        const { items, tail } = pageOf(newestFirst, ({ id }) => id, input);
        return { Versions: items.map(listedVersion), ...tail };
      },
    },
    SetDefaultPolicyVersion: {
      readOnly: false,
      find,
      run: ({ PolicyArn, VersionId }, call, sought: SoughtPolicy) => {
        const missing = () => policyVersionNotFound(PolicyArn, VersionId);
        const entry = needOwnPolicy(sought, call, missing);
        const { versions } = entry.value;
        const { id } = theVersion(versions, PolicyArn, VersionId);
        call.stage(
          iam.records.policies.replace(entry, {
            ...entry.value,
            versions: withDefault(versions, id),
            updatedAt: call.now,
          }),
        );
      },
    },
    DeletePolicyVersion: {
      readOnly: false,
      find,
      run: ({ PolicyArn, VersionId }, call, sought: SoughtPolicy) => {
        const missing = () => policyVersionNotFound(PolicyArn, VersionId);
        const entry = needOwnPolicy(sought, call, missing);
        const { versions } = entry.value;
        const gone = theVersion(versions, PolicyArn, VersionId);
        if (gone.isDefault) throw defaultVersionStays();
        call.stage(
          iam.records.policies.replace(entry, {
            ...entry.value,
            versions: versions.filter(({ id }) => id !== gone.id),
            updatedAt: call.now,
          }),
        );
      },
    },
  } satisfies Operations<
    IamModel,
    | 'CreatePolicyVersion'
    | 'GetPolicyVersion'
    | 'ListPolicyVersions'
    | 'SetDefaultPolicyVersion'
    | 'DeletePolicyVersion'
  >;
}

function createVersion(
  { records }: IamContext,
  { PolicyDocument, SetAsDefault = false }: CreatePolicyVersionRequest,
  call: Call,
  sought: SoughtPolicy,
) {
  const entry = needOwnPolicy(sought, call, policyNotAttachable);
  checkManagedPolicy(PolicyDocument);
  const { versions, lastVersion } = entry.value;
  if (versions.length >= limits.versionsPerPolicy) throw tooManyVersions(limits.versionsPerPolicy);
  const version: PolicyVersion = {
    id: `v${lastVersion + 1}`,
    document: PolicyDocument,
    createdAt: call.now,
    isDefault: SetAsDefault,
  };
  const all = [...versions, version];
  call.stage(
    records.policies.replace(entry, {
      ...entry.value,
      versions: SetAsDefault ? withDefault(all, version.id) : all,
      lastVersion: lastVersion + 1,
      updatedAt: call.now,
    }),
  );
  return { PolicyVersion: listedVersion(version) };
}

const withDefault = (versions: readonly PolicyVersion[], id: string): readonly PolicyVersion[] =>
  versions.map((version) => ({ ...version, isDefault: version.id === id }));

/** Of a policy that isn't there: none. */
function versionsOf({ entry, aws }: SoughtPolicy): readonly PolicyVersion[] {
  return entry?.value.versions ?? (aws === undefined ? [] : [awsVersion(aws)]);
}

function theVersion(versions: readonly PolicyVersion[], arn: string, id: string): PolicyVersion {
  const version = versions.find((each) => each.id === id);
  if (version === undefined) throw policyVersionNotFound(arn, id);
  return version;
}
