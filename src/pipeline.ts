/**
 * The journey of a request, in order: claim, identify, decode, find, authorize, run, record,
 * encode. It names no operation. A call that changes something commits its writes together with its
 * audit record; whatever the outcome, no record means no answer.
 */
import type { Access } from './access/access.ts';
import type { CallerPolicies } from './access/caller-policies.ts';
import type { RequestSource } from './access/condition-keys.ts';
import { ApiError } from './api-error.ts';
import type { Audit } from './audit/audit.ts';
import { TrailUnavailable } from './audit/failures.ts';
import { type CallSource, callRecord, type Outcome } from './audit/record.ts';
import { type CallPorts, LiveCall } from './call.ts';
import type { HttpRequest, HttpResponse } from './http/message.ts';
import type { Identified, Verify } from './identity/verify.ts';
import type { OperationModel, ServiceModel } from './model/schema.ts';
import type { Operation, OperationTable, Principal } from './operation.ts';
import { partitionOfRegion } from './region.ts';
import { StoreDamaged, StoreUnavailable } from './store/engine.ts';
import type { Store } from './store/store.ts';
import { nobody } from './unsigned.ts';
import { newUuid } from './uuid.ts';
import { claim } from './wire/claim.ts';
import type { World } from './world.ts';

export interface Pipeline {
  readonly models: ReadonlyMap<string, ServiceModel>;
  readonly tables: ReadonlyMap<string, OperationTable>;
  readonly verify: Verify;
  readonly access: Access;
  /** An authenticated request, for what is told of the last use of keys and roles. */
  readonly noteUse: (
    principal: Principal,
    use: { readonly at: number; readonly service: string; readonly region: string },
  ) => void;
  readonly store: Store;
  readonly audit: Audit;
  readonly world: World;
  /** A fault of ours, for the log: the cause and the request id that the caller was given. */
  readonly onFault: (requestId: string, error: unknown) => void;
}

/**
 * Another node may change what a call has read; so often it is run again before the caller is told
 * to.
 */
const maxRuns = 10;

/**
 * Answers one request of AWS's protocols. Its failures are answers too: it doesn't reject, nor
 * throw. Nothing on the way to the record is an async function: what is found in caches goes on at
 * once, and the one promise of a hot call is that of its record.
 */
export function respond(
  request: HttpRequest,
  pipeline: Pipeline,
): HttpResponse | Promise<HttpResponse> {
  const requestId = newUuid(pipeline.world);
  const claimed = claim(request, { models: pipeline.models, requestId });
  if (claimed.kind === 'answer') return claimed.response;
  const journey = new Journey(pipeline, {
    requestId,
    model: claimed.model,
    operation: claimed.operation,
    source: sourceOf(request),
  });
  const answer = (outcome: Outcome): HttpResponse =>
    outcome.kind === 'output'
      ? claimed.protocol.encode(claimed, outcome.output, requestId)
      : claimed.protocol.encodeError(outcome.error, requestId, claimed.model);
  const fail = (error: unknown): HttpResponse =>
    answer({ kind: 'error', error: journey.conceal(error) });
  const goOn = (identified: Identified): Promise<Outcome> =>
    identified.kind === 'refused'
      ? journey.refuseStranger(request.headers, identified.error)
      : journey.travel(
          { principal: identified.principal, region: identified.region, via: [] },
          () => claimed.protocol.decode(claimed),
        );
  try {
    const identity = claimed.operation.unsigned
      ? nobody(request)
      : pipeline.verify(request, {
          protocol: claimed.protocol.name,
          service: claimed.model.signingName ?? claimed.service,
        });
    const outcome = identity instanceof Promise ? identity.then(goOn) : goOn(identity);
    return outcome.then(answer, fail);
  } catch (error) {
    return fail(error);
  }
}

/** A call that the program itself makes, as a service: a rotation invokes its function. */
export interface OwnCall {
  readonly principal: Principal;
  readonly region: string;
  readonly service: string;
  readonly operation: string;
  /** As the operation's input type says. */
  readonly input: unknown;
  /** The services through which it comes: none when the principal is the service. */
  readonly via?: readonly string[];
  /** The resource for which the service calls, for `aws:SourceArn`. */
  readonly sourceArn?: string;
}

