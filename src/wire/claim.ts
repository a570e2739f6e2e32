/**
 * Finds what a request asks for: protocol, service, operation. It comes first, since even a bad
 * signature is answered in the caller's own protocol.
 */
import { isUtf8 } from 'node:buffer';
import type { HttpRequest, HttpResponse } from '../http/message.ts';
import type { OperationModel, ServiceModel } from '../model/schema.ts';
import { json } from './json.ts';
import { parseObject } from './json-object.ts';
import type { ClaimedOperation, Protocol } from './protocol.ts';
import { query } from './query.ts';
import { emptyNode, type ParamNode, readParams } from './query-params.ts';
import type { RestDocument } from './rest-input.ts';
import { restJson } from './rest-json.ts';
import { compileRoutes, type FindRoute } from './rest-route.ts';

export type { Protocol } from './protocol.ts';

export type Claim = ClaimedOperation | Answered;

/** The request isn't one of ours, or is too broken to say whose; this is AWS's answer to it. */
export interface Answered {
  readonly kind: 'answer';
  readonly response: HttpResponse;
}

export const protocols: ReadonlyMap<ServiceModel['protocol'], Protocol> = new Map([
  [json.name, json],
  [query.name, query],
  [restJson.name, restJson],
]);

export interface ClaimOptions {
  /** By service name. The same map each time: it is indexed once. */
  readonly models: ReadonlyMap<string, ServiceModel>;
  readonly requestId: string;
}

/**
 * An operation that AWS's model has is claimed whether or not anything implements it. Never throws,
 * whatever the request holds.
 */
export function claim(request: HttpRequest, options: ClaimOptions): Claim {
  const index = indexOf(options.models);
  const contentType = mediaType(request.headers.get('content-type'));
  const target = request.headers.get('x-amz-target');
  if (target === undefined) {
    const rest = claimRest(request, index);
    if (rest !== undefined) return rest;
    if (mayBeQuery(request, contentType)) return claimQuery(request, index, options.requestId);
    const stray = refuseStray(request, index, options.requestId);
    if (stray !== undefined) return stray;
  }
  return claimJson({ request, contentType, target }, index, options.requestId);
}

interface Index {
  /** `TrentService.Encrypt` → its operation. */
  readonly targets: ReadonlyMap<string, { model: ServiceModel; operation: OperationModel }>;
  readonly queryServices: ReadonlyMap<string, ServiceModel>;
  /** `2011-06-15` → the Query service with that version. */
  readonly queryVersions: ReadonlyMap<string, ServiceModel>;
  readonly findRoute: FindRoute;
  /** `lambda` → the REST service that is signed so. */
  readonly restServices: ReadonlyMap<string, ServiceModel>;
}

const indexes = new WeakMap<ReadonlyMap<string, ServiceModel>, Index>();

function indexOf(models: ReadonlyMap<string, ServiceModel>): Index {
  let index = indexes.get(models);
  if (index === undefined) {
    index = makeIndex(models);
    indexes.set(models, index);
  }
  return index;
}

function makeIndex(models: ReadonlyMap<string, ServiceModel>): Index {
  const targets = new Map<string, { model: ServiceModel; operation: OperationModel }>();
  const queryServices = new Map<string, ServiceModel>();
  const queryVersions = new Map<string, ServiceModel>();
  const restServices = new Map<string, ServiceModel>();
  for (const [name, model] of models) {
    if (model.protocol === 'query') {
      queryServices.set(name, model);
      queryVersions.set(model.apiVersion, model);
    } else if (model.protocol === 'rest-json') {
      restServices.set(model.signingName ?? name, model);
    } else {
      for (const operation of model.operations.values())
        targets.set(`${model.targetPrefix}.${operation.name}`, { model, operation });
    }
  }
  const findRoute = compileRoutes(restServices.values());
  return { targets, queryServices, queryVersions, findRoute, restServices };
}

