/** KMS: its operation table, and what of it falls due with time. */
import type { TrustedRoots } from '../../crypto/certificate-chain.ts';
import type { KmsModel } from '../../model/kms.generated.ts';
import type { Call, Operations, OperationTable, Resource } from '../../operation.ts';
import type { Store } from '../../store/store.ts';
import { type Usage, usageOf } from '../../usage/usage.ts';
import type { World } from '../../world.ts';
import { agreementOperations } from './agreement.ts';
import { aliasOperations } from './aliases.ts';
import { cipherOperations } from './cipher.ts';
import type { KmsContext } from './context.ts';
import { BackingKeyRemovals } from './custom-key-stores/backing-key-removal.ts';
import { dueConnections } from './custom-key-stores/due-connections.ts';
import { nothingInReach } from './custom-key-stores/nothing-in-reach.ts';
import { type KeyStorePorts, StoreConnections } from './custom-key-stores/store-connections.ts';
import { storeOperations } from './custom-key-stores/store-operations.ts';
import { dataKeyOperations } from './data-keys.ts';
import { dueDeletions } from './deletion.ts';
import type { DueWork } from './due.ts';
import { dueEvents } from './events.ts';
import { type Fixtures, fixtureRuleOf, loadFixtures } from './fixtures.ts';
import { governed } from './governed.ts';
import { createGrantTokens } from './grant-token.ts';
import { refusingFalseTokens } from './grant-token-check.ts';
import { grantOperations } from './grants.ts';
import { dueExpiries, importOperations } from './import.ts';
import { tokenKeyOf } from './import-token.ts';
import { type KmsInsight, openInsight } from './insight.ts';
import { type InstallationKey, openInstallationKey } from './installation.ts';
import { keyChangeOperations } from './key-changes.ts';
import { createKeyFinder, keyResource } from './key-finder.ts';
import { allGrants, createKeyGrants, type KeyGrants } from './key-grants.ts';
import { lastUseOperations } from './key-last-usage.ts';
import { keyPolicyOperations } from './key-policies.ts';
import { noteUse, openUses } from './key-uses.ts';
import { keyOperations } from './keys.ts';
import { dueForgetting, enter, openLedger } from './ledger.ts';
import { macOperations } from './macs.ts';
import { openMaterials } from './material.ts';
import { dueTransitions, multiRegionOperations } from './multi-region.ts';
import { observed } from './observed.ts';
import type { Principals } from './principals.ts';
import { createRecipients } from './recipient.ts';
import { openRecords } from './records.ts';
import { openResourceLimits } from './resource-limits.ts';
import { dueRotations, rotationOperations } from './rotation.ts';
import { signingOperations } from './signing.ts';
import { tagOperations } from './tags.ts';
import { type QuotaOptions, RequestRates, throttled } from './throttle.ts';
import { type WhoElse, whoElse } from './who-else.ts';

export interface Kms {
  readonly operations: OperationTable;
  /** For whoever decides on requests: `concerning` finds grants, `grantsAllow` judges them. */
  readonly grants: KeyGrants;
  /**
   * A key by id, ARN or alias, and whom its policy and grants let in besides its own account's
   * identities. Throws as KMS's operations do.
   */
  readonly about: (
    name: string,
    call: Call,
    action: string,
  ) => Promise<{ readonly resource: Resource; readonly others: readonly WhoElse[] }>;
  /** What falls due with time. */
  readonly dueWork: readonly DueWork[];
  /** What the server's own interface tells of keys. */
  readonly insight: KmsInsight;
  /** What is known of the use of keys and lags behind in the store. */
  readonly usage: Usage;
  /** Gives up the connections to what is behind custom key stores. */
  readonly close: () => Promise<void>;
}

export interface KmsOptions {
  readonly store: Store;
  readonly world: World;
  /** How many generations of key material are kept loaded: 4,096 unless told. */
  readonly materialCacheEntries?: number;
  /** Without them requests have no limits. */
  readonly quotas?: QuotaOptions;
  /** Without them no attestation document is believed. */
  readonly attestationRoots?: TrustedRoots;
  /** Keys that are known, or whether a store with such is served: not unless told. */
  readonly fixtures?: Fixtures;
  /** Without them whom policies and grants name is not looked up. */
  readonly principals?: Principals;
  /** Without them custom key stores can reach nothing. */
  readonly keyStores?: KeyStorePorts;
}