/** The journey without the wire. Rejects with the operation's ApiError. */
export async function perform(call: OwnCall, pipeline: Pipeline): Promise<unknown> {
  const { principal, region, via = [] } = call;
  const host = via.at(-1) ?? principal.serviceName ?? 'AWS Internal';
  const journey = new Journey(pipeline, {
    requestId: newUuid(pipeline.world),
    ...targetOf(pipeline, call.service, call.operation),
    source: {
      ...ofService(host),
      ...(call.sourceArn === undefined
        ? {}
        : { sourceArn: call.sourceArn, sourceAccount: principal.account }),
    },
  });
  const outcome = await journey.travel({ principal, region, via }, () => call.input);
  if (outcome.kind === 'error') throw outcome.error;
  return outcome.output;
}

type Row = Operation<unknown, unknown>;

/** What is called, and from where. */
interface Course {
  readonly requestId: string;
  readonly model: ServiceModel;
  readonly operation: OperationModel;
  readonly source: CallSource & RequestSource;
}

/** Who calls, and in which Region. */
interface Traveller {
  readonly principal: Principal;
  readonly region: string;
  readonly via: readonly string[];
}

class Journey {
  readonly #pipeline: Pipeline;
  readonly #course: Course;

  constructor(pipeline: Pipeline, course: Course) {
    this.#pipeline = pipeline;
    this.#course = course;
  }

  /** Fails only when the outcome could not be recorded, or the caller's policies not be read. */
  travel(traveller: Traveller, decode: () => unknown): Promise<Outcome> {
    const { store } = this.#pipeline;
    const call = this.#openCall(traveller);
    const { now, service, region } = call;
    this.#pipeline.noteUse(traveller.principal, { at: now, service, region });
    const decoded = this.#decode(decode);
    if (decoded.error !== undefined) return this.#refuse(call, undefined, decoded.error);
    const { row, input } = decoded;
    return store.isFresh()
      ? this.#run(call, row, input, 1)
      : store.freshen().then(() => this.#run(call, row, input, 1));
  }

  /**
   * A call inside another one: its record and its writes become the outer call's. Throws, or
   * rejects with, the operation's error.
   */
  travelInside(
    outer: LiveCall,
    input: unknown,
    { region, via }: Omit<Traveller, 'principal'>,
  ): unknown {
    const row = this.#row();
    if (row === undefined) throw this.#notThereYet();
    const inner = this.#openCall({ principal: outer.principal, region, via }, outer);
    inner.caller = outer.caller;
    const settle = (output: unknown): unknown => {
      const record = this.#record(inner, input, { kind: 'output', output });
      outer.innerRecords.push(...inner.innerRecords, record);
      outer.stageOf(inner);
      return output;
    };
    const refuse = (fault: unknown): never => {
      const error = this.conceal(fault);
      const record = this.#record(inner, input, { kind: 'error', error });
      outer.innerRecords.push(...inner.innerRecords, record);
      throw error;
    };
    let output: unknown;
    try {
      output = this.#perform(inner, row, input);
    } catch (error) {
      return refuse(error);
    }
    return output instanceof Promise ? output.then(settle, refuse) : settle(output);
  }

  #openCall({ principal, region, via }: Traveller, outer?: LiveCall): LiveCall {
    const { world, access } = this.#pipeline;
    const { requestId, model, operation, source } = this.#course;
    return new LiveCall({
      requestId,
      service: model.service,
      operation: operation.name,
      region,
      partition: partitionOfRegion(region),
      principal,
      via,
      source,
      world,
      now: world.now(),
      denial: model.protocol === 'query' ? 'AccessDenied' : 'AccessDeniedException',
      ...(outer === undefined ? {} : { outer }),
      ports: { access, invoke: (outer, asked) => this.#invoke(outer, asked) },
    });
  }

  #invoke(outer: LiveCall, asked: Parameters<CallPorts['invoke']>[1]): unknown {
    const { region, direct } = asked;
    const host = `${outer.service}.amazonaws.com`;
    const inner = new Journey(this.#pipeline, {
      requestId: newUuid(this.#pipeline.world),
      ...targetOf(this.#pipeline, asked.service, asked.operation),
      source: direct ? this.#course.source : ofService(host),
    });
    const via = direct ? outer.via : [...outer.via, host];
    return inner.travelInside(outer, asked.input, { region, via });
  }

  #row(): Row | undefined {
    const { model, operation } = this.#course;
    return this.#pipeline.tables.get(model.service)?.get(operation.name);
  }

  #notThereYet(): ApiError {
    return notThereYet(this.#course.model.service, this.#course.operation.name);
  }

