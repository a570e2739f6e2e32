/**
 * External key stores between real programs: a server whose keys are backed by another server's,
 * with `sealhold xks` and TLS between them; what happens when the proxy stops, changes its
 * credential, is slow or talks nonsense; and that both trails tell of the same request.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  ConnectCustomKeyStoreCommand,
  CreateCustomKeyStoreCommand,
  CreateKeyCommand,
  DecryptCommand,
  DeleteCustomKeyStoreCommand,
  DescribeCustomKeyStoresCommand,
  DescribeKeyCommand,
  EncryptCommand,
  KMSClient,
  KMSInvalidStateException,
  XksKeyNotFoundException,
} from '@aws-sdk/client-kms';
import { readTail } from '../../src/audit/tail.ts';
import { machineWorld } from '../../src/cli/world.ts';
import { newConfiguration } from '../../src/key-stores/xks/proxy-configuration.ts';
import { type Answer, ask } from '../ask.ts';
import { type RunningProxy, startProxy } from '../running-proxy.ts';
import {
  freePort,
  freshFolder,
  type RunningServer,
  removeFolder,
  sealhold,
  startServer,
} from '../running-server.ts';

type Members = Record<string, string>;
const plaintext = Buffer.from('a secret').toString('base64');
const endpoint = 'https://xks.test';
const slow = 'https://slow.test';
const openssl = spawnSync('openssl', ['version']).status === 0;
const skip = openssl ? false : 'openssl, which makes the certificate, is missing';

describe('external key stores', { skip }, () => {
  let folder: string;
  let holder: RunningServer;
  let holderKeys: string[];
  let proxy: RunningProxy;
  let server: RunningServer;
  let call: ReturnType<typeof ask>;
  let storeId: string;
  /** What the proxy that talks nonsense does next. */
  let nonsense: (response: http.ServerResponse) => void = () => undefined;
  let nonsenseServer: http.Server;

  const startTlsProxy = (port?: number): Promise<RunningProxy> =>
    startProxy({
      kms: holder,
      keys: holderKeys,
      folder,
      ...(port === undefined ? {} : { port }),
      args: ['--tls-cert', join(folder, 'xks.crt'), '--tls-key', join(folder, 'xks.key')],
    });
  const startUser = async (...args: string[]): Promise<void> => {
    const routes = ['--xks', join(folder, 'routes.json'), ...args];
    server = await startServer({ mode: 'start', data: join(folder, 'user'), args: routes });
    call = ask(server);
  };

  before(async () => {
    folder = freshFolder();
    makeCertificate(folder, 'xks.test');
    holder = await startServer({ mode: 'start', data: join(folder, 'holder') });
    holderKeys = [];
    for (let i = 0; i < 4; i++) {
      const spec = { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' };
      const { body } = await ask(holder)('CreateKey', spec);
      holderKeys.push((body.KeyMetadata as Members).KeyId ?? '');
    }
    proxy = await startTlsProxy();
    nonsenseServer = http.createServer((request, response) => {
      request.resume();
      request.on('end', () => nonsense(response));
    });
    await new Promise<void>((resolve) => nonsenseServer.listen(0, '127.0.0.1', resolve));
    const { port } = nonsenseServer.address() as AddressInfo;
    const routes = {
      endpoints: {
        // Two noisy cores: a real proxy's quarter of a second is tested below by itself.
        [endpoint]: {
          connect: `https://127.0.0.1:${proxy.port}`,
          ca: join(folder, 'xks.crt'),
          timeoutMs: 5_000,
        },
        [slow]: { connect: `http://127.0.0.1:${port}` },
      },
    };
    writeFileSync(join(folder, 'routes.json'), JSON.stringify(routes));
    await startUser();
  });
  after(async () => {
    await server?.stop();
    await proxy?.stop();
    await holder?.stop();
    nonsenseServer?.closeAllConnections();
    nonsenseServer?.close();
    removeFolder(folder);
  });

  const done = async (operation: string, input: object): Promise<Members> => {
    const answer = await call(operation, input);
    assert.equal(answer.status, 200, answer.text);
    return answer.body as Members;
  };
  const refused = (answer: Answer, code: string, text: RegExp): void => {
    assert.equal(answer.status, 400);
    assert.equal(answer.body.__type, code, answer.text);
    assert.match(String(answer.body.message), text);
  };
  const settled = async (CustomKeyStoreId: string): Promise<Members> => {
    for (let tries = 0; tries < 600; tries++) {
      const { CustomKeyStores } = await done('DescribeCustomKeyStores', { CustomKeyStoreId });
      const [store = {}] = CustomKeyStores as unknown as Members[];
      if (!store.ConnectionState?.endsWith('ING')) return store;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.fail('the store does not settle');
  };
  const connect = async (CustomKeyStoreId: string): Promise<Members> => {
    await done('ConnectCustomKeyStore', { CustomKeyStoreId });
    return settled(CustomKeyStoreId);
  };
  const disconnect = async (CustomKeyStoreId: string): Promise<Members> => {
    await done('DisconnectCustomKeyStore', { CustomKeyStoreId });
    return settled(CustomKeyStoreId);
  };
  const newKey = async (XksKeyId: string): Promise<Members> => {
    const input = { Origin: 'EXTERNAL_KEY_STORE', CustomKeyStoreId: storeId, XksKeyId };
    return (await done('CreateKey', input)).KeyMetadata as unknown as Members;
  };
  const wish = (more: object = {}) => ({
    CustomKeyStoreName: 'external',
    CustomKeyStoreType: 'EXTERNAL_KEY_STORE' as const,
    XksProxyConnectivity: 'PUBLIC_ENDPOINT' as const,
    XksProxyUriEndpoint: endpoint,
    XksProxyUriPath: proxy.path,
    XksProxyAuthenticationCredential: proxy.credential,
    ...more,
  });

  test('are made, connected and used by an unmodified SDK', async () => {
    const kms = new KMSClient({
      endpoint: server.endpoint,
      region: 'us-east-1',
      credentials: server,
    });
    const made = await kms.send(new CreateCustomKeyStoreCommand(wish()));
    storeId = made.CustomKeyStoreId ?? '';
    await kms.send(new ConnectCustomKeyStoreCommand({ CustomKeyStoreId: storeId }));
    assert.equal((await settled(storeId)).ConnectionState, 'CONNECTED');
    const { CustomKeyStores } = await kms.send(
      new DescribeCustomKeyStoresCommand({ CustomKeyStoreName: 'external' }),
    );
    assert.equal(CustomKeyStores?.[0]?.XksProxyConfiguration?.UriEndpoint, endpoint);
    const wanted = { Origin: 'EXTERNAL_KEY_STORE', CustomKeyStoreId: storeId } as const;
    await assert.rejects(
      kms.send(new CreateKeyCommand({ ...wanted, XksKeyId: 'not-there' })),
      XksKeyNotFoundException,
    );
    const created = await kms.send(
      new CreateKeyCommand({ ...wanted, XksKeyId: holderKeys[0] as string }),
    );
    const { KeyId } = created.KeyMetadata ?? {};
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId }));
    assert.equal(KeyMetadata?.XksKeyConfiguration?.Id, holderKeys[0]);
    const EncryptionContext = { purpose: 'test' };
    const sealed = await kms.send(
      new EncryptCommand({ KeyId, Plaintext: Buffer.from('x'), EncryptionContext }),
    );
    const { CiphertextBlob } = sealed;
    const opened = await kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }));
    assert.equal(Buffer.from(opened.Plaintext ?? []).toString(), 'x');
    await assert.rejects(
      kms.send(new DecryptCommand({ CiphertextBlob })),
      KMSInvalidStateException,
    );
  });

  test('leave one story in both trails, and no plaintext in either or the proxy’s log', async () => {
    const { KeyId = '', Arn = '' } = await newKey(holderKeys[1] ?? '');
    const answer = await call('Encrypt', { KeyId, Plaintext: plaintext });
    const requestId = answer.headers.get('x-amzn-requestid') ?? '';
    const records = async (data: string) => {
      const lines = await readTail({ dir: join(folder, data, 'trail'), limit: 1_000 });
      return lines.map((json) => JSON.parse(json));
    };
    const own = (await records('user')).find(({ requestID }) => requestID === requestId);
    assert.equal(own.additionalEventData.customKeyStoreId, storeId);
    assert.equal(own.additionalEventData.xksKeyId, holderKeys[1]);
    const theirs = (await records('holder')).filter(({ userAgent }) =>
      userAgent?.includes(requestId),
    );
    // Encrypted, and decrypted again before the integrity value is promised.
    assert.deepEqual(
      theirs.map(({ eventName, userAgent }) => [eventName, userAgent]),
      Array(2).fill(['GenerateMac', `sealhold-xks kmsOperation=Encrypt kmsRequestId=${requestId}`]),
    );
    assert.ok(theirs[0].resources[0].ARN.endsWith(holderKeys[1] ?? '-'));
    const log = proxy.output();
    assert.match(log, new RegExp(`encrypt ${holderKeys[1]} for .*kmsRequestId=${requestId}: ok`));
    for (const secret of [plaintext, proxy.credential.RawSecretAccessKey, Arn.repeat(2)])
      assert.ok(!log.includes(secret));
  });

  test('fail with AWS’s text while the proxy is stopped, and go on when it is back', async () => {
    const { KeyId = '' } = await newKey(holderKeys[2] ?? '');
    const { CiphertextBlob } = await done('Encrypt', { KeyId, Plaintext: plaintext });
    const { port } = proxy;
    await proxy.stop();
    const unreachable = /^AWS KMS cannot communicate with the external key store proxy\./;
    refused(await call('Decrypt', { CiphertextBlob }), 'KMSInvalidStateException', unreachable);
    refused(
      await call('CreateKey', {
        Origin: 'EXTERNAL_KEY_STORE',
        CustomKeyStoreId: storeId,
        XksKeyId: holderKeys[3],
      }),
      'CustomKeyStoreInvalidStateException',
      unreachable,
    );
    await disconnect(storeId);
    const failed = await connect(storeId);
    assert.equal(failed.ConnectionState, 'FAILED');
    assert.equal(failed.ConnectionErrorCode, 'XKS_PROXY_NOT_REACHABLE');
    refused(
      await call('Decrypt', { CiphertextBlob }),
      'KMSInvalidStateException',
      /not connected to its external key store proxy/,
    );
    proxy = await startTlsProxy(port);
    await disconnect(storeId);
    assert.equal((await connect(storeId)).ConnectionState, 'CONNECTED');
    assert.equal((await done('Decrypt', { CiphertextBlob })).Plaintext, plaintext);
    await proxy.stop('SIGKILL');
    proxy = await startTlsProxy(port);
    assert.equal((await done('Decrypt', { CiphertextBlob })).Plaintext, plaintext);
  });

  test('tell when all that is behind the proxy is away', async () => {
    assert.equal(await holder.stop(), 0);
    await disconnect(storeId);
    const failed = await connect(storeId);
    assert.equal(failed.ConnectionErrorCode, 'XKS_PROXY_NOT_REACHABLE');
    const { port } = holder;
    holder = await startServer({ mode: 'start', data: join(folder, 'holder'), port });
    await disconnect(storeId);
    assert.equal((await connect(storeId)).ConnectionState, 'CONNECTED');
  });

  test('follow the proxy to another credential without a break', async () => {
    const { KeyId = '' } = await newKey(holderKeys[3] ?? '');
    const { CiphertextBlob } = await done('Encrypt', { KeyId, Plaintext: plaintext });
    const file = join(folder, 'xks-proxy.json');
    const text = newConfiguration('', machineWorld());
    writeFileSync(file, text);
    proxy.process.kill('SIGHUP');
    const denied = /could not authenticate AWS KMS/;
    for (let tries = 0; ; tries++) {
      const answer = await call('Decrypt', { CiphertextBlob });
      if (answer.status === 400) {
        refused(answer, 'KMSInvalidStateException', denied);
        break;
      }
      assert.ok(tries < 100, 'the proxy goes on with its old credential');
    }
    const { XksProxyAuthenticationCredential } = JSON.parse(text);
    const update = { CustomKeyStoreId: storeId, XksProxyAuthenticationCredential };
    await done('UpdateCustomKeyStore', update);
    assert.equal((await done('Decrypt', { CiphertextBlob })).Plaintext, plaintext);
    const wrong = { AccessKeyId: 'A'.repeat(20), RawSecretAccessKey: 'b'.repeat(43) };
    refused(
      await call('UpdateCustomKeyStore', { ...update, XksProxyAuthenticationCredential: wrong }),
      'XksProxyIncorrectAuthenticationCredentialException',
      denied,
    );
  });

  test('go on after a restart, and on several processes', async () => {
    const { Keys } = await done('ListKeys', {});
    const { KeyId } = (Keys as unknown as Members[])[0] ?? {};
    const { CiphertextBlob } = await done('Encrypt', { KeyId, Plaintext: plaintext });
    assert.equal(await server.stop(), 0);
    await startUser('--processes', '2');
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => call('Decrypt', { CiphertextBlob })),
    );
    for (const answer of answers) assert.equal(answer.body.Plaintext, plaintext, answer.text);
    await disconnect(storeId);
    // A second at most, until every process knows.
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    const after = await Promise.all(
      Array.from({ length: 12 }, () => call('Decrypt', { CiphertextBlob })),
    );
    for (const answer of after)
      refused(answer, 'KMSInvalidStateException', /not connected to its external key store proxy/);
    await connect(storeId);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    assert.equal((await done('Decrypt', { CiphertextBlob })).Plaintext, plaintext);
    assert.equal(await server.stop(), 0);
    await startUser();
  });

  test('give a proxy a quarter of a second, and believe no nonsense', async () => {
    const other = { CustomKeyStoreName: 'slow', XksProxyUriEndpoint: slow };
    const json = (status: number, body: string) => (response: http.ServerResponse) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(body);
    };
    const tries: readonly (readonly [typeof nonsense, code: string, text: RegExp])[] = [
      [() => undefined, 'XksProxyUriUnreachableException', /did not respond in time/],
      [json(200, '{}'), 'XksProxyInvalidResponseException', /cannot interpret the response/],
      [json(500, '<html>'), 'XksProxyInvalidResponseException', /cannot interpret the response/],
      [(response) => response.destroy(), 'XksProxyUriUnreachableException', /cannot communicate/],
      [
        json(404, '{"errorName":"InvalidUriPathException"}'),
        'XksProxyInvalidConfigurationException',
        /invalid URI path/,
      ],
    ];
    for (const [answer, code, text] of tries) {
      nonsense = answer;
      const begun = performance.now();
      refused(await call('CreateCustomKeyStore', wish(other)), code, text);
      assert.ok(performance.now() - begun < 3_000);
    }
    nonsense = json(200, health);
    const made = await done('CreateCustomKeyStore', wish(other));
    const CustomKeyStoreId = made.CustomKeyStoreId ?? '';
    nonsense = () => undefined;
    assert.equal((await connect(CustomKeyStoreId)).ConnectionErrorCode, 'XKS_PROXY_TIMED_OUT');
    await disconnect(CustomKeyStoreId);
    await done('DeleteCustomKeyStore', { CustomKeyStoreId });
  });

  test('are not deleted before their keys', async () => {
    const kms = new KMSClient({
      endpoint: server.endpoint,
      region: 'us-east-1',
      credentials: server,
    });
    await disconnect(storeId);
    await assert.rejects(kms.send(new DeleteCustomKeyStoreCommand({ CustomKeyStoreId: storeId })), {
      name: 'CustomKeyStoreHasCMKsException',
    });
  });
});

