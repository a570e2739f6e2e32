/**
 * Deliveries that wait for their time: taken by whichever node comes first, begun, and tried again
 * or given up.
 */
import type { Entry } from '../../store/store.ts';
import { type Deliverer, deliver } from './deliver.ts';
import { ruleArn } from './names.ts';
import type { Delivery } from './records.ts';
import { type Attempt, type Next, nextStep } from './retry.ts';

/** An attempt that takes longer has been lost with its node: no target is waited for so long. */
const leaseMs = 60_000;
const mostAtOnce = 64;
/** A slow target must not stop the others. */
const mostForTarget = 16;
const pageSize = 128;
/** Where a slow target's deliveries stand before others', so many are passed over, now and then. */
const mostPassedOver = 2_000;
const passOverEveryMs = 250;

export class DeliveryQueue {
  readonly #deliverer: () => Deliverer;
  readonly #ended: () => void;
  readonly #running = new Map<string, Promise<void>>();
  readonly #runningFor = new Map<string, number>();
  #passedOverAt = Number.NEGATIVE_INFINITY;

  /** `ended`: called when one has ended, so that there is room for another. */
  constructor(deliverer: () => Deliverer, ended: () => void) {
    this.#deliverer = deliverer;
    this.#ended = ended;
  }

  /** Begins what is due; how many were begun. */
  async takeDue(): Promise<number> {
    const { records, ports } = this.#deliverer();
    const now = ports.world.now();
    let seen = 0;
    let taken = 0;
    let after: string | undefined;
    do {
      const page = await records.deliveries.pageBy('due', {
        key: '',
        ...(after === undefined ? {} : { after }),
        limit: pageSize,
      });
      const due = page.entries.filter(({ value: { dueAt } }) => dueAt <= now);
      const begun = await Promise.all(due.map((entry) => this.#begin(entry, now)));
      taken += begun.filter(Boolean).length;
      seen += page.entries.length;
      after = due.length === page.entries.length ? page.next : undefined;
    } while (after !== undefined && this.#running.size < mostAtOnce && this.#mayPassOver(seen));
    return taken;
  }

  #mayPassOver(seen: number): boolean {
    const now = this.#deliverer().ports.world.monotonic();
    if (seen > pageSize) return seen < mostPassedOver;
    if (now - this.#passedOverAt < passOverEveryMs) return false;
    this.#passedOverAt = now;
    return true;
  }

  /** Resolves when all that has begun has ended. */
  async settled(): Promise<void> {
    await Promise.all(this.#running.values());
  }

  /** Takes a delivery for this node, unless there is no room or another node was faster. */
  async #begin(entry: Entry<Delivery>, now: number): Promise<boolean> {
    const { id, value: delivery } = entry;
    const { Arn: arn } = delivery.target;
    const same = this.#runningFor.get(arn) ?? 0;
    if (this.#running.has(id) || this.#running.size >= mostAtOnce || same >= mostForTarget)
      return false;
    const { records, ports } = this.#deliverer();
    const lease = { ...delivery, attempts: delivery.attempts + 1, dueAt: now + leaseMs };
    const taken = ports.store.commit(records.deliveries.replace(entry, lease));
    const attempt = taken.then((result) =>
      result.kind === 'conflict' ? undefined : this.#attempt(id),
    );
    this.#runningFor.set(arn, same + 1);
    this.#running.set(
      id,
      attempt
        .catch((error: Error) =>
          ports.log(`The delivery ${id} could not be kept: ${error.stack ?? error.message}`),
        )
        .finally(() => this.#end(id, arn)),
    );
    return taken.then(
      (result) => result.kind !== 'conflict',
      () => false,
    );
  }

  #end(id: string, arn: string): void {
    this.#running.delete(id);
    const left = (this.#runningFor.get(arn) ?? 1) - 1;
    if (left === 0) this.#runningFor.delete(arn);
    else this.#runningFor.set(arn, left);
    this.#ended();
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
    if (next.kind === 'dead') await this.#bury(delivery, next);
    await ports.store.commit(
      next.kind === 'again'
        ? records.deliveries.replace(entry, {
            ...delivery,
            attempts: next.attempts,
            dueAt: next.dueAt,
          })
        : records.deliveries.remove(entry),
    );
  }

  #bury(
    { rule, target, attempts, event }: Delivery,
    dead: Extract<Next, { readonly kind: 'dead' }>,
  ): Promise<void> {
    return this.#deliverer().ports.keepDeadLetter({
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
