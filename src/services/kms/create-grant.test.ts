import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { account, type KmsUnderTest, openKms, refusal, region } from '../../../test/open-kms.ts';
import { keySpecs } from '../../crypto/key-spec.ts';
import type {
  CreateGrantRequest,
  CreateKeyRequest,
  GrantOperation,
} from '../../model/kms.generated.ts';

let kms: KmsUnderTest;
before(async () => {
  kms = await openKms();
});
after(() => kms.close());

const alice = `arn:aws:iam::${account}:user/alice`;
const bob = `arn:aws:iam::${account}:role/team/bob`;
const sourceArn = `arn:aws:sns:${region}:${account}:topic`;
const newKey = async (input: CreateKeyRequest = {}) => {
  const { KeyMetadata } = await kms.ask('CreateKey', input);
  return { id: KeyMetadata?.KeyId ?? '', arn: KeyMetadata?.Arn ?? '' };
};
const create = (KeyId: string, input: Partial<CreateGrantRequest> = {}, caller = {}) =>
  kms.ask(
    'CreateGrant',
    { KeyId, GranteePrincipal: alice, Operations: ['Decrypt'], ...input },
    caller,
  );
const idOf = async (KeyId: string, input: Partial<CreateGrantRequest> = {}) =>
  (await create(KeyId, input)).GrantId ?? '';
const listed = async (KeyId: string) => (await kms.ask('ListGrants', { KeyId })).Grants ?? [];
const validation = (text: string) => refusal('ValidationException', text);

