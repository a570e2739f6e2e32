/**
 * The installation's key: made at the very first start, it marks what this installation makes (key
 * material ids, ciphertext headers, import tokens). Each use puts its own label before its input.
 */
import { keySpecs, type SecretKey } from '../../crypto/key-spec.ts';
import type { Store } from '../../store/store.ts';
import type { World } from '../../world.ts';
import { checkFixtureRule, type FixtureRule, fixtureInstallationSecret } from './fixture-rule.ts';
import type { Records } from './records.ts';

export type InstallationKey = SecretKey['secret'];

const installationId = 'ciphertext-mark';

/**
 * Reads the key; where there is none, commits a new one first, or with fixtures theirs.
 * @throws StoreUnavailable where the store has fixtures and may not, or the other way round.
 */
export async function openInstallationKey(options: {
  readonly store: Store;
  readonly records: Records;
  readonly world: World;
  /** `refused` unless told. */
  readonly rule?: FixtureRule;
}): Promise<InstallationKey> {
  const { rule = 'refused' } = options;
  const { installation } = options.records;
  let record = await installation.get(installationId);
  if (record === undefined) {
    const secret =
      rule === 'given'
        ? fixtureInstallationSecret
        : options.world.randomBytes(32).toString('base64');
    // On a conflict another node was first; its key is read then.
    await options.store.commit(installation.insert(installationId, { secret }));
    record = await installation.get(installationId);
  }
  if (record === undefined) throw new Error('The installation key of KMS cannot be stored');
  checkFixtureRule(rule, record.value.secret);
  const secret = Buffer.from(record.value.secret, 'base64');
  const loaded = keySpecs.get('SYMMETRIC_DEFAULT')?.load(secret);
  secret.fill(0);
  if (loaded?.kind !== 'secret') throw new Error('The installation key of KMS is damaged');
  return loaded.secret;
}
