/** Tags of users, roles, managed policies and instance profiles. */
import type { IamModel } from '../../model/iam.generated.ts';
import type { Call, Found, Operations } from '../../operation.ts';
import type { Collection, Entry } from '../../store/store.ts';
import { conditionsOf } from './conditions.ts';
import type { IamContext } from './context.ts';
import { find, type Kinds, need, type Sought } from './entities.ts';
import { findInstanceProfile, needProfile, type SoughtProfile } from './instance-profiles.ts';
import { needOwnPolicy, needPolicy, type SoughtPolicy } from './managed-policy.ts';
import { type PageInput, pageOf } from './page.ts';
import { findPolicy } from './policies.ts';
import type { RoleRecord, Tag, UserRecord } from './records.ts';
import { shownTags, withoutTags, withTags } from './tag-rules.ts';

interface Tagged {
  readonly tags: readonly Tag[];
}
interface Tags {
  readonly Tags: ReadonlyArray<{ readonly Key: string; readonly Value: string }>;
}
interface TagKeys {
  readonly TagKeys: readonly string[];
}

export function tagOperations(iam: IamContext, { users, roles }: Kinds) {
  const { records } = iam;
  const findUser = ({ UserName, ...input }: { UserName: string } & TagFacts, call: Call) =>
    find(users, UserName, call, tagFacts(input));
  const findRole = ({ RoleName, ...input }: { RoleName: string } & TagFacts, call: Call) =>
    find(roles, RoleName, call, tagFacts(input));
  const findTaggedPolicy = async (input: { PolicyArn: string } & TagFacts, call: Call) =>
    withTagConditions(await findPolicy(iam, input, call), input);
  const findProfile = async (input: { InstanceProfileName: string } & TagFacts, call: Call) =>
    withTagConditions(await findInstanceProfile(records, input.InstanceProfileName, call), input);
  const user = taggingOf(users.records, (sought: Sought<UserRecord>) => need(sought));
  const role = taggingOf(roles.records, (sought: Sought<RoleRecord>) => need(sought));
  const policy = taggingOf(records.policies, (sought: SoughtPolicy, call) =>
    needOwnPolicy(sought, call),
  );
  const profile = taggingOf(records.instanceProfiles, (sought: SoughtProfile) =>
    needProfile(sought),
  );
  return {
    TagUser: { readOnly: false, find: findUser, run: user.tag },
    TagRole: { readOnly: false, find: findRole, run: role.tag },
    TagPolicy: { readOnly: false, find: findTaggedPolicy, run: policy.tag },
    TagInstanceProfile: { readOnly: false, find: findProfile, run: profile.tag },
    UntagUser: { readOnly: false, find: findUser, run: user.untag },
    UntagRole: { readOnly: false, find: findRole, run: role.untag },
    UntagPolicy: { readOnly: false, find: findTaggedPolicy, run: policy.untag },
    UntagInstanceProfile: { readOnly: false, find: findProfile, run: profile.untag },
    ListUserTags: { readOnly: true, find: findUser, run: user.list },
    ListRoleTags: { readOnly: true, find: findRole, run: role.list },
    ListPolicyTags: {
      readOnly: true,
      find: findTaggedPolicy,
      run: (input, _call, sought: SoughtPolicy) =>
        listTags(needPolicy(sought).entry?.value.tags ?? [], input),
    },
    ListInstanceProfileTags: { readOnly: true, find: findProfile, run: profile.list },
  } satisfies Operations<
    IamModel,
    | `${'Tag' | 'Untag'}${'User' | 'Role' | 'Policy' | 'InstanceProfile'}`
    | `List${'User' | 'Role' | 'Policy' | 'InstanceProfile'}Tags`
  >;
}

type TagFacts = Partial<Tags & TagKeys>;

const tagFacts = (input: TagFacts) => ({ tags: input.Tags, tagKeys: input.TagKeys });

const withTagConditions = <Subject>(found: Found<Subject>, input: TagFacts): Found<Subject> => ({
  ...found,
  conditions: conditionsOf(tagFacts(input)),
});

/** The three operations on the tags of one kind of records. */
export function taggingOf<R extends Tagged, Subject>(
  records: Collection<R>,
  entryOf: (subject: Subject, call: Call) => Entry<R>,
) {
  const change = (call: Call, subject: Subject, to: (tags: readonly Tag[]) => readonly Tag[]) => {
    const entry = entryOf(subject, call);
    call.stage(records.replace(entry, { ...entry.value, tags: to(entry.value.tags) }));
  };
  return {
    tag: ({ Tags }: Tags, call: Call, subject: Subject): void =>
      change(call, subject, (tags) => withTags(tags, Tags)),
    untag: ({ TagKeys }: TagKeys, call: Call, subject: Subject): void =>
      change(call, subject, (tags) => withoutTags(tags, TagKeys)),
    list: (input: PageInput, call: Call, subject: Subject) =>
      listTags(entryOf(subject, call).value.tags, input),
  };
}

function listTags(tags: readonly Tag[], input: PageInput) {
  const { items, tail } = pageOf(tags, ({ key }) => key, input);
  return { Tags: shownTags(items), ...tail };
}
