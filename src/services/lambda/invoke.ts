/** Invoke: at once, later, or not at all. */
import type { InvocationResult } from '../../functions/spec.ts';
import type { InvocationResponse, LambdaModel } from '../../model/lambda.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import {
  findFunction,
  type LambdaContext,
  requireFunction,
  resolveQualifier,
  type Subject,
} from './context.ts';
import {
  cannotRun,
  clientContextInvalid,
  codeUnreadable,
  functionNotFound,
  functionsAreOff,
  notRunHere,
  payloadInvalid,
  payloadTooLarge,
  tooManyInvocations,
} from './errors.ts';
import type { EventQueue } from './event-queue.ts';
import { namedArn } from './names.ts';
import { run } from './run.ts';

/** Lambda's quotas. */
const mostBytes = { RequestResponse: 6 * 1024 * 1024, Event: 1024 * 1024 } as const;

type Input = LambdaModel['Invoke']['input'];

export function invokeOperations(context: LambdaContext, queue: EventQueue) {
  return {
    Invoke: {
      // It may change anything, as far as Lambda knows; in the store it changes nothing.
      readOnly: false,
      find: (input, call) =>
        findFunction(context, input, call, { action: 'lambda:InvokeFunction' }),
      run: (input, call, subject: Subject) => invoke({ context, queue }, call, input, subject),
    },
  } satisfies Operations<LambdaModel, 'Invoke'>;
}

async function invoke(
  { context, queue }: { readonly context: LambdaContext; readonly queue: EventQueue },
  call: Call,
  input: Input,
  subject: Subject,
): Promise<InvocationResponse> {
  // What callers hand to functions is theirs.
  call.note({ requestParameters: { clientContext: undefined } });
  const { value: record } = requireFunction(subject);
  const { qualifier } = subject.named;
  const chance = () => call.world.randomBytes(4).readUInt32BE() / 2 ** 32;
  const resolved = await resolveQualifier(context, record, qualifier, chance);
  if (resolved === undefined) throw functionNotFound(namedArn(subject.named));
  const { version } = resolved;
  if (input.InvocationType === 'DryRun') return { StatusCode: 204 };
  if (input.TenantId !== undefined) throw notRunHere('tenant isolation');
  if (input.DurableExecutionName !== undefined) throw notRunHere('durable executions');
  const { functions } = context.ports;
  if (functions === undefined) throw functionsAreOff();
  const payload = payloadOf(input);
  const clientContext = clientContextOf(input.ClientContext);
  if (input.InvocationType === 'Event') {
    call.stage(queue.add(record, { call, payload, qualifier, clientContext }));
    return { StatusCode: 202 };
  }
  const { requestId } = call;
  const invokedArn = namedArn(subject.named);
  const asked = { record, version, requestId, payload, invokedArn, clientContext };
  const result = await run(context, functions, asked);
  return answerOf(result, { version: version.version, wantsLog: input.LogType === 'Tail' });
}

/** @throws ApiError RequestTooLargeException, InvalidRequestContentException */
function payloadOf({ Payload: payload, InvocationType: type }: Input): Buffer {
  if (payload === undefined || payload.length === 0) return Buffer.from('{}');
  const limit = type === 'Event' ? mostBytes.Event : mostBytes.RequestResponse;
  const sizeBytes = payload.length;
  if (sizeBytes > limit)
    throw payloadTooLarge({ sizeBytes, mostBytes: limit, type: type ?? 'RequestResponse' });
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload));
  } catch (error) {
    // The parser's text quotes what it was given.
    throw payloadInvalid(error instanceof SyntaxError ? 'It is no JSON.' : 'It is no UTF-8.');
  }
  return payload;
}

/** The header holds base64 of a JSON object. @throws ApiError InvalidRequestContentException */
function clientContextOf(given: string | undefined): string | undefined {
  if (given === undefined) return undefined;
  try {
    const text = Buffer.from(given, 'base64').toString('utf8');
    const value: unknown = JSON.parse(text);
    // It goes on in a header, where JSON.stringify leaves no line ends.
    if (typeof value === 'object' && value !== null) return asciiJson(value);
  } catch {
    // It is told in AWS's words.
  }
  throw clientContextInvalid();
}

/** JSON that a header can hold, whatever its texts are. */
const asciiJson = (value: object): string =>
  JSON.stringify(value).replace(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** @throws ApiError TooManyRequestsException, InvalidRuntimeException, InvalidZipFileException */
function answerOf(
  result: InvocationResult,
  { version, wantsLog }: { readonly version: string; readonly wantsLog: boolean },
): InvocationResponse {
  switch (result.kind) {
    case 'busy':
      throw tooManyInvocations();
    case 'cannot-run':
      throw cannotRun(result.text);
    case 'bad-code':
      throw codeUnreadable(result.text);
    default:
      return {
        StatusCode: 200,
        ExecutedVersion: version,
        ...(result.kind === 'failed' ? { FunctionError: 'Unhandled' } : {}),
        ...(wantsLog ? { LogResult: Buffer.from(result.log).toString('base64') } : {}),
        Payload: result.payload,
      };
  }
}
