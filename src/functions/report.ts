/** What Lambda prints around an invocation, and its JSON for failures that no runtime reports. */
import type { FunctionSpec } from './spec.ts';

/** What ended an invocation that did not answer. */
export type Ending =
  | { readonly kind: 'timed-out'; readonly afterMs: number }
  /** The process went away: an exit status or a signal's name. */
  | { readonly kind: 'exited'; readonly how: number | NodeJS.Signals }
  /** It grew beyond its memory, its folder or the number of its processes. */
  | { readonly kind: 'too-much'; readonly of: 'memory' | 'storage' | 'processes' }
  /** Nobody needs it any more. */
  | { readonly kind: 'retired' }
  | { readonly kind: 'too-large'; readonly sizeBytes: number };

/** A response may have this many bytes (Lambda's quota: 6 MB and a little for its frame). */
export const responseBytes = 6 * 1024 * 1024 + 100;

/** In the words of Lambda's own failures. */
export function endingPayload(requestId: string, ending: Ending): Buffer {
  return Buffer.from(JSON.stringify(endingError(requestId, ending)));
}

function endingError(
  requestId: string,
  ending: Ending,
): { errorType: string; errorMessage: string } {
  const error = (errorType: string, text: string) => ({
    errorType,
    errorMessage: `RequestId: ${requestId} Error: ${text}`,
  });
  switch (ending.kind) {
    case 'timed-out':
      return error('Sandbox.Timedout', timedOutText(ending.afterMs));
    case 'exited':
      return error('Runtime.ExitError', `Runtime exited ${exitText(ending.how)}`);
    case 'too-much':
    case 'retired':
      return error('Runtime.ExitError', `Runtime exited ${exitText('SIGKILL')}`);
    case 'too-large':
      return {
        errorType: 'Function.ResponseSizeTooLarge',
        errorMessage: `Response payload size (${ending.sizeBytes} bytes) exceeded maximum allowed payload size (${responseBytes} bytes).`,
      };
  }
}

const timedOutText = (afterMs: number): string =>
  `Task timed out after ${(afterMs / 1000).toFixed(2)} seconds`;

const signalTexts: ReadonlyMap<string, string> = new Map([
  ['SIGKILL', 'killed'],
  ['SIGABRT', 'aborted'],
  ['SIGSEGV', 'segmentation fault'],
  ['SIGTERM', 'terminated'],
]);

function exitText(how: number | NodeJS.Signals): string {
  if (how === 0) return 'without providing a reason';
  const status = typeof how === 'number' ? `exit status ${how}` : undefined;
  return `with error: ${status ?? `signal: ${signalTexts.get(how as NodeJS.Signals) ?? how}`}`;
}

/** The line that an ending leaves in the log. */
export function endingLine(requestId: string, ending: Ending): string {
  if (ending.kind === 'timed-out') return `${requestId} ${timedOutText(ending.afterMs)}`;
  const { errorMessage } = endingError(requestId, ending);
  return ending.kind === 'too-much' ? `${errorMessage}: too much ${ending.of}` : errorMessage;
}

/** The line that an ending leaves when no invocation was under way; undefined for our own doing. */
export function idleEndingLine(ending: Ending): string | undefined {
  if (ending.kind === 'exited') return `Runtime exited ${exitText(ending.how)} between invocations`;
  if (ending.kind === 'too-much') return `Runtime ended between invocations: too much ${ending.of}`;
  return undefined;
}

export const startLine = (requestId: string, { version }: FunctionSpec): string =>
  `START RequestId: ${requestId} Version: ${version}`;

export const endLine = (requestId: string): string => `END RequestId: ${requestId}`;

export function reportLine(
  requestId: string,
  facts: {
    readonly spec: FunctionSpec;
    readonly tookMs: number;
    /** Of a process that was started for it. */
    readonly initMs: number | undefined;
    readonly mostBytes: number;
    readonly status?: 'timeout' | 'error';
  },
): string {
  const { spec, tookMs, initMs, mostBytes, status } = facts;
  const megabytes = (bytes: number): string => `${Math.ceil(bytes / (1024 * 1024))} MB`;
  const parts = [
    `REPORT RequestId: ${requestId}`,
    `Duration: ${tookMs.toFixed(2)} ms`,
    `Billed Duration: ${Math.ceil(tookMs + (initMs ?? 0))} ms`,
    `Memory Size: ${megabytes(spec.memoryBytes)}`,
    `Max Memory Used: ${megabytes(mostBytes)}`,
    ...(initMs === undefined ? [] : [`Init Duration: ${initMs.toFixed(2)} ms`]),
    ...(status === undefined ? [] : [`Status: ${status}`]),
  ];
  return parts.join('\t');
}
