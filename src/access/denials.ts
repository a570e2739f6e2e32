/**
 * Why calls were denied, kept for a day at least, so that it can be told afterwards. Denials are
 * saved behind the answer: a crash loses those of its last second, and nothing else.
 */
import type { Circumstances, GrantStory, Principal } from '../operation.ts';
import type { NamedPolicy } from '../policy/evaluate.ts';
import { type Explanation, explain } from '../policy/explain.ts';
import type { Write } from '../store/engine.ts';
import type { Collection, Store } from '../store/store.ts';
import type { World } from '../world.ts';
import type { CompiledPolicies } from './compiled-policies.ts';
import type { Matter } from './decide.ts';

export interface DenialRecord {
  readonly authorizationId: string;
  readonly requestId: string;
  /** The request for which a service made this one. */
  readonly outerRequestId?: string;
  /** ms since 1970 */
  readonly at: number;
  readonly region: string;
  /** Whose people may ask. */
  readonly account: string;
  readonly principalArn: string;
  readonly action: string;
  readonly resourceArn: string;
  /** As the caller was told, without the id. */
  readonly text: string;
  readonly explanation: Explanation;
  /** Why each grant that concerns the caller didn't allow it. */
  readonly grants?: readonly GrantStory[];
  /** Each policy that was looked at: how it is named, and its document as it was. */
  readonly policies: readonly KeptPolicy[];
}

export interface KeptPolicy {
  readonly uri: string;
  readonly type: NamedPolicy['type'];
  readonly isInline: boolean;
  readonly attachedTo?: string;
  readonly document: string;
}

/** What of a call a denial tells. */
export interface DeniedCall {
  readonly requestId: string;
  /** Of a call inside another: the outermost one's. */
  readonly outerRequestId: string | undefined;
  readonly region: string;
  readonly now: number;
  readonly principal: Principal;
}

export interface Denied {
  readonly call: DeniedCall;
  readonly matter: Matter;
  /** Whose people may ask why: the caller's account, or the resource's where it is concealed. */
  readonly account: string;
  readonly text: string;
  readonly grants?: Circumstances['explainGrants'];
}

export interface Denials {
  /**
   * Keeps a denial and gives its authorization id. When very many come, like ones within a minute
   * share one; undefined when there are still too many.
   */
  keep(denied: Denied): string | undefined;
  /**
   * By authorization id, or by the id of the request that was denied, or for which a service made
   * the denied call.
   */
  find(id: string): Promise<DenialRecord | undefined>;
  /** Saves what is not saved yet. */
  save(): Promise<void>;
  /** What is old enough to be forgotten, for the runner of due work. */
  due(now: number, limit: number): Promise<readonly Forgotten[]>;
}

/** A denial that goes. */
export interface Forgotten {
  readonly id: string;
  readonly writes: readonly Write[];
  readonly record: undefined;
}

/** At least 24 hours. */
const keptMs = 25 * 3_600_000;
const sharedMs = 60_000;
/** So many may come at once, and so many each second for ever: 864,000 in a day at the most. */
const burst = 1_000;
const perSecond = 10;
/** AWS's ids are 25 characters of base 36. */
const idCharacters = 25;

export function openDenials(options: {
  readonly store: Store;
  readonly world: World;
  readonly compiled: CompiledPolicies;
}): Denials {
  return new KeptDenials(options);
}

/** How many request ids are remembered for denials that share another one's id. */
const rememberedRequests = 10_000;
const savedAtOnce = 200;

class KeptDenials implements Denials {
  readonly #store: Store;
  readonly #world: World;
  readonly #compiled: CompiledPolicies;
  readonly #records: Collection<DenialRecord>;
  readonly #pending = new Map<string, DenialRecord>();
  readonly #shared = new Map<string, { readonly id: string; readonly until: number }>();
  readonly #requests = new Map<string, string>();
  #tokens = burst;
  #refilledAt: number;

  constructor(options: { store: Store; world: World; compiled: CompiledPolicies }) {
    this.#store = options.store;
    this.#world = options.world;
    this.#compiled = options.compiled;
    this.#records = denialRecords(options.store);
    this.#refilledAt = options.world.monotonic();
  }

