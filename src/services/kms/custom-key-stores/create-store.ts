/** CreateCustomKeyStore and UpdateCustomKeyStore. */
import type {
  CreateCustomKeyStoreRequest,
  CreateCustomKeyStoreResponse,
  UpdateCustomKeyStoreRequest,
} from '../../../model/kms.generated.ts';
import type { Call } from '../../../operation.ts';
import { ownerOf } from '../key-finder.ts';
import { customKeyStoresQuota, type QuotaSettings, quotaValue } from '../quotas.ts';
import {
  type CustomKeyStore,
  type HsmBacking,
  sameCertificate,
  storeIdFrom,
  storeRecordId,
  type XksBacking,
} from './custom-key-store.ts';
import { clusterFailure } from './hsm-failures.ts';
import { causeOf, type StoreUse } from './store-cipher.ts';
import {
  clusterNotFound,
  clusterNotRelated,
  incorrectTrustAnchor,
  storeIs,
  tooManyStores,
} from './store-errors.ts';
import { newFences, type StoreEntry, storesPrefix } from './store-records.ts';
import { checkedCreation, checkedUpdate, refuseTaken, type StoreChange } from './store-request.ts';
import { storeFailure } from './xks-failures.ts';

export async function createStore(
  kms: StoreUse,
  input: CreateCustomKeyStoreRequest,
  { call, quotas }: { readonly call: Call; readonly quotas: QuotaSettings },
): Promise<CreateCustomKeyStoreResponse> {
  const wish = checkedCreation(input);
  const { account, region } = ownerOf(call);
  const name = input.CustomKeyStoreName;
  const others = await storesOf(kms, { account, region });
  const limit = quotaValue(customKeyStoresQuota, { settings: quotas, region });
  if (limit !== undefined && others.length >= limit) throw tooManyStores(limit);
  refuseTaken(others, { name, backing: wish.backing });
  const store: CustomKeyStore = {
    account,
    region,
    storeId: storeIdFrom(call.world.randomBytes(9)),
    name,
    createdAt: call.now,
    state: 'DISCONNECTED',
    settings: 1,
    backing: wish.backing,
  };
  if (wish.backing.type === 'AWS_CLOUDHSM') await checkCluster(kms, store, wish.backing);
  else if (wish.backing.connectivity === 'PUBLIC_ENDPOINT')
    await checkProxy(kms, call, { backing: wish.backing, secret: wish.secret });
  else checkService(kms, wish.backing);
  const { records } = kms;
  const id = storeRecordId(store);
  call.stage(
    records.customKeyStores.insert(id, store),
    records.storeSecrets.insert(id, { secret: wish.secret }),
    newFences(records, store),
  );
  noteBacking(call, wish.backing);
  return { CustomKeyStoreId: store.storeId };
}

/** CloudTrail shows the cluster under another name than the request, and no certificate. */
function noteBacking(call: Call, backing: CustomKeyStore['backing']): void {
  if (backing.type !== 'AWS_CLOUDHSM') return;
  const hidden = { cloudHsmClusterId: undefined, trustAnchorCertificate: undefined };
  call.note({ requestParameters: { ...hidden, clusterId: backing.clusterId } });
}

/** All stores of an account and Region: they are few. */
export async function storesOf(
  { records }: StoreUse,
  owner: { readonly account: string; readonly region: string },
): Promise<readonly CustomKeyStore[]> {
  const found: CustomKeyStore[] = [];
  let after: string | undefined;
  do {
    const page = await records.customKeyStores.page({
      prefix: storesPrefix(owner),
      ...(after === undefined ? {} : { after }),
      limit: pageStores,
    });
    found.push(...page.entries.map(({ value }) => value));
    after = page.next;
  } while (after !== undefined);
  return found;
}

const pageStores = 100;

