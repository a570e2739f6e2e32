import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import {
  externalKey,
  importAsks,
  importedKey,
  importMaterial,
  isNew,
  isPendingImport,
} from '../../../test/import-key.ts';
import { account, type KmsUnderTest, openKms, refusal, region } from '../../../test/open-kms.ts';

let kms: KmsUnderTest;
before(async () => {
  kms = await openKms();
});
after(() => kms.close());

const dayMs = 86_400_000;
const { describeKey, seal, open, remove, rotations } = importAsks(() => kms);

describe('deleting imported material', () => {
  test('makes the key unusable, and the same material makes all of it usable again', async () => {
    const { id, arn, material, materialId } = await importedKey(kms);
    const sealed = await seal(id);
    const { notes, output } = await kms.call('DeleteImportedKeyMaterial', { KeyId: id });
    assert.deepEqual(output, { KeyId: arn, KeyMaterialId: materialId });
    assert.equal(notes, undefined);
    const gone = await describeKey(id);
    assert.equal(gone.KeyState, 'PendingImport');
    assert.equal(gone.CurrentKeyMaterialId, materialId);
    assert.equal('ExpirationModel' in gone, false);
    await assert.rejects(seal(id), isPendingImport(arn));
    await assert.rejects(open(sealed), isPendingImport(arn));
    await assert.rejects((await kms.startAgain()).ask('Decrypt', { CiphertextBlob: sealed }), {
      code: 'KMSInvalidStateException',
    });
    assert.deepEqual(await remove(id), { KeyId: arn, KeyMaterialId: materialId });
    await importMaterial(kms, id, material);
    assert.equal((await open(sealed)).KeyMaterialId, materialId);
  });

  test('leaves no bytes of it in the store', async () => {
    const { id } = await importedKey(kms);
    const rows = async () =>
      (await kms.engine.scan({ prefix: 'kms/material/', limit: 10_000 })).filter(({ path }) =>
        path.includes(id),
      ).length;
    assert.equal(await rows(), 1);
    await remove(id);
    assert.equal(await rows(), 0);
  });

  test('of one generation is enough to make the key unusable', async () => {
    const { id, arn, material, materialId } = await importedKey(kms);
    const old = await seal(id);
    const second = randomBytes(32);
    const { KeyMaterialId } = await importMaterial(kms, id, second, isNew);
    await kms.ask('RotateKeyOnDemand', { KeyId: id });
    const fresh = await seal(id);
    await remove(id, materialId);
    await assert.rejects(open(fresh), isPendingImport(arn));
    assert.deepEqual(
      (await rotations(id)).map(({ KeyMaterialState, ImportState }) => [
        KeyMaterialState,
        ImportState,
      ]),
      [
        ['NON_CURRENT', 'PENDING_IMPORT'],
        ['CURRENT', 'IMPORTED'],
      ],
    );
    await remove(id);
    await importMaterial(kms, id, material);
    await assert.rejects(open(old), isPendingImport(arn));
    await importMaterial(kms, id, second);
    assert.equal((await open(old)).KeyMaterialId, materialId);
    assert.equal((await open(fresh)).KeyMaterialId, KeyMaterialId);
    await assert.rejects(remove(id, 'a'.repeat(64)), { code: 'NotFoundException' });
  });

  test('keeps a key pending deletion so; cancelling then leaves it waiting for material', async () => {
    const { id, material } = await importedKey(kms);
    await kms.ask('ScheduleKeyDeletion', { KeyId: id });
    await remove(id);
    assert.equal((await describeKey(id)).KeyState, 'PendingDeletion');
    await kms.ask('CancelKeyDeletion', { KeyId: id });
    assert.equal((await describeKey(id)).KeyState, 'PendingImport');
    await importMaterial(kms, id, material);
    assert.equal((await describeKey(id)).KeyState, 'Enabled');
  });

  test('and importing again leave a disabled key disabled when nothing was missing', async () => {
    const { id, material } = await importedKey(kms);
    await kms.ask('DisableKey', { KeyId: id });
    await importMaterial(kms, id, material);
    assert.equal((await describeKey(id)).KeyState, 'Disabled');
  });
});

