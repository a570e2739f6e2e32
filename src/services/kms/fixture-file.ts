/**
 * The fixtures file: keys with known ids and material, for tests (`sealhold dev --fixtures FILE`;
 * the README of this folder has the form). Everything in it is checked before anything is done, and
 * a complaint says where it is. Pure.
 */
import { type KeySpec, type KeyUsage, keySpecs } from '../../crypto/key-spec.ts';
import { isReservedAlias } from './aws-managed.ts';
import type { Tag } from './key.ts';
import { isAliasName, normalizeKeyId } from './key-id.ts';
import { maxTags } from './tag-rules.ts';

export interface Fixture {
  readonly keyId: string;
  readonly account: string;
  readonly region: string;
  readonly spec: KeySpec;
  readonly usage: KeyUsage;
  /** Oldest first; more than one for symmetric encryption keys only. Secret. */
  readonly materials: readonly Buffer[];
  /** Names with their `alias/`, in each of its Regions. */
  readonly aliases: readonly string[];
  readonly description: string;
  readonly isEnabled: boolean;
  readonly tags: readonly Tag[];
  /** Regions with a replica; of multi-Region ids only. */
  readonly replicaRegions: readonly string[];
}

const mostKeys = 10_000;
const mostMaterials = 100;
const mostAliases = 50;
const regionForm = /^([a-z]+-){2,3}\d+$/;

/**
 * Reads the file. `account`: of keys that name none.
 * @throws RangeError whose text says what is wrong where.
 */
export function parseFixtures(json: string, { account }: { account: string }): readonly Fixture[] {
  let file: unknown;
  try {
    file = JSON.parse(json);
  } catch (error) {
    throw new RangeError(`it is not JSON (${(error as Error).message})`);
  }
  const top = new Members(file, 'the file');
  if (top.take('version') !== 1) throw new RangeError("'version' is 1");
  const keys = top.take('keys');
  top.requireNoMore();
  if (!Array.isArray(keys) || keys.length === 0 || keys.length > mostKeys)
    throw new RangeError(`'keys' is a list of 1 to ${mostKeys} keys`);
  const fixtures = keys.map((key, i) => parseKey(new Members(key, `keys[${i}]`), account));
  refuseTwice(fixtures);
  return fixtures;
}

/** The members of an object, each taken once; what is left is a mistake. */
class Members {
  readonly place: string;
  readonly #left: Map<string, unknown>;

  constructor(value: unknown, place: string) {
    this.place = place;
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new RangeError(`${place} is an object`);
    this.#left = new Map(Object.entries(value));
  }

  take(name: string): unknown {
    const value = this.#left.get(name);
    this.#left.delete(name);
    return value;
  }

  text(name: string, otherwise: string | undefined, form: (text: string) => boolean): string {
    const value = this.take(name) ?? otherwise;
    if (typeof value !== 'string' || !form(value)) throw this.fault(name);
    return value;
  }

  /** Of one text or a list of texts. */
  texts(name: string, most: number, form: (text: string) => boolean): readonly string[] {
    const value = this.take(name) ?? [];
    const list = typeof value === 'string' ? [value] : value;
    if (!Array.isArray(list) || list.length > most) throw this.fault(name);
    for (const text of list) if (typeof text !== 'string' || !form(text)) throw this.fault(name);
    return list;
  }

  fault(name: string, why = formsOf[name] ?? 'has another form'): RangeError {
    return new RangeError(`${this.place}: '${name}' ${why}`);
  }

  requireNoMore(): void {
    const [name] = this.#left.keys();
    if (name !== undefined) throw new RangeError(`${this.place}: '${name}' is not known`);
  }
}

const formsOf: Readonly<Record<string, string>> = {
  keyId: "is a UUID, or 'mrk-' and 32 hex digits",
  account: 'is twelve digits',
  region: 'is a Region such as us-east-1',
  spec: 'is a key spec such as SYMMETRIC_DEFAULT',
  usage: 'is a usage that the spec has; all but symmetric encryption keys need one',
  material: 'is base64, or PEM of a private key, or for symmetric encryption keys a list of them',
  aliases: `are at most ${mostAliases} names that begin with alias/, not with alias/aws/`,
  description: 'is text of at most 8192 characters',
  enabled: 'is true or false',
  tags: `are at most ${maxTags} texts by name`,
  replicas: "are other Regions, of keys whose id begins with 'mrk-'",
};

