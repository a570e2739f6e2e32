/**
 * Drives a Node.js function: takes invocations from the Runtime API, one at a time, and answers
 * them. It runs in the function's own process, so that process, console and clock are the
 * function's, and ends when the Runtime API goes away. Forms of errors and log lines are Lambda's.
 */
import { existsSync } from 'node:fs';
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { format } from 'node:util';

const { env } = process;
const [address = '', ownPath = ''] = String(env.AWS_LAMBDA_RUNTIME_API).split(/\/(.*)/);
const [hostname, port] = address.split(':');
const api = `/${ownPath}/2018-06-01/runtime`;
const agent = new Agent({ keepAlive: true, maxSockets: 2 });

/** The invocation under way. */
let currentId: string | undefined;

interface Answer {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

function call(method: string, path: string, body?: string, errorType?: string): Promise<Answer> {
  const headers: Record<string, string | number> = {};
  if (body !== undefined) headers['content-length'] = Buffer.byteLength(body);
  if (errorType !== undefined) headers['lambda-runtime-function-error-type'] = errorType;
  return new Promise((resolve) => {
    const options = { hostname, port, agent, method, path: api + path, headers };
    // The server has gone, and nobody would hear more.
    const gone = (): never => process.exit(1);
    const outgoing = request(options, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () =>
        resolve({ headers: incoming.headers, body: Buffer.concat(chunks).toString() }),
      );
      incoming.on('error', gone);
    });
    outgoing.on('error', gone);
    outgoing.end(body);
  });
}

/* ---- What the function prints ---- */

/** One message is one event of the log, however many lines it has. */
function print(level: string, values: readonly unknown[]): void {
  const text = format(...values).replaceAll('\n', '\r');
  const time = new Date().toISOString();
  process.stdout.write(`${time}\t${currentId ?? 'undefined'}\t${level}\t${text}\n`);
}

function setUpConsole(): void {
  const levels = { log: 'INFO', info: 'INFO', debug: 'DEBUG', trace: 'TRACE', warn: 'WARN' };
  for (const [name, level] of Object.entries({ ...levels, error: 'ERROR' }))
    Object.assign(console, { [name]: (...values: readonly unknown[]) => print(level, values) });
}

/* ---- What goes wrong ---- */

interface Failure {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace: readonly string[];
}

function failureOf(error: unknown, errorType?: string): Failure {
  if (!(error instanceof Error))
    return { errorType: errorType ?? typeof error, errorMessage: String(error), trace: [] };
  return {
    errorType: errorType ?? error.name,
    errorMessage: error.message,
    trace: String(error.stack ?? '').split('\n'),
  };
}

async function report(path: string, title: string, failure: Failure): Promise<void> {
  print('ERROR', [`${title} \t${JSON.stringify(failure)}`]);
  await flush();
  await call('POST', path, JSON.stringify(failure), failure.errorType);
}

/** Nobody awaits what has failed here: the process is in no state to go on. */
async function endBy(failure: Failure, status: number): Promise<never> {
  const path = currentId === undefined ? '/init/error' : `/invocation/${currentId}/error`;
  await report(path, 'Uncaught Exception', failure);
  process.exit(status);
}

/* ---- The handler ---- */

type Handler = (event: unknown, context: object, callback: Callback) => unknown;
type Callback = (error: unknown, result?: unknown) => void;

/** `dir/file.export.member` */
async function loadHandler(name: string): Promise<Handler> {
  const [, file, exported] = /^((?:.*\/)?[^./]+)\.(.+)$/.exec(name) ?? [];
  if (file === undefined || exported === undefined)
    throw named('Runtime.MalformedHandlerName', 'Bad handler');
  const path = ['.js', '.mjs', '.cjs', '/index.js', '/index.mjs']
    .map((ending) => join(String(env.LAMBDA_TASK_ROOT), file + ending))
    .find(existsSync);
  if (path === undefined)
    throw named('Runtime.ImportModuleError', `Error: Cannot find module '${file}'`);
  const module = await import(pathToFileURL(path).href).catch((cause: unknown) => {
    throw importFailure(cause);
  });
  const handler = memberOf(module, exported) ?? memberOf(module.default, exported);
  if (handler === undefined)
    throw named('Runtime.HandlerNotFound', `${name} is undefined or not exported`);
  if (typeof handler !== 'function')
    throw named('Runtime.HandlerNotFound', `${name} is not a function`);
  return handler as Handler;
}

function memberOf(module: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce((value, name) => (value as Record<string, unknown> | undefined)?.[name], module);
}

function named(name: string, message: string): Error {
  const error = new Error(message);
  error.name = name;
  return error;
}

function importFailure(cause: unknown): unknown {
  if (!(cause instanceof Error)) return cause;
  const { code } = cause as NodeJS.ErrnoException;
  if (code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND')
    return named('Runtime.ImportModuleError', `Error: ${cause.message}`);
  if (cause instanceof SyntaxError)
    return named('Runtime.UserCodeSyntaxError', `SyntaxError: ${cause.message}`);
  return cause;
}

/** What was printed is on its way before the answer is: the log is read when that comes. */
async function flush(): Promise<void> {
  for (const stream of [process.stdout, process.stderr])
    await new Promise<void>((resolve) => {
      stream.write('', () => resolve());
    });
}

/** What an invocation is waiting for that its handler has not promised. */
let settle: Callback = () => undefined;

function contextOf(headers: IncomingHttpHeaders): object {
  const deadlineMs = Number(headers['lambda-runtime-deadline-ms']);
  const clientContext = headers['lambda-runtime-client-context'];
  return {
    awsRequestId: currentId,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: typeof clientContext === 'string' ? JSON.parse(clientContext) : undefined,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadlineMs - Date.now()),
    done: (error: unknown, result?: unknown) => settle(error, result),
    succeed: (result: unknown) => settle(null, result),
    fail: (error: unknown) => settle(error ?? 'handled'),
  };
}

/** A handler promises its result, calls back, or leaves nothing to wait for: then it is null. */
function run(handler: Handler, event: unknown, context: object): Promise<unknown> {
  return new Promise((resolve, reject) => {
    settle = (error, result) => {
      if (error === null || error === undefined) resolve(result);
      else reject(error);
    };
    const returned = handler(event, context, settle);
    if (typeof (returned as { then?: unknown } | undefined)?.then === 'function') resolve(returned);
  });
}

async function answer(handler: Handler, { headers, body }: Answer): Promise<void> {
  let result: string;
  try {
    const value = await run(handler, JSON.parse(body), contextOf(headers));
    result = JSON.stringify(value === undefined ? null : value) ?? 'null';
  } catch (error) {
    await report(`/invocation/${currentId}/error`, 'Invoke Error', failureOf(error));
    return;
  }
  await flush();
  await call('POST', `/invocation/${currentId}/response`, result);
}

async function main(): Promise<void> {
  setUpConsole();
  process.on('uncaughtException', (error) => void endBy(failureOf(error), 129));
  process.on('unhandledRejection', (reason) => {
    void endBy(failureOf(reason, 'Runtime.UnhandledPromiseRejection'), 128);
  });
  process.on('beforeExit', () => settle(null));
  const handler = await loadHandler(String(env._HANDLER)).catch((error: unknown) =>
    endBy(failureOf(error), 1),
  );
  for (;;) {
    const invocation = await call('GET', '/invocation/next');
    currentId = String(invocation.headers['lambda-runtime-aws-request-id']);
    env._X_AMZN_TRACE_ID = String(invocation.headers['lambda-runtime-trace-id'] ?? '');
    await answer(handler, invocation);
    currentId = undefined;
  }
}

await main();
