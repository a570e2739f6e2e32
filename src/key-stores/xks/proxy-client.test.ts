/** The client against proxies that do what they shouldn't, on real sockets. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { machineWorld } from '../../cli/world.ts';
import type { XksStore } from '../key-store.ts';
import { createXksProxies } from './proxy-client.ts';
import { noRoutes, publicRoutes, type Route } from './proxy-routes.ts';

const endpoint = 'https://xks.test';
const cause = {
  principalArn: 'arn:aws:iam::111122223333:root',
  operation: 'Encrypt',
  requestId: '4112f4d6-db54-4af4-ae30-c55a22a8dfae',
  region: 'eu-central-1',
  keyArn: 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
};
const message = { plaintext: Buffer.from('hello'), aad: Buffer.alloc(0) };

const servers: { close: () => unknown; closeAllConnections?: () => void }[] = [];
const stores: XksStore[] = [];
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  for (const server of servers.splice(0)) {
    server.closeAllConnections?.();
    server.close();
  }
});

async function listening(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const lines: string[] = [];
function storeAt(connect: string | undefined, route: Partial<Route> = {}): XksStore {
  const to = connect === undefined ? undefined : new URL(connect);
  const store = createXksProxies({
    routes: {
      ...noRoutes,
      endpoints: new Map([[endpoint, { connect: to, ca: undefined, timeoutMs: 2_000, ...route }]]),
    },
    world: machineWorld(),
    log: (line) => void lines.push(line),
  }).open({
    address: { endpoint, path: '/a/kms/xks/v1', vpcService: undefined },
    accessKeyId: 'A'.repeat(20),
    secretAccessKey: 'b'.repeat(43),
  });
  stores.push(store);
  return store;
}

type Answer = (request: http.IncomingMessage, response: http.ServerResponse, body: string) => void;

async function proxyThat(answer: Answer): Promise<string> {
  const server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => answer(request, response, body));
  });
  return `http://127.0.0.1:${await listening(server)}`;
}

const failureOf = async (store: XksStore): Promise<string> => {
  const outcome = await store.encrypt('key-1', message, cause);
  return outcome.kind === 'failed' ? outcome.failure : 'none';
};

describe('a request', () => {
  test('goes to the path of the key, signed, as the endpoint’s own', async () => {
    let seen: { url?: string | undefined; headers?: http.IncomingHttpHeaders; body?: string } = {};
    const address = await proxyThat((request, response, body) => {
      seen = { url: request.url, headers: request.headers, body };
      response.end('{}');
    });
    assert.equal(await failureOf(storeAt(address)), 'MALFORMED');
    assert.equal(seen.url, '/a/kms/xks/v1/keys/key-1/encrypt');
    assert.equal(seen.headers?.host, 'xks.test');
    assert.equal(seen.headers?.['content-type'], 'application/json');
    const authorization = seen.headers?.authorization ?? '';
    assert.match(authorization, /^AWS4-HMAC-SHA256 Credential=A{20}\/\d{8}\/eu-central-1\//);
    assert.match(authorization, /\/kms-xks-proxy\/aws4_request, /);
    assert.match(authorization, /SignedHeaders=content-type;host;x-amz-date, Signature=\w{64}$/);
    assert.deepEqual(JSON.parse(seen.body ?? ''), {
      requestMetadata: {
        awsPrincipalArn: cause.principalArn,
        kmsKeyArn: cause.keyArn,
        kmsOperation: 'Encrypt',
        kmsRequestId: cause.requestId,
      },
      plaintext: 'aGVsbG8=',
      encryptionAlgorithm: 'AES_GCM',
      ciphertextDataIntegrityValueAlgorithm: 'SHA_256',
    });
  });

  test('for health tells of no principal', async () => {
    let body = '';
    const address = await proxyThat((_request, response, sent) => {
      body = sent;
      response.end('{}');
    });
    await storeAt(address).health(cause);
    assert.deepEqual(JSON.parse(body), {
      requestMetadata: { kmsRequestId: cause.requestId, kmsOperation: 'Encrypt' },
    });
  });
});

describe('a proxy that fails', () => {
  const errors: readonly (readonly [status: number, body: string, failure: string])[] = [
    [404, '{"errorName":"KeyNotFoundException","errorMessage":"no"}', 'KeyNotFoundException'],
    [400, '{"errorName":"InvalidStateException"}', 'InvalidStateException'],
    [401, '{"errorName":"AuthenticationFailedException"}', 'AuthenticationFailedException'],
    [429, '{"errorName":"ThrottlingException"}', 'ThrottlingException'],
    [500, '{"errorName":"SomethingElse"}', 'MALFORMED'],
    [500, '<html>', 'MALFORMED'],
    [502, '', 'MALFORMED'],
    [204, '', 'MALFORMED'],
    [200, 'null', 'MALFORMED'],
    [200, '{"ciphertext":"aGVsbG8="}', 'MALFORMED'],
    [200, JSON.stringify({ pad: 'x'.repeat(100_000) }), 'MALFORMED'],
    [301, '', 'MALFORMED'],
  ];
  for (const [status, body, failure] of errors)
    test(`with ${status} ${body.slice(0, 60)} is ${failure}`, async () => {
      const address = await proxyThat((_request, response) => {
        response.writeHead(status, status === 301 ? { location: 'http://127.0.0.1:1/' } : {});
        response.end(body);
      });
      assert.equal(await failureOf(storeAt(address)), failure);
    });

  test('by being silent is late, before and within its answer', async () => {
    const silent = await proxyThat(() => undefined);
    assert.equal(await failureOf(storeAt(silent, { timeoutMs: 100 })), 'TIMED_OUT');
    const halting = await proxyThat((_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"cipher');
    });
    assert.equal(await failureOf(storeAt(halting, { timeoutMs: 100 })), 'TIMED_OUT');
  });

  test('by breaking off, or by being gone, is unreachable', async () => {
    const breaking = await proxyThat((request) => request.socket.destroy());
    assert.equal(await failureOf(storeAt(breaking)), 'UNREACHABLE');
    const half = await proxyThat((request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"cipher');
      setTimeout(() => request.socket.destroy(), 20);
    });
    assert.equal(await failureOf(storeAt(half)), 'UNREACHABLE');
    const port = await listening(createServer());
    servers.pop()?.close();
    assert.equal(await failureOf(storeAt(`http://127.0.0.1:${port}`)), 'UNREACHABLE');
  });

  test('by having closed a kept connection is asked once more', async () => {
    let requests = 0;
    const address = await proxyThat((request, response) => {
      requests++;
      if (requests === 2) {
        request.socket.destroy();
        return;
      }
      response.writeHead(404);
      response.end('{"errorName":"KeyNotFoundException"}');
    });
    const store = storeAt(address);
    assert.equal(await failureOf(store), 'KeyNotFoundException');
    assert.equal(await failureOf(store), 'KeyNotFoundException');
    assert.equal(requests, 3);
  });
});

const openssl = spawnSync('openssl', ['version']).status === 0;
describe('TLS', { skip: openssl ? false : 'openssl, which makes certificates, is missing' }, () => {
  let folder: string;
  const made = (name: string) => {
    const files = { key: join(folder, `${name}.key`), cert: join(folder, `${name}.crt`) };
    const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`];
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    const out = ['-keyout', files.key, '-out', files.cert, '-days', '2'];
    spawnSync('openssl', ['req', '-x509', ...kind, ...subject, ...out]);
    return { key: readFileSync(files.key, 'utf8'), cert: readFileSync(files.cert, 'utf8') };
  };
  let right: { key: string; cert: string };
  let other: { key: string; cert: string };
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'sealhold-tls-'));
    right = made('xks.test');
    other = made('other.test');
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const secureProxy = async (pair: { key: string; cert: string }, maxVersion?: 'TLSv1.1') => {
    const versions = maxVersion && { maxVersion, minVersion: maxVersion };
    const server = https.createServer({ ...pair, ...versions }, (_request, response) => {
      response.writeHead(404);
      response.end('{"errorName":"KeyNotFoundException"}');
    });
    return `https://127.0.0.1:${await listening(server)}`;
  };

  test('with a certificate of the endpoint’s name from the named authority serves', async () => {
    const store = storeAt(await secureProxy(right), { ca: right.cert });
    assert.equal(await failureOf(store), 'KeyNotFoundException');
    assert.equal(await failureOf(store), 'KeyNotFoundException');
  });
  test('fails for a stranger’s authority, another name, an old version, and no TLS', async () => {
    assert.equal(await failureOf(storeAt(await secureProxy(right))), 'TLS');
    const misnamed = storeAt(await secureProxy(other), { ca: other.cert });
    assert.equal(await failureOf(misnamed), 'TLS');
    const old = storeAt(await secureProxy(right, 'TLSv1.1'), { ca: right.cert });
    assert.equal(await failureOf(old), 'TLS');
    const plain = (await proxyThat((_request, response) => response.end())).replace(
      'http',
      'https',
    );
    assert.equal(await failureOf(storeAt(plain)), 'TLS');
  });
});

describe('what is out of reach', () => {
  const openPublic = (to: string): XksStore => {
    const store = createXksProxies({
      routes: publicRoutes,
      world: machineWorld(),
      log: (line) => void lines.push(line),
    }).open({
      address: { endpoint: to, path: '/kms/xks/v1', vpcService: undefined },
      accessKeyId: 'A'.repeat(20),
      secretAccessKey: 'b'.repeat(43),
    });
    stores.push(store);
    return store;
  };
  test('this machine, its network and its cloud’s credentials, by address or by name', async () => {
    let asked = 0;
    await proxyThat(() => asked++);
    for (const host of [
      '127.0.0.1',
      '169.254.169.254',
      '10.0.0.1',
      '127.1',
      '2130706433',
      'localhost',
    ])
      assert.equal(await failureOf(openPublic(`https://${host}`)), 'UNREACHABLE', host);
    assert.equal(asked, 0);
    assert.ok(lines.some((line) => /localhost is at .* not public/.test(line)));
  });
  test('whatever the operator has not named', async () => {
    const proxies = createXksProxies({
      routes: noRoutes,
      world: machineWorld(),
      log: (line) => void lines.push(line),
    });
    const credential = { accessKeyId: 'A'.repeat(20), secretAccessKey: 'b'.repeat(43) };
    const address = { endpoint, path: '/kms/xks/v1', vpcService: undefined };
    const store = proxies.open({ address, ...credential });
    assert.equal(await failureOf(store), 'UNREACHABLE');
    assert.match(lines.at(-1) ?? '', /--xks does not name it/);
    const vpcService = 'com.amazonaws.vpce.eu-central-1.vpce-svc-0';
    assert.equal(proxies.hasService(vpcService), false);
    const behind = proxies.open({ address: { ...address, vpcService }, ...credential });
    assert.equal(await failureOf(behind), 'SERVICE_NOT_FOUND');
  });
});
