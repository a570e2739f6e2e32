/** Sessions of roles over the wire: what they may do, and when they end. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  CreatePolicyCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  PutRolePolicyCommand,
  UpdateAccessKeyCommand,
} from '@aws-sdk/client-iam';
import { allowing, type Credentials, newUser, type User } from '../identities.ts';
import { type RunningServer, startServer } from '../running-server.ts';
import {
  account,
  advance,
  assume,
  assumeRole,
  credentialsIn,
  expiredToken,
  invalidToken,
  notAuthorized,
  otherAccount,
  refused,
  roleWith,
  rootOf,
  sendIam,
  trusting,
  useKms,
  whoAmI,
} from '../sts.ts';

let server: RunningServer;
let root: Credentials;
/** May do everything in its account, and in the other one what that lets it. */
let admin: User;

before(async () => {
  server = await startServer({ mode: 'dev' });
  root = rootOf(server, account);
  admin = await newUser(root, 'admin', allowing('*'));
});
after(() => server?.stop());

const everything = allowing('*');
const denied = (arn: string, role: string, action = 'sts:AssumeRole'): string =>
  notAuthorized(arn, action, role);

describe('what a session may do', () => {
  let role: string;
  before(async () => {
    role = await roleWith(root, 'kms-user', {
      trust: trusting({ AWS: account }),
      policy: allowing(['kms:GenerateRandom', 'iam:ListUsers']),
    });
  });
  const inline = (policy: object) => ({ Policy: JSON.stringify(policy) });

  test('is what its role may', async () => {
    const session = await assume(admin.credentials, role);
    await useKms(session);
    const tries = assume(session, role);
    await refused(
      tries,
      'AccessDenied',
      /^User: arn:aws:sts::\d+:assumed-role\/kms-user\/session /,
    );
  });

  test('is narrowed by a session policy, and never widened', async () => {
    const narrow = await assume(admin.credentials, role, inline(allowing('iam:ListUsers')));
    await refused(useKms(narrow), 'AccessDeniedException', /no session policy allows/);
    const wide = await assume(admin.credentials, role, inline(everything));
    await useKms(wide);
    const { Arn = '' } = await whoAmI(wide);
    await refused(assume(wide, role), 'AccessDenied', denied(Arn, role));
  });

  test('is narrowed by managed policies, which must be there', async () => {
    const { Policy } = await sendIam(
      root,
      new CreatePolicyCommand({
        PolicyName: 'only-users',
        PolicyDocument: JSON.stringify(allowing('iam:ListUsers')),
      }),
    );
    const narrow = { PolicyArns: [{ arn: Policy?.Arn }] };
    const answer = await assumeRole(admin.credentials, role, narrow);
    assert.ok((answer.PackedPolicySize ?? 0) > 0);
    await refused(
      useKms(credentialsIn(root, answer)),
      'AccessDeniedException',
      /no session policy/,
    );
    const everyone = { PolicyArns: [{ arn: 'arn:aws:iam::aws:policy/AdministratorAccess' }] };
    await useKms(await assume(admin.credentials, role, everyone));
    for (const arn of [
      `arn:aws:iam::${account}:policy/none`,
      `arn:aws:iam::${otherAccount}:policy/only-users`,
    ])
      await refused(
        assume(admin.credentials, role, { PolicyArns: [{ arn }] }),
        'ValidationError',
        `Policy ${arn} does not exist or is not attachable.`,
      );
  });

  test('is not decided by what is no policy of an identity', async () => {
    const wrongs: [string, string][] = [
      ['{', 'Syntax errors in policy.'],
      [JSON.stringify(trusting('*')), 'Policy document should not specify a principal.'],
    ];
    for (const [Policy, text] of wrongs)
      await refused(assume(admin.credentials, role, { Policy }), 'MalformedPolicyDocument', text);
  });

  test('ends when the role is deleted, and is not that of a new one of its name', async () => {
    const trust = trusting({ AWS: account });
    const doomed = await roleWith(root, 'doomed', { trust, policy: everything });
    const session = await assume(admin.credentials, doomed);
    await useKms(session);
    const doomedPolicy = { RoleName: 'doomed', PolicyName: 'test' };
    await sendIam(root, new DeleteRolePolicyCommand(doomedPolicy));
    await sendIam(root, new DeleteRoleCommand({ RoleName: 'doomed' }));
    await refused(useKms(session), 'UnrecognizedClientException', invalidToken);
    await refused(whoAmI(session), 'InvalidClientTokenId', invalidToken);
    await roleWith(root, 'doomed', { trust, policy: everything });
    await refused(useKms(session), 'UnrecognizedClientException', invalidToken);
  });

  test('can be taken from all sessions up to now by a policy', async () => {
    const revoked = await roleWith(root, 'revoked', {
      trust: trusting({ AWS: account }),
      policy: everything,
    });
    const before = await assume(admin.credentials, revoked);
    await useKms(before);
    await advance(server, '2m');
    const { now } = (await (await fetch(`${server.endpoint}/_sealhold/clock`)).json()) as {
      now: string;
    };
    const older = {
      Version: '2012-10-17',
      Statement: {
        Effect: 'Deny',
        Action: '*',
        Resource: '*',
        Condition: { DateLessThan: { 'aws:TokenIssueTime': now } },
      },
    };
    await sendIam(
      root,
      new PutRolePolicyCommand({
        RoleName: 'revoked',
        PolicyName: 'AWSRevokeOlderSessions',
        PolicyDocument: JSON.stringify(older),
      }),
    );
    await refused(useKms(before), 'AccessDeniedException', /with an explicit deny/);
    await advance(server, '1s');
    await useKms(await assume(admin.credentials, revoked));
  });

  test("doesn't depend on the key that asked for it", async () => {
    const passing = await newUser(root, 'passing', everything);
    const session = await assume(passing.credentials, role);
    const { accessKeyId } = passing.credentials;
    const off = { UserName: 'passing', AccessKeyId: accessKeyId, Status: 'Inactive' as const };
    await sendIam(root, new UpdateAccessKeyCommand(off));
    await refused(whoAmI(passing.credentials), 'InvalidClientTokenId', invalidToken);
    await useKms(session);
  });
});

