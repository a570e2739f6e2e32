/** What EventBridge stores, where, and by what it is found. */
import { sha256Hex } from '../../crypto/hash.ts';
import type { Target } from '../../model/events.generated.ts';
import type { Collection, Entry, Store } from '../../store/store.ts';
import type { ApiDestination, Connection } from './destination.ts';
import { type BusName, defaultBus, type Place, type RuleName } from './names.ts';

export interface Tag {
  readonly key: string;
  readonly value: string;
}

export interface Bus extends BusName {
  readonly createdAt: number;
  readonly modifiedAt: number;
  readonly description?: string;
  readonly deadLetterArn?: string;
  readonly logConfig?: { readonly level?: string; readonly includeDetail?: string };
  readonly tags: readonly Tag[];
  readonly policy?: BusPolicy;
  /** Whether it ever had a rule: events of others are not kept for a bus that never had one. */
  readonly hadRules: boolean;
}

export interface BusPolicy {
  /** JSON */
  readonly text: string;
  /** User or role ARN in it → the unique id that it had when the policy was saved. */
  readonly principalIds: Readonly<Record<string, string>>;
}

export type RuleState = 'ENABLED' | 'DISABLED' | 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS';

export interface Rule extends RuleName {
  /** The account that made it, which need not be the bus's. */
  readonly createdBy: string;
  readonly pattern?: string;
  readonly schedule?: string;
  readonly state: RuleState;
  readonly description?: string;
  readonly roleArn?: string;
  readonly tags: readonly Tag[];
  /** As they are shown. */
  readonly targets: readonly Target[];
  /** When the schedule fires next. */
  readonly nextAt?: number;
}

/** An event on a bus that no rule has seen yet, or not all. */
export interface Arrival {
  readonly bus: BusName;
  /** JSON text, as it is delivered. */
  readonly event: string;
  readonly ingestedAt: number;
  /** It came from another bus. */
  readonly isForwarded: boolean;
  /** Of a schedule: the one rule that it is for. */
  readonly ruleName?: string;
  /** The last of the rules that have seen it. */
  readonly after?: string;
}

/** An event on its way to a target. */
export interface Delivery {
  readonly rule: RuleName;
  readonly target: Target;
  readonly event: string;
  readonly ingestedAt: number;
  /** Those that were begun. */
  readonly attempts: number;
  /** When it is tried, or tried again if the attempt under way is lost with its node. */
  readonly dueAt: number;
}

export type BusEntry = Entry<Bus>;
export type RuleEntry = Entry<Rule>;

export interface Records {
  readonly buses: Collection<Bus>;
  readonly rules: Collection<Rule>;
  readonly arrivals: Collection<Arrival>;
  readonly deliveries: Collection<Delivery>;
  readonly connections: Collection<Connection>;
  readonly destinations: Collection<ApiDestination>;
}

export function openRecords(store: Store): Records {
  return {
    buses: store.collection<Bus>({ path: 'events/buses' }),
    rules: store.collection<Rule>({
      path: 'events/rules',
      indexes: {
        due: (id, { nextAt }) => (nextAt === undefined ? [] : [`${sortableTime(nextAt)}/${id}`]),
        target: (_id, { bus, name, targets }) =>
          [...new Set(targets.map(({ Arn }) => Arn))].map(
            (arn) => `${targetPrefix(bus, arn)}${name}`,
          ),
        'api-calls': (id, rule) => (seesApiCalls(rule) ? [`${apiCallRank(rule)}/${id}`] : []),
      },
    }),
    arrivals: store.collection<Arrival>({ path: 'events/arrivals', cacheEntries: 0 }),
    deliveries: store.collection<Delivery>({
      path: 'events/deliveries',
      cacheEntries: 0,
      indexes: { due: (id, { dueAt }) => [`${sortableTime(dueAt)}/${id}`] },
    }),
    connections: store.collection<Connection>({
      path: 'events/connections',
      indexes: {
        due: (id, { tryAt }) => (tryAt === undefined ? [] : [`${sortableTime(tryAt)}/${id}`]),
      },
    }),
    destinations: store.collection<ApiDestination>({ path: 'events/api-destinations' }),
  };
}

export const placePrefix = ({ account, region }: Omit<Place, 'partition'>): string =>
  `${account}/${region}/`;

export const busId = (bus: BusName): string => `${placePrefix(bus)}${bus.name}`;

/** Rules of a bus stand in the order of their names. */
export const rulesPrefix = (bus: BusName): string => `${busId(bus)}/`;
export const ruleId = ({ bus, name }: RuleName): string => `${rulesPrefix(bus)}${name}`;

/** Index `target`: the rules of a bus that send to this ARN, in the order of their names. */
export const targetPrefix = (bus: BusName, arn: string): string =>
  `${rulesPrefix(bus)}${sha256Hex(arn)}/`;

/** What happens by API calls and in services is told on default buses. */
const seesApiCalls = ({ bus, pattern, state }: Rule): boolean =>
  bus.name === defaultBus && pattern !== undefined && state !== 'DISABLED';
/** Rules that see reading calls too come first. */
const apiCallRank = ({ state }: Rule): string => (state === 'ENABLED' ? '1' : '0');

/**
 * Milliseconds with leading zeros, so that the order of texts is that of times (until the year
 * 33658).
 */
export const sortableTime = (ms: number): string => String(ms).padStart(15, '0');
