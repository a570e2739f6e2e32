import assert from 'node:assert/strict';
import { createSecretKey, randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { accountOfAccessKeyId, newAccessKeyId } from './access-key.ts';
import type { SessionSecret } from './session-secret.ts';
import { createSessionTokens, type SessionClaims, type SessionTokens } from './session-tokens.ts';
import { deriveSigningKey, sealSecret, signatureOf } from './sigv4.ts';

const world = { now: () => 0, machineNow: () => 0, monotonic: () => 0, randomBytes };

function newSecret(): SessionSecret {
  const key = () => createSecretKey(randomBytes(32));
  return { tokens: key(), secretAccessKeys: key(), messages: key() };
}

const secret = newSecret();
const tokens = () => createSessionTokens({ secret, world });
const claims: SessionClaims = {
  principal: {
    type: 'AssumedRole',
    account: '111122223333',
    arn: 'arn:aws:sts::111122223333:assumed-role/reader/s1',
    principalId: 'AROAEXAMPLE:s1',
    session: {
      createdAt: 1_000,
      expiresAt: 3_601_000,
      role: { arn: 'arn:aws:iam::111122223333:role/a/reader', id: 'AROAEXAMPLE', name: 'reader' },
      policies: ['{"Version":"2012-10-17","Statement":[]}'],
      tags: { Team: 'Käse ✓' },
    },
  },
  endsWith: newAccessKeyId('AKIA', '111122223333', world),
};

function opened(found: ReturnType<SessionTokens['find']>) {
  assert.ok(found !== undefined && found !== 'refused');
  return found;
}

describe('a session token', () => {
  test('opens on every node to what it was issued for', () => {
    const issued = tokens().issue(claims);
    assert.match(issued.accessKeyId, /^ASIA[A-Z2-7]{16}$/);
    assert.equal(accountOfAccessKeyId(issued.accessKeyId), '111122223333');
    assert.match(issued.secretAccessKey, /^[A-Za-z0-9/+]{40}$/);
    assert.match(issued.sessionToken, /^IQoJb3JpZ2luX2Vj/);
    const { accessKey, endsWith } = opened(tokens().find(issued.accessKeyId, issued.sessionToken));
    const { accessKeyId } = issued;
    assert.deepEqual(accessKey.principal, { ...claims.principal, accessKeyId });
    assert.deepEqual(accessKey.session, { expiresAt: 3_601_000 });
    assert.equal(endsWith, claims.endsWith);
    const signature = (key: typeof accessKey.secret) =>
      signatureOf(deriveSigningKey(key, '20260101/us-east-1/sts/aws4_request'), 'text');
    assert.equal(signature(accessKey.secret), signature(sealSecret(issued.secretAccessKey)));
  });

  test('gives the same object at each call, by which caches go', () => {
    const node = tokens();
    const { accessKeyId, sessionToken } = node.issue(claims);
    const first = opened(node.find(accessKeyId, sessionToken));
    assert.equal(node.find(accessKeyId, sessionToken), first);
    assert.equal(node.find(accessKeyId, `${sessionToken}`), first);
  });

  test("ends with the long-term key that asked, and not with a stranger's in dev mode", () => {
    const node = tokens();
    for (const stranger of [
      'test',
      '111122223333',
      newAccessKeyId('AKIA', '444455556666', world),
    ]) {
      const issued = node.issue({ ...claims, endsWith: stranger });
      const { endsWith } = opened(node.find(issued.accessKeyId, issued.sessionToken));
      assert.equal(endsWith, undefined, stranger);
    }
  });

  test('says nothing readable', () => {
    const { sessionToken, secretAccessKey } = tokens().issue(claims);
    const bytes = Buffer.from(sessionToken, 'base64').toString('latin1');
    for (const word of ['reader', 'AROA', '1111', 'Team', secretAccessKey])
      assert.ok(!bytes.includes(word), word);
  });

  test('never comes twice, nor does its secret access key', () => {
    const node = tokens();
    const issued = Array.from({ length: 300 }, () => node.issue(claims));
    for (const member of ['accessKeyId', 'secretAccessKey', 'sessionToken'] as const)
      assert.equal(new Set(issued.map((each) => each[member])).size, 300);
  });

  test('that was altered in any bit is refused', () => {
    const { accessKeyId, sessionToken } = tokens().issue(claims);
    const bytes = Buffer.from(sessionToken, 'base64');
    const node = tokens();
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const altered = Buffer.from(bytes);
      altered[bit >> 3] = (altered[bit >> 3] as number) ^ (1 << (bit & 7));
      const found = node.find(accessKeyId, altered.toString('base64'));
      // What has another beginning is nothing of ours.
      assert.equal(found, bit < 15 * 8 ? undefined : 'refused', `bit ${bit}`);
    }
  });

  test('that was cut, lengthened or spelt otherwise is refused', () => {
    const node = tokens();
    const { accessKeyId, sessionToken } = node.issue(claims);
    const spellings = [
      sessionToken.slice(0, -1),
      sessionToken.slice(0, -4),
      sessionToken.slice(0, 20),
      sessionToken.slice(0, 60),
      `${sessionToken}AAAA`,
      `${sessionToken}=`,
      `${sessionToken} `,
      `${sessionToken.slice(0, 30)}\n${sessionToken.slice(30)}`,
      sessionToken.replace(/[+/]/g, (one) => (one === '+' ? '-' : '_')).concat('-'),
      `${sessionToken}${'A'.repeat(20_000)}`,
    ];
    for (const other of spellings) assert.equal(node.find(accessKeyId, other), 'refused', other);
  });

  test('with another access key id is refused, before and after it was opened', () => {
    const node = tokens();
    const mine = node.issue(claims);
    const { accessKeyId: other } = node.issue(claims);
    assert.equal(node.find(other, mine.sessionToken), 'refused');
    opened(node.find(mine.accessKeyId, mine.sessionToken));
    assert.equal(node.find(other, mine.sessionToken), 'refused');
    assert.equal(node.find(mine.accessKeyId.toLowerCase(), mine.sessionToken), 'refused');
  });

  test('of another account is refused with the own access key id', () => {
    const node = tokens();
    const mine = node.issue(claims);
    const principal = { ...claims.principal, account: '444455556666' };
    const theirs = node.issue({ ...claims, principal });
    assert.equal(node.find(mine.accessKeyId, theirs.sessionToken), 'refused');
  });

  test('of another installation is refused', () => {
    const theirs = createSessionTokens({ secret: newSecret(), world }).issue(claims);
    assert.equal(tokens().find(theirs.accessKeyId, theirs.sessionToken), 'refused');
  });

  test('of AWS itself, or any other text, is nothing of ours', () => {
    const node = tokens();
    for (const other of ['', 'x', 'IQoJb3JpZ2luX2VjEHoaCXVzLWVhc3QtMSJH', 'FwoGZXIvYXdzEA'])
      assert.equal(node.find('ASIAY34FZKBOKMUTVV7A', other), undefined);
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        assert.equal(node.find('ASIAY34FZKBOKMUTVV7A', text), undefined);
      }),
    );
  });

  test('is filled up to a wanted length, and opens all the same', () => {
    const node = tokens();
    for (const wanted of [1_000, 2_047, 4_096]) {
      const { accessKeyId, sessionToken } = node.issue(claims, wanted);
      assert.ok(sessionToken.length >= wanted && sessionToken.length < wanted + 4, `${wanted}`);
      opened(node.find(accessKeyId, sessionToken));
    }
  });

  test('is opened again when too many others came since', () => {
    const node = createSessionTokens({ secret, world, capacity: 4 });
    const mine = node.issue(claims);
    const first = opened(node.find(mine.accessKeyId, mine.sessionToken));
    for (let i = 0; i < 10; i++) {
      const other = node.issue(claims);
      opened(node.find(other.accessKeyId, other.sessionToken));
    }
    const again = opened(node.find(mine.accessKeyId, mine.sessionToken));
    assert.notEqual(again, first);
    assert.deepEqual(again.accessKey.principal, first.accessKey.principal);
  });
});