describe('new material', () => {
  test('waits for a rotation, and can be taken back until then', async () => {
    const { id, arn, materialId } = await importedKey(kms);
    const pending = await importMaterial(kms, id, randomBytes(32), {
      input: { ImportType: 'NEW_KEY_MATERIAL', KeyMaterialDescription: 'of 2027' },
    });
    assert.equal((await describeKey(id)).CurrentKeyMaterialId, materialId);
    assert.deepEqual(await rotations(id), [
      {
        KeyId: arn,
        KeyMaterialId: materialId,
        KeyMaterialState: 'CURRENT',
        ImportState: 'IMPORTED',
        ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
      },
      {
        KeyId: arn,
        KeyMaterialId: pending.KeyMaterialId,
        KeyMaterialDescription: 'of 2027',
        KeyMaterialState: 'PENDING_ROTATION',
        ImportState: 'IMPORTED',
        ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
      },
    ]);
    const third = randomBytes(32);
    await assert.rejects(importMaterial(kms, id, third, isNew), {
      code: 'KMSInvalidStateException',
      text: new RegExp(`cannot be imported into KMS key ${arn}, because another key material`),
    });
    await remove(id, pending.KeyMaterialId);
    assert.equal((await describeKey(id)).KeyState, 'Enabled');
    assert.equal((await rotations(id)).length, 1);
    const taken = await importMaterial(kms, id, third, isNew);
    await kms.ask('RotateKeyOnDemand', { KeyId: id });
    assert.equal((await describeKey(id)).CurrentKeyMaterialId, taken.KeyMaterialId);
  });

  test('is what a rotation on demand needs', async () => {
    const { id, arn } = await importedKey(kms);
    await assert.rejects(
      kms.ask('RotateKeyOnDemand', { KeyId: id }),
      refusal(
        'KMSInvalidStateException',
        `No available key material pending rotation for the key: ${arn}.`,
      ),
    );
  });

  test('has an id of its key and its bytes: another key has another, the same key the same', async () => {
    const { id, material, materialId } = await importedKey(kms);
    await remove(id);
    const again = await importMaterial(kms, id, material);
    assert.equal(again.KeyMaterialId, materialId);
    const other = await externalKey(kms);
    assert.notEqual((await importMaterial(kms, other.id, material)).KeyMaterialId, materialId);
  });

  test('keeps its description when it is imported again without one', async () => {
    const { id, material } = await importedKey(kms, { KeyMaterialDescription: 'first' });
    await importMaterial(kms, id, material);
    const described = async () => (await rotations(id))[0]?.KeyMaterialDescription;
    assert.equal(await described(), 'first');
    await importMaterial(kms, id, material, { input: { KeyMaterialDescription: 'second' } });
    assert.equal(await described(), 'second');
  });
});

