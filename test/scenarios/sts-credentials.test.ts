/**
 * Temporary credentials under attack, and those of users: GetSessionToken, GetFederationToken, and
 * what they are refused.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  CreateAccessKeyCommand,
  DeleteAccessKeyCommand,
  DeleteUserCommand,
  DeleteUserPolicyCommand,
  ListUsersCommand,
  UpdateAccessKeyCommand,
  UpdateUserCommand,
} from '@aws-sdk/client-iam';
import {
  DecodeAuthorizationMessageCommand,
  GetAccessKeyInfoCommand,
  GetFederationTokenCommand,
  type GetFederationTokenCommandInput,
  GetSessionTokenCommand,
  type GetSessionTokenCommandInput,
} from '@aws-sdk/client-sts';
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
  send,
  sendIam,
  trail,
  trusting,
  useKms,
  whoAmI,
} from '../sts.ts';

let server: RunningServer;
let root: Credentials;
let otherRoot: Credentials;
let admin: User;
let otherAdmin: User;
let role: string;

before(async () => {
  server = await startServer({ mode: 'dev' });
  root = rootOf(server, account);
  otherRoot = rootOf(server, otherAccount);
  admin = await newUser(root, 'admin', everything);
  otherAdmin = await newUser(otherRoot, 'admin', everything);
  role = await roleWith(root, 'role', { trust: trusting({ AWS: account }), policy: everything });
});
after(() => server?.stop());

const everything = allowing('*');
const unrecognized = 'UnrecognizedClientException';

const sessionToken = async (who: Credentials, input: GetSessionTokenCommandInput = {}) =>
  credentialsIn(who, await send(who, new GetSessionTokenCommand(input)));
const federate = (who: Credentials, input: Partial<GetFederationTokenCommandInput> = {}) =>
  send(who, new GetFederationTokenCommand({ Name: 'fed', ...input }));
const federated = async (who: Credentials, input?: Partial<GetFederationTokenCommandInput>) =>
  credentialsIn(who, await federate(who, input));

/** Warm: the session has been used, so that every cache knows it. */
async function warm(session: Credentials): Promise<Credentials> {
  await useKms(session);
  await whoAmI(session);
  return session;
}

async function refusedEverywhere(session: Credentials): Promise<void> {
  await refused(useKms(session), unrecognized, invalidToken);
  await refused(whoAmI(session), 'InvalidClientTokenId', invalidToken);
}

describe('an attack with a session token', () => {
  test('of another account', async () => {
    const mine = await warm(await assume(admin.credentials, role));
    const trust = trusting({ AWS: otherAccount });
    const theirRole = await roleWith(otherRoot, 'role', { trust, policy: everything });
    const theirs = await warm(await assume(otherAdmin.credentials, theirRole));
    await refusedEverywhere({ ...mine, sessionToken: theirs.sessionToken as string });
    await refusedEverywhere({ ...theirs, sessionToken: mine.sessionToken as string });
    await warm(mine);
  });

  test('that was altered, cut or left out', async () => {
    const session = await warm(await assume(admin.credentials, role));
    const token = session.sessionToken as string;
    const middle = token.length >> 1;
    const other = token[middle] === 'A' ? 'B' : 'A';
    await refusedEverywhere({
      ...session,
      sessionToken: token.slice(0, middle) + other + token.slice(middle + 1),
    });
    await refusedEverywhere({ ...session, sessionToken: token.slice(0, -4) });
    await refusedEverywhere({ ...session, sessionToken: token.slice(0, 30) });
  });

  test('with another access key id, of a session or of the long term', async () => {
    const one = await warm(await assume(admin.credentials, role));
    const two = await warm(await assume(admin.credentials, role));
    await refusedEverywhere({ ...one, sessionToken: two.sessionToken as string });
    await refusedEverywhere({ ...one, accessKeyId: two.accessKeyId });
    const longTerm = { ...admin.credentials, sessionToken: one.sessionToken as string };
    await refusedEverywhere(longTerm);
  });

  test('whose secret access key somebody guesses from the id', async () => {
    const session = await warm(await assume(admin.credentials, role));
    const guess = { ...session, secretAccessKey: admin.credentials.secretAccessKey };
    await refused(useKms(guess), 'InvalidSignatureException', /^The request signature we calc/);
    await refused(whoAmI(guess), 'SignatureDoesNotMatch', /^The request signature we calculated/);
  });

  test('after its end', async () => {
    const session = await warm(await sessionToken(admin.credentials, { DurationSeconds: 900 }));
    await advance(server, '15m');
    await refused(useKms(session), 'ExpiredTokenException', expiredToken);
    await refused(whoAmI(session), 'ExpiredToken', expiredToken);
  });

  test('of another installation', async () => {
    const session = await warm(await assume(admin.credentials, role));
    const elsewhere = await startServer({ mode: 'dev' });
    await refusedEverywhere({ ...session, endpoint: elsewhere.endpoint });
    await elsewhere.stop();
  });
});

