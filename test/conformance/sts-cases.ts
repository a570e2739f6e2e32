/** What was asked in each recorded STS case: names say it, the answers confirm it. */
import { CreateRoleCommand } from '@aws-sdk/client-iam';
import {
  AssumeRoleCommand,
  type AssumeRoleCommandInput,
  GetFederationTokenCommand,
} from '@aws-sdk/client-sts';
import { allowing, type Credentials, newUser } from '../identities.ts';
import { credentialsIn, send, sendIam, trusting } from '../sts.ts';

/** As the root user of an account of its own; gives the answers by the names of the recording. */
export type StsCase = (root: Credentials) => Promise<Record<string, unknown>>;

interface Told {
  readonly $metadata: { readonly httpStatusCode?: number | undefined };
}

const metadata = ({ $metadata }: Told) => ({
  ResponseMetadata: { HTTPHeaders: {}, HTTPStatusCode: $metadata.httpStatusCode },
});

/** In the form of the recordings: dates are texts, errors as botocore shows them. */
function recordable<Answer extends Told>(answer: Answer): Record<string, unknown> {
  const { $metadata: _, ...members } = answer;
  return { ...(JSON.parse(JSON.stringify(members)) as object), ...metadata(answer) };
}

async function refusal(answer: Promise<unknown>): Promise<Record<string, unknown>> {
  try {
    await answer;
  } catch (thrown) {
    const error = thrown as Told & { Code: string; Type: string; message: string };
    const { Code, Type, message: Message } = error;
    return { Error: { Code, Message, Type }, ...metadata(error) };
  }
  throw new Error('It was recorded as a refusal, and let through.');
}

async function createRole(root: Credentials, RoleName: string, actions: string | string[]) {
  const { account } = await user(root);
  const trust = trusting({ AWS: account }, undefined, actions);
  const answer = await sendIam(
    root,
    new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: JSON.stringify(trust) }),
  );
  const { Role, ...rest } = answer;
  const document = JSON.parse(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? ''));
  const shown = recordable({ Role: { ...Role, AssumeRolePolicyDocument: document }, ...rest });
  return { arn: Role?.Arn as string, shown };
}

const users = new Map<string, Promise<{ credentials: Credentials; account: string }>>();

/** Whoever made the recordings: an administrator, who is no root user. */
function user(root: Credentials): Promise<{ credentials: Credentials; account: string }> {
  let made = users.get(root.accessKeyId);
  if (made === undefined) {
    made = newUser(root, 'recorder', allowing('*')).then(({ credentials, arn }) => ({
      credentials,
      account: arn.split(':')[4] as string,
    }));
    users.set(root.accessKeyId, made);
  }
  return made;
}

async function assume(root: Credentials, wish: Partial<AssumeRoleCommandInput>) {
  const { credentials } = await user(root);
  return assumeAs(credentials, wish);
}

const assumeAs = (who: Credentials, wish: Partial<AssumeRoleCommandInput>) =>
  send(who, new AssumeRoleCommand({ RoleArn: '', RoleSessionName: 'Session1', ...wish }));

const tag = (Key: string, Value = '1') => ({ Key, Value });
const taggable = ['sts:AssumeRole', 'sts:TagSession'];

const federationToken: StsCase = async (root) => {
  const { credentials } = await user(root);
  const input = { Name: 'TestUser', DurationSeconds: 900 };
  const answer = await send(credentials, new GetFederationTokenCommand(input));
  return { 'get-federation-token': recordable(answer) };
};

const assumeRole: StsCase = async (root) => {
  const RoleSessionName = 's3-access-example';
  const { arn, shown } = await createRole(root, 'role-1', 'sts:AssumeRole');
  const answer = await assume(root, { RoleArn: arn, RoleSessionName });
  return {
    'role-session-name': { RoleSessionName },
    'create-role': shown,
    'assume-role': recordable(answer),
  };
};

const tagValidation: StsCase = async (root) => {
  const { arn: RoleArn, shown } = await createRole(root, 'role-2', taggable);
  const invalid = { RoleArn, Tags: [tag('SessionTag1')], TransitiveTagKeys: ['InvalidKey'] };
  const twice = { RoleArn, Tags: [tag('SessionTag1'), tag('sessiontag1')] };
  return {
    'role-1': shown,
    'invalid-transitive-tag-keys': await refusal(assume(root, invalid)),
    'duplicate-tag-keys-different-casing': await refusal(assume(root, twice)),
  };
};

const transitiveOverride: StsCase = async (root) => {
  const first = await createRole(root, 'role-3', taggable);
  const second = await createRole(root, 'role-4', taggable);
  const given = await assume(root, {
    RoleArn: first.arn,
    Tags: [tag('SessionTag1'), tag('SessionTag2')],
    TransitiveTagKeys: ['SessionTag1'],
  });
  const session = credentialsIn(root, given);
  const override = (Key: string) =>
    refusal(assumeAs(session, { RoleArn: second.arn, Tags: [tag(Key, '2')] }));
  return {
    'role-1': first.shown,
    'role-2': second.shown,
    'override-transitive-tag-error': await override('SessionTag1'),
    'override-transitive-tag-case-ignore-error': await override('sessiontag1'),
  };
};

const invalidParameters: StsCase = async (root) => {
  const { arn } = await createRole(root, 'role-5', 'sts:AssumeRole');
  const asked = (RoleArn: string, RoleSessionName = 'Session1') =>
    refusal(assume(root, { RoleArn, RoleSessionName }));
  return {
    'malformed-arn': await asked('nothing-valid-in-here'),
    'no-partition': await asked('arn::b:::something/test-role'),
    'no-service': await asked('arn:a::::something/test-role'),
    'not-enough-colons': await asked('arn:a:::something/test-role'),
    'no-resource': await asked('arn:a:a::aaaaaaaaaa:'),
    'invalid-session-name': await asked(arn, 'Session1:2'),
  };
};

export const cases: ReadonlyMap<string, StsCase> = new Map([
  ['test_get_federation_token', federationToken],
  ['test_assume_role', assumeRole],
  ['test_assume_role_tag_validation', tagValidation],
  ['test_iam_role_chaining_override_transitive_tags', transitiveOverride],
  ['test_sts_invalid_parameters', invalidParameters],
]);
