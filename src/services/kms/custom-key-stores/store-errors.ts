/**
 * The errors that are of custom key stores, and their texts. AWS's texts are known only where it is
 * said; what proxies and clusters answer is in xks-failures.ts and hsm-failures.ts.
 */
import { ApiError } from '../../../api-error.ts';

const validation = (text: string) => new ApiError('ValidationException', text);
const invalidState = (text: string) => new ApiError('CustomKeyStoreInvalidStateException', text);

/** Naming a store. */
export const customKeyStoreNotFound = (storeId?: string) =>
  new ApiError(
    'CustomKeyStoreNotFoundException',
    storeId === undefined ? undefined : `Custom key store ${storeId} does not exist.`,
  );
export const storeNamedTwice = () =>
  validation('Specify either CustomKeyStoreId or CustomKeyStoreName.');

/** What a request for a store may hold. */
export const memberNeededForType = (member: string, type: string) =>
  validation(`${member} is required for CustomKeyStoreType ${type}.`);
export const memberNotForType = (member: string, type: string) =>
  validation(`${member} is not valid for CustomKeyStoreType ${type}.`);
export const memberNeededForConnectivity = (member: string, connectivity: string) =>
  validation(`${member} is required for XksProxyConnectivity ${connectivity}.`);
export const memberNotForConnectivity = (member: string, connectivity: string) =>
  validation(`${member} is not valid for XksProxyConnectivity ${connectivity}.`);
export const uriPathNotSupported = () =>
  new ApiError(
    'XksProxyInvalidConfigurationException',
    'XksProxyUriPath must end in /kms/xks/v1: this is the version of the proxy API in use.',
  );

/** What only one store may have. */
export const nameInUse = (name: string) =>
  new ApiError(
    'CustomKeyStoreNameInUseException',
    `A custom key store with the name ${name} already exists.`,
  );
export const clusterInUse = (clusterId: string) =>
  new ApiError(
    'CloudHsmClusterInUseException',
    `${clusterId} is already associated with a custom key store.`,
  );
export const uriInUse = () =>
  new ApiError(
    'XksProxyUriInUseException',
    'XksProxyUriEndpoint and XksProxyUriPath are already associated with another external key store.',
  );
export const endpointInUse = () =>
  new ApiError(
    'XksProxyUriEndpointInUseException',
    'XksProxyUriEndpoint is already associated with another external key store.',
  );
export const vpcServiceInUse = () =>
  new ApiError(
    'XksProxyVpcEndpointServiceInUseException',
    'XksProxyVpcEndpointServiceName is already associated with another external key store.',
  );
export const tooManyStores = (limit: number) =>
  new ApiError(
    'LimitExceededException',
    `The account has as many custom key stores in this Region as it may have: ${limit}.`,
  );

/** Clusters. */
export const clusterNotFound = (clusterId: string) =>
  new ApiError('CloudHsmClusterNotFoundException', `${clusterId} does not exist.`);
export const clusterNotRelated = (clusterId: string) =>
  new ApiError(
    'CloudHsmClusterNotRelatedException',
    `${clusterId} does not have the cluster certificate of this custom key store.`,
  );
export const incorrectTrustAnchor = () =>
  new ApiError(
    'IncorrectTrustAnchorException',
    'TrustAnchorCertificate is not the certificate that the cluster was initialized with.',
  );

/** States. */
export const storeIs = (storeId: string, state: string) =>
  invalidState(`Custom key store ${storeId} is ${state}.`);
export const storeHasKeys = (storeId: string) =>
  new ApiError('CustomKeyStoreHasCMKsException', `Custom key store ${storeId} contains KMS keys.`);
/** From the proxy API's specification, as the next. */
const notConnected =
  'This KMS key is in a custom key store that is not connected to its external key store proxy. Connect the external key store and try the request again.';
export const externalStoreNotConnected = () => invalidState(notConnected);
export const keyOfStoreNotConnected = () => new ApiError('KMSInvalidStateException', notConnected);

/** CreateKey. */
export const storeNeeded = (origin: string) =>
  validation(`CustomKeyStoreId is required for Origin ${origin}.`);
export const xksKeyIdNeeded = () =>
  validation('XksKeyId is required for Origin EXTERNAL_KEY_STORE.');
export const storeOfOtherType = (storeId: string, origin: string) =>
  validation(`Custom key store ${storeId} holds no keys of Origin ${origin}.`);
export const xksKeyAlreadyInUse = (xksKeyId: string) =>
  new ApiError(
    'XksKeyAlreadyInUseException',
    `XksKeyId ${xksKeyId} is already associated with a KMS key in this external key store.`,
  );
export const xksKeyUnfit = (what: string) =>
  new ApiError('XksKeyInvalidConfigurationException', what);

/** GenerateRandom: an external key manager gives no random bytes. */
export const randomNotInExternalStore = () =>
  new ApiError(
    'UnsupportedOperationException',
    'GenerateRandom is not supported for external key stores.',
  );

/** The proxy's limit on additional data (XKS Proxy API v1). */
export const contextTooLong = (maxBytes: number) =>
  validation(
    `The EncryptionContext is longer than ${maxBytes} bytes, which an external key store can take.`,
  );
