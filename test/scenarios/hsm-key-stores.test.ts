/**
 * CloudHSM key stores on a real PKCS#11 token, through the wire: keys that are made in the token
 * and stay there, passwords that are wrong, a token that goes away, hangs and comes back.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readTail } from '../../src/audit/tail.ts';
import { type Answer, ask } from '../ask.ts';
import { freshFolder, type RunningServer, removeFolder, startServer } from '../running-server.ts';
import { clusterId, lookAt, missing, newToken, password, type SoftToken } from '../softhsm.ts';

type Members = Record<string, string>;
const plaintext = Buffer.from('a secret').toString('base64');

describe('CloudHSM key stores', { skip: missing ?? false }, () => {
  let token: SoftToken;
  let data: string;
  let server: RunningServer;
  let call: ReturnType<typeof ask>;
  let storeId: string;
  const start = async () => {
    server = await startServer({ mode: 'dev', data, args: ['--pkcs11', token.file] });
    call = ask(server);
  };
  before(async () => {
    token = newToken({ timeoutMs: 3_000 });
    data = freshFolder();
    await start();
  });
  after(async () => {
    await server.stop();
    token.remove();
    removeFolder(data);
  });

  const wish = (more: object = {}) => ({
    CustomKeyStoreName: 'hsm',
    CloudHsmClusterId: clusterId,
    TrustAnchorCertificate: token.trustAnchor,
    KeyStorePassword: password,
    ...more,
  });
  const done = async (operation: string, input: object): Promise<Members> => {
    const answer = await call(operation, input);
    assert.equal(answer.status, 200, answer.text);
    return answer.body as Members;
  };
  const refused = (answer: Answer, code: string, text?: string | RegExp): void => {
    assert.equal(answer.body.__type, code, answer.text);
    if (typeof text === 'string') assert.equal(answer.body.message, text);
    else if (text !== undefined) assert.match(String(answer.body.message), text);
  };
  const store = async (): Promise<Members> => {
    const { CustomKeyStores } = await done('DescribeCustomKeyStores', {
      CustomKeyStoreId: storeId,
    });
    return (CustomKeyStores as unknown as Members[])[0] ?? {};
  };
  const settled = async (): Promise<Members> => {
    for (let tries = 0; tries < 600; tries++) {
      const now = await store();
      if (!now.ConnectionState?.endsWith('ING')) return now;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.fail('the store does not settle');
  };
  const connect = async (): Promise<Members> => {
    await done('ConnectCustomKeyStore', { CustomKeyStoreId: storeId });
    return settled();
  };
  const disconnect = async (): Promise<Members> => {
    await done('DisconnectCustomKeyStore', { CustomKeyStoreId: storeId });
    return settled();
  };
  const newKey = async (): Promise<{ KeyId: string; Arn: string }> => {
    const made = await done('CreateKey', { Origin: 'AWS_CLOUDHSM', CustomKeyStoreId: storeId });
    return made.KeyMetadata as never;
  };
  const encrypt = async (KeyId: string, more: object = {}): Promise<string> =>
    (await done('Encrypt', { KeyId, Plaintext: plaintext, ...more })).CiphertextBlob ?? '';

  test('want the cluster that the operator has named, with its certificate', async () => {
    const other = { CloudHsmClusterId: 'cluster-zzzzzzzzzzz' };
    refused(await call('CreateCustomKeyStore', wish(other)), 'CloudHsmClusterNotFoundException');
    const stranger = { TrustAnchorCertificate: 'another certificate' };
    refused(await call('CreateCustomKeyStore', wish(stranger)), 'IncorrectTrustAnchorException');
    token.unplug();
    refused(await call('CreateCustomKeyStore', wish()), 'CloudHsmClusterNotActiveException');
    token.plugIn();
    storeId = (await done('CreateCustomKeyStore', wish({ KeyStorePassword: 'wrong pin' })))
      .CustomKeyStoreId as string;
    const again = wish({ CustomKeyStoreName: 'another' });
    refused(await call('CreateCustomKeyStore', again), 'CloudHsmClusterInUseException');
    const { CreationDate: _, ...shown } = await store();
    assert.deepEqual(shown, {
      CustomKeyStoreId: storeId,
      CustomKeyStoreName: 'hsm',
      CustomKeyStoreType: 'AWS_CLOUDHSM',
      ConnectionState: 'DISCONNECTED',
      CloudHsmClusterId: clusterId,
      TrustAnchorCertificate: token.trustAnchor,
    });
  });

  test('do not connect with a wrong password, and do with the right one', async () => {
    const failed = await connect();
    assert.equal(failed.ConnectionState, 'FAILED');
    assert.equal(failed.ConnectionErrorCode, 'INVALID_CREDENTIALS');
    const CustomKeyStoreId = storeId;
    const right = { CustomKeyStoreId, KeyStorePassword: password };
    refused(
      await call('UpdateCustomKeyStore', right),
      'CustomKeyStoreInvalidStateException',
      `Custom key store ${storeId} is FAILED.`,
    );
    refused(
      await call('ConnectCustomKeyStore', { CustomKeyStoreId }),
      'CustomKeyStoreInvalidStateException',
    );
    assert.equal((await disconnect()).ConnectionState, 'DISCONNECTED');
    refused(
      await call('CreateKey', { Origin: 'AWS_CLOUDHSM', CustomKeyStoreId }),
      'CustomKeyStoreInvalidStateException',
      `Custom key store ${storeId} is DISCONNECTED.`,
    );
    await done('UpdateCustomKeyStore', right);
    assert.equal((await connect()).ConnectionState, 'CONNECTED');
  });

  test('keep their keys: made in the token, not extractable, named by the key id', async () => {
    const made = await done('CreateKey', {
      Origin: 'AWS_CLOUDHSM',
      CustomKeyStoreId: storeId,
      Description: 'in the token',
    });
    const { KeyId, Arn, CreationDate: _, ...shown } = made.KeyMetadata as unknown as Members;
    assert.deepEqual(shown, {
      AWSAccountId: '000000000000',
      Enabled: true,
      Description: 'in the token',
      KeyUsage: 'ENCRYPT_DECRYPT',
      KeyState: 'Enabled',
      Origin: 'AWS_CLOUDHSM',
      CustomKeyStoreId: storeId,
      CloudHsmClusterId: clusterId,
      KeyManager: 'CUSTOMER',
      KeySpec: 'SYMMETRIC_DEFAULT',
      CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
      EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
      MultiRegion: false,
    });
    const described = await done('DescribeKey', { KeyId });
    assert.deepEqual(described.KeyMetadata, made.KeyMetadata);
    assert.match(Arn ?? '', /:key\//);
    assert.deepEqual(lookAt(token, KeyId ?? ''), {
      found: 1,
      sensitive: true,
      extractable: false,
      valueError: 'CKR_ATTRIBUTE_SENSITIVE',
    });
    assert.ok(!readFileSync(`${data}/sealhold.db`).includes(password));
  });

  test('encrypt, decrypt, make data keys and random bytes', async () => {
    const { KeyId, Arn } = await newKey();
    const EncryptionContext = { purpose: 'test' };
    const CiphertextBlob = await encrypt(KeyId, { EncryptionContext });
    const opened = await done('Decrypt', { CiphertextBlob, EncryptionContext });
    assert.equal(opened.Plaintext, plaintext);
    assert.equal(opened.KeyId, Arn);
    for (const context of [undefined, { purpose: 'other' }]) {
      const more = context === undefined ? {} : { EncryptionContext: context };
      const answer = await call('Decrypt', { CiphertextBlob, ...more });
      assert.deepEqual(answer.body, { __type: 'InvalidCiphertextException' });
    }
    const dataKey = await done('GenerateDataKey', { KeyId, KeySpec: 'AES_256' });
    const again = await done('Decrypt', { CiphertextBlob: dataKey.CiphertextBlob });
    assert.equal(again.Plaintext, dataKey.Plaintext);
    const pair = await call('GenerateDataKeyPair', { KeyId, KeyPairSpec: 'ECC_NIST_P256' });
    refused(pair, 'UnsupportedOperationException');
    const random = await done('GenerateRandom', { NumberOfBytes: 16, CustomKeyStoreId: storeId });
    assert.equal(Buffer.from(random.Plaintext ?? '', 'base64').length, 16);
  });

  test('make their keys unavailable while they are disconnected', async () => {
    const { KeyId, Arn } = await newKey();
    const CiphertextBlob = await encrypt(KeyId);
    await disconnect();
    const { KeyMetadata } = await done('DescribeKey', { KeyId });
    assert.equal((KeyMetadata as unknown as Members).KeyState, 'Unavailable');
    for (const [operation, input] of [
      ['Decrypt', { CiphertextBlob }],
      ['Encrypt', { KeyId, Plaintext: plaintext }],
      ['GenerateDataKey', { KeyId, KeySpec: 'AES_256' }],
    ] as const)
      refused(await call(operation, input), 'KMSInvalidStateException', `${Arn} is unavailable.`);
    const random = { NumberOfBytes: 16, CustomKeyStoreId: storeId };
    refused(await call('GenerateRandom', random), 'CustomKeyStoreInvalidStateException');
    assert.equal((await connect()).ConnectionState, 'CONNECTED');
    assert.equal((await done('Decrypt', { CiphertextBlob })).Plaintext, plaintext);
  });

  test('fail while the token is away, and serve when it is back', async () => {
    const { KeyId } = await newKey();
    const CiphertextBlob = await encrypt(KeyId);
    token.unplug();
    refused(await call('Decrypt', { CiphertextBlob }), 'KMSInvalidStateException');
    const { KeyMetadata } = await done('DescribeKey', { KeyId });
    assert.equal((KeyMetadata as unknown as Members).KeyState, 'Enabled');
    assert.equal((await store()).ConnectionState, 'CONNECTED');
    await disconnect();
    const failed = await connect();
    assert.equal(failed.ConnectionErrorCode, 'INSUFFICIENT_CLOUDHSM_HSMS');
    token.plugIn();
    await disconnect();
    assert.equal((await connect()).ConnectionState, 'CONNECTED');
    assert.equal((await done('Decrypt', { CiphertextBlob })).Plaintext, plaintext);
    token.unplug();
    refused(await call('Decrypt', { CiphertextBlob }), 'KMSInvalidStateException');
    token.plugIn();
    assert.equal(await opensWithin(CiphertextBlob, 10_000), plaintext);
  });

  /** The plaintext once it comes: a lost token is looked for once a second. */
  async function opensWithin(CiphertextBlob: string, ms: number): Promise<unknown> {
    for (let waited = 0; waited < ms; waited += 200) {
      const answer = await call('Decrypt', { CiphertextBlob });
      if (answer.status === 200) return answer.body.Plaintext;
      refused(answer, 'KMSInvalidStateException');
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    return undefined;
  }

  const onLinux = {
    skip: process.platform === 'linux' ? false : 'looks into /proc, which is Linux’s',
  };

  test('that hang hold up nobody else, and are given up in time', onLinux, async () => {
    const { KeyId } = await newKey();
    const CiphertextBlob = await encrypt(KeyId);
    const plain = await done('CreateKey', {});
    const other = (plain.KeyMetadata as unknown as Members).KeyId ?? '';
    const [child, ...more] = childrenOf(server.process.pid ?? 0);
    assert.ok(child !== undefined && more.length === 0);
    process.kill(child, 'SIGSTOP');
    const hanging = call('Decrypt', { CiphertextBlob });
    await encrypt(other);
    await encrypt(other);
    refused(await hanging, 'KMSInvalidStateException', /does not answer/);
    assert.equal(await opensWithin(CiphertextBlob, 10_000), plaintext);
    assert.notDeepEqual(childrenOf(server.process.pid ?? 0), [child]);
  });

  test('outlive a restart of the server, whose library process ends with it', onLinux, async () => {
    const { KeyId } = await newKey();
    const CiphertextBlob = await encrypt(KeyId);
    const [child] = childrenOf(server.process.pid ?? 0);
    assert.equal(await server.stop(), 0);
    assert.equal(isRunning(child ?? 0), false);
    await start();
    assert.equal((await store()).ConnectionState, 'CONNECTED');
    assert.equal((await done('Decrypt', { CiphertextBlob })).Plaintext, plaintext);
  });

  test('lose the key in the token with the KMS key, and the record says so', async () => {
    const [here, away] = [await newKey(), await newKey()];
    for (const { KeyId } of [here, away])
      await done('ScheduleKeyDeletion', {
        KeyId,
        PendingWindowInDays: KeyId === here.KeyId ? 7 : 8,
      });
    const move = (advance: string) =>
      fetch(`${server.endpoint}/_sealhold/clock`, {
        method: 'POST',
        body: JSON.stringify({ advance }),
      });
    await move('7d');
    await gone(here.KeyId);
    assert.equal(lookAt(token, here.KeyId).found, 0);
    await disconnect();
    await move('1d');
    await gone(away.KeyId);
    assert.equal(lookAt(token, away.KeyId).found, 1);
    const events = await trailOf('DeleteKey');
    for (const [{ KeyId, Arn }, deletionStatus] of [
      [here, 'SUCCESS'],
      [away, 'FAILURE'],
    ] as const) {
      const event = events.find(({ resources }) => resources[0]?.ARN === Arn);
      const backing = { backingKeyId: KeyId };
      assert.deepEqual(event?.additionalEventData, {
        customKeyStoreId: storeId,
        clusterId,
        backingKeys: JSON.stringify([backing]),
        backingKeysDeletionStatus: JSON.stringify([{ ...backing, deletionStatus }]),
      });
    }
  });

  async function gone(KeyId: string): Promise<void> {
    for (let tries = 0; tries < 200; tries++) {
      const { body } = await call('DescribeKey', { KeyId });
      if (body.__type === 'NotFoundException') return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.fail('the key stays');
  }

  async function trailOf(eventName: string) {
    const lines = await readTail({ dir: join(data, 'trail'), limit: 1_000 });
    const records = lines.map((json) => JSON.parse(json));
    return records.filter((record) => record.eventName === eventName) as {
      resources: { ARN: string }[];
      additionalEventData: unknown;
    }[];
  }
});

/** By Linux's account; a zombie that nobody has buried yet does not run. */
function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** Process ids, likewise. */
function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.split(' ').filter(Boolean).map(Number);
}
