/** AWS JSON 1.1: an operation's input is the request's body, its output the answer's. */
import { ApiError } from '../api-error.ts';
import type { HttpResponse } from '../http/message.ts';
import type { ServiceModel } from '../model/schema.ts';
import { codecsOf } from './codec.ts';
import { compileConvert } from './json-input.ts';
import { compileWrite } from './json-output.ts';
import type { ClaimedOperation, Protocol, Target, WireError } from './protocol.ts';
import { validationText } from './validate.ts';

const codecOf = codecsOf<unknown>({ compileConvert, compileWrite });

export const json: Protocol = {
  name: 'json-1.1',

  decode(claimed: ClaimedOperation): unknown {
    const { convert, check } = codecOf(claimed.operation);
    const input = convert(claimed.document);
    const text = validationText(check, input, claimed.model);
    if (text !== undefined) throw new ApiError('ValidationException', text);
    return input;
  },

  encode(target: Target, output: unknown, requestId: string): HttpResponse {
    const { write } = codecOf(target.operation);
    // An operation without output answers nothing at all, one with an empty output answers {}.
    return answer(200, write === undefined ? '' : write(output), requestId);
  },

  encodeError(error: WireError, requestId: string, model?: ServiceModel): HttpResponse {
    const type = JSON.stringify(error.code);
    const key = isCapitalised(error.code, model) ? 'Message' : 'message';
    const text = error.text === undefined ? '' : `,"${key}":${JSON.stringify(error.text)}`;
    return answer(statusOf(error.code, model), `{"__type":${type}${text}}`, requestId);
  },
};

const capitalised = new Set(['AccessDeniedException', 'SerializationException']);
/** Services whose models call the text of their errors so. */
const capitalisedServices = new Set(['secretsmanager']);

const isCapitalised = (code: string, model: ServiceModel | undefined): boolean =>
  capitalised.has(code) ||
  (model !== undefined && capitalisedServices.has(model.service) && model.errors.has(code));

/** Errors of every service that are no client's fault; a client's errors are all 400 here. */
const serverFaults = new Map([
  ['InternalFailure', 500],
  ['InternalServerError', 500],
  ['InternalServiceError', 500],
  ['ServiceUnavailable', 503],
  ['ServiceUnavailableException', 503],
]);

function statusOf(code: string, model: ServiceModel | undefined): number {
  return model?.errors.get(code)?.httpStatus ?? serverFaults.get(code) ?? 400;
}

function answer(status: number, body: string, requestId: string): HttpResponse {
  return {
    status,
    headers: [
      ['x-amzn-RequestId', requestId],
      ['Cache-Control', 'no-cache, no-store, must-revalidate, private'],
      ['Expires', '0'],
      ['Pragma', 'no-cache'],
      ['Content-Type', 'application/x-amz-json-1.1'],
    ],
    body,
  };
}
