/**
 * What becomes of a cluster's failures: AWS's error for whom, a text, and the code of a failed
 * connection. AWS's texts are not known. Pure.
 */
import { ApiError } from '../../../api-error.ts';
import type { HsmFailure } from '../../../key-stores/key-store.ts';
import type { ConnectionErrorCodeType } from '../../../model/kms.generated.ts';
import { invalidCiphertext } from '../errors.ts';

interface Row {
  readonly connection: ConnectionErrorCodeType;
  /** For CreateCustomKeyStore, which only looks whether the token is there. */
  readonly store: string;
  readonly text: string;
}

const notActive = 'CloudHsmClusterNotActiveException';
const misconfigured = 'CloudHsmClusterInvalidConfigurationException';
const cluster = 'The CloudHSM cluster of the custom key store';
const user = `${cluster} does not let its user log in`;

const table: Readonly<Record<HsmFailure, Row>> = {
  TOKEN_ABSENT: {
    connection: 'INSUFFICIENT_CLOUDHSM_HSMS',
    store: notActive,
    text: `${cluster} has no active HSM.`,
  },
  PASSWORD_WRONG: {
    connection: 'INVALID_CREDENTIALS',
    store: misconfigured,
    text: `${user}: the password is wrong.`,
  },
  USER_LOCKED_OUT: {
    connection: 'USER_LOCKED_OUT',
    store: misconfigured,
    text: `${user}: it is locked out.`,
  },
  USER_NOT_FOUND: {
    connection: 'USER_NOT_FOUND',
    store: misconfigured,
    text: `${user}: there is none.`,
  },
  USER_LOGGED_IN: {
    connection: 'USER_LOGGED_IN',
    store: misconfigured,
    text: `${user}: another one is logged in.`,
  },
  UNREACHABLE: {
    connection: 'NETWORK_ERRORS',
    store: notActive,
    text: `${cluster} does not answer. Retry the request.`,
  },
  KEY_NOT_FOUND: {
    connection: 'INTERNAL_ERROR',
    store: misconfigured,
    text: `${cluster} does not hold the key material of this KMS key.`,
  },
  CIPHERTEXT_REFUSED: {
    connection: 'INTERNAL_ERROR',
    store: misconfigured,
    text: `${cluster} refused what it was given.`,
  },
  INTERNAL: {
    connection: 'INTERNAL_ERROR',
    store: misconfigured,
    text: `${cluster} cannot do what is needed. The server log has the cause.`,
  },
};

/** What CreateCustomKeyStore answers. */
export const clusterFailure = (failure: HsmFailure): ApiError =>
  new ApiError(table[failure].store, table[failure].text);

/** What CreateKey and GenerateRandom answer. */
export const storeUseFailure = (failure: HsmFailure): ApiError =>
  new ApiError('CustomKeyStoreInvalidStateException', table[failure].text);

/** What cryptographic operations answer. A refused ciphertext looks like any other. */
export const keyUseFailure = (failure: HsmFailure): ApiError =>
  failure === 'CIPHERTEXT_REFUSED'
    ? invalidCiphertext()
    : new ApiError('KMSInvalidStateException', table[failure].text);

/** Why a store that was told to connect has not. */
export const hsmConnectionError = (failure: HsmFailure): ConnectionErrorCodeType =>
  table[failure].connection;