describe('what GetSessionToken and GetFederationToken give', () => {
  const inline = { Policy: JSON.stringify(everything) };
  const kinds: [string, (who: Credentials) => Promise<Credentials>][] = [
    ['GetSessionToken', (who) => sessionToken(who)],
    ['GetFederationToken', (who) => federated(who, inline)],
  ];
  for (const [kind, get] of kinds) {
    test(`${kind}: dies at once with the key that asked, also where it is warm`, async () => {
      const name = `owner-of-${kind}`;
      const owner = await newUser(root, name, everything);
      const { accessKeyId: AccessKeyId } = owner.credentials;
      const session = await warm(await get(owner.credentials));
      const set = (Status: 'Active' | 'Inactive') =>
        sendIam(root, new UpdateAccessKeyCommand({ UserName: name, AccessKeyId, Status }));
      await set('Inactive');
      await refusedEverywhere(session);
      await set('Active');
      await warm(session);
      const second = await sendIam(root, new CreateAccessKeyCommand({ UserName: name }));
      assert.ok(second.AccessKey);
      await sendIam(root, new DeleteAccessKeyCommand({ UserName: name, AccessKeyId }));
      await refusedEverywhere(session);
    });

    test(`${kind}: dies with the user, and is not that of a new one of the name`, async () => {
      const name = `mortal-${kind}`;
      const mortal = await newUser(root, name, everything);
      const session = await warm(await get(mortal.credentials));
      const { accessKeyId: AccessKeyId } = mortal.credentials;
      await sendIam(root, new DeleteAccessKeyCommand({ UserName: name, AccessKeyId }));
      await sendIam(root, new DeleteUserPolicyCommand({ UserName: name, PolicyName: 'test' }));
      await sendIam(root, new DeleteUserCommand({ UserName: name }));
      await refusedEverywhere(session);
      await newUser(root, name, everything);
      await refusedEverywhere(session);
    });

    test(`${kind}: ends when the user gets another name`, async () => {
      const owner = await newUser(root, `renamed-${kind}`, everything);
      const session = await warm(await get(owner.credentials));
      const NewUserName = `again-${kind}`;
      await sendIam(root, new UpdateUserCommand({ UserName: owner.name, NewUserName }));
      await refusedEverywhere(session);
      await useKms(owner.credentials);
      await warm(await get(owner.credentials));
    });

    test(`${kind}: is refused by IAM`, async () => {
      const session = await get(admin.credentials);
      const asked = sendIam(session, new ListUsersCommand({}));
      await refused(asked, 'InvalidClientTokenId', invalidToken);
    });

    test(`${kind}: gets no more of its like from STS`, async () => {
      const session = await get(admin.credentials);
      const no = (operation: string) => `Cannot call ${operation} with session credentials`;
      const asked: [string, Promise<unknown>][] = [
        ['GetSessionToken', sessionToken(session)],
        ['GetFederationToken', federate(session)],
        [
          'GetAccessKeyInfo',
          send(session, new GetAccessKeyInfoCommand({ AccessKeyId: session.accessKeyId })),
        ],
        [
          'DecodeAuthorizationMessage',
          send(session, new DecodeAuthorizationMessageCommand({ EncodedMessage: 'x' })),
        ],
      ];
      for (const [operation, answer] of asked) await refused(answer, 'AccessDenied', no(operation));
    });
  }

  test('role sessions get none of either', async () => {
    const session = await assume(admin.credentials, role);
    const no = (operation: string) => `Cannot call ${operation} with session credentials`;
    await refused(sessionToken(session), 'AccessDenied', no('GetSessionToken'));
    await refused(federate(session), 'AccessDenied', no('GetFederationToken'));
  });
});

describe('GetSessionToken', () => {
  test('needs no permission and gives those of the user, without MFA', async () => {
    const plain = await newUser(root, 'plain');
    const session = await sessionToken(plain.credentials);
    const me = await whoAmI(session);
    assert.equal(me.Arn, plain.arn);
    assert.equal(me.UserId, plain.userId);
    await refused(useKms(session), 'AccessDeniedException', /no identity-based policy/);
    const factor = { SerialNumber: `arn:aws:iam::${account}:mfa/plain`, TokenCode: '000000' };
    await refused(sessionToken(plain.credentials, factor), 'AccessDenied', /^MultiFactorAuth/);
  });

  test('lets a user assume roles, with aws:MultiFactorAuthPresent false', async () => {
    const session = await sessionToken(admin.credentials);
    await assume(session, role);
    const withoutMfa = { Bool: { 'aws:MultiFactorAuthPresent': 'false' } };
    const strict = await roleWith(root, 'no-mfa', {
      trust: trusting({ AWS: account }, withoutMfa),
    });
    await assume(session, strict);
    // Of a long-term key nothing at all is known about MFA.
    await refused(
      assume(admin.credentials, strict),
      'AccessDenied',
      notAuthorized(admin.arn, 'sts:AssumeRole', strict),
    );
  });

  test('gives root users an hour, users twelve or what they want', async () => {
    const hours = async (who: Credentials, DurationSeconds?: number) => {
      const url = `${server.endpoint}/_sealhold/clock`;
      const { now } = (await (await fetch(url)).json()) as { now: string };
      const { Credentials: given } = await send(
        who,
        new GetSessionTokenCommand({ DurationSeconds }),
      );
      return Math.round(((given?.Expiration?.getTime() ?? 0) - Date.parse(now)) / 3_600_000);
    };
    assert.equal(await hours(admin.credentials), 12);
    assert.equal(await hours(admin.credentials, 129_600), 36);
    assert.equal(await hours(root), 1);
    assert.equal(await hours(root, 129_600), 1);
  });

  test('in the trail, calls with it say that it was temporary', async () => {
    await whoAmI(await sessionToken(admin.credentials));
    const [got, used] = (await trail(root, 2)) as [
      Record<string, Record<string, Record<string, unknown>>>,
      Record<string, Record<string, Record<string, unknown>>>,
    ];
    assert.deepEqual(Object.keys(got.responseElements?.credentials ?? {}), [
      'accessKeyId',
      'expiration',
    ]);
    assert.equal(used.userIdentity?.type, 'IAMUser');
    assert.ok(used.userIdentity?.sessionContext?.attributes);
  });
});

