/** Key material: made, stored, and loaded into a bounded cache of key objects. */
import { hmacSha256 } from '../../crypto/hash.ts';
import {
  type KeyPair,
  type KeySpecName,
  keySpecs,
  type LoadedKey,
  type SecretKey,
} from '../../crypto/key-spec.ts';
import type { Write } from '../../store/engine.ts';
import type { Collection } from '../../store/store.ts';
import { BoundedCache } from './bounded-cache.ts';
import { type BlobOwner, blobHeader, blobOwner, claimedMaterialId, hasHeader } from './envelope.ts';
import type { InstallationKey } from './installation.ts';
import { currentMaterialId, isHere, type Key } from './key.ts';
import {
  type MaterialRecord,
  materialRecordId,
  type Records,
  sharedMaterialRecordId,
} from './records.ts';
import { type MaybePromise, whenHere } from './when.ts';

/** One generation of a key's material, ready for use. */
export interface Material {
  readonly owner: BlobOwner;
  readonly loaded: LoadedKey;
  /** What begins each of its ciphertexts; empty for the specs that write no blobs. */
  readonly header: Buffer;
}

export interface NewMaterial {
  readonly material: Material;
  readonly writes: readonly Write[];
}

export interface Materials {
  /** Makes material for a new or rotating key. Slow specs are made on the thread pool. */
  create(key: NewKeyMaterial): Promise<NewMaterial>;
  /** What the id of these bytes is in this key. */
  idOf(key: Key, secret: Buffer): string;
  /** Stores imported bytes whose record isn't there. The caller wipes them. */
  keepImported(key: Key, material: ImportedBytes): readonly Write[];
  /** Removes the record of a generation, and forgets it. */
  discard(key: Key, materialId: string): Promise<readonly Write[]>;
  /** What encrypts and signs now. At once when it is cached. */
  current(key: Key): MaybePromise<Material>;
  /**
   * A generation of the key by id; undefined when it is not the key's or was deleted. At once when
   * it is cached.
   */
  generation(key: Key, materialId: string): MaybePromise<Material | undefined>;
  /**
   * Whose ciphertext this is, its header proved right; undefined when no key of this installation
   * made it.
   */
  ownerOf(blob: Buffer): BlobOwner | undefined;
}

export interface NewKeyMaterial {
  readonly account: string;
  readonly keyId: string;
  readonly spec: KeySpecName;
  readonly now: number;
}

export interface ImportedBytes {
  /** As `idOf` tells it. */
  readonly id: string;
  readonly secret: Buffer;
  readonly now: number;
}

const defaultCacheEntries = 4096;
/** Keeps this use of the installation's key apart from its others. */
const idLabel = 'sealhold kms key material id v1\0';
const noHeader = Buffer.alloc(0);

/** Opens the materials of an installation. `cacheEntries`: how many generations are kept loaded. */
export function openMaterials(options: {
  readonly records: Records;
  readonly installationKey: InstallationKey;
  readonly cacheEntries?: number;
}): Materials {
  const { records, installationKey } = options;
  const cache = new BoundedCache<Material>(options.cacheEntries ?? defaultCacheEntries);

  const ready = (owner: BlobOwner, spec: KeySpecName, secret: Buffer): Material => {
    const loaded = keySpecs.get(spec)?.load(secret);
    if (loaded === undefined) throw new Error(`Material ${owner.materialId} is no ${spec} key`);
    const header = spec === 'SYMMETRIC_DEFAULT' ? blobHeader(owner, installationKey) : noHeader;
    return { owner, loaded, header };
  };
  const remembered = (material: Material): Material => {
    cache.set(material.owner.materialId, material);
    return material;
  };
  const load = async (key: Key, materialId: string): Promise<Material> => {
    const owner = { account: key.account, keyId: key.keyId, materialId };
    const record = await records.materials.get(materialRecordId(key, materialId));
    if (record === undefined) throw new Error(`Material ${materialId} of ${key.arn} is missing`);
    const secret = Buffer.from(record.value.secret, 'base64');
    const material = ready(owner, record.value.spec, secret);
    secret.fill(0);
    return remembered(material);
  };
  const loaded = (key: Key, materialId: string): MaybePromise<Material> =>
    cache.get(materialId) ?? load(key, materialId);

  return {
    async create({ account, keyId, spec, now }) {
      const secret = await generate(spec);
      const materialId = materialIdOf({ account, keyId, secret }, installationKey);
      const owner = { account, keyId, materialId };
      const recordId = sharedMaterialRecordId(owner, materialId);
      const writes = insertMaterial(records.materials, recordId, { spec, secret, now });
      const material = remembered(ready(owner, spec, secret));
      secret.fill(0);
      return { material, writes };
    },
    idOf: ({ account, keyId }, secret) => materialIdOf({ account, keyId, secret }, installationKey),
    keepImported: (key, { id, secret, now }) =>
      insertMaterial(records.materials, materialRecordId(key, id), { spec: key.spec, secret, now }),
    async discard(key, materialId) {
      cache.delete(materialId);
      const record = await records.materials.get(materialRecordId(key, materialId));
      return record === undefined ? [] : records.materials.remove(record);
    },
    current: (key) => loaded(key, currentMaterialId(key)),
    generation: (key, materialId) =>
      key.generations.some((known) => known.id === materialId && isHere(known))
        ? loaded(key, materialId)
        : undefined,
    ownerOf(blob) {
      const claimed = claimedMaterialId(blob);
      if (claimed === undefined) return undefined;
      const known = cache.get(claimed);
      if (known === undefined || known.header.length === 0) return blobOwner(blob, installationKey);
      return hasHeader(blob, known.header) ? known.owner : undefined;
    },
  };
}

function generate(spec: KeySpecName): Promise<Buffer> {
  const row = keySpecs.get(spec);
  if (row === undefined) throw new Error(`No key spec ${spec}`);
  return row.generate();
}

/**
 * 64 hex digits: a function of key and material, so that the same bytes imported again have the
 * same id. Keyed, because ids are public and imported material may be guessable.
 */
function materialIdOf(
  { account, keyId, secret }: { account: string; keyId: string; secret: Buffer },
  installationKey: InstallationKey,
): string {
  const input = Buffer.concat([Buffer.from(`${idLabel}${account}\0${keyId}\0`), secret]);
  const id = hmacSha256(installationKey, input).toString('hex');
  input.fill(0);
  return id;
}

function insertMaterial(
  materials: Collection<MaterialRecord>,
  id: string,
  { spec, secret, now }: { spec: KeySpecName; secret: Buffer; now: number },
): readonly Write[] {
  return materials.insert(id, {
    spec,
    secret: secret.toString('base64'),
    createdAt: now,
  });
}

/**
 * The pair of an asymmetric key's material. The caller has checked the key's usage, which implies
 * its kind.
 */
export function pairOf(material: Material): KeyPair {
  if (material.loaded.kind !== 'pair') throw new Error('A key pair was expected');
  return material.loaded;
}

/** The secret of a symmetric or HMAC key's material. */
export function secretOf(material: Material): SecretKey {
  if (material.loaded.kind !== 'secret') throw new Error('A secret key was expected');
  return material.loaded;
}

/** `pairOf` for material that may still be loading. */
export const pairWhenHere = <R>(
  material: MaybePromise<Material>,
  use: (pair: KeyPair) => MaybePromise<R>,
): MaybePromise<R> => whenHere(material, (here) => use(pairOf(here)));
