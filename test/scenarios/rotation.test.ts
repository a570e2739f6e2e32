/**
 * Rotation and imported material on real servers: through moved time and restarts, on two
 * processes, and as the trail tells it.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { readTail } from '../../src/audit/tail.ts';
import { ask } from '../ask.ts';
import {
  freshFolder,
  type RunningServer,
  removeFolder,
  sealhold,
  startServer,
} from '../running-server.ts';
import { wrapMaterial } from '../wrap-material.ts';

const Plaintext = Buffer.from('for years').toString('base64');
const algorithm = 'RSA_AES_KEY_WRAP_SHA_256';

type Body = Record<string, unknown>;
type TrailRecord = Body & {
  readonly eventName: string;
  readonly serviceEventDetails?: Body;
  readonly requestParameters: Body | null;
  readonly responseElements: Body | null;
};

async function call(server: RunningServer, operation: string, input: object = {}): Promise<Body> {
  const answer = await ask(server)(operation, input);
  assert.equal(answer.status, 200, `${operation}: ${answer.text}`);
  return answer.body;
}

async function newKey(server: RunningServer, input: object = {}): Promise<string> {
  return ((await call(server, 'CreateKey', input)).KeyMetadata as Body).KeyId as string;
}

const parametersFor = (server: RunningServer, KeyId: string): Promise<Body> =>
  call(server, 'GetParametersForImport', {
    KeyId,
    WrappingAlgorithm: algorithm,
    WrappingKeySpec: 'RSA_2048',
  });

function importWith(
  server: RunningServer,
  KeyId: string,
  wish: { readonly parameters: Body; readonly material: Buffer; readonly input?: object },
): Promise<Body> {
  const publicKey = Buffer.from(wish.parameters.PublicKey as string, 'base64');
  return call(server, 'ImportKeyMaterial', {
    KeyId,
    ImportToken: wish.parameters.ImportToken,
    EncryptedKeyMaterial: wrapMaterial(wish.material, { algorithm, publicKey }).toString('base64'),
    ...(wish.input ?? { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' }),
  });
}

async function moveClock(server: RunningServer, advance: string): Promise<number> {
  const response = await fetch(`${server.endpoint}/_sealhold/clock`, {
    method: 'POST',
    body: JSON.stringify({ advance }),
  });
  return Date.parse(((await response.json()) as { now: string }).now) / 1_000;
}

async function recordsOf(folder: string): Promise<TrailRecord[]> {
  const lines = await readTail({ dir: join(folder, 'trail'), limit: 1_000 });
  return lines.map((json) => JSON.parse(json));
}

describe('rotation and imported material', () => {
  test('go on through moved time and restarts, and stand in the trail', async () => {
    const data = freshFolder();
    let server = await startServer({ mode: 'dev', data });
    const restart = async () => {
      await server.stop();
      server = await startServer({ mode: 'dev', data });
    };
    const rotating = await newKey(server);
    await call(server, 'EnableKeyRotation', { KeyId: rotating, RotationPeriodInDays: 90 });
    const first = await call(server, 'Encrypt', { KeyId: rotating, Plaintext });
    await moveClock(server, '90d1m');
    const second = await call(server, 'Encrypt', { KeyId: rotating, Plaintext });
    await call(server, 'RotateKeyOnDemand', { KeyId: rotating });
    await restart();
    const ids: unknown[] = [];
    for (const { CiphertextBlob } of [first, second]) {
      const opened = await call(server, 'Decrypt', { CiphertextBlob });
      assert.equal(opened.Plaintext, Plaintext);
      ids.push(opened.KeyMaterialId);
    }
    const { Rotations } = await call(server, 'ListKeyRotations', { KeyId: rotating });
    const [automatic, onDemand] = Rotations as Body[];
    assert.deepEqual([automatic?.RotationType, onDemand?.RotationType], ['AUTOMATIC', 'ON_DEMAND']);
    assert.equal(automatic?.KeyMaterialId, ids[1]);

    const imported = await newKey(server, { Origin: 'EXTERNAL' });
    const parameters = await parametersFor(server, imported);
    const material = randomBytes(32);
    await restart();
    const now = await moveClock(server, '23h');
    const wish = { parameters, material };
    const done = await importWith(server, imported, { ...wish, input: { ValidTo: now + 600 } });
    const sealed = await call(server, 'Encrypt', { KeyId: imported, Plaintext });
    await moveClock(server, '11m');
    const refused = await ask(server)('Decrypt', { CiphertextBlob: sealed.CiphertextBlob });
    assert.equal(refused.body.__type, 'KMSInvalidStateException');
    await importWith(server, imported, wish);
    await restart();
    const opened = await call(server, 'Decrypt', { CiphertextBlob: sealed.CiphertextBlob });
    assert.equal(opened.Plaintext, Plaintext);
    assert.equal(await server.stop(), 0);

    const records = await recordsOf(data);
    const named = (name: string) => records.filter(({ eventName }) => eventName === name);
    assert.deepEqual(
      named('RotateKey').map(({ serviceEventDetails }) => [
        serviceEventDetails?.rotationType,
        serviceEventDetails?.previousKeyMaterialId,
        serviceEventDetails?.currentKeyMaterialId,
      ]),
      [
        ['AUTOMATIC', ids[0], ids[1]],
        ['ON_DEMAND', ids[1], onDemand?.KeyMaterialId],
      ],
    );
    assert.deepEqual(
      named('DeleteExpiredKeyMaterial').map(({ serviceEventDetails }) => serviceEventDetails),
      [{ keyId: imported, keyMaterialId: done.KeyMaterialId }],
    );
    const [importing] = named('ImportKeyMaterial');
    const { KeyId: keyId, KeyMaterialId: keyMaterialId } = done;
    assert.deepEqual(importing?.responseElements, { keyId, keyMaterialId });
    const whole = JSON.stringify(records);
    for (const secret of [parameters.ImportToken, parameters.PublicKey])
      assert.equal(whole.includes(secret as string), false);
    removeFolder(data);
  });

  test('are done once by two processes, whichever of them a caller meets', async () => {
    const data = freshFolder();
    const server = await startServer({ mode: 'start', data, args: ['--processes', '2'] });
    const keys = await Promise.all(
      Array.from({ length: 4 }, () => newKey(server, { Origin: 'EXTERNAL' })),
    );
    const ValidTo = Math.ceil(Date.now() / 1_000) + 4;
    await Promise.all(
      keys.map(async (KeyId) => {
        const parameters = await parametersFor(server, KeyId);
        const material = randomBytes(32);
        await importWith(server, KeyId, { parameters, material, input: { ValidTo } });
      }),
    );
    const rotating = await newKey(server);
    const sealed = await call(server, 'Encrypt', { KeyId: rotating, Plaintext });
    // At once, so that both processes change the same key: each rotation is done, none is lost.
    await Promise.all(
      Array.from({ length: 5 }, () => call(server, 'RotateKeyOnDemand', { KeyId: rotating })),
    );
    const by = Date.now() + 15_000;
    const stateOf = async (KeyId: string) =>
      ((await call(server, 'DescribeKey', { KeyId })).KeyMetadata as Body).KeyState;
    for (const KeyId of keys)
      while ((await stateOf(KeyId)) !== 'PendingImport') {
        assert.ok(Date.now() < by, 'the material did not expire');
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    const opened = await call(server, 'Decrypt', { CiphertextBlob: sealed.CiphertextBlob });
    assert.equal(opened.Plaintext, Plaintext);
    // What is left to tell is told within a second.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    assert.equal(await server.stop(), 0);
    const { stdout, status } = spawnSync(sealhold, ['trail', 'verify', '--data', data], {
      encoding: 'utf8',
    });
    assert.equal(status, 0, stdout);
    const records = await recordsOf(data);
    const details = (name: string) =>
      records
        .filter(({ eventName }) => eventName === name)
        .map(({ serviceEventDetails }) => serviceEventDetails ?? {});
    assert.deepEqual(
      details('DeleteExpiredKeyMaterial')
        .map(({ keyId }) => keyId)
        .sort(),
      [...keys].sort(),
    );
    const rotations = details('RotateKey');
    assert.equal(new Set(rotations.map((each) => each.currentKeyMaterialId)).size, 5);
    assert.equal(rotations.length, 5);
    removeFolder(data);
  });
});