describe('new material of a multi-Region key', () => {
  const away = { region: 'us-west-2' };

  /** A primary and a replica that both have the same first and the same pending material. */
  async function family() {
    const { id } = await externalKey(kms, { MultiRegion: true });
    const [first, next] = [randomBytes(32), randomBytes(32)];
    await importMaterial(kms, id, first);
    await kms.ask('ReplicateKey', { KeyId: id, ReplicaRegion: away.region });
    kms.clock.now += 2_000;
    await kms.doDue();
    await importMaterial(kms, id, first, { caller: away });
    const { KeyMaterialId = '' } = await importMaterial(kms, id, next, isNew);
    await importMaterial(kms, id, next, { caller: away });
    return { id, next, KeyMaterialId };
  }
  const rotate = (KeyId: string) => kms.ask('RotateKeyOnDemand', { KeyId });
  const listed = async (KeyId: string) =>
    (await kms.ask('ListKeyRotations', { KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' }, away))
      .Rotations ?? [];

  test('taken back by the primary is gone in every Region, bytes and all', async () => {
    const { id, KeyMaterialId } = await family();
    assert.equal((await listed(id)).length, 2);
    await remove(id, KeyMaterialId);
    assert.equal((await listed(id)).length, 1);
    const left = await kms.engine.scan({ prefix: 'kms/material/', limit: 10_000 });
    assert.equal(left.filter(({ path }) => path.includes(id)).length, 2);
    await assert.rejects(rotate(id), { code: 'KMSInvalidStateException' });
  });

  test('taken back by a replica is missing there only, and the rotation waits for it', async () => {
    const { id, next, KeyMaterialId } = await family();
    await kms.ask('DeleteImportedKeyMaterial', { KeyId: id, KeyMaterialId }, away);
    assert.equal((await listed(id)).at(-1)?.ImportState, 'PENDING_IMPORT');
    assert.equal((await rotations(id)).at(-1)?.ImportState, 'IMPORTED');
    await assert.rejects(rotate(id), { code: 'KMSInvalidStateException' });
    await importMaterial(kms, id, next, { caller: away });
    await rotate(id);
    const sealed = await seal(id);
    const opened = await kms.ask('Decrypt', { CiphertextBlob: sealed }, away);
    assert.equal(opened.KeyMaterialId, KeyMaterialId);
  });

  test('comes from the primary, and rotates there', async () => {
    const { id } = await family();
    const arn = `arn:aws:kms:${away.region}:${account}:key/${id}`;
    const notPrimary = refusal(
      'UnsupportedOperationException',
      `${arn} is not a multi-region primary key.`,
    );
    await assert.rejects(
      importMaterial(kms, id, randomBytes(32), { ...isNew, caller: away }),
      notPrimary,
    );
    await assert.rejects(kms.ask('RotateKeyOnDemand', { KeyId: id }, away), notPrimary);
  });
});

describe('material that expires', () => {
  test('is deleted at its time, with the facts for its record', async () => {
    const ValidTo = kms.clock.now + 10 * dayMs;
    const { id, arn, material, materialId } = await importedKey(kms, { ValidTo });
    const metadata = await describeKey(id);
    assert.equal(metadata.ExpirationModel, 'KEY_MATERIAL_EXPIRES');
    assert.equal(metadata.ValidTo, ValidTo);
    const sealed = await seal(id);
    kms.clock.now = ValidTo - 1;
    await kms.doDue();
    await open(sealed);
    kms.clock.now = ValidTo;
    const events = (await kms.doDue()).filter(({ resources }) => resources[0]?.arn === arn);
    assert.deepEqual(events, [
      {
        eventName: 'DeleteExpiredKeyMaterial',
        account,
        region,
        resources: [{ arn, account, type: 'AWS::KMS::Key' }],
        serviceEventDetails: { keyId: id, keyMaterialId: materialId },
      },
    ]);
    await assert.rejects(open(sealed), isPendingImport(arn));
    assert.equal((await describeKey(id)).KeyState, 'PendingImport');
    await importMaterial(kms, id, material);
    assert.equal((await open(sealed)).KeyMaterialId, materialId);
    assert.equal((await describeKey(id)).ExpirationModel, 'KEY_MATERIAL_DOES_NOT_EXPIRE');
    assert.deepEqual(await kms.doDue(), []);
  });

  test('goes one by one; the key tells the earliest', async () => {
    const soon = kms.clock.now + dayMs;
    const { id, arn } = await importedKey(kms, { ValidTo: soon + dayMs });
    await importMaterial(kms, id, randomBytes(32), {
      input: { ImportType: 'NEW_KEY_MATERIAL', ValidTo: soon },
    });
    assert.equal((await describeKey(id)).ValidTo, soon + dayMs);
    await kms.ask('RotateKeyOnDemand', { KeyId: id });
    assert.equal((await describeKey(id)).ValidTo, soon);
    kms.clock.now = soon + 2 * dayMs;
    const events = (await kms.doDue()).filter(
      ({ eventName }) => eventName === 'DeleteExpiredKeyMaterial',
    );
    assert.equal(events.filter(({ resources }) => resources[0]?.arn === arn).length, 2);
    assert.deepEqual(
      (await rotations(id)).map(({ ImportState, ExpirationModel }) => [
        ImportState,
        ExpirationModel,
      ]),
      [
        ['PENDING_IMPORT', undefined],
        ['PENDING_IMPORT', undefined],
      ],
    );
  });

  test('while it waits for a rotation is forgotten, and the key stays usable', async () => {
    const { id } = await importedKey(kms);
    await importMaterial(kms, id, randomBytes(32), {
      input: { ImportType: 'NEW_KEY_MATERIAL', ValidTo: kms.clock.now + dayMs },
    });
    kms.clock.now += dayMs;
    await kms.doDue();
    assert.equal((await rotations(id)).length, 1);
    await seal(id);
  });

  test('can be given another time, or none, by importing it again', async () => {
    const { id, arn, material } = await importedKey(kms, { ValidTo: kms.clock.now + dayMs });
    await importMaterial(kms, id, material, { input: { ValidTo: kms.clock.now + 3 * dayMs } });
    kms.clock.now += 2 * dayMs;
    await kms.doDue();
    await importMaterial(kms, id, material);
    kms.clock.now += 2 * dayMs;
    const events = await kms.doDue();
    assert.deepEqual(
      events.filter(({ resources }) => resources[0]?.arn === arn),
      [],
    );
    await seal(id);
  });
});
