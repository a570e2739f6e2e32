import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { account, type KmsUnderTest, openKms, refusal } from '../../../test/open-kms.ts';

let kms: KmsUnderTest;
before(async () => {
  kms = await openKms();
});
after(() => kms.close());

const dayMs = 86_400_000;
const RetiringPrincipal = `arn:aws:iam::${account}:root`;
/** A key with so many grants, whose waiting period is over. */
async function dueKey(grants: number) {
  const { KeyMetadata } = await kms.ask('CreateKey', {});
  const id = KeyMetadata?.KeyId ?? '';
  const GranteePrincipal = `arn:aws:iam::${account}:user/alice`;
  const request = {
    KeyId: id,
    GranteePrincipal,
    RetiringPrincipal,
    Operations: ['Decrypt'] as const,
  };
  for (let i = 0; i < grants; i++) await kms.ask('CreateGrant', { ...request, Name: `grant${i}` });
  await kms.ask('ScheduleKeyDeletion', { KeyId: id, PendingWindowInDays: 7 });
  kms.clock.now += 7 * dayMs;
  return { id, arn: KeyMetadata?.Arn ?? '' };
}
const commit = async (change: { writes: Parameters<typeof kms.store.commit>[0] } | undefined) =>
  (await kms.store.commit(change?.writes ?? [])).kind;
const pathsOf = async (id: string) =>
  (await kms.engine.scan({ prefix: 'kms/', limit: 10_000 }))
    .map(({ path }) => path)
    .filter((path) => path.includes(id));
const retirable = async () =>
  (await kms.ask('ListRetirableGrants', { RetiringPrincipal })).Grants?.length;

describe('the deletion of a key', () => {
  test('takes a few grants with it in its one batch', async () => {
    const { id, arn } = await dueKey(3);
    assert.equal(await retirable(), 3);
    const [deletion, ...others] = await kms.due();
    assert.deepEqual(others, []);
    assert.equal(deletion?.event?.eventName, 'DeleteKey');
    assert.equal(await commit(deletion), 'committed');
    assert.deepEqual(await pathsOf(id), []);
    assert.equal(await retirable(), 0);
    await assert.rejects(
      kms.ask('ListGrants', { KeyId: id }),
      refusal('NotFoundException', `Key '${arn}' does not exist`),
    );
  });

  test('removes very many before it in batches, and then can`t be cancelled', async () => {
    const { id, arn } = await dueKey(600);
    const [first] = await kms.due();
    assert.equal(first?.event, undefined);
    assert.ok((first?.writes.length ?? 0) <= 4 * 250 + 2);
    assert.equal(await commit(first), 'committed');
    await assert.rejects(
      kms.ask('CancelKeyDeletion', { KeyId: id }),
      refusal('NotFoundException', `Key '${arn}' does not exist`),
    );
    const events = await kms.doDue();
    assert.deepEqual(
      events.map(({ eventName, resources }) => [eventName, resources[0]?.arn]),
      [['DeleteKey', arn]],
    );
    assert.deepEqual(await pathsOf(id), []);
    assert.deepEqual(await kms.due(), []);
  });

  test('that is cancelled before the first batch is committed leaves all grants', async () => {
    const { id } = await dueKey(260);
    const [first] = await kms.due();
    await kms.ask('CancelKeyDeletion', { KeyId: id });
    assert.equal(await commit(first), 'conflict');
    assert.deepEqual(await kms.due(), []);
    const grants = (await pathsOf(id)).filter((path) => path.startsWith('kms/grants/'));
    assert.equal(grants.length, 260);
  });

  test('decides anew when a grant is retired meanwhile', async () => {
    const { id, arn } = await dueKey(2);
    const [deletion] = await kms.due();
    const { Grants } = await kms.ask('ListGrants', { KeyId: id });
    await kms.ask('RetireGrant', { KeyId: arn, GrantId: Grants?.[0]?.GrantId ?? '' });
    assert.equal(await commit(deletion), 'conflict');
    assert.equal((await kms.doDue()).length, 1);
    assert.deepEqual(await pathsOf(id), []);
  });
});