function mediaType(header: string | undefined): string {
  // What all JSON clients send is taken as it is.
  if (header === amzJson) return amzJson;
  return (header ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

function answered(response: HttpResponse): Answered {
  return { kind: 'answer', response };
}

/* ---- JSON ---- */

interface JsonRequest {
  readonly request: HttpRequest;
  readonly contentType: string;
  readonly target: string | undefined;
}

const amzJson = 'application/x-amz-json-1.1';

/**
 * In the order in which AWS's JSON front end checks (measured on Kinesis, whose front end KMS
 * shares).
 */
function claimJson(asked: JsonRequest, index: Index, requestId: string): Claim {
  const { request, contentType, target } = asked;
  if (request.method !== 'POST') return answered(undetermined(requestId));
  const found = target === undefined ? undefined : index.targets.get(target);
  if (request.body.length === 0)
    return refuse(found === undefined ? unknownOperation : unreadable, requestId);
  if (contentType !== amzJson && contentType !== 'application/json')
    return answered(target === undefined ? undetermined(requestId) : notFound(requestId));
  const document = parseObject(request.body);
  if (contentType === 'application/json')
    return answered(
      plainJsonAnswer(document === undefined ? unreadable : unknownOperation, requestId),
    );
  if (document === undefined) return refuse(unreadable, requestId);
  if (found === undefined) return refuse(unknownOperation, requestId);
  const { model, operation } = found;
  return { kind: 'operation', service: model.service, protocol: json, model, operation, document };
}

const unreadable = 'SerializationException';
const unknownOperation = 'UnknownOperationException';

function refuse(code: string, requestId: string): Answered {
  return answered(json.encodeError({ code, text: undefined }, requestId));
}

/** To a request that names no operation in any protocol. */
function undetermined(requestId: string): HttpResponse {
  const text = 'Unable to determine service/operation name to be authorized';
  const body = `<AccessDeniedException>\n  <Message>${text}</Message>\n</AccessDeniedException>\n`;
  return { status: 403, headers: [['x-amzn-RequestId', requestId]], body };
}

function notFound(requestId: string): HttpResponse {
  const headers = [['x-amzn-RequestId', requestId]] as const;
  return { status: 404, headers, body: `<${unknownOperation}/>\n` };
}

/** AWS answers plain `application/json` with 200 and a failure inside. */
function plainJsonAnswer(code: string, requestId: string): HttpResponse {
  const text = code === unreadable ? 'Message' : 'message';
  const type = `com.amazon.coral.service#${code}`;
  return {
    status: 200,
    headers: [
      ['x-amzn-RequestId', requestId],
      ['Content-Type', 'application/json'],
    ],
    body: `{"Output":{"__type":"${type}","${text}":null},"Version":"1.0"}`,
  };
}

/* ---- REST-JSON ---- */

/**
 * Undefined when it isn't REST. Clients of the other protocols ask for `/`, which is no route, so
 * that the path decides whatever the content type is.
 */
function claimRest(request: HttpRequest, index: Index): Claim | undefined {
  const { method, target, headers, body } = request;
  if (target === '/') return undefined;
  const question = target.indexOf('?');
  const path = question < 0 ? target : target.slice(0, question);
  const found = index.findRoute(method, path);
  if (found === undefined) return undefined;
  const { model, operation, labels } = found;
  const document: RestDocument = {
    labels,
    query: question < 0 ? '' : target.slice(question + 1),
    headers,
    body,
  };
  const { service } = model;
  return { kind: 'operation', service, protocol: restJson, model, operation, document };
}

/** To a request that is signed for a REST service and asks it for what it doesn't have. */
function refuseStray(request: HttpRequest, index: Index, requestId: string): Answered | undefined {
  const model = index.restServices.get(signedFor(request) ?? '');
  if (model === undefined || request.target === '/') return undefined;
  const error = { code: unknownOperation, text: undefined };
  return answered(restJson.encodeError(error, requestId, model));
}

/** The service in the signature's scope, which is not verified here. */
function signedFor({ headers }: HttpRequest): string | undefined {
  const credential = /Credential=([^,\s]*)/.exec(headers.get('authorization') ?? '')?.[1];
  return credential?.split('/', 5)[3];
}

/* ---- Query ---- */

function mayBeQuery(request: HttpRequest, contentType: string): boolean {
  if (request.method === 'POST')
    return (
      contentType === 'application/x-www-form-urlencoded' || /[?&]Action=/.test(request.target)
    );
  return request.method === 'GET' && /[?&]Action=/.test(request.target);
}

function claimQuery(request: HttpRequest, index: Index, requestId: string): Claim {
  const document = emptyNode();
  const question = request.target.indexOf('?');
  const inTarget = question < 0 ? '' : request.target.slice(question + 1);
  const inBody = request.method === 'POST' ? request.body.toString('utf8') : '';
  const readable =
    isUtf8(request.body) && readParams(inTarget, document) && readParams(inBody, document);
  const model = serviceOf(request, document, index);
  const fail = (code: string, text: string): Answered =>
    answered(query.encodeError({ code, text }, requestId, model));
  if (!readable) return fail('MalformedQueryString', 'The query string contains a syntax error.');
  const action = document.children.get('Action')?.value;
  if (action === undefined || action === '')
    return fail('MissingAction', 'The request must contain the parameter Action.');
  const version = document.children.get('Version')?.value;
  const operation = model?.apiVersion === version ? model?.operations.get(action) : undefined;
  if (model === undefined || operation === undefined) {
    const asked = version === undefined || version === '' ? 'NO_VERSION_SPECIFIED' : version;
    return fail('InvalidAction', `Could not find operation ${action} for version ${asked}`);
  }
  return { kind: 'operation', service: model.service, protocol: query, model, operation, document };
}

/** By what the request is signed for, else by the API version, else by the host name. */
function serviceOf(
  request: HttpRequest,
  document: ParamNode,
  index: Index,
): ServiceModel | undefined {
  const presigned = document.children.get('X-Amz-Credential')?.value;
  const signed = signedFor(request) ?? presigned?.split('/', 5)[3];
  const version = document.children.get('Version')?.value;
  const host = request.headers.get('host')?.split('.', 1)[0]?.toLowerCase();
  return (
    index.queryServices.get(signed ?? '') ??
    index.queryVersions.get(version ?? '') ??
    index.queryServices.get(host ?? '')
  );
}
