/**
 * Where keys with known material may be: on servers for tests, whose installation key is then known
 * too. So ciphertexts, which its mark begins, can be kept beside the fixtures and decrypt on every
 * such server; and a store that has been one can be told, and is served by dev mode only.
 */
import { sha256 } from '../../crypto/hash.ts';
import { StoreUnavailable } from '../../store/engine.ts';

/** Whether a store may hold fixtures, which strict mode refuses, or is to be given some. */
export type FixtureRule = 'refused' | 'allowed' | 'given';

/** What marks the ciphertexts of every server with fixtures; no secret. */
export const fixtureInstallationSecret: string = sha256(
  'sealhold installation key of servers with fixtures v1',
).toString('base64');

/** @throws StoreUnavailable where the store and the rule don't fit, with a text for people. */
export function checkFixtureRule(rule: FixtureRule, installationSecret: string): void {
  const isKnown = installationSecret === fixtureInstallationSecret;
  if (isKnown && rule === 'refused')
    throw new StoreUnavailable(
      'This store was filled from a fixtures file: its keys are known to others. Only dev mode serves it.',
    );
  if (!isKnown && rule === 'given')
    throw new StoreUnavailable(
      'Fixtures go into an empty store only: this one has keys of its own, whose ciphertexts would be lost.',
    );
}
