import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { account, type KmsUnderTest, openKms, region } from '../../../test/open-kms.ts';
import { grantsAllow } from './grant.ts';
import { type GrantCaller, grantCaller } from './grant-principal.ts';

let kms: KmsUnderTest;
before(async () => {
  kms = await openKms();
});
after(() => kms.close());

const alice = `arn:aws:iam::${account}:user/alice`;
const caller = (arn: string): GrantCaller =>
  grantCaller({ type: 'IAMUser', account, arn, principalId: 'AIDA', accessKeyId: 'AKIA' }, true);
const newKey = async () => {
  const keyId = (await kms.ask('CreateKey', {})).KeyMetadata?.KeyId ?? '';
  return { account, region, keyId };
};
type TestKey = Awaited<ReturnType<typeof newKey>>;
const grant = async ({ keyId }: TestKey, GranteePrincipal = alice) => {
  const request = { KeyId: keyId, GranteePrincipal, Operations: ['Decrypt'] as const };
  const { GrantId = '', GrantToken = '' } = await kms.ask('CreateGrant', request);
  return { GrantId, GrantToken };
};
const revoke = ({ keyId }: TestKey, GrantId: string) =>
  kms.ask('RevokeGrant', { KeyId: keyId, GrantId });
const idsFor = async (key: TestKey, who = caller(alice), node = kms, tokens: string[] = []) =>
  (await node.kms.grants.concerning(key, who, tokens)).map(({ grantId }) => grantId).sort();

describe('the grants that concern a caller', () => {
  test('are those to itself, its role and its account, on that key', async () => {
    const [key, other] = [await newKey(), await newKey()];
    const toAlice = await grant(key);
    const toAccount = await grant(key, `arn:aws:iam::${account}:root`);
    const toRole = await grant(key, `arn:aws:iam::${account}:role/team/app`);
    await grant(key, `${alice}2`);
    await grant(other);
    const sorted = (...grants: { GrantId: string }[]) => grants.map((g) => g.GrantId).sort();
    assert.deepEqual(await idsFor(key), sorted(toAlice, toAccount));
    const session = caller(`arn:aws:sts::${account}:assumed-role/app/s1`);
    assert.deepEqual(await idsFor(key, session), sorted(toAccount, toRole));
    const found = await kms.kms.grants.concerning(key, session);
    const use = { operation: 'Decrypt' } as const;
    assert.ok(grantsAllow({ caller: session, use }, found));
    assert.equal(grantsAllow({ caller: session, use: { operation: 'Encrypt' } }, found), undefined);
  });

  test('are found without a promise once they were, until one comes or goes', async () => {
    const key = await newKey();
    const find = () => kms.kms.grants.concerning(key, caller(alice));
    const first = await grant(key);
    assert.ok(find() instanceof Promise);
    await find();
    assert.ok(!(find() instanceof Promise));
    // To another, but it might have been to this one.
    const second = await grant(key, `${alice}2`);
    assert.ok(find() instanceof Promise);
    assert.deepEqual(await idsFor(key), [first.GrantId]);
    await revoke(key, first.GrantId);
    assert.deepEqual(await idsFor(key), []);
    assert.ok(!(find() instanceof Promise));
    await revoke(key, second.GrantId);
    assert.deepEqual(await idsFor(key), []);
  });

  test('stay known of one key when another key`s change', async () => {
    const [key, other] = [await newKey(), await newKey()];
    await grant(key);
    await idsFor(key);
    await grant(other);
    assert.ok(!(kms.kms.grants.concerning(key, caller(alice)) instanceof Promise));
  });

  test('come and go on another node too', async () => {
    const key = await newKey();
    const node = await kms.startAgain();
    assert.deepEqual(await idsFor(key, caller(alice), node), []);
    const { GrantId } = await grant(key);
    assert.deepEqual(await idsFor(key, caller(alice), node), [GrantId]);
    await revoke(key, GrantId);
    assert.deepEqual(await idsFor(key, caller(alice), node), []);
  });

  test('are also those of the key that tokens name, each once, as long as they live', async () => {
    const [key, other] = [await newKey(), await newKey()];
    const [known, ofBob] = [await grant(key), await grant(key, `arn:aws:iam::${account}:user/bob`)];
    const elsewhere = await grant(other);
    const tokens = [known, ofBob, elsewhere, ofBob].map(({ GrantToken }) => GrantToken);
    const withTokens = () => idsFor(key, caller(alice), kms, [...tokens, 'garbage']);
    assert.deepEqual(await withTokens(), [known.GrantId, ofBob.GrantId].sort());
    await revoke(key, ofBob.GrantId);
    assert.deepEqual(await withTokens(), [known.GrantId]);
  });

  test('are all there when they are more than a page of the store', async () => {
    const key = await newKey();
    const made = new Set<string>();
    for (let i = 0; i < 520; i++) made.add((await grant(key)).GrantId);
    assert.deepEqual(new Set(await idsFor(key)), made);
  });
});

describe('what lies on the disk of grants', () => {
  test('names no principal in its paths and is gone with them, but for counters', async () => {
    const key = await newKey();
    const { GrantId } = await grant(key, `arn:aws:iam::${account}:user/visible`);
    const paths = async () =>
      (await kms.engine.scan({ prefix: 'kms/grant', limit: 10_000 }))
        .map(({ path }) => path)
        .filter((path) => path.includes(key.keyId));
    assert.equal((await paths()).length, 4);
    assert.ok((await paths()).every((path) => !path.includes('visible')));
    await revoke(key, GrantId);
    assert.deepEqual(
      (await paths()).map((path) => path.split('/')[1]),
      ['grant-counts', 'grant-stamps'],
    );
  });
});