/** The cluster is there, is the one that is meant, and has a token to speak to. */
async function checkCluster(
  { connections }: StoreUse,
  { account }: CustomKeyStore,
  { clusterId, trustAnchor }: HsmBacking,
): Promise<void> {
  const { clusters } = connections.ports;
  const cluster = clusters.find(clusterId, account);
  if (cluster === undefined) throw clusterNotFound(clusterId);
  if (cluster.trustAnchor !== undefined && !sameCertificate(cluster.trustAnchor, trustAnchor))
    throw incorrectTrustAnchor();
  const found = await clusters.look(clusterId, account);
  if (found.kind === 'failed') throw clusterFailure(found.failure);
}

function checkService({ connections }: StoreUse, { vpcService = '' }: XksBacking): void {
  if (!connections.ports.proxies.hasService(vpcService)) throw storeFailure('SERVICE_NOT_FOUND');
}

/** The proxy answers and lets this server in. */
async function checkProxy(
  { connections }: StoreUse,
  call: Call,
  { backing, secret }: { readonly backing: XksBacking; readonly secret: string },
): Promise<void> {
  const proxy = connections.openProxy(backing, secret);
  try {
    const health = await proxy.health(causeOf(call));
    if (health.kind === 'failed') throw storeFailure(health.failure);
  } finally {
    await proxy.close();
  }
}

export async function updateStore(
  kms: StoreUse,
  input: UpdateCustomKeyStoreRequest,
  { call, entry }: { readonly call: Call; readonly entry: StoreEntry },
): Promise<Record<string, never>> {
  const store = entry.value;
  const change = checkedUpdate(store, input);
  requireState(store, change);
  const stores = await storesOf(kms, store);
  const others = stores.filter(({ storeId }) => storeId !== store.storeId);
  refuseTaken(others, change);
  if (change.change !== 'name') await checkChange(kms, call, { store, change });
  const { customKeyStores, storeSecrets } = kms.records;
  const changed: CustomKeyStore = {
    ...store,
    name: change.name,
    backing: change.backing,
    settings: change.change === 'name' ? store.settings : store.settings + 1,
  };
  call.stage(customKeyStores.replace(entry, changed));
  if (change.secret !== undefined)
    call.stage(storeSecrets.put(entry.id, { secret: change.secret }));
  if (change.backing.type === 'AWS_CLOUDHSM')
    call.note({
      requestParameters: { cloudHsmClusterId: undefined, clusterId: input.CloudHsmClusterId },
    });
  return {};
}

function requireState({ storeId, state }: CustomKeyStore, { change }: StoreChange): void {
  const isFree = state === 'DISCONNECTED' || change === 'name';
  if (isFree || (change === 'whileConnected' && state === 'CONNECTED')) return;
  throw storeIs(storeId, state);
}

async function checkChange(
  kms: StoreUse,
  call: Call,
  { store, change }: { readonly store: CustomKeyStore; readonly change: StoreChange },
): Promise<void> {
  const { backing } = change;
  if (backing.type === 'AWS_CLOUDHSM') {
    const { clusterId } = backing;
    const cluster = kms.connections.ports.clusters.find(clusterId, store.account);
    if (cluster === undefined) throw clusterNotFound(clusterId);
    const isSame = store.backing.type === 'AWS_CLOUDHSM' && store.backing.clusterId === clusterId;
    const { trustAnchor } = cluster;
    // Clusters that share a history of backups, and so their keys, share their certificate.
    if (
      !isSame &&
      (trustAnchor === undefined || !sameCertificate(trustAnchor, backing.trustAnchor))
    )
      throw clusterNotRelated(clusterId);
    return;
  }
  if (backing.connectivity === 'VPC_ENDPOINT_SERVICE') checkService(kms, backing);
  if (backing.connectivity === 'PUBLIC_ENDPOINT' || store.state === 'CONNECTED') {
    const secret = change.secret ?? (await kms.connections.secretOf(store));
    await checkProxy(kms, call, { backing, secret });
  }
}
