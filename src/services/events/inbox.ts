/** Events that have come to a bus and wait for its rules: kept in the commit that brings them. */
import type { Write } from '../../store/engine.ts';
import { newUuid } from '../../uuid.ts';
import type { World } from '../../world.ts';
import { envelopeOf, type NewEvent } from './envelope.ts';
import { type BusName, defaultBus } from './names.ts';
import { type Arrival, busId, type Records, sortableTime } from './records.ts';

/** An event that a service tells, on the default bus of the account. */
export interface ServiceEvent extends NewEvent {
  readonly partition: string;
}

export interface Inbox {
  /** The writes that keep an event: none for a bus that never had a rule. */
  readonly emit: (event: ServiceEvent) => readonly Write[];
  /** The same for an event whose bus is known. `event`: JSON text. */
  readonly add: (arrival: Arrival) => readonly Write[];
  /** Whether so many wait that nobody should bring more. */
  readonly isFull: () => boolean;
}

export function openInbox(options: {
  readonly records: Records;
  readonly world: World;
  /** The event is about to be committed. */
  readonly nudge: () => void;
  readonly isFull: () => boolean;
}): Inbox {
  const { records, world, nudge, isFull } = options;
  const add = (arrival: Arrival): readonly Write[] => {
    nudge();
    const id = `${sortableTime(arrival.ingestedAt)}-${newUuid(world)}`;
    return records.arrivals.insert(id, arrival);
  };
  const emit = (event: ServiceEvent): readonly Write[] => {
    const { partition, account, region } = event;
    const bus: BusName = { partition, account, region, name: defaultBus };
    // A bus that isn't cached may have rules: the dispatcher looks, and records a bus that has
    // none, so that the next event finds it here.
    if (records.buses.peek(busId(bus))?.value.hadRules === false) return [];
    const text = envelopeOf(event, newUuid(world));
    return add({ bus, event: text, ingestedAt: world.now(), isForwarded: false });
  };
  return { emit, add, isFull };
}
