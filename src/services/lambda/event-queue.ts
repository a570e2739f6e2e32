/**
 * Invocations that nobody waits for: kept until they have been run, on whichever node comes first,
 * tried again when they fail, and given up after so many attempts or so much time. An event whose
 * node dies while it runs is run again.
 */
import { ApiError } from '../../api-error.ts';
import type { InvocationResult } from '../../functions/spec.ts';
import type { Call } from '../../operation.ts';
import type { Write } from '../../store/engine.ts';
import type { Entry } from '../../store/store.ts';
import { type LambdaContext, resolveQualifier } from './context.ts';
import { tooManyInvocations } from './errors.ts';
import { retireNoted } from './grants.ts';
import { recordArn } from './names.ts';
import { type EventRecord, type FunctionRecord, functionId } from './records.ts';
import { concurrencyOf, run } from './run.ts';

/** Lambda's defaults: the first attempt and two more, within six hours. */
const defaultRetries = 2;
const defaultAgeSeconds = 6 * 60 * 60;
/** Lambda waits a minute, then two. */
const retryDelaysMs = [60_000, 120_000] as const;
/** So long after a throttle; doubled each time, up to five minutes. */
const throttleDelayMs = 1_000;
const longestDelayMs = 5 * 60_000;
/** What runs longer than its time-out and this has been lost with its node. */
const lostAfterMs = 60_000;
const pollMs = 1_000;
/** The commit that brings an event is soon over. */
const nudgesMs = [5, 25, 100] as const;
const mostAtOnce = 16;
const pageSize = 200;
/** So many pages are looked through for an event whose function is free. */
const mostPages = 5;
/** On all nodes together, nearly: each counts when it looks. */
const mostWaiting = 10_000;

export interface NewEvent {
  readonly call: Call;
  readonly payload: Buffer;
  readonly qualifier: string | undefined;
  readonly clientContext: string | undefined;
}

export interface EventQueue {
  /** @throws ApiError TooManyRequestsException when too many wait. */
  readonly add: (record: FunctionRecord, event: NewEvent) => readonly Write[];
  /** Runs all that is due now; resolves when it is done. */
  readonly runDue: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export function openEventQueue(context: LambdaContext): EventQueue {
  return new Queue(context);
}

interface Running {
  readonly done: Promise<void>;
  readonly functionId: string;
}

class Queue implements EventQueue {
  readonly #context: LambdaContext;
  /** By the event's id. */
  readonly #running = new Map<string, Running>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #waiting = 0;
  #looking: Promise<void> | undefined;
  #closed = false;

