import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openKms, refusal } from '../../../test/open-kms.ts';
import { newToken, openSecrets } from '../../../test/open-secrets.ts';
import { awsQuotas } from '../kms/quotas.ts';
import { secretLimits } from './limits.ts';
import { openRecords } from './records.ts';

describe('request quotas', () => {
  test('hold for groups of operations, and only where they are asked for', async () => {
    const node = await openSecrets({ quotas: { settings: awsQuotas, nodes: 1 } });
    const all = await Promise.allSettled(
      Array.from({ length: 60 }, () => node.ask('GetRandomPassword', {})),
    );
    const refused = all.filter(({ status }) => status === 'rejected');
    assert.ok(refused.length >= 5 && refused.length <= 10, `${refused.length}`);
    const one = refused[0] as PromiseRejectedResult;
    refusal('ThrottlingException', 'Rate exceeded')(one.reason);
    // Another operation has its own.
    await node.ask('ListSecrets', {});
    // So has another account.
    await node.ask('GetRandomPassword', {}, { account: '444455556666' });
    await node.close();
    assert.deepEqual(node.faults, []);
    const free = await openSecrets();
    await Promise.all(Array.from({ length: 200 }, () => free.ask('GetRandomPassword', {})));
    await free.close();
  });

  test('do not charge what one request makes of itself', async () => {
    const node = await openSecrets({ quotas: { settings: awsQuotas, nodes: 1 } });
    const value = { Name: 'a', SecretString: 'a', ClientRequestToken: newToken() };
    await node.ask('CreateSecret', value);
    const { Errors } = await node.ask('BatchGetSecretValue', {
      SecretIdList: Array.from({ length: 20 }, () => 'a'),
    });
    assert.deepEqual(Errors, []);
    await node.close();
  });
});

describe('the number of secrets', () => {
  test('of an account and Region is limited, and counted through creation and deletion', async () => {
    const under = await openKms();
    const { store } = under;
    const limits = secretLimits(openRecords(store), 2);
    const owner = { account: '111122223333', region: 'eu-central-1' };
    const add = async (place = owner) => store.commit(await limits.addSecret(place));
    await add();
    await add();
    await assert.rejects(add(), { code: 'LimitExceededException' });
    await add({ ...owner, region: 'us-east-1' });
    const remove = limits.removals();
    for (let i = 0; i < 2; i++) await store.commit(await remove(owner));
    await add();
    await add();
    await assert.rejects(add(), { code: 'LimitExceededException' });
    await under.close();
  });
});