describe('GetFederationToken', () => {
  test('names the user, and the session may nothing without a session policy', async () => {
    const answer = await federate(admin.credentials);
    assert.equal(answer.FederatedUser?.Arn, `arn:aws:sts::${account}:federated-user/fed`);
    assert.equal(answer.FederatedUser?.FederatedUserId, `${account}:fed`);
    assert.equal(answer.PackedPolicySize, 0);
    const session = credentialsIn(root, answer);
    assert.equal((await whoAmI(session)).UserId, `${account}:fed`);
    await refused(useKms(session), 'AccessDeniedException', /no session policy allows/);
    const refusedRole = assumeRole(session, role);
    await refused(refusedRole, 'AccessDenied', 'Cannot call AssumeRole with session credentials');
  });

  test('gives what both the user and the session policy allow, and no more', async () => {
    const clerk = await newUser(root, 'clerk', allowing('sts:GetFederationToken'));
    const Policy = JSON.stringify(allowing('kms:GenerateRandom'));
    await useKms(await federated(admin.credentials, { Policy }));
    const ofClerk = await federated(clerk.credentials, { Policy });
    await refused(useKms(ofClerk), 'AccessDeniedException', /no identity-based policy/);
    await useKms(await federated(root, { Policy }));
  });

  test('needs permission, for tags another one', async () => {
    const nobody = await newUser(root, 'nobody');
    const arn = `arn:aws:sts::${account}:federated-user/fed`;
    await refused(
      federate(nobody.credentials),
      'AccessDenied',
      new RegExp(`^User: ${nobody.arn} is not authorized to perform: sts:GetFederationToken`),
    );
    const untagged = await newUser(
      root,
      'untagged',
      allowing('sts:GetFederationToken', { Resource: arn }),
    );
    await federate(untagged.credentials);
    await refused(
      federate(untagged.credentials, { Tags: [{ Key: 'a', Value: 'b' }] }),
      'AccessDenied',
      /sts:TagSession/,
    );
    await refused(
      federate(untagged.credentials, { Name: 'other' }),
      'AccessDenied',
      /sts:GetFederationToken/,
    );
  });

  test('tells the trail who let the federated user in', async () => {
    await whoAmI(await federated(admin.credentials));
    const [record] = (await trail(root, 1)) as [Record<string, Record<string, unknown>>];
    const identity = record.userIdentity as Record<string, Record<string, unknown>>;
    assert.equal(identity.type as unknown, 'FederatedUser');
    assert.deepEqual(identity.sessionContext?.sessionIssuer, {
      type: 'IAMUser',
      principalId: admin.userId,
      arn: admin.arn,
      accountId: account,
      userName: 'admin',
    });
  });
});

describe('the size of a token', () => {
  test('is told, and can be tried up to the longest', async () => {
    for (const MinimumSessionTokenSize of [0, 2_000, 4_096]) {
      const answer = await assumeRole(admin.credentials, role, { MinimumSessionTokenSize });
      const { length = 0 } = answer.Credentials?.SessionToken ?? '';
      assert.ok(length >= MinimumSessionTokenSize && length <= 4_096, `${length}`);
      assert.equal(answer.SessionTokenSize, length);
      assert.equal(answer.SessionTokenUtilization, Math.ceil((length * 100) / 4_096));
      await warm(credentialsIn(root, answer));
    }
  });
});

describe('the access key id of a session', () => {
  test('tells its account', async () => {
    const session = await assume(otherAdmin.credentials, await openRole());
    const AccessKeyId = session.accessKeyId;
    const info = await send(admin.credentials, new GetAccessKeyInfoCommand({ AccessKeyId }));
    assert.equal(info.Account, account);
  });

  const openRole = () => roleWith(root, 'open', { trust: trusting({ AWS: otherAccount }) });
});

describe('a message that nobody encoded here', () => {
  test('is not decoded', async () => {
    const EncodedMessage = Buffer.from('hello').toString('base64url');
    await refused(
      send(admin.credentials, new DecodeAuthorizationMessageCommand({ EncodedMessage })),
      'InvalidAuthorizationMessageException',
      /^The message could not be decoded/,
    );
  });
});
