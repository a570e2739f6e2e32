import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AccessKey, rootPrincipal } from './access-key.ts';
import { createSigningKeys } from './signing-keys.ts';
import { sealSecret } from './sigv4.ts';

const accessKey: AccessKey = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secret: sealSecret('secret'),
  principal: rootPrincipal({ account: '111122223333', accessKeyId: 'AKIAIOSFODNN7EXAMPLE' }),
  status: 'Active',
};
const signingKey = sealSecret('derived');

test('a kept signing key is found again', () => {
  const keys = createSigningKeys();
  assert.equal(keys.find('a', accessKey), undefined);
  keys.keep('a', accessKey, signingKey);
  assert.equal(keys.find('a', accessKey), signingKey);
});

test('a signing key is not found for another state of its access key', () => {
  const keys = createSigningKeys(2);
  const later = { ...accessKey };
  keys.keep('a', accessKey, signingKey);
  assert.equal(keys.find('a', later), undefined);
  keys.keep('b', accessKey, signingKey);
  assert.equal(keys.find('a', later), undefined);
});

test('what is in use stays, what is not makes room', () => {
  const keys = createSigningKeys(4);
  keys.keep('used', accessKey, signingKey);
  keys.keep('idle', accessKey, signingKey);
  for (let i = 0; i < 100; i++) {
    keys.keep(`other-${i}`, accessKey, signingKey);
    assert.equal(keys.find('used', accessKey), signingKey);
  }
  assert.equal(keys.find('idle', accessKey), undefined);
  const found = Array.from({ length: 100 }, (_, i) => keys.find(`other-${i}`, accessKey));
  assert.ok(found.filter((key) => key !== undefined).length <= 4);
});