/**
 * Opens KMS on a store. At the very first start it commits the key that marks this installation's
 * ciphertexts.
 */
export async function createKms(options: KmsOptions): Promise<Kms> {
  const { world, quotas } = options;
  const { kms, installationKey } = await openContext(options);
  const { grants, uses, ledger } = kms;
  const rows = {
    ...keyOperations(kms),
    ...keyChangeOperations(kms),
    ...aliasOperations(kms),
    ...tagOperations(kms),
    ...keyPolicyOperations(kms),
    ...rotationOperations(kms),
    ...importOperations(kms, tokenKeyOf(installationKey)),
    ...cipherOperations(kms),
    ...dataKeyOperations(kms),
    ...signingOperations(kms),
    ...macOperations(kms),
    ...agreementOperations(kms),
    ...multiRegionOperations(kms),
    ...grantOperations(kms),
    ...lastUseOperations(kms),
    ...storeOperations(kms, quotas?.settings),
  } satisfies Operations<KmsModel>;
  const watched = observed(governed(new Map(Object.entries(rows)), kms), {
    used: (by, use) => noteUse(uses, by, use),
    answered: (request) => enter(ledger, request),
  });
  const operations = refusingFalseTokens(watched, grants.tokens);
  return {
    operations:
      quotas === undefined ? operations : throttled(operations, new RequestRates(quotas, world)),
    grants,
    about: aboutKey(kms),
    insight: openInsight(kms, world),
    usage: usageOf([uses.records, ledger.records], world),
    close: () => kms.connections.close(),
    dueWork: dueWorkOf(kms),
  };
}

const aboutKey =
  ({ finder, records }: KmsContext): Kms['about'] =>
  async (name, call, action) => {
    const { value: key } = await finder.find(name, call, action);
    const all = await allGrants(records, key);
    return { resource: keyResource(key), others: whoElse(key, all, action) };
  };

const dueWorkOf = (kms: KmsContext): readonly DueWork[] => [
  { kind: 'kms/delete-key', due: (now, limit) => dueDeletions(kms, { now, limit }) },
  { kind: 'kms/settle-key', due: (now, limit) => dueTransitions(kms, { now, limit }) },
  { kind: 'kms/rotate-key', due: (now, limit) => dueRotations(kms, { now, limit }) },
  { kind: 'kms/expire-material', due: (now, limit) => dueExpiries(kms, { now, limit }) },
  { kind: 'kms/connect-key-store', due: (_now, limit) => dueConnections(kms, limit) },
  { kind: 'kms/forget-costs', due: (now, limit) => dueForgetting(kms.ledger, { now, limit }) },
  { kind: 'kms/tell-event', due: (_now, limit) => dueEvents(kms, limit) },
];

async function openContext(
  options: KmsOptions,
): Promise<{ readonly kms: KmsContext; readonly installationKey: InstallationKey }> {
  const { store, world, materialCacheEntries, quotas, principals, fixtures } = options;
  const { keyStores = nothingInReach } = options;
  const records = openRecords(store);
  const rule = fixtureRuleOf(fixtures);
  const installationKey = await openInstallationKey({ store, records, world, rule });
  const materials = openMaterials({
    records,
    installationKey,
    ...(materialCacheEntries === undefined ? {} : { cacheEntries: materialCacheEntries }),
  });
  const limits = await openResourceLimits({ store, records, settings: quotas?.settings });
  if (typeof fixtures === 'object')
    await loadFixtures(fixtures, { store, records, materials, limits, now: world.now() });
  const kms: KmsContext = {
    records,
    materials,
    finder: createKeyFinder(records, materials),
    grants: createKeyGrants({
      records,
      tokens: createGrantTokens(installationKey),
      settings: quotas?.settings,
    }),
    limits,
    recipients: createRecipients(options.attestationRoots),
    uses: await openUses({ store, keys: records.keys, world }),
    ledger: openLedger(store),
    principals,
    connections: new StoreConnections({ ports: keyStores, records, world }),
    removals: new BackingKeyRemovals(),
  };
  return { kms, installationKey };
}
