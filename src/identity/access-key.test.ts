import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { accountOfAccessKeyId, mintAccessKey, rootPrincipal } from './access-key.ts';

const world = { now: () => 0, machineNow: () => 0, monotonic: () => 0, randomBytes };
const account = fc.integer({ min: 0, max: 999_999_999_999 }).map((n) => `${n}`.padStart(12, '0'));

describe('a minted access key', () => {
  test("has AWS's form and carries its account", () => {
    fc.assert(
      fc.property(account, (id) => {
        const { accessKeyId, secretAccessKey } = mintAccessKey(id, world);
        assert.match(accessKeyId, /^AKIA[A-Z2-7]{16}$/);
        assert.match(secretAccessKey, /^[A-Za-z0-9/+]{40}$/);
        assert.equal(accountOfAccessKeyId(accessKeyId), id);
      }),
    );
  });

  test('is another one each time', () => {
    const keys = Array.from({ length: 500 }, () => mintAccessKey('111122223333', world));
    assert.equal(new Set(keys.map((key) => key.accessKeyId)).size, 500);
    assert.equal(new Set(keys.map((key) => key.secretAccessKey)).size, 500);
  });

  test('is for an account of 12 digits', () => {
    for (const id of ['', '1', '1234567890123', '11112222333x'])
      assert.throws(() => mintAccessKey(id, world), RangeError);
  });
});

describe('the account of an access key id', () => {
  test('is the one of a real AWS key', () => {
    assert.equal(accountOfAccessKeyId('ASIAY34FZKBOKMUTVV7A'), '609629065308');
  });

  test('is unknown for ids from before 2019 and for other texts', () => {
    const none = [
      'AKIAIOSFODNN7EXAMPLE',
      'AKIAJ2345672345672AA',
      'test',
      '',
      'AIDAY34FZKBOKMUTVV7A',
    ];
    for (const id of [...none, 'ASIAY34FZKBOKMUTVV7a', 'ASIAY34FZKBOKMUTVV7AA'])
      assert.equal(accountOfAccessKeyId(id), undefined, id);
    // More than twelve digits fit into the bits.
    assert.equal(accountOfAccessKeyId(`AKIA${'7'.repeat(16)}`), undefined);
  });
});

test('the root principal is the account itself', () => {
  assert.deepEqual(rootPrincipal({ account: '111122223333', accessKeyId: 'AKIA' }), {
    type: 'Root',
    account: '111122223333',
    arn: 'arn:aws:iam::111122223333:root',
    principalId: '111122223333',
    accessKeyId: 'AKIA',
  });
  const china = { account: '111122223333', accessKeyId: 'AKIA', partition: 'aws-cn' };
  assert.equal(rootPrincipal(china).arn, 'arn:aws-cn:iam::111122223333:root');
});