describe('CreateGrant', () => {
  test('makes a grant and shows all of it in the list', async () => {
    const key = await newKey();
    const called = await kms.call('CreateGrant', {
      KeyId: key.id,
      GranteePrincipal: alice,
      RetiringPrincipal: bob,
      Operations: ['Decrypt', 'Encrypt', 'Decrypt'],
      Constraints: { EncryptionContextSubset: { a: '1' }, SourceArn: sourceArn },
      Name: 'jobs/1',
    });
    assert.match(called.output.GrantId ?? '', /^[0-9a-f]{64}$/);
    assert.match(called.output.GrantToken ?? '', /^[A-Za-z0-9+/]{100,}=*$/);
    assert.deepEqual(called.authorized, [`kms:CreateGrant ${key.arn}`]);
    assert.deepEqual(called.notes, { responseElements: { keyId: key.arn } });
    assert.deepEqual(await kms.ask('ListGrants', { KeyId: key.arn }), {
      Grants: [
        {
          KeyId: key.arn,
          GrantId: called.output.GrantId,
          Name: 'jobs/1',
          CreationDate: kms.clock.now,
          GranteePrincipal: alice,
          RetiringPrincipal: bob,
          IssuingAccount: `arn:aws:iam::${account}:root`,
          Operations: ['Decrypt', 'Encrypt'],
          Constraints: { EncryptionContextSubset: { a: '1' }, SourceArn: sourceArn },
        },
      ],
      Truncated: false,
    });
  });

  test('takes a service as grantee when the resource and who retires are named', async () => {
    const key = await newKey();
    const GranteeServicePrincipal = 'dynamodb.amazonaws.com';
    const request = {
      KeyId: key.id,
      GranteeServicePrincipal,
      Operations: ['Decrypt'] as const,
      Constraints: { SourceArn: sourceArn },
    };
    const incomplete = validation(
      'A grant with a GranteeServicePrincipal needs a SourceArn constraint and a RetiringPrincipal or RetiringServicePrincipal.',
    );
    await assert.rejects(kms.ask('CreateGrant', request), incomplete);
    const { Constraints: _, ...anywhere } = { ...request, RetiringPrincipal: bob };
    await assert.rejects(kms.ask('CreateGrant', anywhere), incomplete);
    await kms.ask('CreateGrant', { ...request, RetiringServicePrincipal: 'x.amazonaws.com' });
    const [grant] = await listed(key.id);
    assert.equal(grant?.GranteeServicePrincipal, GranteeServicePrincipal);
    assert.equal(grant?.GranteePrincipal, GranteeServicePrincipal);
    assert.equal(grant?.RetiringServicePrincipal, 'x.amazonaws.com');
    assert.equal(grant?.RetiringPrincipal, undefined);
    assert.equal(grant?.Name, '');
  });

  const tooLarge = validation(
    'An encryption context constraint can have at most 8 pairs with values of at most 384 characters.',
  );
  const pairs = (count: number, value = 'x') =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, value]));
  const noPrincipal = (arn: string) =>
    refusal('InvalidArnException', `ARN does not refer to a valid principal: ${arn}`);
  const refused: Record<string, readonly [Partial<CreateGrantRequest>, (e: unknown) => boolean]> = {
    'no operation': [{ Operations: [] }, validation('Specify at least one grant operation.')],
    'two grantees': [
      { GranteeServicePrincipal: 'sqs.amazonaws.com' },
      validation('Specify either GranteePrincipal or GranteeServicePrincipal.'),
    ],
    'two who retire': [
      { RetiringPrincipal: bob, RetiringServicePrincipal: 'sqs.amazonaws.com' },
      validation('Specify at most one of RetiringPrincipal and RetiringServicePrincipal.'),
    ],
    'a group': [
      { GranteePrincipal: `arn:aws:iam::${account}:group/g` },
      noPrincipal(`arn:aws:iam::${account}:group/g`),
    ],
    'a name for an ARN': [{ GranteePrincipal: 'alice' }, noPrincipal('alice')],
    'a service among the principals': [
      { GranteePrincipal: 'sqs.amazonaws.com' },
      noPrincipal('sqs.amazonaws.com'),
    ],
    'another partition': [
      { RetiringPrincipal: 'arn:aws-cn:iam::111122223333:root' },
      noPrincipal('arn:aws-cn:iam::111122223333:root'),
    ],
    'both context constraints': [
      { Constraints: { EncryptionContextEquals: {}, EncryptionContextSubset: {} } },
      validation('Specify either EncryptionContextEquals or EncryptionContextSubset.'),
    ],
    'nine pairs': [{ Constraints: { EncryptionContextEquals: pairs(9) } }, tooLarge],
    'a value too long': [
      { Constraints: { EncryptionContextSubset: pairs(1, 'x'.repeat(385)) } },
      tooLarge,
    ],
  };
  for (const [what, [input, error]] of Object.entries(refused))
    test(`refuses ${what}`, async () => {
      const key = await newKey();
      await assert.rejects(create(key.id, input), error);
      assert.deepEqual(await listed(key.id), []);
    });

  test('refuses no grantee at all', async () => {
    const { id } = await newKey();
    await assert.rejects(
      kms.ask('CreateGrant', { KeyId: id, Operations: ['Decrypt'] }),
      validation('Specify either GranteePrincipal or GranteeServicePrincipal.'),
    );
  });

  test('takes constraints up to the limits', async () => {
    const { id } = await newKey();
    const EncryptionContextEquals = pairs(8, 'x'.repeat(384));
    await create(id, { Constraints: { EncryptionContextEquals } });
    assert.deepEqual((await listed(id))[0]?.Constraints, { EncryptionContextEquals });
  });

  const everyKey: readonly GrantOperation[] = ['CreateGrant', 'RetireGrant', 'DescribeKey'];
  const encrypting = ['Encrypt', 'Decrypt', 'ReEncryptFrom', 'ReEncryptTo'] as const;
  const dataKeys = [
    'GenerateDataKey',
    'GenerateDataKeyWithoutPlaintext',
    'GenerateDataKeyPair',
    'GenerateDataKeyPairWithoutPlaintext',
  ] as const;
  const suitable: readonly (readonly [CreateKeyRequest, readonly GrantOperation[]])[] = [
    [{}, [...encrypting, ...dataKeys]],
    [{ KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' }, [...encrypting, 'GetPublicKey']],
    [{ KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' }, ['Sign', 'Verify', 'GetPublicKey']],
    [
      { KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' },
      ['DeriveSharedSecret', 'GetPublicKey'],
    ],
    [{ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }, ['GenerateMac', 'VerifyMac']],
    [
      { KeySpec: 'ML_KEM_768', KeyUsage: 'ENCAPSULATE_DECAPSULATE' },
      ['Encapsulate', 'Decapsulate', 'GetPublicKey'],
    ],
  ];
  const all = [...new Set([...everyKey, ...suitable.flatMap(([, operations]) => operations)])];
  for (const [input, operations] of suitable)
    test(`suits ${input.KeySpec ?? 'a symmetric key'} for ${input.KeyUsage ?? 'encryption'}`, async () => {
      assert.equal(all.length, 19);
      const { id, arn } = await newKey(input);
      const { KeySpec = 'SYMMETRIC_DEFAULT', KeyUsage = 'ENCRYPT_DECRYPT' } = input;
      assert.ok(keySpecs.has(KeySpec));
      for (const operation of all) {
        const created = create(id, { Operations: [operation] });
        if (operations.includes(operation) || everyKey.includes(operation)) await created;
        else
          await assert.rejects(
            created,
            validation(
              `Grant operation ${operation} is not valid for ${arn} with key spec ${KeySpec} and key usage ${KeyUsage}.`,
            ),
          );
      }
      const constrained = create(id, {
        Operations: ['DescribeKey'],
        Constraints: { EncryptionContextSubset: { a: '1' } },
      });
      if (KeySpec === 'SYMMETRIC_DEFAULT') await constrained;
      else
        await assert.rejects(
          constrained,
          validation(
            `An encryption context constraint is not valid for ${arn} with key spec ${KeySpec}.`,
          ),
        );
      await create(id, { Operations: ['DescribeKey'], Constraints: { SourceArn: sourceArn } });
    });

  test('needs a key that is enabled', async () => {
    const { id, arn } = await newKey();
    await kms.ask('DisableKey', { KeyId: id });
    await assert.rejects(create(id), refusal('DisabledException', `${arn} is disabled.`));
    await kms.ask('ScheduleKeyDeletion', { KeyId: id });
    await assert.rejects(
      create(id),
      refusal('KMSInvalidStateException', `${arn} is pending deletion.`),
    );
  });

  test('takes no alias, no key that is not there and no key of another account', async () => {
    const { id, arn } = await newKey();
    await kms.ask('CreateAlias', { AliasName: 'alias/grants', TargetKeyId: id });
    const alias = refusal(
      'InvalidArnException',
      'Key Aliases are not supported for this operation.',
    );
    for (const operation of ['CreateGrant', 'ListGrants', 'RevokeGrant'] as const) {
      const ask = (KeyId: string, caller = {}) =>
        kms.ask(
          operation,
          { KeyId, GranteePrincipal: alice, Operations: ['Decrypt'], GrantId: 'a'.repeat(64) },
          caller,
        );
      await assert.rejects(ask('alias/grants'), alias);
      await assert.rejects(ask(arn.replace(/key\/.*/, 'alias/grants')), alias);
      const missing = '1234abcd-12ab-44cd-96ef-1234567890ab';
      await assert.rejects(
        ask(missing),
        refusal('NotFoundException', `Key '${arn.replace(id, missing)}' does not exist`),
      );
      await assert.rejects(
        ask(arn, { account: '999999999999' }),
        refusal(
          'AccessDeniedException',
          `User: arn:aws:iam::999999999999:root is not authorized to perform: kms:${operation} on this resource because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access`,
        ),
      );
    }
  });

  test('in a dry run finds what is wrong and else changes nothing', async () => {
    const { id } = await newKey();
    const dry = { DryRun: true, Name: 'dry' };
    await assert.rejects(create(id, { ...dry, Operations: ['Sign'] }), {
      code: 'ValidationException',
    });
    const ended = refusal(
      'DryRunOperationException',
      'The request would have succeeded, but the DryRun option is set.',
    );
    await assert.rejects(create(id, dry), ended);
    assert.deepEqual(await listed(id), []);
    await create(id, { Name: 'dry' });
    await assert.rejects(create(id, dry), ended);
    assert.equal((await listed(id)).length, 1);
  });

  test('lets a key have so many grants and no more', async () => {
    const few = await openKms({
      quotas: {
        settings: { values: new Map([['Grants per CMK', 3]]), others: 'none' },
        nodes: 1,
      },
    });
    const key = async () => (await few.ask('CreateKey', {})).KeyMetadata?.KeyId ?? '';
    const [one, other] = [await key(), await key()];
    const add = (KeyId: string, Name?: string) =>
      few.ask('CreateGrant', {
        KeyId,
        GranteePrincipal: alice,
        Operations: ['Decrypt'],
        ...(Name === undefined ? {} : { Name }),
      });
    const full = refusal('LimitExceededException', 'The key has as many grants as it may have: 3.');
    const named = await add(one, 'named');
    await add(one);
    const last = await add(one);
    await assert.rejects(add(one), full);
    assert.equal((await add(one, 'named')).GrantId, named.GrantId);
    await add(other);
    await few.ask('RevokeGrant', { KeyId: one, GrantId: last.GrantId ?? '' });
    await add(one);
    await assert.rejects(add(one), full);
    await few.close();
  });
});

describe('a grant with a name', () => {
  test('is made once, with a new token each time', async () => {
    const { id } = await newKey();
    const request: Partial<CreateGrantRequest> = {
      Name: 'once',
      RetiringPrincipal: bob,
      Operations: ['Decrypt', 'Encrypt'],
      Constraints: { EncryptionContextEquals: { a: '1', b: '2' } },
    };
    const first = await create(id, request);
    kms.clock.now += 1000;
    const again = await kms.call('CreateGrant', {
      KeyId: id,
      GranteePrincipal: alice,
      ...request,
      Operations: ['Encrypt', 'Decrypt'],
      Constraints: { EncryptionContextEquals: { b: '2', a: '1' } },
    });
    assert.equal(again.output.GrantId, first.GrantId);
    assert.notEqual(again.output.GrantToken, first.GrantToken);
    assert.equal((await listed(id)).length, 1);
  });

  test('is another one when anything differs, and without a name always', async () => {
    const [one, two] = [await newKey(), await newKey()];
    const base: Partial<CreateGrantRequest> = { Name: 'same', RetiringPrincipal: bob };
    const ids = [
      await idOf(one.id, base),
      await idOf(two.id, base),
      await idOf(one.id, { ...base, Name: 'other' }),
      await idOf(one.id, { ...base, GranteePrincipal: bob }),
      await idOf(one.id, { ...base, RetiringPrincipal: alice }),
      await idOf(one.id, { ...base, Operations: ['Decrypt', 'Encrypt'] }),
      await idOf(one.id, { ...base, Constraints: { SourceArn: sourceArn } }),
      await idOf(one.id, { ...base, Constraints: { EncryptionContextEquals: {} } }),
      await idOf(one.id, { ...base, Constraints: { EncryptionContextSubset: {} } }),
      await idOf(one.id),
      await idOf(one.id),
    ];
    assert.equal(new Set(ids).size, ids.length);
  });

  test('is a new one after it was retired', async () => {
    const { id, arn } = await newKey();
    const first = await idOf(id, { Name: 'again' });
    await kms.ask('RetireGrant', { KeyId: arn, GrantId: first });
    assert.notEqual(await idOf(id, { Name: 'again' }), first);
  });

  test('is one even when two ask for it at the same moment', async () => {
    const { id } = await newKey();
    const asked = await Promise.allSettled([1, 2, 3, 4].map(() => idOf(id, { Name: 'race' })));
    const made = asked.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    // The others conflicted, and the pipeline would ask again.
    assert.ok(made.length >= 1);
    assert.deepEqual(new Set([...made, await idOf(id, { Name: 'race' })]).size, 1);
    assert.equal((await listed(id)).length, 1);
  });
});
