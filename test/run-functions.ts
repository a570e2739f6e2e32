/** Functions as processes for tests: what a function is made of, and a sink that keeps its log. */
import { randomBytes } from 'node:crypto';
import {
  type Functions,
  type FunctionsOptions,
  openFunctions,
} from '../src/functions/functions.ts';
import type { FunctionSpec, InvocationResult, Setting } from '../src/functions/spec.ts';
import { zipOf } from './zip-of.ts';

export interface FunctionsUnderTest {
  readonly functions: Functions;
  readonly clock: { now: number };
  /** All lines of all processes, in order. */
  readonly lines: string[];
  readonly invoke: (
    spec: FunctionSpec,
    event?: unknown,
    options?: { clientContext?: string },
  ) => Promise<InvocationResult & { readonly body: unknown }>;
  readonly close: () => Promise<void>;
}

export const credentials = {
  accessKeyId: 'ASIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  sessionToken: 'the-session-token',
};

export function openTestFunctions(options: Partial<FunctionsOptions> = {}): FunctionsUnderTest {
  const clock = { now: Date.UTC(2026, 0, 1) };
  const lines: string[] = [];
  const functions = openFunctions({
    world: {
      now: () => clock.now,
      machineNow: () => Date.now(),
      monotonic: () => performance.now(),
      randomBytes,
    },
    endpoint: () => 'http://127.0.0.1:4566',
    endpointCertificate: undefined,
    env: process.env,
    uid: undefined,
    logs: { append: (_place, events) => lines.push(...events.map(({ message }) => message)) },
    ...options,
  });
  let count = 0;
  return {
    functions,
    clock,
    lines,
    invoke: async (spec, event = {}, { clientContext } = {}) => {
      const requestId = `00000000-0000-4000-8000-${String(++count).padStart(12, '0')}`;
      const payload = Buffer.from(JSON.stringify(event));
      const invocation = { requestId, payload, invokedArn: spec.arn, clientContext };
      const result = await functions.invoke(spec, invocation);
      const body = 'payload' in result ? JSON.parse(result.payload.toString()) : undefined;
      return { ...result, body };
    },
    close: () => functions.close(),
  };
}

/** These variables, and credentials for longer than any test. */
export const settingOf = (
  variables: Readonly<Record<string, string>>,
  expiresAt = Date.UTC(2100, 0, 1),
): Setting => ({ variables, credentials: { ...credentials, expiresAt } });

let made = 0;

/** A function of these files; `handler` of `index` unless told. */
export function functionOf(
  files: Readonly<Record<string, string>>,
  facts: Partial<FunctionSpec> = {},
): FunctionSpec {
  // No name is a part of another one, nor of one in a test file that runs at the same time.
  const name = facts.name ?? `function-under-test-${process.pid}-${++made}-`;
  const archive = zipOf(Object.entries(files).map(([file, content]) => ({ name: file, content })));
  return {
    key: `${name}/1`,
    arn: `arn:aws:lambda:eu-central-1:111122223333:function:${name}`,
    name,
    version: '$LATEST',
    region: 'eu-central-1',
    runtime: 'nodejs24.x',
    handler: 'index.handler',
    memoryBytes: 256 * 1024 * 1024,
    storageBytes: 64 * 1024 * 1024,
    timeoutMs: 20_000,
    logGroup: `/aws/lambda/${name}`,
    codeId: `${name}/code`,
    code: async () => archive,
    setting: async () => settingOf({}),
    concurrency: 10,
    ...facts,
  };
}

export const nodeFunction = (code: string, facts: Partial<FunctionSpec> = {}): FunctionSpec =>
  functionOf({ 'index.mjs': code }, facts);

export const pythonFunction = (code: string, facts: Partial<FunctionSpec> = {}): FunctionSpec =>
  functionOf({ 'index.py': code }, { runtime: 'python3.12', ...facts });
