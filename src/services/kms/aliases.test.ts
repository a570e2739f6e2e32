import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { account, type KmsUnderTest, openKms, refusal, region } from '../../../test/open-kms.ts';
import type { AliasListEntry, CreateKeyRequest } from '../../model/kms.generated.ts';
import { managedAliasNames } from './aws-managed.ts';

let kms: KmsUnderTest;
before(async () => {
  kms = await openKms();
});
after(() => kms.close());

const newKey = async (input: CreateKeyRequest = {}, caller = {}) => {
  const { KeyMetadata } = await kms.ask('CreateKey', input, caller);
  return { id: KeyMetadata?.KeyId ?? '', arn: KeyMetadata?.Arn ?? '' };
};
const aliasArn = (name: string) => `arn:aws:kms:${region}:${account}:${name}`;
const describedId = async (KeyId: string) =>
  (await kms.ask('DescribeKey', { KeyId })).KeyMetadata?.KeyId;
const notFound = (name: string) =>
  refusal('NotFoundException', `Alias ${aliasArn(name)} is not found.`);
const signing = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' } as const;

describe('an alias', () => {
  test('names its key until it is deleted', async () => {
    const { id, arn } = await newKey();
    const AliasName = 'alias/life';
    await assert.rejects(kms.ask('DescribeKey', { KeyId: AliasName }), notFound(AliasName));
    const created = await kms.call('CreateAlias', { AliasName, TargetKeyId: arn });
    assert.equal(created.output, undefined);
    assert.equal(await describedId(AliasName), id);
    assert.equal(await describedId(aliasArn(AliasName)), id);
    await kms.ask('DeleteAlias', { AliasName });
    await assert.rejects(kms.ask('DescribeKey', { KeyId: AliasName }), notFound(AliasName));
    await assert.rejects(kms.ask('DeleteAlias', { AliasName }), notFound(AliasName));
  });

  test('is authorized on itself first and then on its keys', async () => {
    const [one, two] = [await newKey(), await newKey()];
    const AliasName = 'alias/authorized';
    const asked = (action: string, ...arns: readonly string[]) =>
      arns.map((arn) => `kms:${action} ${arn}`);
    const alias = aliasArn(AliasName);
    const made = await kms.call('CreateAlias', { AliasName, TargetKeyId: one.id });
    assert.deepEqual(made.authorized, asked('CreateAlias', alias, one.arn));
    const moved = await kms.call('UpdateAlias', { AliasName, TargetKeyId: two.id });
    assert.deepEqual(moved.authorized, asked('UpdateAlias', alias, one.arn, two.arn));
    const deleted = await kms.call('DeleteAlias', { AliasName });
    assert.deepEqual(deleted.authorized, asked('DeleteAlias', alias, two.arn));
    assert.deepEqual(deleted.resources, [
      { arn: alias, account, type: 'AWS::KMS::Key' },
      { arn: two.arn, account, type: 'AWS::KMS::Key' },
    ]);
  });

  test('is made once, even for the same key', async () => {
    const { id } = await newKey();
    const request = { AliasName: 'alias/once', TargetKeyId: id };
    await kms.ask('CreateAlias', request);
    await assert.rejects(
      kms.ask('CreateAlias', request),
      refusal(
        'AlreadyExistsException',
        `An alias with the name ${aliasArn('alias/once')} already exists`,
      ),
    );
  });

  test('moves to a key of its type and usage only, and keeps its date of creation', async () => {
    const [one, two] = [await newKey(), await newKey()];
    const AliasName = 'alias/moving';
    await kms.ask('CreateAlias', { AliasName, TargetKeyId: one.id });
    const createdAt = kms.clock.now;
    kms.clock.now += 1000;
    await kms.ask('UpdateAlias', { AliasName, TargetKeyId: two.id });
    assert.equal(await describedId(AliasName), two.id);
    assert.deepEqual((await kms.ask('ListAliases', { KeyId: one.id })).Aliases, []);
    assert.deepEqual(await kms.ask('ListAliases', { KeyId: two.arn }), {
      Aliases: [
        {
          AliasName,
          AliasArn: aliasArn(AliasName),
          TargetKeyId: two.id,
          CreationDate: createdAt,
          LastUpdatedDate: createdAt + 1000,
        },
      ],
      Truncated: false,
    });
    const rsa = { KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' } as const;
    for (const other of [signing, rsa]) {
      const { id } = await newKey(other);
      await assert.rejects(kms.ask('UpdateAlias', { AliasName, TargetKeyId: id }), {
        code: 'ValidationException',
        text: /cannot be changed from a CMK with key (usage|spec) \w+ to a CMK with key \1 \w+$/,
      });
    }
    await assert.rejects(
      kms.ask('UpdateAlias', { AliasName: 'alias/none', TargetKeyId: two.id }),
      notFound('alias/none'),
    );
  });

  test('leaves a key pending deletion, but does not go to one', async () => {
    const [going, staying] = [await newKey(), await newKey()];
    const AliasName = 'alias/leaving';
    await kms.ask('CreateAlias', { AliasName, TargetKeyId: going.id });
    await kms.ask('ScheduleKeyDeletion', { KeyId: going.id });
    await kms.ask('UpdateAlias', { AliasName, TargetKeyId: staying.id });
    const pending = refusal('KMSInvalidStateException', `${going.arn} is pending deletion.`);
    const back = { AliasName, TargetKeyId: going.id };
    await assert.rejects(kms.ask('UpdateAlias', back), pending);
    await assert.rejects(kms.ask('CreateAlias', { ...back, AliasName: 'alias/b' }), pending);
  });

  test('must be well named, and of a key', async () => {
    const { id } = await newKey();
    const create = (AliasName: string, TargetKeyId = id) =>
      kms.ask('CreateAlias', { AliasName, TargetKeyId });
    await assert.rejects(
      create('app'),
      refusal(
        'ValidationException',
        'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html',
      ),
    );
    for (const name of ['alias/a:b', 'alias/'])
      await assert.rejects(
        create(name),
        refusal('ValidationException', `${name} contains invalid characters for an alias`),
      );
    for (const target of ['alias/other', aliasArn('alias/other')])
      await assert.rejects(
        create('alias/a', target),
        refusal('ValidationException', 'Aliases must refer to keys. Not aliases'),
      );
    await assert.rejects(create('alias/aws/s3'), refusal('NotAuthorizedException'));
    await assert.rejects(
      kms.ask('DeleteAlias', { AliasName: 'alias/aws/s3' }),
      refusal('NotAuthorizedException'),
    );
  });

  test('that nobody can have made is not found, whatever it is made of', async () => {
    for (const KeyId of ['alias/', 'alias/a b', 'alias/../keys', 'alias/a:b', 'alias/__proto__'])
      await assert.rejects(kms.ask('DescribeKey', { KeyId }), notFound(KeyId));
  });
});

describe('ListAliases', () => {
  const here = { region: 'ap-south-1' };
  const all = async (Limit: number) => {
    const listed: AliasListEntry[] = [];
    let Marker: string | undefined;
    do {
      const page = await kms.ask('ListAliases', { Limit, ...(Marker ? { Marker } : {}) }, here);
      assert.ok((page.Aliases ?? []).length <= Limit);
      assert.equal(page.Truncated, page.NextMarker !== undefined);
      listed.push(...(page.Aliases ?? []));
      Marker = page.NextMarker;
    } while (Marker !== undefined);
    return listed;
  };

  test("tells the account's aliases and AWS's unused ones once each, in pages of any size", async () => {
    const { id } = await newKey({}, here);
    const made = ['alias/A', 'alias/aws-like', 'alias/b', 'alias/z/z'];
    for (const AliasName of made)
      await kms.ask('CreateAlias', { AliasName, TargetKeyId: id }, here);
    await kms.ask('DescribeKey', { KeyId: 'alias/aws/sqs' }, here);
    const names = [...made, ...managedAliasNames].sort();
    for (const limit of [1, 2, 3, 7, 24, 25, 100]) {
      const listed = await all(limit);
      assert.deepEqual(
        listed.map(({ AliasName }) => AliasName),
        names,
        `in pages of ${limit}`,
      );
      const used = listed.filter(({ TargetKeyId }) => TargetKeyId !== undefined);
      assert.deepEqual(
        used.map(({ AliasName }) => AliasName),
        [...made, 'alias/aws/sqs'].sort(),
      );
    }
  });

  test("tells one key's aliases in pages", async () => {
    const { id } = await newKey({}, here);
    for (const name of ['k1', 'k2', 'k3'])
      await kms.ask('CreateAlias', { AliasName: `alias/${name}`, TargetKeyId: id }, here);
    const first = await kms.ask('ListAliases', { KeyId: id, Limit: 2 }, here);
    const Marker = first.NextMarker ?? '';
    const rest = await kms.ask('ListAliases', { KeyId: id, Limit: 2, Marker }, here);
    assert.deepEqual(
      [...(first.Aliases ?? []), ...(rest.Aliases ?? [])].map(({ AliasName }) => AliasName),
      ['alias/k1', 'alias/k2', 'alias/k3'],
    );
    assert.equal(rest.Truncated, false);
  });

  test('wants a key, not an alias, and one that exists', async () => {
    await assert.rejects(
      kms.ask('ListAliases', { KeyId: 'alias/app' }),
      refusal('InvalidArnException', 'Key Aliases are not supported for this operation.'),
    );
    await assert.rejects(
      kms.ask('ListAliases', { KeyId: 'foo' }),
      refusal('NotFoundException', "Invalid keyId 'foo'"),
    );
  });
});