  #decode(
    decode: () => unknown,
  ): { row: Row; input: unknown; error?: undefined } | { error: ApiError } {
    const row = this.#row();
    if (row === undefined) return { error: this.#notThereYet() };
    try {
      return { row, input: decode() };
    } catch (error) {
      return { error: this.conceal(error) };
    }
  }

  /** With the caller's policies as they are now: a rerun reads them again. */
  #run(call: LiveCall, row: Row, input: unknown, runs: number): Promise<Outcome> {
    const found = this.#pipeline.access.callerPolicies(call.principal);
    const goOn = (caller: CallerPolicies | undefined): Promise<Outcome> => {
      if (caller === undefined) return this.#refuse(call, input, this.#callerGone());
      call.caller = caller;
      return this.#runAs(call, row, input, runs);
    };
    return found instanceof Promise ? found.then(goOn) : goOn(found);
  }

  /** Credentials that outlive their user or role are no credentials. */
  #callerGone(): ApiError {
    const code =
      this.#course.model.protocol === 'query'
        ? 'InvalidClientTokenId'
        : 'UnrecognizedClientException';
    return new ApiError(code, 'The security token included in the request is invalid.');
  }

  #runAs(call: LiveCall, row: Row, input: unknown, runs: number): Promise<Outcome> {
    const refuse = (error: unknown): Promise<Outcome> =>
      this.#refuse(call, input, this.conceal(error));
    let output: unknown;
    try {
      output = this.#perform(call, row, input);
    } catch (error) {
      return refuse(error);
    }
    return output instanceof Promise
      ? output.then((o) => this.#settle(call, row, input, { output: o, runs }), refuse)
      : this.#settle(call, row, input, { output, runs });
  }

  /** Resolves once the call is recorded, and committed where it changes something. */
  #settle(
    call: LiveCall,
    row: Row,
    input: unknown,
    { output, runs }: { readonly output: unknown; readonly runs: number },
  ): Promise<Outcome> {
    const outcome: Outcome = { kind: 'output', output };
    const record = this.#record(call, input, outcome);
    if (call.writes.length === 0) return this.#append(call, record).then(() => outcome);
    return this.#commit(call, record).then((isCommitted) => {
      if (isCommitted) return outcome;
      if (runs === maxRuns) return this.#refuse(call, input, busy());
      call.restart();
      return this.#run(call, row, input, runs + 1);
    });
  }

  /** Synchronous rows stay synchronous until the record: no promise is made that isn't needed. */
  #perform(call: LiveCall, row: Row, input: unknown): unknown {
    if (row.open === true) call.allowAll();
    if (row.find === undefined) return this.#finish(call, row.run(input, call, undefined));
    const found = row.find(input, call);
    return found instanceof Promise
      ? found.then((f) => this.#finish(call, this.#act(call, row, input, f)))
      : this.#finish(call, this.#act(call, row, input, found));
  }

  #act(
    call: LiveCall,
    row: Row,
    input: unknown,
    found: Awaited<ReturnType<NonNullable<Row['find']>>>,
  ): unknown {
    const waits = call.authorizeWithGrants(found.action ?? call.action, found.resource, found);
    return waits instanceof Promise
      ? waits.then(() => row.run(input, call, found.subject))
      : row.run(input, call, found.subject);
  }

  #finish(call: LiveCall, output: unknown): unknown {
    if (output instanceof Promise) return output.then((o) => this.#finish(call, o));
    if (!call.authorized) throw new Error(`${call.action} answered without being authorized`);
    return output;
  }

  /** The records of a call that changes nothing: those of the calls inside it, then its own. */
  #append(call: LiveCall, record: string): Promise<unknown> {
    const { audit } = this.#pipeline;
    if (call.innerRecords.length === 0) return audit.record(record);
    return Promise.all([...call.innerRecords, record].map((json) => audit.record(json)));
  }

  /** False when another node has changed what the call had read. */
  async #commit(call: LiveCall, record: string): Promise<boolean> {
    const { audit, store } = this.#pipeline;
    const changes = [...call.innerRecords, record].map((json) => audit.change(json));
    const writes = changes.flatMap((change) => change.writes);
    const result = await store.commit([...call.writes, ...writes]);
    if (result.kind === 'conflict') return false;
    for (const change of changes) await change.committed(result.seq);
    return true;
  }

  /** Whatever was staged is dropped; what other services did for the call stays recorded. */
  #refuse(call: LiveCall, input: unknown, error: ApiError): Promise<Outcome> {
    const outcome: Outcome = { kind: 'error', error };
    return this.#append(call, this.#record(call, input, outcome)).then(() => outcome);
  }

  #record(call: LiveCall, input: unknown, outcome: Outcome): string {
    const { model, operation, source, requestId } = this.#course;
    const { eventId, now, region, principal, via, notes, resources } = call;
    return callRecord(
      {
        requestId,
        eventId,
        now,
        service: model.service,
        region,
        operation: operation.name,
        model: operation,
        readOnly: this.#row()?.readOnly ?? false,
        recordsAnswer: this.#row()?.recordsAnswer ?? false,
        principal,
        invokedBy: via.at(-1),
        input,
        notes,
        resources,
        source,
        outcome,
      },
      this.#pipeline.world,
    );
  }

  /** The record and the answer for a request whose signature proves nothing. */
  refuseStranger(headers: ReadonlyMap<string, string>, error: ApiError): Promise<Outcome> {
    const { model, operation, source, requestId } = this.#course;
    const { world, audit } = this.#pipeline;
    const outcome: Outcome = { kind: 'error', error };
    const record = callRecord(
      {
        requestId,
        now: world.now(),
        service: model.service,
        region: claimedScope(headers)?.region ?? 'unknown',
        operation: operation.name,
        model: operation,
        readOnly: this.#row()?.readOnly ?? false,
        principal: claimant(headers),
        input: undefined,
        notes: undefined,
        resources: [],
        source,
        outcome,
      },
      world,
    );
    return audit.record(record).then(() => outcome);
  }

  /**
   * What the caller is told of a failure. Faults of ours are logged, and told without their
   * text.
   */
  conceal(error: unknown): ApiError {
    if (error instanceof ApiError) return error;
    const { requestId, model } = this.#course;
    this.#pipeline.onFault(requestId, error);
    const code = internalCodes.get(model.service) ?? 'InternalFailure';
    const told =
      error instanceof StoreUnavailable || error instanceof TrailUnavailable
        ? error.message
        : error instanceof StoreDamaged
          ? 'The store is damaged and this answer was withheld. The server log names the record.'
          : 'The request failed inside the server. The server log has the cause under this request id.';
    return new ApiError(code, told);
  }
}

