import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { HsmFailure, XksFailure } from '../../../key-stores/key-store.ts';
import { kms as model } from '../../../model/kms.generated.ts';
import {
  clusterFailure,
  hsmConnectionError,
  keyUseFailure,
  storeUseFailure,
} from './hsm-failures.ts';
import { keyFailure, storeFailure, useFailure, xksConnectionError } from './xks-failures.ts';

/**
 * The specification's table "KMS Considerations" under "Error codes" (XKS Proxy API v1): for whom
 * which exception, and the text. `-`: the table has none.
 */
const page: readonly (readonly [failure: XksFailure, store: string, key: string, text: string])[] =
  [
    [
      'ValidationException',
      'XksProxyInvalidResponseException',
      'CustomKeyStoreInvalidStateException',
      'AWS KMS cannot interpret the response from the external key store proxy. If you see this error repeatedly, report it to your external key store proxy administrator.',
    ],
    [
      'InvalidStateException',
      '-',
      'XksKeyInvalidConfigurationException',
      'The external key associated with this KMS key in an external key store is not enabled in the external key manager. Enable the external key in the external key manager and retry the request.',
    ],
    [
      'InvalidCiphertextException',
      '-',
      '-',
      'The external key store proxy rejected the request because the specified ciphertext or encryption context is corrupted, missing, or otherwise invalid.',
    ],
    [
      'InvalidKeyUsageException',
      '-',
      'XksKeyInvalidConfigurationException',
      'The external key associated with this KMS key in an external key store does not support the requested operation. Enable the operation on the key in your external key manager, and try the request again.',
    ],
    [
      'AuthenticationFailedException',
      'XksProxyIncorrectAuthenticationCredentialException',
      'CustomKeyStoreInvalidStateException',
      'The external key store proxy rejected the request because it could not authenticate AWS KMS. Verify the XKS proxy authentication credentials for your external key store and update if necessary.',
    ],
    [
      'AccessDeniedException',
      '-',
      'KMSInvalidStateException',
      'The external key store proxy denied access to the operation. Verify that the user and the external key are both authorized for this operation, and try the request again.',
    ],
    [
      'KeyNotFoundException',
      '-',
      'XksKeyNotFoundException',
      'The external key associated with this KMS key in an external key store was not found in its external key manager. If the external key ID associated with this KMS key is incorrect, create a new KMS key with the correct external key ID.',
    ],
    [
      'InvalidUriPathException',
      'XksProxyInvalidConfigurationException',
      'CustomKeyStoreInvalidStateException',
      'The external key store proxy rejected the request because of an invalid URI path. Verify the URI path for your external key store and update if necessary.',
    ],
    [
      'UnsupportedOperationException',
      '-',
      '-',
      'The external key store proxy rejected the request because it does not support the requested operation. If you see this error repeatedly, report it to your external key store proxy administrator.',
    ],
    [
      'DependencyTimeoutException',
      'XksProxyUriUnreachableException',
      'CustomKeyStoreInvalidStateException',
      'The external key store proxy did not respond to the request in the time allotted. Retry the request. If you see this error repeatedly, report it to your external key store proxy administrator.',
    ],
    [
      'ThrottlingException',
      'XksProxyUriUnreachableException',
      'CustomKeyStoreInvalidStateException',
      'The external key store proxy rejected the request due to a very high request rate. Reduce the frequency of your calls using KMS keys in this external key store.',
    ],
    [
      'InternalException',
      'XksProxyInvalidResponseException',
      'CustomKeyStoreInvalidStateException',
      'The external key store proxy rejected the request because it cannot communicate with the external key manager. Verify that the external key store proxy configuration is correct and that the external key manager is available.',
    ],
    [
      'UNREACHABLE',
      'XksProxyUriUnreachableException',
      'CustomKeyStoreInvalidStateException',
      'AWS KMS cannot communicate with the external key store proxy. This might be a transient network issue. If you see this error repeatedly, verify that your external key store proxy is active and is connected to the network, and that its endpoint URI is correct in your external key store.',
    ],
    [
      'TLS',
      'XksProxyUriUnreachableException',
      'CustomKeyStoreInvalidStateException',
      'AWS KMS cannot establish a TLS connection to the external key store proxy. Verify the TLS configuration, including its certificate.',
    ],
    [
      'TIMED_OUT',
      'XksProxyUriUnreachableException',
      'CustomKeyStoreInvalidStateException',
      'AWS KMS rejected the request because the external key store proxy did not respond in time. Retry the request. If you see this error repeatedly, report it to your external key store proxy administrator.',
    ],
    [
      'MALFORMED',
      'XksProxyInvalidResponseException',
      'CustomKeyStoreInvalidStateException',
      'AWS KMS cannot interpret the response from the external key store proxy. If you see this error repeatedly, report it to your external key store proxy administrator.',
    ],
  ];

const xksFailures: readonly XksFailure[] = [
  ...page.map(([failure]) => failure),
  'MANAGERS_UNAVAILABLE',
  'SERVICE_NOT_FOUND',
];
const hsmFailures: readonly HsmFailure[] = [
  'TOKEN_ABSENT',
  'PASSWORD_WRONG',
  'USER_LOCKED_OUT',
  'USER_NOT_FOUND',
  'USER_LOGGED_IN',
  'UNREACHABLE',
  'KEY_NOT_FOUND',
  'CIPHERTEXT_REFUSED',
  'INTERNAL',
];

describe('failures of a proxy are told as the specification has it', () => {
  for (const [failure, store, key, text] of page)
    test(failure, () => {
      const told = [useFailure(failure), keyFailure(failure), storeFailure(failure)];
      for (const error of told) assert.equal(error.text, text);
      assert.equal(useFailure(failure).code, 'KMSInvalidStateException');
      if (store !== '-') assert.equal(storeFailure(failure).code, store);
      if (key !== '-') assert.equal(keyFailure(failure).code, key);
    });
});

describe('every failure becomes what AWS’s model knows', () => {
  const shape = model.operations.get('DescribeCustomKeyStores')?.output?.members.CustomKeyStores;
  assert.ok(shape?.type === 'list' && shape.member.type === 'structure');
  const code = shape.member.members.ConnectionErrorCode;
  assert.ok(code?.type === 'string');
  const known = (error: { code: string }) => assert.ok(model.errors.has(error.code), error.code);
  test('of proxies', () => {
    for (const failure of xksFailures) {
      known(useFailure(failure));
      known(keyFailure(failure));
      known(storeFailure(failure));
      assert.ok(code.enum?.includes(xksConnectionError(failure)), failure);
    }
  });
  test('of clusters', () => {
    for (const failure of hsmFailures) {
      known(keyUseFailure(failure));
      known(storeUseFailure(failure));
      known(clusterFailure(failure));
      assert.ok(code.enum?.includes(hsmConnectionError(failure)), failure);
    }
  });
});

test('a ciphertext that a token refuses is told without a text, as any other', () => {
  const error = keyUseFailure('CIPHERTEXT_REFUSED');
  assert.deepEqual([error.code, error.text], ['InvalidCiphertextException', undefined]);
});
