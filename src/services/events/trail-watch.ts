/**
 * Rules for API calls: sees each record of the trail that this node writes, and brings it to the
 * rules that match. On the path of every request, so a record that no rule can want costs a look at
 * two flags. A crash may lose the records of its last moments: their events are told once or not
 * at all.
 */
import type { Write } from '../../store/engine.ts';
import { newUuid } from '../../uuid.ts';
import { type ApiCallEvent, apiCallEvent } from './api-call-event.ts';
import type { Matches } from './compiled-patterns.ts';
import type { EventsContext } from './context.ts';
import type { Dispatcher } from './dispatcher.ts';
import { envelopeOf } from './envelope.ts';
import { type EventValue, readEvent } from './event-match.ts';
import { type BusName, defaultBus } from './names.ts';
import { type Rule, rulesPrefix } from './records.ts';
import { repeating } from './repeating.ts';

const pollMs = 1_000;
const maxWaiting = 10_000;
/** So many records are told in one commit. */
const recordsAtOnce = 50;
const maxRules = 300;

export interface TrailWatch {
  readonly see: (record: string) => void;
  /** A rule is about to change. Other nodes notice when they poll. */
  readonly rulesChange: () => void;
  /** Tells what has been seen so far. */
  readonly runDue: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export function openTrailWatch(
  context: EventsContext,
  parts: { readonly dispatcher: Dispatcher; readonly matches: Matches },
): TrailWatch {
  return new Watch(context, parts.dispatcher, parts.matches);
}

/** Where the writer of records puts it, after anything that a caller could have said. */
const reading = '"readOnly":true,"resources":[';
/** A change that is asked for is surely committed, or refused, after so long. */
const changingMs = 2_000;

class Watch implements TrailWatch {
  readonly #context: EventsContext;
  readonly #dispatcher: Dispatcher;
  readonly #matches: Matches;
  readonly #polling;
  readonly #telling;
  /** Whether some rule, here or on another node, sees calls that change something, or all. */
  #seesChanges = true;
  #seesAll = true;
  #waiting: string[] = [];
  #dropped = 0;
  #rules = new Map<string, readonly Rule[]>();
  /** In monotonic ms: rules are read anew until then. */
  #changingUntil = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(context: EventsContext, dispatcher: Dispatcher, matches: Matches) {
    this.#context = context;
    this.#dispatcher = dispatcher;
    this.#matches = matches;
    const onFault = (error: unknown) =>
      context.ports.log(`What happened could not be told to rules: ${(error as Error).stack}`);
    this.#polling = repeating(() => this.#poll(), { everyMs: pollMs, onFault });
    this.#telling = repeating(() => this.#tell(), { everyMs: pollMs, onFault });
  }

  see = (record: string): void => {
    if (!this.#seesChanges || this.#closed) return;
    if (!this.#seesAll && record.lastIndexOf(reading) >= 0) return;
    if (this.#waiting.length >= maxWaiting) {
      this.#dropped++;
      return;
    }
    this.#waiting.push(record);
    if (this.#waiting.length === 1) setImmediate(() => void this.#telling.now());
  };

  rulesChange = (): void => {
    this.#changingUntil = this.#context.ports.world.monotonic() + changingMs;
    this.#rules.clear();
    this.#seesChanges = true;
    this.#seesAll = true;
  };

  #isChanging(): boolean {
    return this.#context.ports.world.monotonic() < this.#changingUntil;
  }

  runDue = async (): Promise<void> => {
    while (this.#waiting.length > 0) await this.#telling.now();
    await this.#telling.now();
  };

  close = async (): Promise<void> => {
    this.#closed = true;
    await this.#polling.close();
    await this.runDue();
    await this.#telling.close();
  };

  /** Rules of other nodes too. */
  async #poll(): Promise<void> {
    const { records, ports } = this.#context;
    const { entries } = await records.rules.pageBy('api-calls', { key: '', limit: 1 });
    this.#rules.clear();
    const isChanging = this.#isChanging();
    this.#seesChanges = isChanging || entries.length > 0;
    this.#seesAll =
      isChanging || (entries[0] !== undefined && entries[0].value.state !== 'ENABLED');
    if (this.#dropped > 0) ports.log(`${this.#dropped} API calls could not be told to rules.`);
    this.#dropped = 0;
  }

  async #tell(): Promise<void> {
    while (this.#waiting.length > 0) {
      const writes: Write[] = [];
      for (const record of this.#waiting.splice(0, recordsAtOnce))
        writes.push(...(await this.#deliveries(record)));
      if (writes.length > 0) await this.#context.ports.store.commit(writes);
    }
  }

  async #deliveries(record: string): Promise<readonly Write[]> {
    const { world } = this.#context.ports;
    const told = apiCallEvent(record);
    if (told === undefined) return [];
    const rules = await this.#rulesOf(told);
    if (rules.length === 0) return [];
    const text = envelopeOf(told, newUuid(world));
    const event = readEvent(JSON.parse(text));
    if (event === undefined) return [];
    const matching = rules.filter((rule) => this.#wants(rule, told, event));
    if (matching.length === 0) return [];
    const arrival = { event: text, ingestedAt: world.now(), isForwarded: false };
    return this.#dispatcher.deliveries(matching, arrival);
  }

  #wants({ state, pattern }: Rule, { isReadOnly }: ApiCallEvent, event: EventValue): boolean {
    if (state === 'DISABLED' || (isReadOnly && state === 'ENABLED')) return false;
    return pattern !== undefined && this.#matches(pattern, event);
  }

  async #rulesOf({ account, region }: ApiCallEvent): Promise<readonly Rule[]> {
    const bus: BusName = { account, region, partition: '', name: defaultBus };
    const prefix = rulesPrefix(bus);
    const known = this.#rules.get(prefix);
    if (known !== undefined) return known;
    const { entries } = await this.#context.records.rules.page({ prefix, limit: maxRules });
    const rules = entries.map(({ value }) => value);
    if (!this.#isChanging()) this.#rules.set(prefix, rules);
    return rules;
  }
}
