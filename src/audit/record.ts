/**
 * The CloudTrail record of a call as JSON text
 * (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html).
 * It is on the path of every request, so it is put together from text that is made once for each
 * operation and principal; only what the caller controls is escaped each time.
 */
import type { ApiError } from '../api-error.ts';
import type { OperationModel } from '../model/schema.ts';
import type { Call, Principal, Resource } from '../operation.ts';
import { newUuid } from '../uuid.ts';
import type { World } from '../world.ts';
import { compileStructure, type StructureWriter } from './parameters.ts';
import { cutText, eventTime, limitField, membersText, quoted } from './record-text.ts';
import {
  type Claimant,
  claimantIdentity,
  internalIdentity,
  userIdentity,
} from './user-identity.ts';

/** What the calls of `Call.note` have added up to. */
export type TrailNotes = Parameters<Call['note']>[0];

/**
 * How a call ended. A failure of ours is an `error` too: the one that the caller is told, which
 * says nothing.
 */
export type Outcome =
  | { readonly kind: 'output'; readonly output: unknown }
  | { readonly kind: 'error'; readonly error: ApiError };

export interface CallFacts {
  readonly requestId: string;
  /** Undefined: one is drawn. */
  readonly eventId?: string | undefined;
  /** `world.now()` when the call began. */
  readonly now: number;
  readonly service: string;
  readonly region: string;
  /** As the request names it; it need not exist. */
  readonly operation: string;
  /** Undefined when the request names no known operation. */
  readonly model: OperationModel | undefined;
  readonly readOnly: boolean;
  /** A call that changes nothing, but whose answer is worth keeping. */
  readonly recordsAnswer?: boolean;
  readonly principal: Principal | Claimant;
  /** The service that calls for the principal: `secretsmanager.amazonaws.com`. */
  readonly invokedBy?: string | undefined;
  /** Decoded and valid, or undefined when it came to neither. */
  readonly input: unknown;
  readonly notes: TrailNotes | undefined;
  /** What was asked about, in order; `notes.resources` stands for it. */
  readonly resources: readonly Resource[];
  readonly source: CallSource;
  readonly outcome: Outcome;
}

/** Where a call came from. A call that a service makes names the service and no TLS. */
export interface CallSource {
  /** An IP address as the socket has it, or a service's host name. */
  readonly remoteAddress: string;
  readonly userAgent: string | undefined;
  readonly host: string | undefined;
  readonly tls: { readonly version: string; readonly cipherSuite: string } | undefined;
}

/** What the program does by itself, when it falls due. */
export interface ServiceEvent {
  readonly now: number;
  readonly service: string;
  readonly region: string;
  /** `DeleteKey`, `RotateKey` … */
  readonly eventName: string;
  /** AwsServiceEvent unless told. */
  readonly eventType?: 'AwsApiCall';
  readonly account: string;
  /** How the service calls itself: `AWS Internal` unless told. */
  readonly invokedBy?: string;
  readonly requestId?: string;
  readonly errorMessage?: string;
  readonly resources: readonly Resource[];
  readonly responseElements?: Readonly<Record<string, unknown>>;
  readonly additionalEventData?: Readonly<Record<string, unknown>>;
  readonly serviceEventDetails?: Readonly<Record<string, unknown>>;
}

const TEXT_BYTES = 1024;
const NAME_BYTES = 128;
const ELEMENT_BYTES = 100 * 1024;
const EXTRA_BYTES = 28 * 1024;
const MAX_RESOURCES = 100;

/** The record of a call, whoever made it and however it ended. */
export function callRecord(facts: CallFacts, world: World): string {
  const { principal, outcome, notes } = facts;
  const named = principal.type !== 'Anonymous';
  const { head, input, output } = facts.model === undefined ? unknown(facts) : compiled(facts);
  const parameters = limitField(input(facts.input, notes?.requestParameters), requestLimit);
  return (
    `{"eventVersion":"1.11","userIdentity":${named ? userIdentity(principal, facts.invokedBy) : claimantIdentity(principal as Claimant)}` +
    `,"eventTime":"${eventTime(facts.now)}"${head}${quoted(cutText(facts.region, NAME_BYTES))}` +
    sourceText(facts.source) +
    (outcome.kind === 'error' ? errorText(outcome.error) : '') +
    `,"requestParameters":${parameters},"responseElements":${responseText(facts, output)}` +
    extraText('additionalEventData', notes?.additionalEventData) +
    `,"requestID":"${facts.requestId}","eventID":"${facts.eventId ?? newUuid(world)}","readOnly":${facts.readOnly}` +
    `,"resources":[${resourcesText(notes?.resources ?? facts.resources)}]` +
    ',"eventType":"AwsApiCall","managementEvent":true' +
    recipientText(facts) +
    `,"eventCategory":"Management"${tlsText(facts.source)}}`
  );
}

/** The record of something that the program did by itself. */
export function serviceEventRecord(event: ServiceEvent, world: World): string {
  const { invokedBy = 'AWS Internal', requestId, errorMessage } = event;
  const internal = JSON.stringify(invokedBy);
  const response = event.responseElements;
  return (
    `{"eventVersion":"1.11","userIdentity":${internalIdentity(event.account, invokedBy)}` +
    `,"eventTime":"${eventTime(event.now)}"${headText(event.service, event.eventName)}"${event.region}"` +
    `,"sourceIPAddress":${internal},"userAgent":${internal}` +
    (errorMessage === undefined
      ? ''
      : `,"errorMessage":${JSON.stringify(cutText(errorMessage, TEXT_BYTES))}`) +
    ',"requestParameters":null' +
    `,"responseElements":${response === undefined ? 'null' : `{${membersText(response)}}`}` +
    extraText('additionalEventData', event.additionalEventData) +
    (requestId === undefined ? '' : `,"requestID":${JSON.stringify(requestId)}`) +
    `,"eventID":"${newUuid(world)}","readOnly":false` +
    `,"resources":[${resourcesText(event.resources)}]` +
    `,"eventType":"${event.eventType ?? 'AwsServiceEvent'}","managementEvent":true` +
    `,"recipientAccountId":"${event.account}"` +
    extraText('serviceEventDetails', event.serviceEventDetails) +
    ',"eventCategory":"Management"}'
  );
}

