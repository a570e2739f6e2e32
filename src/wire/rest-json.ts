/** AWS REST-JSON: method and path name the operation, the body is JSON. */
import { ApiError } from '../api-error.ts';
import type { HttpResponse } from '../http/message.ts';
import type { ServiceModel } from '../model/schema.ts';
import { codecsOf } from './codec.ts';
import type { ClaimedOperation, Protocol, Target, WireError } from './protocol.ts';
import { compileConvert, type RestDocument } from './rest-input.ts';
import { compileWrite, type RestAnswer } from './rest-output.ts';
import { validationText } from './validate.ts';

const codecOf = codecsOf<RestDocument, RestAnswer>({ compileConvert, compileWrite });

export const restJson: Protocol = {
  name: 'rest-json',

  decode(claimed: ClaimedOperation): unknown {
    const { convert, check } = codecOf(claimed.operation);
    const input = convert(claimed.document as RestDocument);
    const text = validationText(check, input, claimed.model);
    if (text !== undefined) throw new ApiError('ValidationException', text);
    return input;
  },

  encode({ operation }: Target, output: unknown, requestId: string): HttpResponse {
    const answer = codecOf(operation).write?.(output);
    const status = answer?.status ?? operation.http?.status ?? 200;
    return {
      status,
      headers: [...headersOf(requestId), ...(answer?.headers ?? [])],
      // An answer 204 has no body (RFC 9110 §15.3.5).
      body: status === 204 ? '' : (answer?.body ?? ''),
    };
  },

  encodeError({ code, text }: WireError, requestId: string, model?: ServiceModel): HttpResponse {
    const known = model?.errors.get(code);
    const status = known?.httpStatus ?? statuses.get(code) ?? 400;
    const sender = known?.senderFault ?? status < 500;
    const body: Record<string, string> = {};
    if (known?.hasType === true) body.Type = sender ? 'User' : 'Service';
    const key = known?.textMember ?? (known === undefined ? textMember(code) : 'message');
    if (text !== undefined) body[key] = text;
    return {
      status,
      headers: [...headersOf(requestId), ['x-amzn-ErrorType', code]],
      body: JSON.stringify(body),
    };
  },
};

/** The errors of every service that begin their text with a capital, as in JSON 1.1. */
function textMember(code: string): string {
  return code === 'AccessDeniedException' || code === 'SerializationException'
    ? 'Message'
    : 'message';
}

/**
 * Errors of every service that are not 400. Unlike JSON 1.1, who is not let in is told so by the
 * status.
 */
const statuses = new Map([
  ['AccessDeniedException', 403],
  ['ExpiredTokenException', 403],
  ['IncompleteSignatureException', 403],
  ['InvalidSignatureException', 403],
  ['MissingAuthenticationTokenException', 403],
  ['UnrecognizedClientException', 403],
  ['UnknownOperationException', 404],
  ['ThrottlingException', 429],
  ['InternalFailure', 500],
  ['ServiceUnavailableException', 503],
]);

function headersOf(requestId: string): Array<readonly [string, string]> {
  return [
    ['x-amzn-RequestId', requestId],
    ['Content-Type', 'application/json'],
  ];
}
