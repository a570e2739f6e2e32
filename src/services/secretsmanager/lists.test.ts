import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  newToken,
  openSecrets,
  otherAccount,
  type SecretsNode,
} from '../../../test/open-secrets.ts';
import type { ListSecretsRequest } from '../../model/secretsmanager.generated.ts';

let node: SecretsNode;
/** Four secrets, made, changed and read in other orders than their names'. */
before(async () => {
  node = await openSecrets();
  for (const name of ['beta', 'delta', 'alpha', 'gamma']) {
    node.clock.now += 1_000;
    const Tags = [{ Key: 'stage', Value: name === 'alpha' ? 'prod' : 'test' }];
    const Description = `The ${name} secret`;
    const value = { SecretString: `value of ${name}`, ClientRequestToken: newToken() };
    await node.ask('CreateSecret', { Name: name, Tags, Description, ...value });
  }
  for (const SecretId of ['gamma', 'alpha', 'beta']) {
    node.clock.now += 86_400_000;
    await node.ask('GetSecretValue', { SecretId });
  }
  for (const SecretId of ['delta', 'beta']) {
    node.clock.now += 1_000;
    await node.ask('UpdateSecret', { SecretId, Description: 'changed' });
  }
});
after(async () => {
  assert.deepEqual(node.faults, []);
  await node.close();
});

const names = async (input: ListSecretsRequest = {}): Promise<string> =>
  ((await node.ask('ListSecrets', input)).SecretList ?? []).map(({ Name }) => Name).join(' ');

async function paged(input: ListSecretsRequest): Promise<string> {
  const found: string[] = [];
  let NextToken: string | undefined;
  do {
    const page = await node.ask('ListSecrets', {
      ...{ ...input, MaxResults: 1 },
      ...(NextToken === undefined ? {} : { NextToken }),
    });
    assert.equal(page.SecretList?.length, 1);
    found.push(page.SecretList[0]?.Name as string);
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  return found.join(' ');
}

describe('ListSecrets', () => {
  const orders: readonly (readonly [ListSecretsRequest, string])[] = [
    [{}, 'beta delta alpha gamma'],
    [{ SortOrder: 'desc' }, 'gamma alpha delta beta'],
    [{ SortBy: 'name' }, 'alpha beta delta gamma'],
    [{ SortBy: 'name', SortOrder: 'desc' }, 'gamma delta beta alpha'],
    [{ SortBy: 'last-accessed-date' }, 'delta gamma alpha beta'],
    [{ SortBy: 'last-changed-date', SortOrder: 'desc' }, 'beta delta gamma alpha'],
    [{ Filters: [{ Key: 'tag-value', Values: ['test'] }] }, 'beta delta gamma'],
    [{ Filters: [{ Key: 'all', Values: ['changed'] }], SortBy: 'name' }, 'beta delta'],
  ];
  for (const [input, expected] of orders)
    test(`${JSON.stringify(input)} shows ${expected}, at once and page by page`, async () => {
      assert.equal(await names(input), expected);
      assert.equal(await paged(input), expected);
    });

  test('shows what DescribeSecret does, its map under another name', async () => {
    const { SecretList } = await node.ask('ListSecrets', { MaxResults: 1 });
    const { VersionIdsToStages, ...described } = await node.ask('DescribeSecret', {
      SecretId: 'beta',
    });
    assert.deepEqual(SecretList, [{ ...described, SecretVersionsToStages: VersionIdsToStages }]);
  });

  test('knows its own tokens only', async () => {
    const { NextToken = '' } = await node.ask('ListSecrets', { MaxResults: 1 });
    const wrong: readonly ListSecretsRequest[] = [
      { NextToken: 'x' },
      { NextToken: `${NextToken}x` },
      { NextToken, SortOrder: 'desc' },
      { NextToken, Filters: [{ Key: 'name', Values: ['a'] }] },
    ];
    for (const input of wrong)
      await assert.rejects(node.ask('ListSecrets', input), { code: 'InvalidNextTokenException' });
  });

  test('shows the caller’s own account and Region', async () => {
    const elsewhere = [{ account: otherAccount }, { region: 'us-east-1' }];
    for (const caller of elsewhere)
      assert.deepEqual((await node.ask('ListSecrets', {}, caller)).SecretList, []);
  });
});

describe('BatchGetSecretValue', () => {
  test('gives what it can, and says why of the rest', async () => {
    const { SecretValues, Errors } = await node.ask('BatchGetSecretValue', {
      SecretIdList: ['alpha', 'nothing', 'beta'],
    });
    assert.deepEqual(
      SecretValues?.map(({ Name, SecretString }) => [Name, SecretString]),
      [
        ['alpha', 'value of alpha'],
        ['beta', 'value of beta'],
      ],
    );
    assert.deepEqual(Errors, [
      {
        ...{ SecretId: 'nothing', ErrorCode: 'ResourceNotFoundException' },
        Message: "Secrets Manager can't find the specified secret.",
      },
    ]);
  });

  test('leaves a record of each reading, as the caller’s own', async () => {
    await node.ask('BatchGetSecretValue', { SecretIdList: ['alpha', 'beta'] });
    const records = (await node.trail()).slice(-5);
    assert.deepEqual(
      records.map(({ eventName, userIdentity }) => [eventName, userIdentity.invokedBy]),
      [
        ['Decrypt', 'secretsmanager.amazonaws.com'],
        ['GetSecretValue', undefined],
        ['Decrypt', 'secretsmanager.amazonaws.com'],
        ['GetSecretValue', undefined],
        ['BatchGetSecretValue', undefined],
      ],
    );
  });

  test('takes filters and pages instead', async () => {
    const Filters = [{ Key: 'tag-value', Values: ['test'] }] as const;
    const first = await node.ask('BatchGetSecretValue', { Filters, MaxResults: 2 });
    const { NextToken = '' } = first;
    const second = await node.ask('BatchGetSecretValue', { Filters, MaxResults: 2, NextToken });
    const both = [...(first.SecretValues ?? []), ...(second.SecretValues ?? [])];
    assert.deepEqual(
      both.map(({ Name }) => Name),
      ['beta', 'delta', 'gamma'],
    );
    assert.equal(second.NextToken, undefined);
  });

  test('takes one of the two', async () => {
    const Filters = [{ Key: 'name', Values: ['a'] }] as const;
    for (const input of [{}, { Filters, SecretIdList: ['a'] }, { Filters: [] }])
      await assert.rejects(node.ask('BatchGetSecretValue', input), {
        code: 'InvalidParameterException',
      });
    await assert.rejects(node.ask('BatchGetSecretValue', { SecretIdList: ['a'], MaxResults: 2 }), {
      code: 'InvalidParameterException',
    });
  });
});
