/** What the scenarios of STS share: people in two accounts, and their temporary credentials. */
import assert from 'node:assert/strict';
import * as iam from '@aws-sdk/client-iam';
import { GenerateRandomCommand, KMSClient } from '@aws-sdk/client-kms';
import * as sts from '@aws-sdk/client-sts';
import { signRequest } from '../src/identity/sign.ts';
import { type Credentials, iamClient } from './identities.ts';
import type { RunningServer } from './running-server.ts';

export const account = '111122223333';
export const otherAccount = '444455556666';
export const region = 'eu-west-1';

/** Of a server in dev mode, twelve digits are the root user of that account. */
export const rootOf = (server: RunningServer, owner: string): Credentials => ({
  endpoint: server.endpoint,
  accessKeyId: owner,
  secretAccessKey: 'any',
});

/** Sends one STS command as somebody, and tries only once. */
export async function send<I extends sts.ServiceInputTypes, O extends sts.ServiceOutputTypes>(
  who: Credentials,
  command: Parameters<typeof sts.STSClient.prototype.send<I, O>>[0],
): Promise<O> {
  const { endpoint, ...credentials } = who;
  const client = new sts.STSClient({ endpoint, region, credentials, maxAttempts: 1 });
  try {
    return await client.send(command);
  } finally {
    client.destroy();
  }
}

export type Wish = Omit<sts.AssumeRoleCommandInput, 'RoleArn' | 'RoleSessionName'> & {
  readonly RoleSessionName?: string;
};

export const assumeRole = (
  who: Credentials,
  RoleArn: string,
  wish: Wish = {},
): Promise<sts.AssumeRoleCommandOutput> =>
  send(who, new sts.AssumeRoleCommand({ RoleArn, RoleSessionName: 'session', ...wish }));

/** The credentials of the session alone. */
export async function assume(who: Credentials, arn: string, wish?: Wish): Promise<Credentials> {
  return credentialsIn(who, await assumeRole(who, arn, wish));
}

export function credentialsIn(
  { endpoint }: Credentials,
  { Credentials: given }: { readonly Credentials?: sts.Credentials | undefined },
): Credentials {
  const { AccessKeyId, SecretAccessKey, SessionToken } = given ?? {};
  if (!AccessKeyId || !SecretAccessKey || !SessionToken) throw new Error('STS gave no credentials');
  return {
    endpoint,
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: SessionToken,
  };
}

export const whoAmI = (who: Credentials): Promise<sts.GetCallerIdentityCommandOutput> =>
  send(who, new sts.GetCallerIdentityCommand({}));

/** The simplest use of a permission: `kms:GenerateRandom`, on no resource. */
export async function useKms(who: Credentials): Promise<void> {
  const { endpoint, ...credentials } = who;
  const client = new KMSClient({ endpoint, region, credentials, maxAttempts: 1 });
  try {
    await client.send(new GenerateRandomCommand({ NumberOfBytes: 1 }));
  } finally {
    client.destroy();
  }
}

export interface Refusal {
  readonly code: string;
  readonly status: number;
  /** Without what we add to a denial, which differs each time. */
  readonly text: string;
}

export async function refusalOf(answer: Promise<unknown>): Promise<Refusal> {
  const error = await answer.then(
    () => assert.fail('it was let through'),
    (reason: unknown) => reason as Record<string, unknown>,
  );
  const { httpStatusCode: status = 0 } = (error.$metadata ?? {}) as { httpStatusCode?: number };
  const text = String(error.message).replace(/\. Run "sealhold explain .*$/s, '');
  return { code: String(error.Code ?? error.name), status, text };
}

/** Asserts a refusal by code and text. */
export async function refused(
  answer: Promise<unknown>,
  code: string,
  text: string | RegExp,
): Promise<void> {
  const said = await refusalOf(answer);
  assert.equal(said.code, code, said.text);
  if (typeof text === 'string') assert.equal(said.text, text);
  else assert.match(said.text, text);
}

export const invalidToken = 'The security token included in the request is invalid.';
export const expiredToken = 'The security token included in the request is expired';
export const notAuthorized = (arn: string, action: string, resource: string): string =>
  `User: ${arn} is not authorized to perform: ${action} on resource: ${resource}`;

/** Dev mode: moves the clock, `1h`. */
export async function advance(server: RunningServer, by: string): Promise<void> {
  const body = JSON.stringify({ advance: by });
  const answer = await fetch(`${server.endpoint}/_sealhold/clock`, { method: 'POST', body });
  assert.equal(answer.status, 200);
}

/** The newest records of the trail. */
export async function trail(who: Credentials, last = 20): Promise<Record<string, unknown>[]> {
  const url = `${who.endpoint}/_sealhold/trail?last=${last}`;
  const { host: _, ...headers } = signRequest({
    method: 'GET',
    url,
    headers: {},
    body: '',
    accessKeyId: who.accessKeyId,
    secretAccessKey: who.secretAccessKey,
    region,
    service: 'sealhold',
    at: Date.now(),
  });
  const answer = await fetch(url, { headers });
  assert.equal(answer.status, 200);
  const lines = (await answer.text()).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line));
}

/** A trust policy for AssumeRole and, with tags and source identities, all that goes with it. */
export const trusting = (
  Principal: object | string,
  Condition?: object,
  Action: string | readonly string[] = 'sts:AssumeRole',
): object => ({
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Principal, Action, ...(Condition === undefined ? {} : { Condition }) },
  ],
});

export interface RoleWish {
  readonly trust: object;
  readonly policy?: object;
  readonly tags?: Readonly<Record<string, string>>;
  readonly path?: string;
  readonly maxSeconds?: number;
}

/** Makes a role with any trust policy; gives its ARN. */
export async function roleWith(root: Credentials, name: string, wish: RoleWish): Promise<string> {
  const client = iamClient(root);
  try {
    const { Role } = await client.send(
      new iam.CreateRoleCommand({
        RoleName: name,
        AssumeRolePolicyDocument: JSON.stringify(wish.trust),
        Path: wish.path,
        MaxSessionDuration: wish.maxSeconds,
        Tags: Object.entries(wish.tags ?? {}).map(([Key, Value]) => ({ Key, Value })),
      }),
    );
    const { policy } = wish;
    if (policy !== undefined)
      await client.send(
        new iam.PutRolePolicyCommand({
          RoleName: name,
          PolicyName: 'test',
          PolicyDocument: JSON.stringify(policy),
        }),
      );
    return Role?.Arn as string;
  } finally {
    client.destroy();
  }
}

/** Sends one IAM command as somebody. */
export async function sendIam<I extends iam.ServiceInputTypes, O extends iam.ServiceOutputTypes>(
  who: Credentials,
  command: Parameters<typeof iam.IAMClient.prototype.send<I, O>>[0],
): Promise<O> {
  const client = iamClient(who);
  try {
    return await client.send(command);
  } finally {
    client.destroy();
  }
}
