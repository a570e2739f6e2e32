/** KMS: its operation table, and what of it falls due with time. */
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
import { governed } from './governed.ts';
import { createGrantTokens } from './grant-token.ts';
import { refusingFalseTokens } from './grant-token-check.ts';
import { grantOperations } from './grants.ts';
import { dueExpiries, importOperations } from './import.ts';
import { tokenKeyOf } from './import-token.ts';
import { openInstallationKey } from './installation.ts';
import { keyChangeOperations } from './key-changes.ts';
import { createKeyFinder, keyResource } from './key-finder.ts';
import { allGrants, createKeyGrants, type KeyGrants } from './key-grants.ts';
import { lastUseOperations } from './key-last-usage.ts';
import { keyPolicyOperations } from './key-policies.ts';
import { keyOperations } from './keys.ts';
import { noteUse, openLastUses } from './last-use.ts';
import { macOperations } from './macs.ts';
import { openMaterials } from './material.ts';
import { dueTransitions, multiRegionOperations } from './multi-region.ts';
import { observed } from './observed.ts';
import type { Principals } from './principals.ts';
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
  /** What is known of the use of keys and lags behind in the store. */
  readonly usage: Usage;
  /** Gives up the connections to what is behind custom key stores. */
  readonly close: () => Promise<void>;
}

/**
 * Opens KMS on a store. At the very first start it commits the key that marks this installation's
 * ciphertexts. `materialCacheEntries`: how many generations of key material are kept loaded, 4,096
 * unless told. Without `quotas` requests have no limits, without `principals` whom policies and
 * grants name is not looked up, without `keyStores` custom key stores can reach nothing.
 */
export async function createKms(options: {
  readonly store: Store;
  readonly world: World;
  readonly materialCacheEntries?: number;
  readonly quotas?: QuotaOptions;
  readonly principals?: Principals;
  readonly keyStores?: KeyStorePorts;
}): Promise<Kms> {
  const { store, world, quotas, principals, keyStores = nothingInReach } = options;
  const { materialCacheEntries } = options;
  const records = openRecords(store);
  const installationKey = await openInstallationKey({ store, records, world });
  const materials = openMaterials({
    records,
    installationKey,
    ...(materialCacheEntries === undefined ? {} : { cacheEntries: materialCacheEntries }),
  });
  const limits = await openResourceLimits({ store, records, settings: quotas?.settings });
  const finder = createKeyFinder(records, materials);
  const grants = createKeyGrants({
    records,
    tokens: createGrantTokens(installationKey),
    settings: quotas?.settings,
  });
  const lastUses = await openLastUses({ store, keys: records.keys, world });
  const kms: KmsContext = {
    records,
    materials,
    finder,
    grants,
    limits,
    lastUses,
    principals,
    connections: new StoreConnections({ ports: keyStores, records, world }),
    removals: new BackingKeyRemovals(),
  };
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
  const watched = observed(governed(new Map(Object.entries(rows)), kms), (keys, call) =>
    noteUse(lastUses, keys, call),
  );
  const operations = refusingFalseTokens(watched, grants.tokens);
  return {
    operations:
      quotas === undefined ? operations : throttled(operations, new RequestRates(quotas, world)),
    grants,
    about: aboutKey(kms),
    usage: usageOf([lastUses.records], world),
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
  { kind: 'kms/tell-event', due: (_now, limit) => dueEvents(kms, limit) },
];
