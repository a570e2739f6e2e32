import assert from 'node:assert/strict';
import { createPublicKey, publicEncrypt } from 'node:crypto';
import { describe, test } from 'node:test';
import { refusal } from '../../../test/open-kms.ts';
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
  promote,
  replicate,
  schedule,
  settle,
  stateOf,
  third,
} from '../../../test/related-keys.ts';
import type { ImportKeyMaterialRequest } from '../../model/kms.generated.ts';

openKmsForEachTest();

/** As ListKeyRotations tells of them in this Region, without its ARN. */
async function materialsOf(KeyId: string, region: string) {
  const IncludeKeyMaterial = 'ALL_KEY_MATERIAL';
  const listed = await kms.ask('ListKeyRotations', { KeyId, IncludeKeyMaterial }, { region });
  return listed.Rotations?.map(({ KeyId: _, ...rest }) => rest);
}

describe('the rotation of related keys', () => {
  const rotation = (KeyId: string, region: string) =>
    kms.ask('GetKeyRotationStatus', { KeyId }, { region });

  test('is set at the primary and seen by replicas, earlier and later ones', async () => {
    const id = await family(away);
    const refused = refusal(
      'UnsupportedOperationException',
      `${arnOf(away, id)} is not a multi-region primary key.`,
    );
    await assert.rejects(kms.ask('EnableKeyRotation', { KeyId: id }, { region: away }), refused);
    await assert.rejects(kms.ask('RotateKeyOnDemand', { KeyId: id }, { region: away }), refused);
    const input = { KeyId: id, RotationPeriodInDays: 90 };
    await kms.ask('EnableKeyRotation', input, { region: home });
    await replicate(id, third);
    await settle();
    const { KeyId: _, ...atHome } = await rotation(id, home);
    assert.equal(atHome.RotationPeriodInDays, 90);
    for (const region of [away, third])
      assert.deepEqual(await rotation(id, region), { KeyId: arnOf(region, id), ...atHome });
    await kms.ask('DisableKeyRotation', { KeyId: id }, { region: home });
    assert.equal((await rotation(id, third)).KeyRotationEnabled, false);
  });

  test('gives all of them the same new material at once', async () => {
    const id = await family(away);
    const old = await encrypt(id, away);
    await kms.ask('RotateKeyOnDemand', { KeyId: id }, { region: home });
    assert.deepEqual(await materialsOf(id, away), await materialsOf(id, home));
    assert.equal((await materialsOf(id, away))?.length, 2);
    const { CurrentKeyMaterialId } = await describeKey(id, home);
    assert.equal((await describeKey(id, away)).CurrentKeyMaterialId, CurrentKeyMaterialId);
    const young = await encrypt(id, away);
    const opened = await kms.ask('Decrypt', { CiphertextBlob: young }, { region: home });
    assert.equal(opened.KeyMaterialId, CurrentKeyMaterialId);
    await replicate(id, third);
    await settle();
    for (const CiphertextBlob of [old, young])
      assert.ok(await kms.ask('Decrypt', { CiphertextBlob }, { region: third }));
  });

  test('falls due once, at whichever is the primary then', async () => {
    const id = await family(away);
    const input = { KeyId: id, RotationPeriodInDays: 90 };
    await kms.ask('EnableKeyRotation', input, { region: home });
    await promote(id, away);
    await settle();
    kms.clock.now += 90 * dayMs;
    const events = await kms.doDue();
    assert.deepEqual(
      events.map(({ eventName, region }) => [eventName, region]),
      [['RotateKey', away]],
    );
    assert.deepEqual(await materialsOf(id, home), await materialsOf(id, away));
    assert.equal((await materialsOf(id, home))?.length, 2);
  });
});

