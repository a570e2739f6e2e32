/** Lambda and its logs on a running server, called as SDKs do, from the model alone. */
import assert from 'node:assert/strict';
import { lambda } from '../src/model/lambda.generated.ts';
import { logs } from '../src/model/logs.generated.ts';
import type { ServiceModel } from '../src/model/schema.ts';
import { allowing, type Credentials, newRole } from './identities.ts';
import { callOperation } from './service-call.ts';
import { zipOf } from './zip-of.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The JSON in it, `{}` for none. */
  readonly body: Record<string, unknown>;
  /** The error's name, where it is one. */
  readonly error: string | undefined;
}

export type Ask = (operation: string, input?: object) => Promise<Answer>;

export const asker =
  (model: ServiceModel) =>
  (who: Credentials): Ask =>
  async (operation, input = {}) => {
    const told = await callOperation(who, model, operation, input as Record<string, unknown>);
    const body = told.text === '' ? {} : JSON.parse(told.text);
    const type = told.headers.get('x-amzn-errortype') ?? body?.__type ?? undefined;
    return { ...told, body, error: told.status < 300 ? undefined : type };
  };

export const lambdaOf = asker(lambda);
export const logsOf = asker(logs);

/** The body of an answer that is one; fails with the server's text otherwise. */
export async function got(answer: Promise<Answer>): Promise<Record<string, unknown>> {
  const { status, text, body } = await answer;
  assert.ok(status < 300, text);
  return body;
}

/** Fails unless it was refused so. */
export async function refused(
  answer: Promise<Answer>,
  [status, error, message]: readonly [number, string, (string | RegExp)?],
): Promise<void> {
  const { body, ...told } = await answer;
  assert.deepEqual([told.status, told.error], [status, error], told.text);
  const text = String(body.message ?? body.Message);
  if (message instanceof RegExp) assert.match(text, message);
  else if (message !== undefined) assert.equal(text, message);
}

export const archiveOf = (files: Readonly<Record<string, string>>): Buffer =>
  zipOf(Object.entries(files).map(([name, content]) => ({ name, content })));

/** A role that functions may have, which may do anything unless told. */
export async function executionRole(
  root: Credentials,
  name: string,
  policy: object = allowing('*'),
): Promise<string> {
  const trusts = { Service: 'lambda.amazonaws.com' };
  return (await newRole(root, name, { trusts, policy })).arn;
}

/** The members of a CreateFunction for this code. */
export const creation = (
  FunctionName: string,
  Role: string,
  code: string,
  rest: object = {},
): object => ({
  FunctionName,
  Role,
  Runtime: 'nodejs24.x',
  Handler: 'index.handler',
  Timeout: 20,
  MemorySize: 256,
  Code: { ZipFile: archiveOf({ 'index.mjs': code }) },
  ...rest,
});

let made = 0;
export const newName = (): string => `function-${process.pid}-${++made}`;

/** A lock-step with what happens later: looks until it is there. */
export async function until<T>(look: () => Promise<T | undefined>, withinMs = 15_000): Promise<T> {
  const end = performance.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    assert.ok(performance.now() < end, 'it did not happen in time');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
