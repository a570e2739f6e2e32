/**
 * Takes events from buses to the rules that match, and from there to the targets: on whichever node
 * comes first, again when it fails, until it is delivered or given up. An event whose node dies
 * meanwhile is delivered again: each is delivered at least once.
 */
import { setImmediate } from 'node:timers/promises';
import type { Target } from '../../model/events.generated.ts';
import type { Write } from '../../store/engine.ts';
import type { Entry } from '../../store/store.ts';
import { newUuid } from '../../uuid.ts';
import type { Matches } from './compiled-patterns.ts';
import { type Deliverer, deliver } from './deliver.ts';
import { type EventValue, readEvent } from './event-match.ts';
import { newBus } from './finder.ts';
import { defaultBus, parseTargetArn, ruleArn } from './names.ts';
import {
  type Arrival,
  busId,
  type Delivery,
  type Rule,
  ruleId,
  rulesPrefix,
  sortableTime,
} from './records.ts';
import { type Attempt, nextStep } from './retry.ts';

const pollMs = 1_000;
/** The commit that brings an event is soon over. */
const nudgesMs = [5, 25, 100] as const;
/** An attempt that takes longer has been lost with its node: no target is waited for so long. */
const leaseMs = 60_000;
const mostAtOnce = 32;
/** A slow target must not stop the others. */
const mostForTarget = 8;
/** So many rules see an event in one commit. */
const rulesAtOnce = 25;
const arrivalsAtOnce = 100;
/** In characters: to hold it against one rule may take so long that others get their turn after. */
const largeEvent = 10_000;
const duePage = 200;
const mostDueSeen = 2_000;
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
  readonly #running = new Map<string, { readonly arn: string; readonly done: Promise<void> }>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #waiting = 0;
  #looking: Promise<boolean> | undefined;
  #isNudged = false;
  #closed = false;

  constructor(deliverer: () => Deliverer, matches: Matches) {
    this.#deliverer = deliverer;
    this.#matches = matches;
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
      await Promise.all([...this.#running.values()].map(({ done }) => done));
      if (!moved) return;
    } while (!this.#closed);
  };

  close = async (): Promise<void> => {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    await this.#looking;
    await Promise.all([...this.#running.values()].map(({ done }) => done));
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
    for (const entry of page.entries)
      await this.#route(entry).catch((error: Error) =>
        ports.log(`The event ${entry.id} could not be routed: ${error.stack ?? error.message}`),
      );
    const taken = await this.#takeDue();
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

  /** How many were begun. */
  async #takeDue(): Promise<number> {
    const { records, ports } = this.#deliverer();
    const now = ports.world.now();
    let seen = 0;
    let taken = 0;
    let after: string | undefined;
    while (seen < mostDueSeen) {
      const page = await records.deliveries.pageBy('due', {
        key: '',
        ...(after === undefined ? {} : { after }),
        limit: duePage,
      });
      for (const entry of page.entries) {
        if (entry.value.dueAt > now || this.#running.size >= mostAtOnce) return taken;
        if (this.#mayBegin(entry) && (await this.#take(entry, now))) taken++;
      }
      seen += page.entries.length;
      if (page.next === undefined) return taken;
      after = page.next;
    }
    return taken;
  }

  #mayBegin({ id, value: { target } }: Entry<Delivery>): boolean {
    if (this.#running.has(id)) return false;
    const same = [...this.#running.values()].filter(({ arn }) => arn === target.Arn);
    return same.length < mostForTarget;
  }

  /** Takes a delivery for this node, unless another one was faster. */
  async #take(entry: Entry<Delivery>, now: number): Promise<boolean> {
    const { records, ports } = this.#deliverer();
    const { value: delivery, id } = entry;
    const taken = { ...delivery, attempts: delivery.attempts + 1, dueAt: now + leaseMs };
    const result = await ports.store.commit(records.deliveries.replace(entry, taken));
    if (result.kind === 'conflict') return false;
    const done = this.#attempt(id)
      .catch((error: Error) =>
        ports.log(`The delivery ${id} failed and is tried again: ${error.stack ?? error.message}`),
      )
      .finally(() => {
        this.#running.delete(id);
        this.#soon();
      });
    this.#running.set(id, { arn: delivery.target.Arn, done });
    return true;
  }

  async #attempt(id: string): Promise<void> {
    const deliverer = this.#deliverer();
    const { records, ports } = deliverer;
    const entry = await records.deliveries.get(id);
    if (entry === undefined) return;
    const { value: delivery } = entry;
    const attempt = await deliver(deliverer, delivery).catch((error: Error): Attempt => {
      ports.log(`The delivery ${id} failed: ${error.stack ?? error.message}`);
      return { kind: 'failed', code: 'INTERNAL_ERROR', message: 'The attempt failed here.' };
    });
    const chance = ports.world.randomBytes(4).readUInt32BE() / 2 ** 32;
    const next = nextStep(delivery, attempt, { now: ports.world.now(), chance });
    if (next.kind === 'again') {
      const { attempts, dueAt } = next;
      await ports.store.commit(records.deliveries.replace(entry, { ...delivery, attempts, dueAt }));
      return;
    }
    if (next.kind === 'dead') await this.#bury(delivery, next);
    await ports.store.commit(records.deliveries.remove(entry));
  }

  #bury(
    { rule, target, attempts, event }: Delivery,
    dead: Extract<ReturnType<typeof nextStep>, { kind: 'dead' }>,
  ): Promise<void> {
    const { ports } = this.#deliverer();
    return ports.keepDeadLetter({
      ruleArn: ruleArn(rule),
      targetArn: target.Arn,
      errorCode: dead.code,
      errorMessage: dead.message,
      retryAttempts: attempts - 1,
      ...(dead.condition === undefined ? {} : { exhaustedRetryCondition: dead.condition }),
      event,
    });
  }
}

const isBus = ({ Arn }: Target): boolean => parseTargetArn(Arn).kind === 'bus';
