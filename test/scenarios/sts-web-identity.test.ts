/** AssumeRoleWithWebIdentity over the wire; the issuers have keys in a file and at a URL. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  CreateOpenIDConnectProviderCommand,
  DeleteOpenIDConnectProviderCommand,
  RemoveClientIDFromOpenIDConnectProviderCommand,
} from '@aws-sdk/client-iam';
import {
  AssumeRoleWithWebIdentityCommand,
  type AssumeRoleWithWebIdentityCommandInput,
} from '@aws-sdk/client-sts';
import { allowing, type Credentials, newUser } from '../identities.ts';
import {
  type Issuer,
  type IssuerKey,
  type KeySetServer,
  newIssuer,
  serveKeys,
} from '../oidc-issuer.ts';
import { freshFolder, type RunningServer, removeFolder, startServer } from '../running-server.ts';
import {
  account,
  advance,
  assume,
  assumeRole,
  credentialsIn,
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

const fileIssuer = 'https://files.test/realm';
const urlIssuer = 'https://urls.test';
const folder = freshFolder();
let server: RunningServer;
let root: Credentials;
let byFile: Issuer;
let byUrl: Issuer;
let key: IssuerKey;
let urlKey: IssuerKey;
let served: KeySetServer;
/** ARNs of the providers of `account`. */
let provider: string;
let urlProvider: string;

/** The server's clock, which tests move. */
let offsetMs = 0;
const now = (): number => Date.now() + offsetMs;

before(async () => {
  byFile = newIssuer(fileIssuer, now);
  byUrl = newIssuer(urlIssuer, now);
  key = await byFile.addKey('RS256');
  urlKey = await byUrl.addKey('ES256');
  served = await serveKeys(byUrl.keySet);
  const file = join(folder, 'keys.json');
  writeFileSync(file, JSON.stringify(byFile.keySet));
  server = await startServer({
    mode: 'dev',
    args: [
      ...['--oidc-issuer', `${fileIssuer}=${file}`],
      ...['--oidc-issuer', `${urlIssuer}=${served.url}`],
      ...['--oidc-issuer', `https://dead.test=http://127.0.0.1:1/keys`],
    ],
  });
  root = rootOf(server, account);
  provider = await addProvider(fileIssuer);
  urlProvider = await addProvider(urlIssuer);
});
after(async () => {
  await server?.stop();
  await served?.close();
  removeFolder(folder);
});

async function addProvider(Url: string, clients = ['client-1', 'client-2']): Promise<string> {
  const { OpenIDConnectProviderArn = '' } = await sendIam(
    root,
    new CreateOpenIDConnectProviderCommand({ Url, ClientIDList: clients }),
  );
  return OpenIDConnectProviderArn;
}

/** Signs nothing: whoever has a token needs no access key. */
const nobody = (): Credentials => ({
  endpoint: server.endpoint,
  accessKeyId: '',
  secretAccessKey: '',
});

const assumeWith = (
  WebIdentityToken: string,
  RoleArn: string,
  wish: Partial<AssumeRoleWithWebIdentityCommandInput> = {},
) =>
  send(
    nobody(),
    new AssumeRoleWithWebIdentityCommand({
      ...{ RoleArn, WebIdentityToken, RoleSessionName: 'web' },
      ...wish,
    }),
  );

const action = 'sts:AssumeRoleWithWebIdentity';
const trustingProvider = (
  Condition?: object,
  { arn = provider, actions = [action] }: { arn?: string; actions?: string[] } = {},
) => trusting({ Federated: arn }, Condition, actions);
const openRole = (name: string, trust: object = trustingProvider()) =>
  roleWith(root, name, { trust, policy: allowing('kms:GenerateRandom') });
const notAuthorized = `Not authorized to perform ${action}`;

