/**
 * Puts keys whose ids and material are known into the store of a server that is for tests. What is
 * there already stays as it has become.
 */
import { acceptedMaterial } from '../../crypto/imported-key.ts';
import { partitionOfRegion } from '../../region.ts';
import { StoreUnavailable, type Write } from '../../store/engine.ts';
import type { Store } from '../../store/store.ts';
import type { Fixture } from './fixture-file.ts';
import type { FixtureRule } from './fixture-rule.ts';
import { isImportable } from './import-rules.ts';
import { type Generation, type Key, keyRecordId, type MultiRegion } from './key.ts';
import { keyArn } from './key-id.ts';
import type { Materials } from './material.ts';
import { defaultPolicy } from './policy-document.ts';
import { type Alias, aliasRecordId, type Records } from './records.ts';
import type { ResourceLimits } from './resource-limits.ts';

/** The keys to begin with, or whether a store that has such is served. */
export type Fixtures = readonly Fixture[] | 'refused' | 'allowed';

export const fixtureRuleOf = (fixtures: Fixtures | undefined): FixtureRule =>
  typeof fixtures === 'object' ? 'given' : (fixtures ?? 'refused');

interface Ports {
  readonly store: Store;
  readonly records: Records;
  readonly materials: Materials;
  readonly limits: ResourceLimits;
  readonly now: number;
}

/**
 * Puts in what isn't there; keys that are there stay as they have become.
 * @throws StoreUnavailable for material that is no key of its spec, or another than is there.
 */
export async function loadFixtures(fixtures: readonly Fixture[], ports: Ports): Promise<void> {
  for (const [i, fixture] of fixtures.entries()) {
    const fault = (why: string) => new StoreUnavailable(`The fixtures' keys[${i}]: ${why}.`);
    const accepted = await Promise.all(
      fixture.materials.map((each) => acceptedBytes(fixture, each)),
    );
    if (accepted.some((each) => each === undefined))
      throw fault(`'material' is no ${fixture.spec.name} key`);
    const secrets = accepted as readonly Buffer[];
    const writes = await writesOf(fixture, secrets, ports);
    for (const secret of secrets) secret.fill(0);
    if (writes === undefined) throw fault(`${fixture.keyId} is there with other material`);
    if (writes.length > 0 && (await ports.store.commit(writes)).kind === 'conflict')
      throw fault('another process changed the store meanwhile');
  }
}

/** As for imported material; a spec that isn't imported has one encoding. */
function acceptedBytes({ spec }: Fixture, material: Buffer): Promise<Buffer | undefined> {
  if (isImportable(spec)) return acceptedMaterial(spec, material);
  return Promise.resolve(spec.load(material) === undefined ? undefined : Buffer.from(material));
}

/** Undefined when the key is there with other material. */
async function writesOf(
  fixture: Fixture,
  secrets: readonly Buffer[],
  ports: Ports,
): Promise<readonly Write[] | undefined> {
  const { records, materials, limits, now } = ports;
  const primary = keyOf(fixture, fixture.region, now);
  const ids = secrets.map((secret) => materials.idOf(primary, secret));
  const generations = generationsOf(ids, now);
  const there = await records.keys.get(keyRecordId(primary));
  if (there !== undefined)
    return ids.every((id) => there.value.generations.some((each) => each.id === id))
      ? aliasWrites(fixture, ports)
      : undefined;
  const writes: Write[] = [];
  for (const [i, id] of ids.entries())
    writes.push(...materials.keepImported(primary, { id, secret: secrets[i] as Buffer, now }));
  for (const region of [fixture.region, ...fixture.replicaRegions]) {
    const key = { ...keyOf(fixture, region, now), generations };
    writes.push(...records.keys.insert(keyRecordId(key), key), ...(await limits.addKey(key)));
  }
  return [...writes, ...(await aliasWrites(fixture, ports))];
}

const generationsOf = (ids: readonly string[], now: number): readonly Generation[] =>
  ids.map((id, i) => ({
    id,
    state: i === ids.length - 1 ? 'CURRENT' : 'NON_CURRENT',
    ...(i === 0 ? {} : { rotatedAt: now, rotationType: 'ON_DEMAND' as const }),
  }));

function keyOf(fixture: Fixture, region: string, now: number): Key {
  const { account, keyId, spec, usage, description, tags, isEnabled } = fixture;
  const partition = partitionOfRegion(region);
  const multiRegion: MultiRegion = {
    primaryRegion: fixture.region,
    replicaRegions: fixture.replicaRegions,
  };
  return {
    account,
    region,
    keyId,
    arn: keyArn({ account, region, partition }, keyId),
    createdAt: now,
    description,
    spec: spec.name,
    usage,
    origin: 'AWS_KMS',
    manager: 'CUSTOMER',
    state: isEnabled ? 'Enabled' : 'Disabled',
    ...(keyId.startsWith('mrk-') ? { multiRegion } : {}),
    generations: [],
    policy: defaultPolicy({ account, partition }),
    tags,
  };
}

/** An alias that is there stays where it points to. */
async function aliasWrites(
  { account, keyId, region: home, replicaRegions, aliases }: Fixture,
  { records, now }: Ports,
): Promise<readonly Write[]> {
  const writes: Write[] = [];
  for (const region of [home, ...replicaRegions])
    for (const name of aliases) {
      const alias: Alias = { account, region, name, keyId, createdAt: now, updatedAt: now };
      const id = aliasRecordId(alias);
      if ((await records.aliases.get(id)) === undefined)
        writes.push(...records.aliases.insert(id, alias));
    }
  return writes;
}
