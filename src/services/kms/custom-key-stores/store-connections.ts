/**
 * The connections to what is behind custom key stores, one for each store in use on this node. They
 * are opened when they are first needed and given up when the store's settings or state change.
 */
import type { ApiError } from '../../../api-error.ts';
import type {
  Cause,
  HsmClusters,
  HsmStore,
  KeyStore,
  Outcome,
  XksProxies,
  XksStore,
} from '../../../key-stores/key-store.ts';
import type { ConnectionErrorCodeType } from '../../../model/kms.generated.ts';
import { newUuid } from '../../../uuid.ts';
import type { World } from '../../../world.ts';
import { Attempts } from './attempts.ts';
import {
  type CustomKeyStore,
  type HsmBacking,
  storeRecordId,
  type XksBacking,
} from './custom-key-store.ts';
import { hsmConnectionError, keyUseFailure } from './hsm-failures.ts';
import type { StoreEntry, StoreRecords } from './store-records.ts';
import { useFailure, xksConnectionError } from './xks-failures.ts';

/** What the operator has put within reach. */
export interface KeyStorePorts {
  readonly clusters: HsmClusters;
  readonly proxies: XksProxies;
}

type Kept = (
  | { readonly type: 'AWS_CLOUDHSM'; readonly store: HsmStore }
  | { readonly type: 'EXTERNAL_KEY_STORE'; readonly store: XksStore }
) & { readonly settings: number };

/** What a key is called in its store, and how the store encrypts with it. */
export interface StoredKey {
  encrypt(
    message: { readonly plaintext: Buffer; readonly aad: Buffer },
    cause: Cause,
  ): ReturnType<KeyStore<ApiError>['encrypt']>;
  decrypt(
    message: Parameters<KeyStore<ApiError>['decrypt']>[1],
    cause: Cause,
  ): ReturnType<KeyStore<ApiError>['decrypt']>;
}

/** Why connecting failed; null when it did not. */
type ConnectionResult = ConnectionErrorCodeType | null;

export class StoreConnections {
  readonly ports: KeyStorePorts;
  readonly #records: StoreRecords;
  readonly #world: World;
  readonly #kept = new Map<string, Kept>();
  readonly #attempts = new Attempts<ConnectionResult>();

  constructor(options: { ports: KeyStorePorts; records: StoreRecords; world: World }) {
    this.ports = options.ports;
    this.#records = options.records;
    this.#world = options.world;
  }

  hsm(store: CustomKeyStore, backing: HsmBacking): HsmStore {
    const id = storeRecordId(store);
    const kept = this.#keptOf(id, store.settings);
    if (kept?.type === 'AWS_CLOUDHSM') return kept.store;
    const { clusterId } = backing;
    const { account, settings } = store;
    const password = () => this.secretOf(store);
    const opened = this.ports.clusters.open({ clusterId, account, password });
    this.#kept.set(id, { type: 'AWS_CLOUDHSM', settings, store: opened });
    return opened;
  }

  async xks(store: CustomKeyStore, backing: XksBacking): Promise<XksStore> {
    const id = storeRecordId(store);
    const { settings } = store;
    if (this.#keptOf(id, settings) === undefined) {
      const secret = await this.secretOf(store);
      // Another call may have opened it meanwhile.
      if (this.#keptOf(id, settings) === undefined)
        this.#kept.set(id, {
          type: 'EXTERNAL_KEY_STORE',
          settings,
          store: this.openProxy(backing, secret),
        });
    }
    const kept = this.#keptOf(id, settings);
    if (kept?.type !== 'EXTERNAL_KEY_STORE') throw new Error(`${id} is no external key store`);
    return kept.store;
  }

  /** A connection of the caller's own. */
  openProxy(backing: XksBacking, secretAccessKey: string): XksStore {
    const { endpoint, path, accessKeyId, vpcService } = backing;
    const address = { endpoint, path, vpcService };
    return this.ports.proxies.open({ address, accessKeyId, secretAccessKey });
  }

  /** A key by its name in the store: the KMS key's id in a token, XksKeyId behind a proxy. */
  async keyOf(store: CustomKeyStore, name: string): Promise<StoredKey> {
    const { backing } = store;
    return backing.type === 'AWS_CLOUDHSM'
      ? storedKey(this.hsm(store, backing), { name, toError: keyUseFailure })
      : storedKey(await this.xks(store, backing), { name, toError: useFailure });
  }

  #keptOf(id: string, settings: number): Kept | undefined {
    const kept = this.#kept.get(id);
    if (kept === undefined || kept.settings === settings) return kept;
    this.#giveUp(id, kept);
    return undefined;
  }

  #giveUp(id: string, { store }: Kept): void {
    this.#kept.delete(id);
    void store.close();
  }

  /** The password of the HSM user, or the proxy's secret access key. */
  async secretOf(store: CustomKeyStore): Promise<string> {
    const record = await this.#records.storeSecrets.get(storeRecordId(store));
    if (record === undefined) throw new Error(`The secret of ${store.storeId} is missing`);
    return record.value.secret;
  }

  /**
   * Whether a store that is to be connected is: undefined while nobody knows yet. Asked again after
   * an answer it tries anew.
   */
  tryConnecting(entry: StoreEntry): ConnectionResult | undefined {
    const id = `${entry.id}@${entry.version}`;
    return this.#attempts.resultOf(id, async () => {
      try {
        return await this.#connect(entry.value);
      } catch {
        return 'INTERNAL_ERROR';
      }
    });
  }

  async #connect(store: CustomKeyStore): Promise<ConnectionResult> {
    const { backing, account } = store;
    if (backing.type === 'AWS_CLOUDHSM') {
      if (this.ports.clusters.find(backing.clusterId, account) === undefined)
        return 'CLUSTER_NOT_FOUND';
      return codeOf(await this.hsm(store, backing).connect(), hsmConnectionError);
    }
    const cause: Cause = {
      principalArn: '',
      operation: 'ConnectCustomKeyStore',
      requestId: newUuid(this.#world),
      region: store.region,
    };
    return codeOf(await (await this.xks(store, backing)).health(cause), xksConnectionError);
  }

  /** Gives up the connections that another node's or request's change has made useless. */
  async closeUnused(): Promise<void> {
    for (const [id, kept] of this.#kept) {
      const store = (await this.#records.customKeyStores.get(id))?.value;
      const isUsed = store?.state === 'CONNECTED' || store?.state === 'CONNECTING';
      if (!isUsed || store.settings !== kept.settings) this.#giveUp(id, kept);
    }
  }

  async close(): Promise<void> {
    const kept = [...this.#kept.values()];
    this.#kept.clear();
    await Promise.all(kept.map(({ store }) => store.close()));
  }
}

function codeOf<Failure>(
  outcome: Outcome<unknown, Failure>,
  toCode: (failure: Failure) => ConnectionErrorCodeType,
): ConnectionResult {
  return outcome.kind === 'failed' ? toCode(outcome.failure) : null;
}

function storedKey<Failure>(
  store: KeyStore<Failure>,
  { name, toError }: { readonly name: string; readonly toError: (failure: Failure) => ApiError },
): StoredKey {
  const told = <T>(outcome: Outcome<T, Failure>): Outcome<T, ApiError> =>
    outcome.kind === 'failed' ? { kind: 'failed', failure: toError(outcome.failure) } : outcome;
  return {
    encrypt: async (message, cause) => told(await store.encrypt(name, message, cause)),
    decrypt: async (message, cause) => told(await store.decrypt(name, message, cause)),
  };
}
