/**
 * The journey of a request, in order: claim, identify, decode, find, authorize, run, record,
 * encode. It names no operation. A call that changes something commits its writes together with its
 * audit record; whatever the outcome, no record means no answer.
 */
import { ApiError } from './api-error.ts';
import type { Audit } from './audit/audit.ts';
import { TrailUnavailable } from './audit/failures.ts';
import { callRecord, type Outcome } from './audit/record.ts';
import { LiveCall } from './call.ts';
import type { HttpRequest, HttpResponse } from './http/message.ts';
import type { Identified, Verify } from './identity/verify.ts';
import type { ServiceModel } from './model/schema.ts';
import type { Operation, OperationTable } from './operation.ts';
import { partitionOfRegion } from './region.ts';
import { StoreDamaged, StoreUnavailable } from './store/engine.ts';
import type { Store } from './store/store.ts';
import { newUuid } from './uuid.ts';
import { claim } from './wire/claim.ts';
import type { ClaimedOperation } from './wire/protocol.ts';
import type { World } from './world.ts';

export interface Pipeline {
  readonly models: ReadonlyMap<string, ServiceModel>;
  readonly tables: ReadonlyMap<string, OperationTable>;
  readonly verify: Verify;
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
  const journey = new Journey(request, requestId, claimed, pipeline);
  const answer = (outcome: Outcome): HttpResponse =>
    outcome.kind === 'output'
      ? claimed.protocol.encode(claimed, outcome.output, requestId)
      : claimed.protocol.encodeError(outcome.error, requestId, claimed.model);
  const fail = (error: unknown): HttpResponse =>
    answer({ kind: 'error', error: journey.conceal(error) });
  try {
    return journey.travel().then(answer, fail);
  } catch (error) {
    return fail(error);
  }
}

type Row = Operation<unknown, unknown>;

class Journey {
  readonly #request: HttpRequest;
  readonly #requestId: string;
  readonly #claimed: ClaimedOperation;
  readonly #pipeline: Pipeline;

  constructor(
    request: HttpRequest,
    requestId: string,
    claimed: ClaimedOperation,
    pipeline: Pipeline,
  ) {
    this.#request = request;
    this.#requestId = requestId;
    this.#claimed = claimed;
    this.#pipeline = pipeline;
  }