const health = JSON.stringify({
  xksProxyFleetSize: 1,
  xksProxyVendor: 'v',
  xksProxyModel: 'm',
  ekmVendor: 'v',
  ekmFleetDetails: [{ id: '1', model: 'm', healthStatus: 'DEGRADED' }],
});

function makeCertificate(folder: string, name: string): void {
  const files = ['-keyout', join(folder, 'xks.key'), '-out', join(folder, 'xks.crt')];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`];
  const made = spawnSync('openssl', ['req', '-x509', ...kind, ...subject, ...files, '-days', '2']);
  assert.equal(made.status, 0, String(made.stderr));
}

describe('the command line', () => {
  const run = (args: readonly string[], env: object = {}) =>
    spawnSync(sealhold, [...args], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, ...env },
      timeout: 20_000,
    });
  const credentials = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };

  test('serves no keys that nobody named, and keeps the credential to its owner', async () => {
    const folder = freshFolder();
    const file = join(folder, 'new.json');
    assert.match(run(['xks'], credentials).stderr, /--keys names the KMS keys to serve/);
    const arn = 'arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
    assert.match(run(['xks', '--keys', arn], credentials).stderr, /no ARNs and no aliases/);
    assert.match(run(['xks', '--keys', 'a']).stderr, /Set AWS_ACCESS_KEY_ID/);
    writeFileSync(file, '{}');
    const refusedFile = run(['xks', '--keys', 'a', '--configuration', file], credentials);
    assert.equal(refusedFile.status, 1);
    assert.match(refusedFile.stderr, /new.json can't be used: XksProxyUriPath/);
    const made = await startProxy({
      kms: {
        endpoint: `http://127.0.0.1:${await freePort()}`,
        accessKeyId: 'a',
        secretAccessKey: 'b',
      },
      keys: ['some-key'],
      folder,
      args: ['--uri-path-prefix', '/team-a'],
    });
    assert.equal(made.path, '/team-a/kms/xks/v1');
    const mode = spawnSync('stat', ['-c', '%a', join(folder, 'xks-proxy.json')]);
    assert.equal(String(mode.stdout).trim(), '600');
    assert.ok(!made.output().includes(made.credential.RawSecretAccessKey));
    assert.ok(readFileSync(join(folder, 'xks-proxy.json'), 'utf8').endsWith('}\n'));
    await made.stop();
    removeFolder(folder);
  });

  test('says what is wrong with the files of --xks and --pkcs11', () => {
    const folder = freshFolder();
    const file = join(folder, 'wrong.json');
    writeFileSync(file, '{"endpoints": {"http://a.test": {}}}');
    for (const [args, why] of [
      [['--xks', file], /--xks: .*wrong.json can't be used: 'http:\/\/a.test'/],
      [['--xks', join(folder, 'none')], /--xks: .*none can't be read/],
      [['--pkcs11', file], /--pkcs11: .*wrong.json can't be used: 'endpoints' is nothing/],
    ] as const) {
      const told = run(['dev', '--port', '0', ...args]);
      assert.equal(told.status, 1);
      assert.match(told.stderr, why);
    }
    removeFolder(folder);
  });
});
