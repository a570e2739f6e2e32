/**
 * External key stores for the service-level tests: two KMS on real stores in this process, the
 * second using keys of the first through a real proxy between them.
 */
import assert from 'node:assert/strict';
import { newConfiguration } from '../src/key-stores/xks/proxy-configuration.ts';
import type {
  CreateCustomKeyStoreRequest,
  CustomKeyStoresListEntry,
} from '../src/model/kms.generated.ts';
import { nothingInReach } from '../src/services/kms/custom-key-stores/nothing-in-reach.ts';
import { type KmsOptions, type KmsUnderTest, openKms } from './open-kms.ts';
import { endpoint, openXks, type XksUnderTest } from './open-xks.ts';

export interface Stores {
  readonly kms: KmsUnderTest;
  readonly holder: KmsUnderTest;
  readonly xks: XksUnderTest;
  /** The parameters of a store that works. */
  readonly wish: (more?: Partial<CreateCustomKeyStoreRequest>) => CreateCustomKeyStoreRequest;
  /** A new store, connected unless told; its id. */
  readonly newStore: (more?: Partial<CreateCustomKeyStoreRequest>) => Promise<string>;
  /** The same with a path and credential that no other store has. */
  readonly newStoreOfItsOwn: () => Promise<string>;
  readonly connect: (storeId: string) => Promise<CustomKeyStoresListEntry>;
  readonly disconnect: (storeId: string) => Promise<CustomKeyStoresListEntry>;
  readonly describe: (storeId: string) => Promise<CustomKeyStoresListEntry>;
  /** Waits until due work has settled the state of the store. */
  readonly settle: (storeId: string) => Promise<CustomKeyStoresListEntry>;
  /** A key in the store with an external key of its own. */
  readonly newKey: (
    storeId: string,
  ) => Promise<{ readonly id: string; readonly arn: string; readonly xksKeyId: string }>;
  readonly close: () => Promise<void>;
}

export async function openStores(options: KmsOptions = {}): Promise<Stores> {
  const holder = await openKms();
  const xks = await openXks(holder);
  const keyStores = { ...nothingInReach, proxies: xks.proxies };
  const kms = await openKms({ keyStores, ...options });
  let names = 0;
  const wish: Stores['wish'] = (more = {}) => ({
    CustomKeyStoreName: `store ${++names}`,
    CustomKeyStoreType: 'EXTERNAL_KEY_STORE',
    XksProxyConnectivity: 'PUBLIC_ENDPOINT',
    XksProxyUriEndpoint: endpoint,
    XksProxyUriPath: xks.path,
    XksProxyAuthenticationCredential: xks.credential,
    ...more,
  });
  const { describe, settle, connect, disconnect } = statesOf(kms);
  const newStore: Stores['newStore'] = async (more) => {
    const made = await kms.ask('CreateCustomKeyStore', wish(more));
    const storeId = made.CustomKeyStoreId ?? '';
    const store = await connect(storeId);
    assert.equal(store.ConnectionState, 'CONNECTED');
    return storeId;
  };
  return {
    kms,
    holder,
    xks,
    wish,
    describe,
    settle,
    connect,
    disconnect,
    newStore,
    newStoreOfItsOwn: () => {
      const configuration = newConfiguration(`/own-${++names}`, holder.world);
      xks.configure(configuration);
      return newStore(JSON.parse(configuration));
    },
    newKey: async (CustomKeyStoreId) => {
      const XksKeyId = await xks.newKey();
      const input = { Origin: 'EXTERNAL_KEY_STORE', CustomKeyStoreId, XksKeyId } as const;
      const { KeyMetadata } = await kms.ask('CreateKey', input);
      return {
        id: KeyMetadata?.KeyId ?? '',
        arn: KeyMetadata?.Arn ?? '',
        xksKeyId: XksKeyId,
      };
    },
    close: async () => {
      await kms.close();
      await xks.stop();
      await holder.close();
    },
  };
}

/** What reads and changes the state of stores. */
function statesOf(
  kms: KmsUnderTest,
): Pick<Stores, 'describe' | 'settle' | 'connect' | 'disconnect'> {
  const describe: Stores['describe'] = async (CustomKeyStoreId) => {
    const { CustomKeyStores } = await kms.ask('DescribeCustomKeyStores', { CustomKeyStoreId });
    return CustomKeyStores?.[0] ?? assert.fail('no such store');
  };
  const settle: Stores['settle'] = async (storeId) => {
    for (let tries = 0; tries < 500; tries++) {
      await kms.doDue();
      const store = await describe(storeId);
      if (store.ConnectionState !== 'CONNECTING' && store.ConnectionState !== 'DISCONNECTING')
        return store;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.fail('the store does not settle');
  };
  const connect: Stores['connect'] = async (CustomKeyStoreId) => {
    await kms.ask('ConnectCustomKeyStore', { CustomKeyStoreId });
    return settle(CustomKeyStoreId);
  };
  return {
    describe,
    settle,
    connect,
    disconnect: async (CustomKeyStoreId) => {
      await kms.ask('DisconnectCustomKeyStore', { CustomKeyStoreId });
      return settle(CustomKeyStoreId);
    },
  };
}
