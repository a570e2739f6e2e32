/**
 * Takes events from buses to the rules that match, and from there to the targets: on whichever node
 * comes first. An event whose node dies meanwhile is taken again: each is delivered at least once.
 */
import { setImmediate } from 'node:timers/promises';
import type { Target } from '../../model/events.generated.ts';
import type { Write } from '../../store/engine.ts';
import type { Entry } from '../../store/store.ts';
import { newUuid } from '../../uuid.ts';
import type { Matches } from './compiled-patterns.ts';
import type { Deliverer } from './deliver.ts';
import { DeliveryQueue } from './delivery-queue.ts';
import { type EventValue, readEvent } from './event-match.ts';
import { newBus } from './finder.ts';
import { defaultBus, parseTargetArn } from './names.ts';
import { type Arrival, busId, type Rule, ruleId, rulesPrefix, sortableTime } from './records.ts';

const pollMs = 1_000;
/** The commit that brings an event is soon over. */
const nudgesMs = [5, 25, 100] as const;
/** So many rules see an event in one commit. */
const rulesAtOnce = 25;
const arrivalsAtOnce = 100;
/** In characters: to hold it against one rule may take so long that others get their turn after. */
const largeEvent = 10_000;
/** On all nodes together, nearly: each counts when it looks. */
const mostWaiting = 10_000;

export interface Dispatcher {
  /** Something is about to be committed. */
  readonly nudge: () => void;
  readonly isFull: () => boolean;
  /** The writes that bring an event to the targets of rules that match it. */
  readonly deliveries: (
    rules: readonly Rule[],
    event: Pick<Arrival, 'event' | 'ingestedAt' | 'isForwarded'>,
  ) => readonly Write[];
  /** Does all that can be done now, and waits for it. */
  readonly runDue: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export function openDispatcher(options: {
  /** Made later: a target may be a bus, whose events come here again. */
  readonly deliverer: () => Deliverer;
  readonly matches: Matches;
}): Dispatcher {
  return new Running(options.deliverer, options.matches);
}

class Running implements Dispatcher {
  readonly #deliverer: () => Deliverer;
  readonly #matches: Matches;
  readonly #queue: DeliveryQueue;
  readonly #timers = new Set<NodeJS.Timeout>();
  #waiting = 0;
  #looking: Promise<boolean> | undefined;
  #isNudged = false;
  #closed = false;

  constructor(deliverer: () => Deliverer, matches: Matches) {
    this.#deliverer = deliverer;
    this.#matches = matches;
    this.#queue = new DeliveryQueue(deliverer, () => this.#soon());
    const timer = setInterval(() => void this.#look(), pollMs);
    timer.unref();
    this.#timers.add(timer);
  }

  nudge = (): void => {
    this.#waiting++;
    this.#soon();
  };

  #soon(): void {
    if (this.#isNudged || this.#closed) return;
    this.#isNudged = true;
    for (const [i, ms] of nudgesMs.entries()) {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        if (i === 0) this.#isNudged = false;
        void this.#look();
      }, ms);
      timer.unref();
      this.#timers.add(timer);
    }
  }

  isFull = (): boolean => this.#waiting >= mostWaiting;

  deliveries: Dispatcher['deliveries'] = (rules, { event, ingestedAt, isForwarded }) => {
    const { records, ports } = this.#deliverer();
    this.#soon();
    return rules.flatMap(({ bus, name, targets }) =>
      targets
        .filter((target) => !(isForwarded && isBus(target)))
        .flatMap((target) => {
          const rule = { bus, name };
          const dueAt = ports.world.now();
          const delivery = { rule, target, event, ingestedAt, attempts: 0, dueAt };
          return records.deliveries.insert(
            `${sortableTime(ingestedAt)}-${newUuid(ports.world)}`,
            delivery,
          );
        }),
    );
  };

  runDue = async (): Promise<void> => {
    do {
      await this.#looking;
      if (this.#closed) return;
      const moved = await this.#look();
      await this.#queue.settled();
      if (!moved) return;
    } while (!this.#closed);
  };

  close = async (): Promise<void> => {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    await this.#looking;
    await this.#queue.settled();
  };

  /** Whether anything was there to be done. */
  #look(): Promise<boolean> {
    if (this.#closed) return Promise.resolve(false);
    this.#looking ??= this.#work()
      .catch((error: Error) => {
        this.#deliverer().ports.log(`Events could not be looked at: ${error.stack}`);
        return false;
      })
      .finally(() => {
        this.#looking = undefined;
      });
    return this.#looking;
  }

  async #work(): Promise<boolean> {
    const { records, ports } = this.#deliverer();
    const page = await records.arrivals.page({ limit: arrivalsAtOnce });
    await Promise.all(
      page.entries.map((entry) =>
        this.#route(entry).catch((error: Error) =>
          ports.log(`The event ${entry.id} could not be routed: ${error.stack ?? error.message}`),
        ),
      ),
    );
    const taken = await this.#queue.takeDue();
    if (page.next === undefined) this.#waiting = page.entries.length + taken;
    return page.entries.length > 0 || taken > 0;
  }

  /** Lets the next rules see an event. Another node may be faster; then nothing happens here. */
  async #route(entry: Entry<Arrival>): Promise<void> {
    const { records, ports } = this.#deliverer();
    const arrival = entry.value;
    const { bus } = arrival;
    const { rules, next } = await this.#rulesFor(arrival);
    const event = readEvent(JSON.parse(arrival.event));
    const matching: Rule[] = [];
    for (const rule of rules) {
      if (arrival.event.length > largeEvent) await setImmediate();
      if (this.#wants(rule, arrival, event)) matching.push(rule);
    }
    const writes = [...this.deliveries(matching, arrival)];
    const isUnknown =
      bus.name === defaultBus && (await records.buses.get(busId(bus))) === undefined;
    // So that the next event finds at once that nobody waits for it.
    if (isUnknown) writes.push(...records.buses.insert(busId(bus), newBus(bus, ports.world.now())));
    writes.push(
      ...(next === undefined
        ? records.arrivals.remove(entry)
        : records.arrivals.replace(entry, { ...arrival, after: next })),
    );
    await ports.store.commit(writes);
  }

  async #rulesFor({ bus, ruleName, after }: Arrival): Promise<{
    readonly rules: readonly Rule[];
    readonly next: string | undefined;
  }> {
    const { records } = this.#deliverer();
    if (ruleName !== undefined) {
      const entry = await records.rules.get(ruleId({ bus, name: ruleName }));
      return { rules: entry === undefined ? [] : [entry.value], next: undefined };
    }
    const { entries, next } = await records.rules.page({
      prefix: rulesPrefix(bus),
      ...(after === undefined ? {} : { after }),
      limit: rulesAtOnce,
    });
    return { rules: entries.map(({ value }) => value), next };
  }

  #wants(rule: Rule, { ruleName }: Arrival, event: EventValue | undefined): boolean {
    if (rule.state === 'DISABLED') return false;
    if (ruleName !== undefined) return true;
    return rule.pattern !== undefined && event !== undefined && this.#matches(rule.pattern, event);
  }
}

const isBus = ({ Arn }: Target): boolean => parseTargetArn(Arn).kind === 'bus';
