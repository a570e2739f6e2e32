import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { account, refusal } from '../../../test/open-kms.ts';
import {
  arnOf,
  away,
  dayMs,
  describeKey,
  encrypt,
  family,
  home,
  kms,
  newPrimary,
  openKmsForEachTest,
  plaintext,
  promote,
  replicate,
  schedule,
  settle,
  stateOf,
  third,
} from '../../../test/related-keys.ts';
import { parseQuotas } from './quotas.ts';

openKmsForEachTest();

describe('ReplicateKey', () => {
  test('answers with a key that is being created and shares what related keys share', async () => {
    const id = await newPrimary({
      Description: 'of the primary',
      Tags: [{ TagKey: 'a', TagValue: 'b' }],
    });
    kms.clock.now += 5_000;
    const answer = await replicate(id, away);
    assert.equal(answer.ReplicaTags, undefined);
    assert.equal(JSON.parse(answer.ReplicaPolicy ?? '').Id, 'key-default-1');
    assert.deepEqual(answer.ReplicaKeyMetadata, {
      AWSAccountId: account,
      KeyId: id,
      Arn: arnOf(away, id),
      CreationDate: kms.clock.now,
      Enabled: false,
      Description: '',
      KeyUsage: 'ENCRYPT_DECRYPT',
      KeyState: 'Creating',
      Origin: 'AWS_KMS',
      KeyManager: 'CUSTOMER',
      KeySpec: 'SYMMETRIC_DEFAULT',
      CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
      EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
      MultiRegion: true,
      MultiRegionConfiguration: {
        MultiRegionKeyType: 'REPLICA',
        PrimaryKey: { Arn: arnOf(home, id), Region: home },
        ReplicaKeys: [{ Arn: arnOf(away, id), Region: away }],
      },
    });
  });

  test('gives the replica the description, tags and policy asked for', async () => {
    const id = await newPrimary();
    const tags = [{ TagKey: 'team', TagValue: 'a' }];
    const Policy = JSON.stringify({
      Version: '2012-10-17',
      Id: 'mine',
      Statement: [{ Effect: 'Allow', Principal: { AWS: account }, Action: 'kms:*', Resource: '*' }],
    });
    const answer = await replicate(id, away, { Description: 'there', Tags: tags, Policy });
    assert.deepEqual(answer.ReplicaTags, tags);
    assert.equal(JSON.parse(answer.ReplicaPolicy ?? '').Id, 'mine');
    assert.equal(answer.ReplicaKeyMetadata?.Description, 'there');
    const listed = await kms.ask('ListResourceTags', { KeyId: id }, { region: away });
    assert.deepEqual(listed.Tags, tags);
    const stored = await kms.ask('GetKeyPolicy', { KeyId: id }, { region: away });
    assert.deepEqual(stored.Policy, answer.ReplicaPolicy);
    const ofPrimary = await kms.ask('GetKeyPolicy', { KeyId: id }, { region: home });
    assert.equal(JSON.parse(ofPrimary.Policy ?? '').Id, 'key-default-1');
    assert.deepEqual((await kms.ask('ListResourceTags', { KeyId: id }, { region: home })).Tags, []);
  });

  test('lists all replicas in every related key', async () => {
    const id = await family(away, third);
    for (const region of [home, away, third]) {
      const { MultiRegionConfiguration: shown } = await describeKey(id, region);
      assert.deepEqual(shown, {
        MultiRegionKeyType: region === home ? 'PRIMARY' : 'REPLICA',
        PrimaryKey: { Arn: arnOf(home, id), Region: home },
        ReplicaKeys: [away, third].map((each) => ({ Arn: arnOf(each, id), Region: each })),
      });
    }
  });

  test('asks for the replication, the creation and, with tags, the tagging', async () => {
    const id = await newPrimary();
    const plain = await kms.call(
      'ReplicateKey',
      { KeyId: id, ReplicaRegion: away },
      { region: home },
    );
    const primary = arnOf(home, id);
    assert.deepEqual(plain.authorized, [`kms:ReplicateKey ${primary}`, 'kms:CreateKey *']);
    assert.deepEqual(plain.resources, [{ arn: primary, account, type: 'AWS::KMS::Key' }]);
    assert.deepEqual(plain.notes?.requestParameters, {
      description: '',
      bypassPolicyLockoutSafetyCheck: false,
    });
    const tagged = await kms.call(
      'ReplicateKey',
      { KeyId: id, ReplicaRegion: third, Tags: [{ TagKey: 'a', TagValue: 'b' }] },
      { region: home },
    );
    assert.deepEqual(tagged.authorized.slice(1), ['kms:CreateKey *', 'kms:TagResource *']);
  });

  test('refuses every key but a multi-Region primary, whatever its state', async () => {
    const id = await newPrimary();
    await replicate(id, away);
    await assert.rejects(
      replicate(id, third, {}, away),
      refusal(
        'UnsupportedOperationException',
        `${arnOf(away, id)} is not a multi-region primary key.`,
      ),
    );
    const single = await kms.ask('CreateKey', {}, { region: home });
    const { KeyId = '', Arn } = single.KeyMetadata ?? {};
    await assert.rejects(
      replicate(KeyId, away),
      refusal('UnsupportedOperationException', `${Arn} is not a multi-region primary key.`),
    );
  });

  test('refuses a Region that has the key, also when that is to be deleted', async () => {
    const id = await family(away);
    const exists = refusal('AlreadyExistsException', `Key '${arnOf(away, id)}' already exists`);
    await assert.rejects(replicate(id, away), exists);
    await schedule(id, away);
    await assert.rejects(replicate(id, away), exists);
  });

  test("refuses the key's own Region and other partitions'", async () => {
    const id = await newPrimary();
    for (const region of [home, 'cn-north-1', 'us-gov-west-1'])
      await assert.rejects(
        replicate(id, region),
        refusal('ValidationException', `A replica key cannot be created in Region ${region}.`),
      );
    assert.ok(await replicate(id, 'xx-nowhere-9'));
  });

  test('refuses aliases, bad tags and policies that lock out, and makes nothing then', async () => {
    const id = await newPrimary();
    await kms.ask('CreateAlias', { AliasName: 'alias/m', TargetKeyId: id }, { region: home });
    await assert.rejects(replicate('alias/m', away), { code: 'InvalidArnException' });
    await assert.rejects(replicate(id, away, { Tags: [{ TagKey: 'aws:x', TagValue: '' }] }), {
      code: 'TagException',
    });
    const Policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Principal: { AWS: account }, Action: 'kms:Encrypt', Resource: '*' },
      ],
    });
    await assert.rejects(replicate(id, away, { Policy }), {
      code: 'MalformedPolicyDocumentException',
    });
    assert.deepEqual((await describeKey(id, home)).MultiRegionConfiguration?.ReplicaKeys, []);
    await assert.rejects(describeKey(id, away), { code: 'NotFoundException' });
    assert.ok(await replicate(id, away, { Policy, BypassPolicyLockoutSafetyCheck: true }));
  });

  test('counts the replica as a key of its Region', async () => {
    const settings = parseQuotas(JSON.stringify({ '*': null, 'L-C2F1777E': 1 }));
    const limited = await kms.startAgain({ quotas: { settings, nodes: 1 } });
    await limited.ask('CreateKey', {}, { region: third });
    const made = await limited.ask('CreateKey', { MultiRegion: true }, { region: home });
    const KeyId = made.KeyMetadata?.KeyId ?? '';
    const to = (ReplicaRegion: string) =>
      limited.ask('ReplicateKey', { KeyId, ReplicaRegion }, { region: home });
    await assert.rejects(to(third), { code: 'LimitExceededException' });
    await to(away);
    await assert.rejects(limited.ask('CreateKey', {}, { region: away }), {
      code: 'LimitExceededException',
    });
  });

  test('makes replicas of keys of every kind, which do the same', async () => {
    const signer = await newPrimary({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' });
    const mac = await newPrimary({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' });
    await replicate(signer, away);
    await replicate(mac, away);
    await settle();
    const signing = {
      KeyId: signer,
      SigningAlgorithm: 'ECDSA_SHA_256',
      Message: plaintext,
    } as const;
    const signed = await kms.ask('Sign', signing, { region: home });
    const Signature = Buffer.from(signed.Signature ?? []);
    const verified = await kms.ask('Verify', { ...signing, Signature }, { region: away });
    assert.deepEqual([verified.SignatureValid, verified.KeyId], [true, arnOf(away, signer)]);
    const input = { KeyId: mac, MacAlgorithm: 'HMAC_SHA_256', Message: plaintext } as const;
    const macs = [];
    for (const region of [home, away])
      macs.push((await kms.ask('GenerateMac', input, { region })).Mac);
    assert.deepEqual(macs[0], macs[1]);
  });
});

describe('a replica that is being created', () => {
  test('cannot be used, and is enabled a second later, with a record of it', async () => {
    const id = await newPrimary();
    await replicate(id, away);
    const creating = refusal('KMSInvalidStateException', `${arnOf(away, id)} is creating.`);
    await assert.rejects(encrypt(id, away), creating);
    await assert.rejects(kms.ask('DisableKey', { KeyId: id }, { region: away }), creating);
    kms.clock.now += 999;
    assert.deepEqual(await kms.doDue(), []);
    await assert.rejects(encrypt(id, away), creating);
    kms.clock.now += 1;
    const arn = arnOf(away, id);
    assert.deepEqual(await kms.doDue(), [
      {
        eventName: 'SynchronizeMultiRegionKey',
        eventType: 'AwsApiCall',
        account,
        region: away,
        resources: [{ arn, account, type: 'AWS::KMS::Key' }],
        responseElements: { keyId: arn },
      },
    ]);
    assert.deepEqual(await kms.doDue(), []);
    const shown = await describeKey(id, away);
    assert.deepEqual([shown.KeyState, shown.Enabled], ['Enabled', true]);
    const { CurrentKeyMaterialId } = await describeKey(id, home);
    assert.equal(shown.CurrentKeyMaterialId, CurrentKeyMaterialId);
    assert.match(CurrentKeyMaterialId ?? '', /^[0-9a-f]{64}$/);
  });

  test('is enabled by whichever process looks first, also one that starts later', async () => {
    const id = await newPrimary();
    await replicate(id, away);
    kms.clock.now += 1_000;
    const other = await kms.startAgain();
    const work = { kind: 'kms/settle-key' };
    const [[mine], [theirs]] = [await kms.due(undefined, work), await other.due(undefined, work)];
    assert.equal((await other.store.commit(theirs?.writes ?? [])).kind, 'committed');
    assert.equal((await kms.store.commit(mine?.writes ?? [])).kind, 'conflict');
    assert.equal(await stateOf(id, away), 'Enabled');
  });

  test('does not stay so when the clock is moved back', async () => {
    const id = await newPrimary();
    kms.clock.now += 30 * dayMs;
    await replicate(id, away);
    kms.clock.now -= 30 * dayMs;
    await kms.doDue();
    assert.equal(await stateOf(id, away), 'Enabled');
  });

  test('can be deleted, and stays pending deletion', async () => {
    const id = await newPrimary();
    await replicate(id, away);
    assert.equal((await schedule(id, away)).KeyState, 'PendingDeletion');
    await settle();
    assert.equal(await stateOf(id, away), 'PendingDeletion');
  });

  test('keeps what is changed meanwhile', async () => {
    const id = await newPrimary();
    await replicate(id, away);
    await kms.ask('UpdateKeyDescription', { KeyId: id, Description: 'new' }, { region: away });
    await settle();
    const { Description, KeyState } = await describeKey(id, away);
    assert.deepEqual([Description, KeyState], ['new', 'Enabled']);
  });
});

describe('related keys', () => {
  test("decrypt each other's ciphertexts and name the key of the Region asked", async () => {
    const id = await family(away);
    for (const [from, to] of [
      [home, away],
      [away, home],
    ] as const) {
      const CiphertextBlob = await encrypt(id, from);
      for (const named of [{}, { KeyId: id }, { KeyId: arnOf(to, id) }]) {
        const opened = await kms.ask('Decrypt', { CiphertextBlob, ...named }, { region: to });
        assert.deepEqual(Buffer.from(opened.Plaintext ?? []), plaintext);
        assert.equal(opened.KeyId, arnOf(to, id));
      }
    }
  });

  test('are used without a promise and without a word to each other', async () => {
    const id = await family(away);
    await kms.ask('DisableKey', { KeyId: id }, { region: home });
    await encrypt(id, away);
    const call = await kms.call('Encrypt', { KeyId: id, Plaintext: plaintext }, { region: away });
    assert.equal(call.wasSynchronous, true);
  });

  test('have state, description, tags, aliases and policy of their own', async () => {
    const id = await family(away);
    const there = { region: away };
    await kms.ask('DisableKey', { KeyId: id }, there);
    await kms.ask('UpdateKeyDescription', { KeyId: id, Description: 'x' }, there);
    await kms.ask('TagResource', { KeyId: id, Tags: [{ TagKey: 'k', TagValue: 'v' }] }, there);
    await kms.ask('CreateAlias', { AliasName: 'alias/there', TargetKeyId: id }, there);
    const { KeyState, Description } = await describeKey(id, home);
    assert.deepEqual([KeyState, Description], ['Enabled', '']);
    assert.deepEqual((await kms.ask('ListResourceTags', { KeyId: id }, { region: home })).Tags, []);
    await assert.rejects(describeKey('alias/there', home), { code: 'NotFoundException' });
    assert.equal((await describeKey('alias/there', away)).Arn, arnOf(away, id));
  });

  test('are not found in Regions without one', async () => {
    const id = await family(away);
    await assert.rejects(
      describeKey(id, third),
      refusal('NotFoundException', `Key '${arnOf(third, id)}' does not exist`),
    );
    await assert.rejects(
      kms.ask('Decrypt', { CiphertextBlob: await encrypt(id, home) }, { region: third }),
      { code: 'AccessDeniedException' },
    );
  });
});

describe('UpdatePrimaryRegion', () => {
  test('exchanges the roles in every related key, through Updating', async () => {
    const id = await family(away, third);
    await promote(id, away);
    for (const region of [home, away]) {
      const { KeyState, Enabled } = await describeKey(id, region);
      assert.deepEqual([KeyState, Enabled], ['Updating', true]);
      assert.deepEqual(
        (await kms.ask('Decrypt', { CiphertextBlob: await encrypt(id, region) }, { region })).KeyId,
        arnOf(region, id),
      );
    }
    assert.equal(await stateOf(id, third), 'Enabled');
    await settle();
    for (const region of [home, away, third]) {
      const { KeyState, MultiRegionConfiguration: shown } = await describeKey(id, region);
      assert.equal(KeyState, 'Enabled');
      assert.equal(shown?.MultiRegionKeyType, region === away ? 'PRIMARY' : 'REPLICA');
      assert.deepEqual(shown?.PrimaryKey, { Arn: arnOf(away, id), Region: away });
      assert.deepEqual(
        shown?.ReplicaKeys?.map((each) => each.Region),
        [home, third],
      );
    }
    await assert.rejects(replicate(id, 'eu-north-1'), { code: 'UnsupportedOperationException' });
    assert.ok(await replicate(id, 'eu-north-1', {}, away));
  });

  test('asks for permission on both keys and answers nothing', async () => {
    const id = await family(away);
    const { output, authorized, notes } = await kms.call(
      'UpdatePrimaryRegion',
      { KeyId: id, PrimaryRegion: away },
      { region: home },
    );
    assert.equal(output, undefined);
    assert.deepEqual(authorized, [
      `kms:UpdatePrimaryRegion ${arnOf(home, id)}`,
      `kms:UpdatePrimaryRegion ${arnOf(away, id)}`,
    ]);
    assert.deepEqual(notes?.responseElements, { keyId: arnOf(home, id) });
  });

  test('lets a key that is updating be used but not changed in state', async () => {
    const id = await family(away);
    await promote(id, away);
    for (const region of [home, away]) {
      const updating = refusal('KMSInvalidStateException', `${arnOf(region, id)} is updating.`);
      for (const operation of ['EnableKey', 'DisableKey', 'ScheduleKeyDeletion'] as const)
        await assert.rejects(kms.ask(operation, { KeyId: id }, { region }), updating);
    }
    await assert.rejects(replicate(id, third, {}, away), { code: 'KMSInvalidStateException' });
    await promote(id, home, away);
    await settle();
    assert.equal(
      (await describeKey(id, home)).MultiRegionConfiguration?.MultiRegionKeyType,
      'PRIMARY',
    );
  });

  test('refuses replicas, single-Region keys, its own Region and Regions without a replica', async () => {
    const id = await family(away);
    const { KeyMetadata } = await kms.ask('CreateKey', {}, { region: home });
    const { KeyId = '', Arn } = KeyMetadata ?? {};
    await assert.rejects(
      promote(id, third, away),
      refusal(
        'UnsupportedOperationException',
        `${arnOf(away, id)} is not a multi-region primary key.`,
      ),
    );
    await assert.rejects(
      promote(KeyId, away),
      refusal('UnsupportedOperationException', `${Arn} is not a multi-region primary key.`),
    );
    await assert.rejects(
      promote(id, home),
      refusal(
        'UnsupportedOperationException',
        `${arnOf(home, id)} is already the multi-region primary key.`,
      ),
    );
    await assert.rejects(
      promote(id, third),
      refusal('NotFoundException', `Key '${arnOf(third, id)}' does not exist`),
    );
  });

  test('needs both keys usable', async () => {
    const id = await family(away, third);
    await kms.ask('DisableKey', { KeyId: id }, { region: away });
    await assert.rejects(
      promote(id, away),
      refusal('DisabledException', `${arnOf(away, id)} is disabled.`),
    );
    await schedule(id, third);
    await assert.rejects(
      promote(id, third),
      refusal('KMSInvalidStateException', `${arnOf(third, id)} is pending deletion.`),
    );
    await kms.ask('EnableKey', { KeyId: id }, { region: away });
    await kms.ask('DisableKey', { KeyId: id }, { region: home });
    await assert.rejects(
      promote(id, away),
      refusal('DisabledException', `${arnOf(home, id)} is disabled.`),
    );
    const young = await newPrimary();
    await replicate(young, away);
    await assert.rejects(
      promote(young, away),
      refusal('KMSInvalidStateException', `${arnOf(away, young)} is creating.`),
    );
  });
});
