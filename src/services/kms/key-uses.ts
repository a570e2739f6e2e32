/**
 * What is known of the use of each key in its Region: the last success, who used it and with which
 * encryption contexts, and how many ciphertexts each of its materials made and opened. Every
 * success is noted in memory and saved later (`usage.ts`).
 */
import type { KeyLastUsageTrackingOperation } from '../../model/kms.generated.ts';
import type { Call, Principal } from '../../operation.ts';
import type { Store } from '../../store/store.ts';
import { GatheredRecords, type Gathering } from '../../usage/merged-records.ts';
import { GatheringRows, mergedRows, type UseRows } from '../../usage/use-rows.ts';
import type { World } from '../../world.ts';
import { claimedMaterialId, type EncryptionContext } from './envelope.ts';
import { currentGeneration, isSymmetricEncryptionKey, type Key, keyRecordId } from './key.ts';
import type { Records } from './records.ts';

/** The last success of a cryptographic operation with a key in its Region. */
export interface LastUse {
  readonly operation: KeyLastUsageTrackingOperation;
  /** ms since 1970. */
  readonly at: number;
  readonly eventId: string;
  readonly requestId: string;
}

/** Ciphertexts of one material that were made and opened here; nobody can tell how many exist. */
export interface MaterialUse {
  readonly made: number;
  readonly opened: number;
  /** ms since 1970; 0 for never. */
  readonly lastMadeAt: number;
  readonly lastOpenedAt: number;
}

export interface KeyUses {
  readonly last: LastUse;
  readonly principals: UseRows;
  /** Under the JSON of their pairs. */
  readonly contexts: UseRows;
  /** By material id. */
  readonly materials: Readonly<Record<string, MaterialUse>>;
}

export interface Uses {
  /** Before then nothing was noted on this store; ms since 1970. */
  readonly since: number;
  readonly records: GatheredRecords<KeyUses, GatheringUses>;
}

export async function openUses(options: {
  readonly store: Store;
  readonly keys: Records['keys'];
  readonly world: World;
}): Promise<Uses> {
  const { store, keys } = options;
  return {
    since: await openSince(options),
    records: new GatheredRecords<KeyUses, GatheringUses>({
      store,
      collection: store.collection<KeyUses>({ path: 'kms/key-uses', cacheEntries: 1_000 }),
      begin: () => new GatheringUses(),
      merge: mergedUses,
      isAbout: async (id) => (await keys.get(id)) !== undefined,
    }),
  };
}

/** When the store was first opened by a server that notes uses. */
async function openSince({ store, world }: { store: Store; world: World }): Promise<number> {
  const tracking = store.collection<{ readonly since: number }>({ path: 'kms/usage-tracking' });
  const known = await tracking.get('first');
  if (known !== undefined) return known.value.since;
  // On a conflict another node was first; its time is read then.
  await store.commit(tracking.insert('first', { since: world.now() }));
  const made = await tracking.get('first');
  if (made === undefined) throw new Error('The time of first use tracking cannot be stored');
  return made.value.since;
}

/** Counts add up, times are the latest. Which came first doesn't matter. */
export function mergedUses(one: KeyUses, other: KeyUses): KeyUses {
  const materials: Record<string, MaterialUse> = { ...one.materials };
  for (const [id, use] of Object.entries(other.materials)) {
    const known = materials[id];
    materials[id] = known === undefined ? use : mergedMaterial(known, use);
  }
  return {
    last: other.last.at >= one.last.at ? other.last : one.last,
    principals: mergedRows(one.principals, other.principals),
    contexts: mergedRows(one.contexts, other.contexts),
    materials,
  };
}

const mergedMaterial = (one: MaterialUse, other: MaterialUse): MaterialUse => ({
  made: one.made + other.made,
  opened: one.opened + other.opened,
  lastMadeAt: Math.max(one.lastMadeAt, other.lastMadeAt),
  lastOpenedAt: Math.max(one.lastOpenedAt, other.lastOpenedAt),
});

/** A use of one key, as it succeeded. */
export interface Use {
  readonly context: EncryptionContext | undefined;
  /** What was done with a ciphertext of the key, if anything. */
  readonly did: 'made' | 'opened' | undefined;
  readonly ciphertext: Uint8Array | undefined;
  /** Its material, where the answer tells it. */
  readonly materialId: string | undefined;
}

export function noteUse(uses: Uses, { key, call }: { key: Key; call: Call }, use: Use): void {
  uses.records.gatheringAbout(key, () => keyRecordId(key)).note(key, call, use);
}

type Mutable<T> = { -readonly [M in keyof T]: T[M] };

class GatheringUses implements Gathering<KeyUses> {
  #last: Mutable<LastUse> | undefined;
  readonly #principals = new GatheringRows();
  readonly #contexts = new GatheringRows();
  readonly #materials = new Map<string, Mutable<MaterialUse>>();

  note(key: Key, call: Call, { context, did, ciphertext, materialId }: Use): void {
    const { now, operation } = call;
    this.#noteLast(call);
    this.#principals.note(userName(call.principal), operation, now);
    const pairs = context === undefined ? '' : contextText(context);
    if (pairs !== '') this.#contexts.note(pairs, operation, now);
    if (did === undefined) return;
    const material = this.#material(materialId ?? materialOf(key, ciphertext));
    if (did === 'made') {
      material.made++;
      material.lastMadeAt = Math.max(material.lastMadeAt, now);
    } else {
      material.opened++;
      material.lastOpenedAt = Math.max(material.lastOpenedAt, now);
    }
  }

  #noteLast({ now, operation, eventId, requestId }: Call): void {
    const last = { operation: operation as LastUse['operation'], at: now, eventId, requestId };
    if (this.#last === undefined || now >= this.#last.at) this.#last = last;
  }

  #material(id: string): Mutable<MaterialUse> {
    const known = this.#materials.get(id);
    if (known !== undefined) return known;
    const begun = { made: 0, opened: 0, lastMadeAt: 0, lastOpenedAt: 0 };
    this.#materials.set(id, begun);
    return begun;
  }

  record(): KeyUses {
    if (this.#last === undefined) throw new Error('Nothing has gathered for a key');
    return {
      last: { ...this.#last },
      principals: this.#principals.record(),
      contexts: this.#contexts.record(),
      materials: Object.fromEntries([...this.#materials].map(([id, use]) => [id, { ...use }])),
    };
  }
}

/** RSA ciphertexts name no material; RSA keys have one for ever. */
function materialOf(key: Key, ciphertext: Uint8Array | undefined): string {
  const named =
    isSymmetricEncryptionKey(key) && ciphertext !== undefined
      ? claimedMaterialId(ciphertext as Buffer)
      : currentGeneration(key)?.id;
  return named ?? 'unknown';
}

/** A role is one user, whatever its sessions are called; a service is its own name. */
export function userName({ type, arn }: Principal): string {
  return type === 'AssumedRole' ? arn.slice(0, arn.lastIndexOf('/')) : arn;
}

const mostContextLength = 512;

/** The pairs as JSON, by key; what is longer than 512 characters is cut. Empty for no pairs. */
export function contextText(context: EncryptionContext): string {
  const keys = Object.keys(context);
  if (keys.length === 0) return '';
  const inOrder =
    keys.length === 1
      ? context
      : Object.fromEntries(keys.sort().map((key) => [key, context[key] as string]));
  const text = JSON.stringify(inOrder);
  return text.length > mostContextLength ? `${text.slice(0, mostContextLength - 1)}…` : text;
}
