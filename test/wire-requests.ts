/** Requests for the wire's own tests, without a socket and without a signature. */
import assert from 'node:assert/strict';
import { ApiError } from '../src/api-error.ts';
import type { HttpRequest } from '../src/http/message.ts';
import { events } from '../src/model/events.generated.ts';
import { iam } from '../src/model/iam.generated.ts';
import { iamToolbox } from '../src/model/iam-toolbox.generated.ts';
import { kms } from '../src/model/kms.generated.ts';
import { lambda } from '../src/model/lambda.generated.ts';
import type { ServiceModel } from '../src/model/schema.ts';
import { secretsmanager } from '../src/model/secretsmanager.generated.ts';
import { ssm } from '../src/model/ssm.generated.ts';
import { sts } from '../src/model/sts.generated.ts';
import { type Claim, claim } from '../src/wire/claim.ts';
import type { ClaimedOperation } from '../src/wire/protocol.ts';

export const models: ReadonlyMap<string, ServiceModel> = new Map([
  ['events', events],
  ['iam', iam],
  ['iam-toolbox', iamToolbox],
  ['kms', kms],
  ['lambda', lambda],
  ['secretsmanager', secretsmanager],
  ['ssm', ssm],
  ['sts', sts],
]);

export interface Asked {
  readonly method?: string;
  readonly target?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export function httpRequest(asked: Asked): HttpRequest {
  return {
    method: asked.method ?? 'POST',
    target: asked.target ?? '/',
    headers: new Map(Object.entries(asked.headers ?? {})),
    repeated: [],
    body: Buffer.from(asked.body ?? ''),
    remoteAddress: '127.0.0.1',
    tls: undefined,
  };
}

export function claimOf(asked: Asked): Claim {
  return claim(httpRequest(asked), { models, requestId: 'the-id' });
}

/** A KMS request as an SDK sends it; a body that is not text is sent as its JSON. */
export const kmsRequest = (operation: string, body: unknown): Asked =>
  jsonRequest(`TrentService.${operation}`, body);

/** A Secrets Manager request, as `kmsRequest`. */
export const secretsRequest = (operation: string, body: unknown): Asked =>
  jsonRequest(`secretsmanager.${operation}`, body);

/** An EventBridge request, as `kmsRequest`. */
export const eventsRequest = (operation: string, body: unknown): Asked =>
  jsonRequest(`AWSEvents.${operation}`, body);

/** A Parameter Store request, as `kmsRequest`. */
export const ssmRequest = (operation: string, body: unknown): Asked =>
  jsonRequest(`AmazonSSM.${operation}`, body);

function jsonRequest(target: string, body: unknown): Asked {
  return {
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target },
    body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
  };
}

/** An STS request as an SDK sends it, from `Name=value` pairs that are already encoded. */
export const stsRequest = (operation: string, params = ''): Asked =>
  queryRequest(`Action=${operation}&Version=2011-06-15`, params);

/** An IAM request, as `stsRequest`. */
export const iamRequest = (operation: string, params = ''): Asked =>
  queryRequest(`Action=${operation}&Version=2010-05-08`, params);

const queryRequest = (action: string, params: string): Asked => ({
  headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
  body: params === '' ? action : `${action}&${params}`,
});

/** A Lambda request as an SDK sends it; a body that is not text is sent as its JSON. */
export function lambdaRequest(method: string, target: string, body: unknown = ''): Asked {
  return {
    method,
    target,
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
  };
}

export function claimed(asked: Asked): ClaimedOperation {
  const found = claimOf(asked);
  assert.equal(found.kind, 'operation');
  return found as ClaimedOperation;
}

export function decode(asked: Asked): unknown {
  const found = claimed(asked);
  return found.protocol.decode(found);
}

/** The error that decoding ends in; fails when there is none or it is no ApiError. */
export function refusal(asked: Asked): { code: string; text: string | undefined } {
  try {
    decode(asked);
  } catch (error) {
    assert.ok(error instanceof ApiError, String(error));
    return { code: error.code, text: error.text };
  }
  return assert.fail('The request was taken');
}