  constructor(context: LambdaContext) {
    this.#context = context;
    const timer = setInterval(() => this.#look(), pollMs);
    timer.unref();
    this.#timers.add(timer);
  }

  add(record: FunctionRecord, event: NewEvent): readonly Write[] {
    if (this.#waiting >= mostWaiting) throw tooManyInvocations();
    this.#waiting++;
    const { call, payload, qualifier, clientContext } = event;
    const { name, account, region, partition } = record;
    const waiting: EventRecord = {
      ...{ name, account, region, partition },
      qualifier: qualifier ?? '',
      requestId: call.requestId,
      payload: payload.toString('base64'),
      ...(clientContext === undefined ? {} : { clientContext }),
      receivedAt: call.now,
      attempts: 0,
      dueAt: call.now,
    };
    for (const ms of nudgesMs) this.#nudge(ms);
    return this.#context.records.events.insert(call.requestId, waiting);
  }

  async runDue(): Promise<void> {
    this.#look();
    await this.#looking;
    await Promise.all([...this.#running.values()].map(({ done }) => done));
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    await this.#looking;
    await this.#context.ports.functions?.close();
    await Promise.all([...this.#running.values()].map(({ done }) => done));
  }

  #nudge(ms: number): void {
    if (this.#closed) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#look();
    }, ms);
    timer.unref();
    this.#timers.add(timer);
  }

  #look(): void {
    if (this.#closed) return;
    const fail = (error: Error): void =>
      this.#context.ports.log(`Lambda's events could not be looked at: ${error.stack}`);
    this.#looking ??= this.#takeDue()
      .catch(fail)
      .finally(() => {
        this.#looking = undefined;
      });
  }

  async #takeDue(): Promise<void> {
    const { records, ports } = this.#context;
    await retireNoted(this.#context);
    if (ports.functions === undefined) return;
    const now = ports.world.now();
    let after: string | undefined;
    for (let looked = 0; looked < mostPages; looked++) {
      const from = after === undefined ? {} : { after };
      const page = await records.events.pageBy('due', { key: '', limit: pageSize, ...from });
      if (looked === 0 && page.next === undefined) this.#waiting = page.entries.length;
      for (const entry of page.entries) {
        if (entry.value.dueAt > now || this.#running.size >= mostAtOnce) return;
        if (!this.#running.has(entry.id)) await this.#take(entry, now);
      }
      after = page.next;
      if (after === undefined) return;
    }
  }

  /** Takes the event for this node; another node may have been faster. */
  async #take(entry: Entry<EventRecord>, now: number): Promise<void> {
    const { records, ports } = this.#context;
    const found = await this.#functionOf(entry.value);
    if (found !== undefined && this.#isBusy(found)) return;
    const timeoutMs = (found?.latest.timeoutSeconds ?? 0) * 1000;
    const taken: EventRecord = {
      ...entry.value,
      attempts: entry.value.attempts + 1,
      dueAt: now + timeoutMs + lostAfterMs,
    };
    const result = await ports.store.commit(records.events.replace(entry, taken));
    if (result.kind === 'conflict') return;
    const done = this.#run(entry.id, found)
      .catch((error: Error) =>
        ports.log(`The event ${entry.id} could not be run: ${error.stack ?? error.message}`),
      )
      .finally(() => {
        this.#running.delete(entry.id);
        this.#nudge(0);
      });
    const { account, region, name } = entry.value;
    this.#running.set(entry.id, { done, functionId: functionId({ account, region }, name) });
  }

  /** Whether as many of its events run here as may. One that may not run at all is not busy. */
  #isBusy(record: FunctionRecord): boolean {
    const id = functionId(record, record.name);
    const running = [...this.#running.values()].filter((each) => each.functionId === id).length;
    return running > 0 && running >= concurrencyOf(record);
  }

  async #functionOf(event: EventRecord): Promise<FunctionRecord | undefined> {
    const entry = await this.#context.records.functions.get(functionId(event, event.name));
    return entry?.value;
  }

  async #run(id: string, record: FunctionRecord | undefined): Promise<void> {
    const { records, ports } = this.#context;
    const entry = await records.events.get(id);
    if (entry === undefined) return;
    const outcome = record === undefined ? 'gone' : await this.#attempt(entry.value, record);
    if (this.#closed && outcome !== 'done') return this.#handOn(entry);
    const next = nextAttempt(entry.value, {
      outcome,
      now: ports.world.now(),
      config: record?.invokeConfigs[entry.value.qualifier || '$LATEST'],
    });
    if (next === undefined) {
      if (outcome !== 'done') this.#giveUp(entry.value, outcome);
      await ports.store.commit(records.events.remove(entry));
      this.#waiting = Math.max(0, this.#waiting - 1);
    } else {
      await ports.store.commit(records.events.replace(entry, { ...entry.value, ...next }));
    }
  }

  /** What this node could not finish before it closed is the next one's, as if never begun. */
  async #handOn(entry: Entry<EventRecord>): Promise<void> {
    const { records, ports } = this.#context;
    const { attempts: tries, receivedAt } = entry.value;
    const waiting = { ...entry.value, attempts: tries - 1, dueAt: receivedAt };
    await ports.store.commit(records.events.replace(entry, waiting));
  }

  async #attempt(event: EventRecord, record: FunctionRecord): Promise<Attempt> {
    const { ports } = this.#context;
    const qualifier = event.qualifier === '' ? undefined : event.qualifier;
    const chance = () => ports.world.randomBytes(4).readUInt32BE() / 2 ** 32;
    const resolved = await resolveQualifier(this.#context, record, qualifier, chance);
    if (resolved === undefined || ports.functions === undefined) return 'gone';
    try {
      const result = await run(this.#context, ports.functions, {
        record,
        version: resolved.version,
        requestId: event.requestId,
        payload: Buffer.from(event.payload, 'base64'),
        invokedArn: recordArn(record, qualifier),
        clientContext: event.clientContext,
      });
      return attempts[result.kind];
    } catch (error) {
      if (error instanceof ApiError) return 'refused';
      throw error;
    }
  }

  #giveUp({ requestId, attempts: tries, name }: EventRecord, outcome: Attempt): void {
    this.#context.ports.log(
      `The event ${requestId} of the function ${name} is given up after ${tries} attempts: ${reasons[outcome]}.`,
    );
  }
}

/** How an attempt ended. */
type Attempt = 'done' | 'failed' | 'throttled' | 'refused' | 'gone';

const attempts: Readonly<Record<InvocationResult['kind'], Attempt>> = {
  answered: 'done',
  failed: 'failed',
  busy: 'throttled',
  'cannot-run': 'refused',
  'bad-code': 'refused',
};

const reasons: Readonly<Record<Attempt, string>> = {
  done: '',
  failed: 'it failed',
  throttled: 'too much else was running',
  refused: 'its process could not start',
  gone: 'the function, its version or its alias is gone',
};

/** When it is tried again; undefined: not any more. Throttles are no attempts. */
export function nextAttempt(
  event: EventRecord,
  facts: {
    readonly outcome: Attempt;
    readonly now: number;
    readonly config:
      | { readonly maximumRetryAttempts?: number; readonly maximumEventAgeSeconds?: number }
      | undefined;
  },
): Pick<EventRecord, 'attempts' | 'dueAt'> | undefined {
  const { outcome, now, config } = facts;
  if (outcome === 'done' || outcome === 'gone') return undefined;
  const mostAgeMs = (config?.maximumEventAgeSeconds ?? defaultAgeSeconds) * 1000;
  const tries = outcome === 'throttled' ? event.attempts - 1 : event.attempts;
  if (tries > (config?.maximumRetryAttempts ?? defaultRetries)) return undefined;
  const ageMs = now - event.receivedAt;
  const delayMs =
    outcome === 'throttled'
      ? Math.min(Math.max(throttleDelayMs, ageMs), longestDelayMs)
      : (retryDelaysMs[tries - 1] ?? longestDelayMs);
  return ageMs + delayMs > mostAgeMs ? undefined : { attempts: tries, dueAt: now + delayMs };
}