  /** Fails only when the outcome could not be recorded, or who signed could not be looked up. */
  travel(): Promise<Outcome> {
    const identity = this.#pipeline.verify(this.#request, {
      protocol: this.#claimed.protocol.name,
      service: this.#claimed.service,
    });
    return identity instanceof Promise
      ? identity.then((identified) => this.#goOn(identified))
      : this.#goOn(identity);
  }

  #goOn(identified: Identified): Promise<Outcome> {
    const { store } = this.#pipeline;
    if (identified.kind === 'refused')
      return this.#refuse(undefined, { identified, input: undefined }, identified.error);
    const call = this.#openCall(identified);
    const decoded = this.#decode();
    if (decoded.error !== undefined)
      return this.#refuse(call, { identified, input: undefined }, decoded.error);
    const { row, input } = decoded;
    const facts = { identified, input };
    return store.isFresh()
      ? this.#run(call, row, facts, 1)
      : store.freshen().then(() => this.#run(call, row, facts, 1));
  }

  #openCall(identified: Identified & { kind: 'principal' }): LiveCall {
    const { world } = this.#pipeline;
    return new LiveCall({
      requestId: this.#requestId,
      service: this.#claimed.service,
      operation: this.#claimed.operation.name,
      region: identified.region,
      partition: partitionOfRegion(identified.region),
      principal: identified.principal,
      world,
      now: world.now(),
      denial: this.#claimed.model.protocol === 'query' ? 'AccessDenied' : 'AccessDeniedException',
    });
  }

  #decode(): { row: Row; input: unknown; error?: undefined } | { error: ApiError } {
    const { service, operation, protocol } = this.#claimed;
    const row = this.#pipeline.tables.get(service)?.get(operation.name);
    if (row === undefined) return { error: notThereYet(service, operation.name) };
    try {
      return { row, input: protocol.decode(this.#claimed) };
    } catch (error) {
      return { error: this.conceal(error) };
    }
  }

  #run(call: LiveCall, row: Row, facts: Facts, runs: number): Promise<Outcome> {
    const refuse = (error: unknown): Promise<Outcome> =>
      this.#refuse(call, facts, this.conceal(error));
    let output: unknown;
    try {
      output = this.#perform(call, row, facts.input);
    } catch (error) {
      return refuse(error);
    }
    return output instanceof Promise
      ? output.then((o) => this.#settle(call, row, facts, { output: o, runs }), refuse)
      : this.#settle(call, row, facts, { output, runs });
  }

  /** Resolves once the call is recorded, and committed where it changes something. */
  #settle(
    call: LiveCall,
    row: Row,
    facts: Facts,
    { output, runs }: { readonly output: unknown; readonly runs: number },
  ): Promise<Outcome> {
    const outcome: Outcome = { kind: 'output', output };
    const record = this.#record(call, facts, outcome);
    if (call.writes.length === 0) return this.#pipeline.audit.record(record).then(() => outcome);
    return this.#commit(call, record).then((isCommitted) => {
      if (isCommitted) return outcome;
      if (runs === maxRuns) return this.#refuse(call, facts, busy());
      call.restart();
      return this.#run(call, row, facts, runs + 1);
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
    call.authorize(found.action ?? call.action, found.resource);
    return row.run(input, call, found.subject);
  }

  #finish(call: LiveCall, output: unknown): unknown {
    if (output instanceof Promise) return output.then((o) => this.#finish(call, o));
    if (!call.authorized) throw new Error(`${call.action} answered without being authorized`);
    return output;
  }

  /** False when another node has changed what the call had read. */
  async #commit(call: LiveCall, record: string): Promise<boolean> {
    const { audit, store } = this.#pipeline;
    const change = audit.change(record);
    const result = await store.commit([...call.writes, ...change.writes]);
    if (result.kind === 'conflict') return false;
    await change.committed(result.seq);
    return true;
  }

  #refuse(call: LiveCall | undefined, facts: Facts, error: ApiError): Promise<Outcome> {
    const outcome: Outcome = { kind: 'error', error };
    const record = this.#record(call, facts, outcome);
    return this.#pipeline.audit.record(record).then(() => outcome);
  }

  #record(call: LiveCall | undefined, { identified, input }: Facts, outcome: Outcome): string {
    const { headers, remoteAddress, tls } = this.#request;
    const { service, operation } = this.#claimed;
    const row = this.#pipeline.tables.get(service)?.get(operation.name);
    const known = identified.kind === 'principal';
    return callRecord(
      {
        requestId: this.#requestId,
        eventId: call?.eventId,
        now: call?.now ?? this.#pipeline.world.now(),
        service,
        region: known ? identified.region : (claimedScope(headers)?.region ?? 'unknown'),
        operation: operation.name,
        model: operation,
        readOnly: row?.readOnly ?? false,
        principal: known ? identified.principal : claimant(headers),
        input,
        notes: call?.notes,
        resources: call?.resources ?? [],
        source: {
          remoteAddress,
          userAgent: headers.get('user-agent'),
          host: headers.get('host'),
          tls,
        },
        outcome,
      },
      this.#pipeline.world,
    );
  }

  /**
   * What the caller is told of a failure. Faults of ours are logged, and told without their
   * text.
   */
  conceal(error: unknown): ApiError {
    if (error instanceof ApiError) return error;
    this.#pipeline.onFault(this.#requestId, error);
    const code = internalCodes.get(this.#claimed.service) ?? 'InternalFailure';
    const told =
      error instanceof StoreUnavailable || error instanceof TrailUnavailable
        ? error.message
        : error instanceof StoreDamaged
          ? 'The store is damaged and this answer was withheld. The server log names the record.'
          : 'The request failed inside the server. The server log has the cause under this request id.';
    return new ApiError(code, told);
  }
}

interface Facts {
  readonly identified: Identified;
  /** Decoded, or undefined when it didn't come to that. */
  readonly input: unknown;
}

/** The name that a service gives to a fault of its own. */
const internalCodes: ReadonlyMap<string, string> = new Map([['kms', 'KMSInternalException']]);

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
