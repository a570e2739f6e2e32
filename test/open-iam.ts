/**
 * IAM in a whole node in memory, asked by the unmodified AWS SDK without a socket in between: wire,
 * signatures, policies, store and trail are the real ones.
 */
import { randomBytes } from 'node:crypto';
import * as iam from '@aws-sdk/client-iam';
import { createWorld, type MovableWorld } from '../src/clock.ts';
import type { HttpHandler } from '../src/http/message.ts';
import { openNode } from '../src/server.ts';

export const account = '111122223333';

/** Whoever signs with an account's number is its root user, in dev mode. */
export interface Signer {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}
export const rootOf = (owner: string): Signer => ({ accessKeyId: owner, secretAccessKey: 'any' });

type Client = Pick<iam.IAMClient, 'send'>;

export interface IamUnderTest {
  /** The account's root user. */
  readonly root: Client;
  readonly as: (signer: Signer) => Client;
  /** A user with a key of its own, and an inline policy where one is given. */
  readonly newUser: (name: string, ...statements: readonly object[]) => Promise<Signer>;
  readonly world: MovableWorld;
  readonly handler: HttpHandler;
  readonly close: () => Promise<void>;
}

export async function openIam(): Promise<IamUnderTest> {
  const world = createWorld({
    machineNow: () => Date.now(),
    monotonic: () => performance.now(),
    randomBytes,
  });
  const faults: string[] = [];
  const node = await openNode({
    mode: 'dev',
    dataDir: undefined,
    isNew: true,
    rootKey: randomBytes(32),
    laneName: 'test',
    isFirst: true,
    leads: true,
    alone: true,
    world,
    defaultAccount: '000000000000',
    log: (line) => faults.push(line),
  });
  const clients: iam.IAMClient[] = [];
  const as = (signer: Signer): iam.IAMClient => {
    const client = clientOf(node.handler, signer);
    clients.push(client);
    return client;
  };
  const root = as(rootOf(account));
  return {
    root,
    as,
    newUser: (name, ...statements) => newUser(root, name, statements),
    world,
    handler: node.handler,
    close: async () => {
      for (const client of clients) client.destroy();
      await node.close();
      if (faults.length > 0) throw new Error(`the node logged faults:\n${faults.join('\n')}`);
    },
  };
}

/** What of an SDK's request a handler needs; Query requests are texts. */
interface SentRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

function clientOf(handler: HttpHandler, credentials: Signer): iam.IAMClient {
  return new iam.IAMClient({
    endpoint: 'http://127.0.0.1',
    region: 'us-east-1',
    credentials,
    maxAttempts: 1,
    requestHandler: {
      handle: async (request: SentRequest) => {
        const answer = await handler({
          method: request.method,
          target: request.path,
          headers: new Map(
            Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value]),
          ),
          repeated: [],
          body: Buffer.from(request.body ?? ''),
          remoteAddress: '127.0.0.1',
          tls: undefined,
        });
        const headers = Object.fromEntries(
          answer.headers.map(([name, value]) => [name.toLowerCase(), value]),
        );
        const body = Buffer.from(answer.body as string | Buffer);
        return { response: { statusCode: answer.status, headers, body } };
      },
    },
  });
}

export const policyOf = (...statements: readonly object[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements });

export const allow = (Action: string | readonly string[], Resource: unknown = '*'): object => ({
  Effect: 'Allow',
  Action,
  Resource,
});

/** A trust policy for these principals. */
export const trustOf = (Principal: unknown): string =>
  policyOf({ Effect: 'Allow', Principal, Action: 'sts:AssumeRole' });

async function newUser(root: Client, name: string, statements: readonly object[]): Promise<Signer> {
  await root.send(new iam.CreateUserCommand({ UserName: name }));
  if (statements.length > 0)
    await root.send(
      new iam.PutUserPolicyCommand({
        UserName: name,
        PolicyName: 'test',
        PolicyDocument: policyOf(...statements),
      }),
    );
  const { AccessKey } = await root.send(new iam.CreateAccessKeyCommand({ UserName: name }));
  const { AccessKeyId: accessKeyId = '', SecretAccessKey: secretAccessKey = '' } = AccessKey ?? {};
  return { accessKeyId, secretAccessKey };
}

/** What a refused call tells, for `assert.rejects`. */
export const refused =
  (status: number, code: string, text?: string) =>
  (error: unknown): boolean => {
    const { name, message, $metadata } = error as {
      name: string;
      message: string;
      $metadata?: { httpStatusCode?: number };
    };
    // The SDK says this of an error without a text.
    const told = message === 'UnknownError' ? undefined : message;
    const got = `${$metadata?.httpStatusCode} ${name.replace(/Exception$/, '')}: ${told}`;
    const wanted = `${status} ${code}: ${text}`;
    if (got === wanted) return true;
    throw new Error(`expected ${wanted}\n     got ${got}`);
  };