describe('a token of an issuer that the role trusts', () => {
  test('gives a session of the role, to somebody who signs nothing', async () => {
    const role = await openRole('web');
    const answer = await assumeWith(await key.token(), role);
    assert.equal(answer.AssumedRoleUser?.Arn, `arn:aws:sts::${account}:assumed-role/web/web`);
    assert.equal(answer.SubjectFromWebIdentityToken, 'subject-1');
    assert.equal(answer.Audience, 'client-1');
    assert.equal(answer.Provider, provider);
    assert.equal(answer.PackedPolicySize, undefined);
    const session = credentialsIn(root, answer);
    await useKms(session);
    assert.equal((await whoAmI(session)).Arn, answer.AssumedRoleUser?.Arn);
  });

  test('is verified by keys from a URL as well', async () => {
    const role = await openRole('web-url', trustingProvider(undefined, { arn: urlProvider }));
    await useKms(credentialsIn(root, await assumeWith(await urlKey.token(), role)));
    assert.equal(served.asked(), 1);
  });

  test('is recorded under the name of whom it names, without the token', async () => {
    const role = await openRole('web-recorded');
    const token = await key.token();
    const answer = await assumeWith(token, role);
    const session = credentialsIn(root, answer);
    await whoAmI(session);
    const [record, used] = (await trail(root, 2)) as Record<string, Record<string, unknown>>[];
    const text = JSON.stringify([record, used]);
    for (const secret of [token, session.secretAccessKey, session.sessionToken as string])
      assert.ok(!text.includes(secret));
    assert.deepEqual(record?.userIdentity, {
      type: 'WebIdentityUser',
      principalId: `${provider}:client-1:subject-1`,
      userName: 'subject-1',
      identityProvider: provider,
    });
    assert.equal(record?.recipientAccountId as unknown, account);
    const context = used?.userIdentity?.sessionContext as Record<string, unknown>;
    assert.deepEqual(context.webIdFederationData, { federatedProvider: provider, attributes: {} });
  });

  test('narrows by session policy, lasts as long as the role lets it', async () => {
    const role = await openRole('web-narrow');
    const Policy = JSON.stringify(allowing('iam:ListUsers'));
    const answer = await assumeWith(await key.token(), role, { Policy, DurationSeconds: 900 });
    const left = (answer.Credentials?.Expiration?.getTime() ?? 0) - now();
    assert.ok(left > 890_000 && left <= 900_000, `${left}`);
    const session = credentialsIn(root, answer);
    await refused(useKms(session), 'AccessDeniedException', /no session policy allows/);
    await refused(
      assumeWith(await key.token(), role, { DurationSeconds: 3_601 }),
      'ValidationError',
      'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    );
  });
});

describe('a trust policy can ask', () => {
  test('for subject, audience and authentication methods', async () => {
    const host = 'files.test/realm';
    const role = await openRole(
      'web-asking',
      trustingProvider({
        StringEquals: { [`${host}:aud`]: 'client-2' },
        StringLike: { [`${host}:sub`]: 'repo:me/*' },
        'ForAnyValue:StringEquals': { [`${host}:amr`]: 'mfa' },
      }),
    );
    const right = { aud: 'client-2', sub: 'repo:me/x', amr: ['pwd', 'mfa'] };
    await assumeWith(await key.token(right), role);
    const wrongs = [{ aud: 'client-1' }, { sub: 'repo:you/x' }, { amr: ['pwd'] }, { amr: 'mfa' }];
    for (const wrong of [...wrongs, { amr: undefined }]) {
      const token = await key.token({ ...right, ...wrong });
      await refused(assumeWith(token, role), 'AccessDenied', notAuthorized);
    }
  });

  test('for the party that a token was issued to, which stands before the audience', async () => {
    const condition = { StringEquals: { 'files.test/realm:aud': 'client-2' } };
    const role = await openRole('web-azp', trustingProvider(condition));
    await assumeWith(await key.token({ aud: 'somewhere', azp: 'client-2' }), role);
    const other = await key.token({ aud: 'client-2', azp: 'client-1' });
    await refused(assumeWith(other, role), 'AccessDenied', notAuthorized);
  });

  test('for tags and a source identity, which the token brings along', async () => {
    const token = await key.token({
      'https://aws.amazon.com/tags': {
        principal_tags: { Team: ['red'], Cost: '1' },
        transitive_tag_keys: ['Team'],
      },
      'https://aws.amazon.com/source_identity': 'alice',
    });
    const condition = { StringEquals: { 'aws:RequestTag/Team': 'red' } };
    const actions = [action, 'sts:TagSession', 'sts:SetSourceIdentity'];
    const next = trusting({ AWS: account }, undefined, [
      'sts:AssumeRole',
      'sts:TagSession',
      'sts:SetSourceIdentity',
    ]);
    const role = await roleWith(root, 'web-tags', {
      trust: trustingProvider(condition, { actions }),
      policy: allowing('*', { Condition: { StringEquals: { 'aws:PrincipalTag/team': 'red' } } }),
    });
    const answer = await assumeWith(token, role);
    assert.equal(answer.SourceIdentity, 'alice');
    assert.ok((answer.PackedPolicySize ?? 0) > 0);
    const nextRole = await roleWith(root, 'web-next', { trust: next });
    const chained = await assumeRole(credentialsIn(root, answer), nextRole);
    assert.equal(chained.SourceIdentity, 'alice');
    assert.ok((chained.PackedPolicySize ?? 0) > 0);
    const plain = trustingProvider(undefined, { actions: [action, 'sts:SetSourceIdentity'] });
    const untagged = await openRole('web-untagged', plain);
    await refused(
      assumeWith(token, untagged),
      'AccessDenied',
      'Not authorized to perform sts:TagSession',
    );
    for (const tags of [
      1,
      [],
      { principal_tags: { a: ['b', 'c'] } },
      { principal_tags: { '': '' } },
    ])
      await refused(
        assumeWith(await key.token({ 'https://aws.amazon.com/tags': tags }), role),
        'InvalidIdentityToken',
        'The web identity token that was passed could not be validated.',
      );
  });
});

describe('a token that is refused', () => {
  const jwt =
    'The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)';
  const notValid = 'The web identity token that was passed could not be validated.';

  test('by a role that trusts others, or none, in the words of one that is not there', async () => {
    const token = await key.token();
    const byUser = await openRole('web-not', trusting({ AWS: account }));
    const other = await openRole('web-else', trustingProvider(undefined, { arn: urlProvider }));
    const everyone = await openRole('web-star', trusting('*', undefined, action));
    const none = `arn:aws:iam::${account}:role/none`;
    for (const role of [byUser, other, everyone, none])
      await refused(assumeWith(token, role), 'AccessDenied', notAuthorized);
    const admin = await newUser(root, 'admin', allowing('*'));
    const web = await openRole('web-only');
    await refused(assume(admin.credentials, web), 'AccessDenied', /sts:AssumeRole on resource/);
  });

  test('because it is expired, altered, unsigned, for others, or of an unknown key', async () => {
    const role = await openRole('web-strict');
    const token = await key.token();
    const at = token.lastIndexOf('.') + 20;
    const altered = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1);
    const stranger = await byFile.addKey('RS256', { kid: 'unknown', hidden: true });
    const seconds = Math.floor(now() / 1000);
    const refusals: [string, string, string | RegExp][] = [
      ['no token at all', 'InvalidIdentityToken', jwt],
      [altered, 'InvalidIdentityToken', notValid],
      [await key.token({}, { kid: stranger.kid }), 'InvalidIdentityToken', /^Couldn't retrieve/],
      [await stranger.token(), 'InvalidIdentityToken', /^Couldn't retrieve verification key/],
      [await stranger.token({}, { kid: key.kid }), 'InvalidIdentityToken', notValid],
      [await key.token({ aud: 'client-3' }), 'InvalidIdentityToken', 'Incorrect token audience'],
      [
        await key.token({ exp: undefined }),
        'InvalidIdentityToken',
        'Missing a required claim: exp',
      ],
      [
        await key.token({ exp: seconds - 120 }),
        'ExpiredTokenException',
        new RegExp(
          `^Token expired: current date/time \\d+ must be before the expiration date/time ${seconds - 120}$`,
        ),
      ],
    ];
    for (const [refusedToken, code, text] of refusals)
      await refused(assumeWith(refusedToken, role), code, text);
    await assumeWith(token, role);
  });

  test('because its issuer has no provider in the account, no keys, or cannot be reached', async () => {
    const role = await openRole('web-issuers');
    const unknown = await key.token({ iss: 'https://nobody.test' });
    const noProvider = 'No OpenIDConnect provider found in your account for https://nobody.test';
    await refused(assumeWith(unknown, role), 'InvalidIdentityToken', noProvider);
    await addProvider('https://keyless.test');
    const keyless = await key.token({ iss: 'https://keyless.test' });
    const text = /^Couldn't retrieve verification key from your identity provider, {2}please/;
    await refused(assumeWith(keyless, role), 'InvalidIdentityToken', text);
    await addProvider('https://dead.test');
    const dead = await key.token({ iss: 'https://dead.test' });
    await refused(assumeWith(dead, role), 'IDPCommunicationError', /^The identity provider could/);
    const elsewhere = role.replace(account, otherAccount);
    const there = `No OpenIDConnect provider found in your account for ${fileIssuer}`;
    await refused(assumeWith(await key.token(), elsewhere), 'InvalidIdentityToken', there);
  });

  test('after the provider lost the client, or is gone; sessions go on', async () => {
    const issuer = 'https://files.test/realm';
    const role = await openRole('web-gone');
    const session = credentialsIn(root, await assumeWith(await key.token(), role));
    const OpenIDConnectProviderArn = provider;
    await sendIam(
      root,
      new RemoveClientIDFromOpenIDConnectProviderCommand({
        OpenIDConnectProviderArn,
        ClientID: 'client-1',
      }),
    );
    const token = await key.token();
    await refused(assumeWith(token, role), 'InvalidIdentityToken', 'Incorrect token audience');
    await sendIam(root, new DeleteOpenIDConnectProviderCommand({ OpenIDConnectProviderArn }));
    await refused(assumeWith(token, role), 'InvalidIdentityToken', /^No OpenIDConnect provider/);
    await useKms(session);
    assert.equal(await addProvider(issuer), provider);
  });

  test('when the clock of the product says so', async () => {
    const role = await openRole('web-clock');
    const token = await key.token();
    await assumeWith(token, role);
    await advance(server, '12m');
    await refused(assumeWith(token, role), 'ExpiredTokenException', /^Token expired/);
    offsetMs += 12 * 60_000;
    await assumeWith(await key.token(), role);
  });
});

test('what is asked without a signature is this operation alone', async () => {
  for (const operation of ['GetCallerIdentity', 'AssumeRole', 'GetSessionToken']) {
    const answer = await fetch(server.endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: `Action=${operation}&Version=2011-06-15`,
    });
    assert.equal(answer.status, 403);
    assert.match(await answer.text(), /<Code>MissingAuthenticationToken<\/Code>/);
  }
  const saml = await fetch(server.endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'Action=AssumeRoleWithSAML&Version=2011-06-15',
  });
  assert.match(await saml.text(), /does not have sts:AssumeRoleWithSAML yet/);
});