describe('how long a session lasts', () => {
  const lifetimeOf = async (who: Credentials, role: string, DurationSeconds?: number) => {
    const now = (await (await fetch(`${server.endpoint}/_sealhold/clock`)).json()) as {
      now: string;
    };
    const { Credentials: given } = await assumeRole(who, role, { DurationSeconds });
    return Math.round(((given?.Expiration?.getTime() ?? 0) - Date.parse(now.now)) / 1000);
  };

  test('an hour unless told, and no longer than the role allows', async () => {
    const trust = trusting({ AWS: account });
    const hour = await roleWith(root, 'an-hour', { trust });
    const long = await roleWith(root, 'half-a-day', { trust, maxSeconds: 43_200 });
    const near = (seconds: number, wanted: number) =>
      assert.ok(Math.abs(seconds - wanted) <= 2, `${seconds}`);
    near(await lifetimeOf(admin.credentials, hour), 3_600);
    near(await lifetimeOf(admin.credentials, hour, 900), 900);
    near(await lifetimeOf(admin.credentials, long), 3_600);
    near(await lifetimeOf(admin.credentials, long, 43_200), 43_200);
    const text = 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.';
    const longer = assume(admin.credentials, hour, { DurationSeconds: 3_601 });
    await refused(longer, 'ValidationError', text);
  });

  test('in a chain of roles an hour at the most, whatever the next role allows', async () => {
    const trust = trusting({ AWS: account });
    const first = await roleWith(root, 'chain-1', { trust, policy: everything });
    const second = await roleWith(root, 'chain-2', { trust, maxSeconds: 43_200 });
    const session = await assume(admin.credentials, first);
    await assume(session, second, { DurationSeconds: 3_600 });
    await refused(
      assume(session, second, { DurationSeconds: 3_601 }),
      'ValidationError',
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
    );
  });

  test('and not a second longer', async () => {
    const trust = trusting({ AWS: account });
    const role = await roleWith(root, 'short', { trust, policy: everything });
    const session = await assume(admin.credentials, role, { DurationSeconds: 900 });
    await advance(server, '14m');
    await useKms(session);
    await advance(server, '1m');
    await refused(useKms(session), 'ExpiredTokenException', expiredToken);
    await refused(whoAmI(session), 'ExpiredToken', expiredToken);
  });
});