function sourceOf({ headers, remoteAddress, tls }: HttpRequest): CallSource & RequestSource {
  return {
    remoteAddress,
    userAgent: headers.get('user-agent'),
    referer: headers.get('referer'),
    host: headers.get('host'),
    tls,
  };
}

/** A call that a service makes names the service in place of an address and a program. */
const ofService = (host: string): CallSource & RequestSource => ({
  remoteAddress: host,
  userAgent: host,
  host: undefined,
  tls: undefined,
});

/** Throws an Error for what no model has: the services' own code names these. */
function targetOf(
  { models }: Pipeline,
  service: string,
  operation: string,
): { readonly model: ServiceModel; readonly operation: OperationModel } {
  const model = models.get(service);
  const found = model?.operations.get(operation);
  if (model === undefined || found === undefined)
    throw new Error(`No model has ${service}:${operation}`);
  return { model, operation: found };
}

/** The name that a service gives to a fault of its own. */
const internalCodes: ReadonlyMap<string, string> = new Map([
  ['events', 'InternalException'],
  ['kms', 'KMSInternalException'],
  ['secretsmanager', 'InternalServiceError'],
  ['ssm', 'InternalServerError'],
]);

const notThereYet = (service: string, operation: string): ApiError =>
  new ApiError(
    'UnsupportedOperationException',
    `Sealhold does not have ${service}:${operation} yet. The README's coverage table lists what it has.`,
  );

const busy = (): ApiError =>
  new ApiError('ThrottlingException', 'Other requests changed the same resource. Try again.');

/** What an unverified request says of itself, for its record only. */
function claimedScope(
  headers: ReadonlyMap<string, string>,
): { accessKeyId: string; region: string } | undefined {
  const match = /Credential=([\w.-]{1,128})\/\d{8}\/([a-z0-9-]{1,32})\//.exec(
    headers.get('authorization')?.slice(0, 400) ?? '',
  );
  return match === null
    ? undefined
    : { accessKeyId: match[1] as string, region: match[2] as string };
}

function claimant(headers: ReadonlyMap<string, string>): {
  type: 'Anonymous';
  accessKeyId?: string;
} {
  const scope = claimedScope(headers);
  return scope === undefined
    ? { type: 'Anonymous' }
    : { type: 'Anonymous', accessKeyId: scope.accessKeyId };
}