  keep(denied: Denied): string | undefined {
    const { call, matter, text } = denied;
    const key = `${call.principal.arn}\n${text}\n${matter.question.resource.arn}`;
    this.#refill();
    const known = this.#tokens < burst / 2 ? this.#sharedId(key, call.now) : undefined;
    if (known !== undefined) {
      for (const requestId of requestIdsOf(call)) this.#remember(requestId, known);
      return known;
    }
    if (this.#tokens < 1) return undefined;
    this.#tokens -= 1;
    const id = newAuthorizationId(this.#world);
    const record = denialRecord(denied, id, this.#compiled);
    if (this.#shared.size >= burst) this.#shared.clear();
    this.#shared.set(key, { id, until: call.now + sharedMs });
    this.#pending.set(id, record);
    void lookAtGrants(denied).then((grants) => {
      if (this.#pending.has(id)) this.#pending.set(id, { ...record, ...grants });
    });
    return id;
  }

  async find(id: string): Promise<DenialRecord | undefined> {
    const known = this.#requests.get(id) ?? id;
    const waiting =
      this.#pending.get(known) ??
      [...this.#pending.values()].find((record) => requestIdsOf(record).includes(known));
    if (waiting !== undefined) return waiting;
    if (!/^[0-9a-z-]{1,64}$/.test(known)) return undefined;
    const stored = await this.#records.get(known);
    if (stored !== undefined) return stored.value;
    const page = await this.#records.pageBy('request', { key: `${known}/`, limit: 1 });
    return page.entries[0]?.value;
  }

  async save(): Promise<void> {
    const batch = [...this.#pending.values()].slice(0, savedAtOnce);
    if (batch.length === 0) return;
    const writes = batch.flatMap((record) => this.#records.insert(record.authorizationId, record));
    await this.#store.commit(writes);
    for (const { authorizationId } of batch) this.#pending.delete(authorizationId);
  }

  async due(now: number, limit: number): Promise<readonly Forgotten[]> {
    const page = await this.#records.pageBy('time', { key: '', limit });
    return page.entries
      .filter(({ value }) => value.at < now - keptMs)
      .map((entry) => ({
        id: entry.id,
        writes: this.#records.remove(entry),
        record: undefined,
      }));
  }

  #refill(): void {
    const now = this.#world.monotonic();
    const earned = ((now - this.#refilledAt) / 1000) * perSecond;
    this.#tokens = Math.min(burst, this.#tokens + earned);
    this.#refilledAt = now;
  }

  #sharedId(key: string, now: number): string | undefined {
    const known = this.#shared.get(key);
    return known !== undefined && known.until > now && known.until <= now + sharedMs
      ? known.id
      : undefined;
  }

  #remember(requestId: string, id: string): void {
    const requests = this.#requests;
    if (requests.size >= rememberedRequests)
      requests.delete(requests.keys().next().value as string);
    requests.set(requestId, id);
  }
}

const requestIdsOf = (of: {
  readonly requestId: string;
  readonly outerRequestId?: string | undefined;
}): readonly string[] =>
  of.outerRequestId === undefined ? [of.requestId] : [of.requestId, of.outerRequestId];

function denialRecords(store: Store): Collection<DenialRecord> {
  return store.collection<DenialRecord>({
    path: 'access/denials',
    cacheEntries: 0,
    indexes: {
      request: (id, record) => requestIdsOf(record).map((requestId) => `${requestId}/${id}`),
      time: (id, { at }) => [`${String(at).padStart(15, '0')}/${id}`],
    },
  });
}

/** What is told of grants is told as far as it can be read; the denial itself is certain. */
async function lookAtGrants({ grants }: Denied): Promise<Pick<DenialRecord, 'grants'>> {
  try {
    const found = (await grants?.()) ?? [];
    return found.length === 0 ? {} : { grants: found };
  } catch {
    return {};
  }
}

function denialRecord(
  { call, matter, account, text }: Denied,
  authorizationId: string,
  compiled: CompiledPolicies,
): DenialRecord {
  const { question, policies } = matter;
  return {
    authorizationId,
    requestId: call.requestId,
    ...(call.outerRequestId === undefined ? {} : { outerRequestId: call.outerRequestId }),
    at: call.now,
    region: call.region,
    account,
    principalArn: call.principal.arn,
    action: question.action,
    resourceArn: question.resource.arn,
    text,
    explanation: explain(question, policies),
    policies: allPolicies(matter).map((named) => keptPolicy(named, compiled)),
  };
}

/** Every policy that has a say in a matter. */
function allPolicies({ policies }: Matter): readonly NamedPolicy[] {
  const { identity, boundary, session, serviceControl, resourceControl, resource } = policies;
  return [
    ...identity,
    ...(boundary === undefined ? [] : [boundary]),
    ...(session ?? []),
    ...(serviceControl ?? []).flat(),
    ...(resourceControl ?? []).flat(),
    ...(resource === undefined ? [] : [resource.policy]),
  ];
}

/** An inline policy is named after what it stands in, as it has no ARN of its own. */
export const policyUri = ({ arn, attachedTo, type, name }: NamedPolicy): string =>
  arn ?? `${attachedTo ?? ''}#${type}/${name}`;

function keptPolicy(named: NamedPolicy, compiled: CompiledPolicies): KeptPolicy {
  const { type, arn, attachedTo } = named;
  return {
    uri: policyUri(named),
    type,
    isInline: arn === undefined,
    ...(attachedTo === undefined ? {} : { attachedTo }),
    document: compiled.textOf(named.policy),
  };
}

function newAuthorizationId(world: World): string {
  const bits = BigInt(`0x${Buffer.from(world.randomBytes(17)).toString('hex')}`);
  return bits.toString(36).padStart(idCharacters, '0').slice(-idCharacters);
}
