import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { keySpecs } from '../../crypto/key-spec.ts';
import { wrappingAlgorithms } from '../../crypto/key-wrap.ts';
import {
  type ImportParameters,
  openToken,
  sealToken,
  type TokenKey,
  tokenKeyOf,
  tokenRandomBytes,
} from './import-token.ts';

function installationKey(): TokenKey {
  const loaded = keySpecs.get('SYMMETRIC_DEFAULT')?.load(randomBytes(32));
  assert.ok(loaded?.kind === 'secret');
  return loaded.secret;
}
const keyArn = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const parametersOf = (algorithm: string, spec: string): ImportParameters => ({
  keyArn,
  algorithm: wrappingAlgorithms.get(algorithm)!,
  wrappingSpec: keySpecs.get(spec)!,
  expiresAt: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
  privateKey: randomBytes(2400),
});
const seal = (key: TokenKey, parameters: ImportParameters): Buffer =>
  sealToken(key, parameters, randomBytes(tokenRandomBytes));

describe('an import token', () => {
  const key = tokenKeyOf(installationKey());

  test('gives back what it was made with, whichever algorithm and wrapping key', () => {
    for (const algorithm of wrappingAlgorithms.keys())
      for (const spec of ['RSA_2048', 'RSA_3072', 'RSA_4096']) {
        const parameters = parametersOf(algorithm, spec);
        assert.deepEqual(openToken(key, seal(key, parameters), keyArn), parameters);
      }
  });

  test('is short enough for AWS’s shape of it, with the largest wrapping key', async () => {
    const privateKey = await keySpecs.get('RSA_4096')!.generate();
    const token = seal(key, { ...parametersOf('RSAES_OAEP_SHA_1', 'RSA_4096'), privateKey });
    assert.ok(token.length <= 6144);
    assert.equal(token.includes(privateKey.subarray(100, 132)), false);
  });

  test('is another one each time', () => {
    const parameters = parametersOf('RSAES_OAEP_SHA_256', 'RSA_2048');
    const [first, second] = [seal(key, parameters), seal(key, parameters)];
    assert.equal(first.subarray(-64).equals(second.subarray(-64)), false);
  });

  test('opens for its own key in its own Region only, and in its own installation only', () => {
    const token = seal(key, parametersOf('RSAES_OAEP_SHA_256', 'RSA_2048'));
    for (const other of [keyArn.replace('1234abcd', '1234abce'), keyArn.replace('-1:', '-2:'), ''])
      assert.equal(openToken(key, token, other), undefined);
    assert.equal(openToken(tokenKeyOf(installationKey()), token, keyArn), undefined);
  });

  test('does not open with any bit of it changed, or cut, or made longer', () => {
    const token = seal(key, {
      ...parametersOf('RSAES_OAEP_SHA_256', 'RSA_3072'),
      privateKey: randomBytes(40),
    });
    for (let bit = 0; bit < token.length * 8; bit++) {
      const altered = Buffer.from(token);
      altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.equal(openToken(key, altered, keyArn), undefined, `bit ${bit}`);
    }
    for (let length = 0; length < token.length; length++)
      assert.equal(openToken(key, token.subarray(0, length), keyArn), undefined);
    assert.equal(openToken(key, Buffer.concat([token, Buffer.alloc(1)]), keyArn), undefined);
  });
});
