/** AWS Query: parameters in a form or a query string, answers in XML. */
import { ApiError } from '../api-error.ts';
import type { HttpResponse } from '../http/message.ts';
import type { ServiceModel } from '../model/schema.ts';
import { codecsOf } from './codec.ts';
import type { ClaimedOperation, Protocol, Target, WireError } from './protocol.ts';
import { compileConvert } from './query-input.ts';
import type { ParamNode } from './query-params.ts';
import { validationText } from './validate.ts';
import { compileWrite, escapeXml } from './xml-output.ts';

const codecOf = codecsOf<ParamNode>({ compileConvert, compileWrite });

export const query: Protocol = {
  name: 'query',

  decode(claimed: ClaimedOperation): unknown {
    const { convert, check } = codecOf(claimed.operation);
    const input = convert(claimed.document as ParamNode);
    const text = validationText(check, input, claimed.model);
    if (text !== undefined) throw new ApiError('ValidationError', text);
    return input;
  },

  encode({ model, operation }: Target, output: unknown, requestId: string): HttpResponse {
    const { write } = codecOf(operation);
    const wrapper = operation.resultWrapper;
    let result = write === undefined ? '' : write(output);
    if (wrapper !== undefined) result = `<${wrapper}>${result}</${wrapper}>`;
    const id = `<ResponseMetadata><RequestId>${escapeXml(requestId)}</RequestId></ResponseMetadata>`;
    const name = `${operation.name}Response`;
    const body = `<${name}${namespace(model)}>${result}${id}</${name}>`;
    return answer(200, body, requestId);
  },

  encodeError(error: WireError, requestId: string, model?: ServiceModel): HttpResponse {
    const code = model?.errors.has(error.code)
      ? error.code
      : (queryNames.get(error.code) ?? error.code);
    const status = model?.errors.get(code)?.httpStatus ?? statuses.get(code) ?? 400;
    const sender = model?.errors.get(code)?.senderFault ?? status < 500;
    const text = error.text === undefined ? '' : `<Message>${escapeXml(error.text)}</Message>`;
    const detail = `<Type>${sender ? 'Sender' : 'Receiver'}</Type><Code>${escapeXml(code)}</Code>${text}`;
    const id = `<RequestId>${escapeXml(requestId)}</RequestId>`;
    const body = `<ErrorResponse${namespace(model)}><Error>${detail}</Error>${id}</ErrorResponse>`;
    return answer(status, body, requestId);
  },
};

/** What every service throws alike has shorter names in Query services. */
const queryNames = new Map([
  ['AccessDeniedException', 'AccessDenied'],
  ['ThrottlingException', 'Throttling'],
  ['ValidationException', 'ValidationError'],
  ['InternalServerError', 'InternalFailure'],
  ['ServiceUnavailableException', 'ServiceUnavailable'],
]);

/** Errors of every service that are not 400 (IAM's and STS's API references, Common Errors). */
const statuses = new Map([
  ['AccessDenied', 403],
  ['ExpiredToken', 403],
  ['InvalidClientTokenId', 403],
  ['MissingAuthenticationToken', 403],
  ['OptInRequired', 403],
  ['SignatureDoesNotMatch', 403],
  ['MalformedQueryString', 404],
  ['InternalFailure', 500],
  ['ServiceFailure', 500],
  ['ServiceUnavailable', 503],
]);

function namespace(model: ServiceModel | undefined): string {
  return model?.xmlNamespace === undefined ? '' : ` xmlns="${escapeXml(model.xmlNamespace)}"`;
}

function answer(status: number, body: string, requestId: string): HttpResponse {
  return {
    status,
    headers: [
      ['x-amzn-RequestId', requestId],
      ['Content-Type', 'text/xml'],
    ],
    body,
  };
}