describe('imported material of related keys', () => {
  const material = Buffer.alloc(32, 7);
  async function importIn(
    region: string,
    KeyId: string,
    secret = material,
    ImportType?: 'NEW_KEY_MATERIAL',
  ) {
    const { ImportToken = secret, PublicKey = secret } = await kms.ask(
      'GetParametersForImport',
      { KeyId, WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' },
      { region },
    );
    const key = createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' });
    const EncryptedKeyMaterial = publicEncrypt({ key, oaepHash: 'sha256' }, secret);
    const ExpirationModel = 'KEY_MATERIAL_DOES_NOT_EXPIRE';
    const input: ImportKeyMaterialRequest = {
      KeyId,
      ImportToken: Buffer.from(ImportToken),
      EncryptedKeyMaterial,
      ExpirationModel,
      ...(ImportType === undefined ? {} : { ImportType }),
    };
    await kms.ask('ImportKeyMaterial', input, { region });
  }
  async function importedFamily(): Promise<string> {
    const id = await newPrimary({ Origin: 'EXTERNAL' });
    await importIn(home, id);
    await replicate(id, away);
    await settle();
    return id;
  }

  test('is the same and imported in each Region by itself', async () => {
    const id = await importedFamily();
    assert.equal(await stateOf(id, away), 'PendingImport');
    const sealed = await encrypt(id, home);
    await assert.rejects(
      importIn(away, id, Buffer.alloc(32, 8)),
      refusal('IncorrectKeyMaterialException', undefined),
    );
    await importIn(away, id);
    assert.equal(await stateOf(id, away), 'Enabled');
    const opened = await kms.ask('Decrypt', { CiphertextBlob: sealed }, { region: away });
    assert.equal(opened.KeyId, arnOf(away, id));
    await kms.ask('DeleteImportedKeyMaterial', { KeyId: id }, { region: home });
    assert.deepEqual(
      [await stateOf(id, home), await stateOf(id, away)],
      ['PendingImport', 'Enabled'],
    );
    assert.ok(await kms.ask('Decrypt', { CiphertextBlob: sealed }, { region: away }));
  });

  test('that is new rotates once every replica has it, or is gone', async () => {
    const id = await importedFamily();
    await importIn(away, id);
    const next = Buffer.alloc(32, 9);
    await importIn(home, id, next, 'NEW_KEY_MATERIAL');
    const rotate = () => kms.ask('RotateKeyOnDemand', { KeyId: id }, { region: home });
    await assert.rejects(rotate(), { code: 'KMSInvalidStateException' });
    await importIn(away, id, next);
    const stateOfNext = async () => (await materialsOf(id, away))?.at(-1)?.KeyMaterialState;
    assert.equal(await stateOfNext(), 'PENDING_ROTATION');
    await replicate(id, third);
    assert.equal(await stateOfNext(), 'PENDING_MULTI_REGION_IMPORT_AND_ROTATION');
    await settle();
    await assert.rejects(rotate(), { code: 'KMSInvalidStateException' });
    await schedule(id, third);
    kms.clock.now += 7 * dayMs;
    await kms.doDue();
    const sealed = await encrypt(id, away);
    await rotate();
    assert.deepEqual([await stateOf(id, home), await stateOf(id, away)], ['Enabled', 'Enabled']);
    assert.ok(
      await kms.ask('Decrypt', { CiphertextBlob: await encrypt(id, away) }, { region: home }),
    );
    assert.ok(await kms.ask('Decrypt', { CiphertextBlob: sealed }, { region: home }));
  });

  test('leaves nothing behind when the last of them goes', async () => {
    const id = await importedFamily();
    await importIn(away, id);
    await schedule(id, home);
    await schedule(id, away);
    for (let weeks = 0; weeks < 2; weeks++) {
      kms.clock.now += 7 * dayMs;
      await kms.doDue();
    }
    const left = await kms.engine.scan({ prefix: 'kms/', limit: 1_000 });
    assert.deepEqual(
      left.filter(({ path }) => path.includes(id)),
      [],
    );
  });
});