/** Notes of one call added up; later members stand for earlier ones of the same name. */
export function mergeNotes(before: TrailNotes | undefined, added: TrailNotes): TrailNotes {
  if (before === undefined) return added;
  const { requestParameters, responseElements, additionalEventData } = before;
  const merged: { -readonly [K in keyof TrailNotes]: TrailNotes[K] } = { ...before, ...added };
  if (requestParameters !== undefined) {
    merged.requestParameters = { ...requestParameters, ...added.requestParameters };
  }
  if (responseElements !== undefined) {
    merged.responseElements = { ...responseElements, ...added.responseElements };
  }
  if (additionalEventData !== undefined) {
    merged.additionalEventData = { ...additionalEventData, ...added.additionalEventData };
  }
  return merged;
}

interface CompiledOperation {
  /** `,"eventSource":"kms.amazonaws.com","eventName":"Encrypt","awsRegion":` */
  readonly head: string;
  readonly input: StructureWriter;
  readonly output: StructureWriter;
}

const requestLimit = { field: 'requestParameters', maxBytes: ELEMENT_BYTES };
const responseLimit = { field: 'responseElements', maxBytes: ELEMENT_BYTES };
const operations = new WeakMap<OperationModel, CompiledOperation>();
const noStructure = compileStructure(undefined);

function compiled(facts: CallFacts): CompiledOperation {
  const model = facts.model!;
  let operation = operations.get(model);
  if (operation === undefined) {
    const input = compileStructure(model.input);
    const output = compileStructure(model.output);
    operation = { head: headText(facts.service, model.name), input, output };
    operations.set(model, operation);
  }
  return operation;
}

function unknown(facts: CallFacts): CompiledOperation {
  const head = headText(facts.service, facts.operation);
  return { head, input: noStructure, output: noStructure };
}

function headText(service: string, eventName: string): string {
  const source = JSON.stringify(`${cutText(service, NAME_BYTES)}.amazonaws.com`);
  const name = JSON.stringify(cutText(eventName, NAME_BYTES));
  return `,"eventSource":${source},"eventName":${name},"awsRegion":`;
}

/** The addresses of IPv4 clients of an IPv6 socket stand in the record as the clients know them. */
function sourceText(source: CallSource): string {
  const { remoteAddress, userAgent } = source;
  const address = remoteAddress.startsWith('::ffff:') ? remoteAddress.slice(7) : remoteAddress;
  const agent =
    userAgent === undefined ? '' : `,"userAgent":${JSON.stringify(cutText(userAgent, TEXT_BYTES))}`;
  return `,"sourceIPAddress":${JSON.stringify(address)}${agent}`;
}

/** AWS records a denial as `AccessDenied`, also where the caller is told AccessDeniedException. */
function errorText(error: ApiError): string {
  const code = error.code === 'AccessDeniedException' ? 'AccessDenied' : error.code;
  const text = `,"errorCode":${JSON.stringify(code)}`;
  if (error.text === undefined || error.text === '') return text;
  return `${text},"errorMessage":${JSON.stringify(cutText(error.text, TEXT_BYTES))}`;
}

/** Who belongs to no account is recorded in that of what it asked for. */
function recipientText({ principal, notes, resources }: CallFacts): string {
  if (principal.type === 'Anonymous') return '';
  const account = principal.account || (notes?.resources ?? resources)[0]?.account;
  return account === undefined ? '' : `,"recipientAccountId":"${account}"`;
}

function responseText(facts: CallFacts, output: StructureWriter): string {
  if (facts.outcome.kind === 'error') return 'null';
  if (facts.readOnly && facts.recordsAnswer !== true) return 'null';
  return limitField(output(facts.outcome.output, facts.notes?.responseElements), responseLimit);
}

function extraText(field: string, members: Readonly<Record<string, unknown>> | undefined): string {
  if (members === undefined) return '';
  const json = membersText(members);
  return json === ''
    ? ''
    : `,"${field}":${limitField(`{${json}}`, { field, maxBytes: EXTRA_BYTES })}`;
}

function resourcesText(resources: readonly Resource[]): string {
  let json = '';
  const seen: string[] = [];
  for (const { type, account, arn } of resources) {
    if (type === undefined || seen.includes(arn)) continue;
    if (seen.push(arn) > MAX_RESOURCES) break;
    json += `${json === '' ? '' : ','}{"accountId":"${account}","type":"${type}","ARN":${quoted(arn)}}`;
  }
  return json;
}

function tlsText(source: CallSource): string {
  if (source.tls === undefined) return '';
  const { version, cipherSuite } = source.tls;
  const host =
    source.host === undefined
      ? ''
      : `,"clientProvidedHostHeader":${JSON.stringify(cutText(source.host, TEXT_BYTES))}`;
  return `,"tlsDetails":{"tlsVersion":"${version}","cipherSuite":"${cipherSuite}"${host}}`;
}
