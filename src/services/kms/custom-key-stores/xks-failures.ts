/**
 * What becomes of a proxy's failures: AWS's error for whom, AWS's text, and the code of a failed
 * connection. The texts are the specification's (XKS Proxy API v1, "Error codes") unless it is
 * said; the proxy's own text is never repeated. Pure.
 */
import { ApiError } from '../../../api-error.ts';
import type { XksFailure } from '../../../key-stores/key-store.ts';
import type { ConnectionErrorCodeType } from '../../../model/kms.generated.ts';

interface Row {
  readonly text: string;
  readonly connection: ConnectionErrorCodeType;
  /** For CreateCustomKeyStore and UpdateCustomKeyStore, without `Exception`. */
  readonly store: string;
  /** For CreateKey, likewise. */
  readonly key: string;
}

const store = 'external key store';
const retry = 'Retry the request.';
const tell = `If you see this error repeatedly, report it to your ${store} proxy administrator.`;
const uninterpretable = `AWS KMS cannot interpret the response from the ${store} proxy. ${tell}`;
const theKey = `The external key associated with this KMS key in an ${store}`;

const badAnswer = {
  connection: 'XKS_PROXY_INVALID_RESPONSE',
  store: 'XksProxyInvalidResponse',
  key: 'CustomKeyStoreInvalidState',
} as const;
const outOfReach = {
  connection: 'XKS_PROXY_NOT_REACHABLE',
  store: 'XksProxyUriUnreachable',
  key: 'CustomKeyStoreInvalidState',
} as const;

const table: Readonly<Record<XksFailure, Row>> = {
  ValidationException: { ...badAnswer, text: uninterpretable },
  MALFORMED: { ...badAnswer, text: uninterpretable },
  InvalidStateException: {
    ...badAnswer,
    key: 'XksKeyInvalidConfiguration',
    text: `${theKey} is not enabled in the external key manager. Enable the external key in the external key manager and retry the request.`,
  },
  InvalidCiphertextException: {
    ...badAnswer,
    text: `The ${store} proxy rejected the request because the specified ciphertext or encryption context is corrupted, missing, or otherwise invalid.`,
  },
  InvalidKeyUsageException: {
    ...badAnswer,
    key: 'XksKeyInvalidConfiguration',
    text: `${theKey} does not support the requested operation. Enable the operation on the key in your external key manager, and try the request again.`,
  },
  AuthenticationFailedException: {
    connection: 'XKS_PROXY_ACCESS_DENIED',
    store: 'XksProxyIncorrectAuthenticationCredential',
    key: 'CustomKeyStoreInvalidState',
    text: `The ${store} proxy rejected the request because it could not authenticate AWS KMS. Verify the XKS proxy authentication credentials for your ${store} and update if necessary.`,
  },
  AccessDeniedException: {
    ...badAnswer,
    connection: 'XKS_PROXY_ACCESS_DENIED',
    key: 'KMSInvalidState',
    text: `The ${store} proxy denied access to the operation. Verify that the user and the external key are both authorized for this operation, and try the request again.`,
  },
  KeyNotFoundException: {
    ...badAnswer,
    key: 'XksKeyNotFound',
    text: `${theKey} was not found in its external key manager. If the external key ID associated with this KMS key is incorrect, create a new KMS key with the correct external key ID.`,
  },
  InvalidUriPathException: {
    connection: 'XKS_PROXY_INVALID_CONFIGURATION',
    store: 'XksProxyInvalidConfiguration',
    key: 'CustomKeyStoreInvalidState',
    text: `The ${store} proxy rejected the request because of an invalid URI path. Verify the URI path for your ${store} and update if necessary.`,
  },
  // The specification's error for CreateKey is in no model of AWS's.
  UnsupportedOperationException: {
    ...badAnswer,
    text: `The ${store} proxy rejected the request because it does not support the requested operation. ${tell}`,
  },
  DependencyTimeoutException: {
    ...outOfReach,
    text: `The ${store} proxy did not respond to the request in the time allotted. ${retry} ${tell}`,
  },
  ThrottlingException: {
    ...outOfReach,
    text: `The ${store} proxy rejected the request due to a very high request rate. Reduce the frequency of your calls using KMS keys in this ${store}.`,
  },
  InternalException: {
    ...badAnswer,
    text: `The ${store} proxy rejected the request because it cannot communicate with the external key manager. Verify that the ${store} proxy configuration is correct and that the external key manager is available.`,
  },
  UNREACHABLE: {
    ...outOfReach,
    text: `AWS KMS cannot communicate with the ${store} proxy. This might be a transient network issue. If you see this error repeatedly, verify that your ${store} proxy is active and is connected to the network, and that its endpoint URI is correct in your ${store}.`,
  },
  TLS: {
    ...outOfReach,
    connection: 'XKS_PROXY_INVALID_TLS_CONFIGURATION',
    text: `AWS KMS cannot establish a TLS connection to the ${store} proxy. Verify the TLS configuration, including its certificate.`,
  },
  TIMED_OUT: {
    ...outOfReach,
    connection: 'XKS_PROXY_TIMED_OUT',
    text: `AWS KMS rejected the request because the ${store} proxy did not respond in time. ${retry} ${tell}`,
  },
  // This text and the next are ours.
  MANAGERS_UNAVAILABLE: {
    ...outOfReach,
    text: `The ${store} proxy reports that all external key managers are unavailable.`,
  },
  SERVICE_NOT_FOUND: {
    ...outOfReach,
    connection: 'XKS_VPC_ENDPOINT_SERVICE_NOT_FOUND',
    store: 'XksProxyVpcEndpointServiceNotFound',
    text: 'AWS KMS cannot find the specified VPC endpoint service.',
  },
};

/** What CreateCustomKeyStore and UpdateCustomKeyStore answer. */
export const storeFailure = (failure: XksFailure): ApiError =>
  new ApiError(`${table[failure].store}Exception`, table[failure].text);

/** What CreateKey answers. */
export const keyFailure = (failure: XksFailure): ApiError =>
  new ApiError(`${table[failure].key}Exception`, table[failure].text);

/** What cryptographic operations answer. */
export const useFailure = (failure: XksFailure): ApiError =>
  new ApiError('KMSInvalidStateException', table[failure].text);

/** Why a store that was told to connect has not. */
export const xksConnectionError = (failure: XksFailure): ConnectionErrorCodeType =>
  table[failure].connection;
