/** What a custom key store is, and how it may change. Pure: data in, data out. */
import type {
  ConnectionErrorCodeType,
  ConnectionStateType,
  CustomKeyStoresListEntry,
  XksProxyConnectivityType,
} from '../../../model/kms.generated.ts';

/** A cluster of HSMs that the operator has named. */
export interface HsmBacking {
  readonly type: 'AWS_CLOUDHSM';
  readonly clusterId: string;
  /** PEM, as it was given. */
  readonly trustAnchor: string;
}

/** An external key manager behind its proxy. */
export interface XksBacking {
  readonly type: 'EXTERNAL_KEY_STORE';
  readonly connectivity: XksProxyConnectivityType;
  readonly endpoint: string;
  readonly path: string;
  readonly accessKeyId: string;
  /** Only with VPC endpoint service connectivity. */
  readonly vpcService?: string;
  readonly vpcServiceOwner?: string;
}

/** A custom key store without its secret. Times are milliseconds since 1970. */
export interface CustomKeyStore {
  readonly account: string;
  readonly region: string;
  /** `cks-` and 17 hex digits. */
  readonly storeId: string;
  readonly name: string;
  readonly createdAt: number;
  readonly state: ConnectionStateType;
  /** Why connecting failed; only while the state is FAILED. */
  readonly errorCode?: ConnectionErrorCodeType;
  /**
   * Another number, another connection: it grows when the store is connected and when what it
   * connects with changes.
   */
  readonly settings: number;
  readonly backing: HsmBacking | XksBacking;
}

/** What the store's record is stored under. */
export const storeRecordId = (store: {
  readonly account: string;
  readonly region: string;
  readonly storeId: string;
}): string => `${store.account}/${store.region}/${store.storeId}`;

/** `random`: 9 bytes. */
export const storeIdFrom = (random: Buffer): string => `cks-${random.toString('hex').slice(0, 17)}`;

/** AWS's conditions on the state (ConnectCustomKeyStore and its like in the API reference). */
export const mayConnect = ({ state }: CustomKeyStore): boolean =>
  state !== 'DISCONNECTING' && state !== 'FAILED';
export const mayDisconnect = ({ state }: CustomKeyStore): boolean =>
  state !== 'DISCONNECTING' && state !== 'DISCONNECTED';

const inState = (
  store: CustomKeyStore,
  state: ConnectionStateType,
  errorCode?: ConnectionErrorCodeType,
): CustomKeyStore => {
  const { errorCode: _, ...rest } = store;
  return { ...rest, state, ...(errorCode === undefined ? {} : { errorCode }) };
};

/** The store itself when it is connected already or about to be. */
export const connecting = (store: CustomKeyStore): CustomKeyStore =>
  store.state === 'CONNECTED' || store.state === 'CONNECTING'
    ? store
    : { ...inState(store, 'CONNECTING'), settings: store.settings + 1 };
export const connected = (store: CustomKeyStore): CustomKeyStore => inState(store, 'CONNECTED');
export const connectionFailed = (
  store: CustomKeyStore,
  errorCode: ConnectionErrorCodeType,
): CustomKeyStore => inState(store, 'FAILED', errorCode);
export const disconnecting = (store: CustomKeyStore): CustomKeyStore =>
  inState(store, 'DISCONNECTING');
export const disconnected = (store: CustomKeyStore): CustomKeyStore =>
  inState(store, 'DISCONNECTED');

/** As DescribeCustomKeyStores shows it. */
export function listEntry(store: CustomKeyStore): CustomKeyStoresListEntry {
  const { backing } = store;
  return {
    CustomKeyStoreId: store.storeId,
    CustomKeyStoreName: store.name,
    CustomKeyStoreType: backing.type,
    ConnectionState: store.state,
    ...(store.errorCode === undefined ? {} : { ConnectionErrorCode: store.errorCode }),
    CreationDate: store.createdAt,
    ...(backing.type === 'AWS_CLOUDHSM'
      ? { CloudHsmClusterId: backing.clusterId, TrustAnchorCertificate: backing.trustAnchor }
      : { XksProxyConfiguration: proxyConfiguration(backing) }),
  };
}

const proxyConfiguration = (backing: XksBacking) => ({
  Connectivity: backing.connectivity,
  AccessKeyId: backing.accessKeyId,
  UriEndpoint: backing.endpoint,
  UriPath: backing.path,
  ...(backing.vpcService === undefined ? {} : { VpcEndpointServiceName: backing.vpcService }),
  ...(backing.vpcServiceOwner === undefined
    ? {}
    : { VpcEndpointServiceOwner: backing.vpcServiceOwner }),
});

/** Whether two certificates are the same text, however its lines are broken. */
export const sameCertificate = (one: string, other: string): boolean =>
  one.replace(/\s/g, '') === other.replace(/\s/g, '');