function parseKey(members: Members, defaultAccount: string): Fixture {
  const written = members.text('keyId', undefined, (text) => normalizeKeyId(text) !== undefined);
  const keyId = normalizeKeyId(written) as string;
  const account = members.text('account', defaultAccount, (text) => /^\d{12}$/.test(text));
  const region = members.text('region', 'us-east-1', (text) => regionForm.test(text));
  const spec = specOf(members);
  const usage = usageOf(members, spec);
  const materials = members.texts('material', mostMaterials, (text) => text !== '').map(bytesOf);
  if (materials.length === 0 || materials.some((each) => each === undefined))
    throw members.fault('material');
  if (materials.length > 1 && spec.name !== 'SYMMETRIC_DEFAULT') throw members.fault('material');
  const isOurs = (name: string) => isAliasName(name) && !isReservedAlias(name);
  const isOther = (name: string) => regionForm.test(name) && name !== region;
  const replicaRegions = members.texts('replicas', 30, isOther);
  if (replicaRegions.length > 0 && !keyId.startsWith('mrk-')) throw members.fault('replicas');
  const fixture: Fixture = {
    keyId,
    account,
    region,
    spec,
    usage,
    materials: materials as readonly Buffer[],
    aliases: members.texts('aliases', mostAliases, isOurs),
    description: members.text('description', '', (text) => text.length <= 8192),
    isEnabled: enabledOf(members),
    tags: tagsOf(members),
    replicaRegions: [...new Set(replicaRegions)],
  };
  members.requireNoMore();
  return fixture;
}

function specOf(members: Members): KeySpec {
  const spec = keySpecs.get(members.text('spec', 'SYMMETRIC_DEFAULT', () => true));
  if (spec?.supported !== true) throw members.fault('spec');
  return spec;
}

function usageOf(members: Members, spec: KeySpec): KeyUsage {
  const assumed = spec.name === 'SYMMETRIC_DEFAULT' ? 'ENCRYPT_DECRYPT' : undefined;
  return members.text('usage', assumed, (text) =>
    spec.algorithms.has(text as KeyUsage),
  ) as KeyUsage;
}

function enabledOf(members: Members): boolean {
  const enabled = members.take('enabled') ?? true;
  if (typeof enabled !== 'boolean') throw members.fault('enabled');
  return enabled;
}

function tagsOf(members: Members): readonly Tag[] {
  const tags = members.take('tags') ?? {};
  if (typeof tags !== 'object' || tags === null || Array.isArray(tags)) throw members.fault('tags');
  const entries = Object.entries(tags);
  const isRight = ([key, value]: [string, unknown]): boolean =>
    /^(?!aws:).{1,128}$/is.test(key) && typeof value === 'string' && value.length <= 256;
  if (entries.length > maxTags || !entries.every(isRight)) throw members.fault('tags');
  return entries.map(([key, value]) => ({ key, value: value as string }));
}

const pemForm = /^-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END PRIVATE KEY-----\s*$/;

/** Undefined for what is neither base64, written as it is always written, nor PEM of a PKCS#8. */
function bytesOf(text: string): Buffer | undefined {
  const base64 = (pemForm.exec(text)?.[1] ?? text).replace(/\s/g, '');
  const bytes = Buffer.from(base64, 'base64');
  return bytes.length > 0 && bytes.toString('base64') === base64 ? bytes : undefined;
}

function refuseTwice(fixtures: readonly Fixture[]): void {
  const seen = new Set<string>();
  fixtures.forEach(({ account, keyId, region, replicaRegions, aliases }, i) => {
    // A multi-Region id is one family of keys.
    const ids = keyId.startsWith('mrk-')
      ? [`${account} ${keyId}`]
      : [`${account} ${keyId} ${region}`];
    for (const each of [region, ...replicaRegions])
      ids.push(...aliases.map((name) => `${account} ${name} ${each}`));
    for (const id of ids) {
      if (seen.has(id)) throw new RangeError(`keys[${i}]: ${id.split(' ')[1]} is there already`);
      seen.add(id);
    }
  });
}
