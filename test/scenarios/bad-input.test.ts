/**
 * Hostile and broken input over the real socket: AWS's error where it has one, else a clear 4xx;
 * the server stays
 * up.
 */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, afterEach, before, describe, test } from 'node:test';
import { signRequest } from '../../src/identity/sign.ts';
import { ask } from '../ask.ts';
import { freshFolder, type RunningServer, removeFolder, startServer } from '../running-server.ts';

let server: RunningServer;
let call: ReturnType<typeof ask>;
let keyId: string;
const folder = freshFolder();

before(async () => {
  server = await startServer({ mode: 'start', data: folder });
  call = ask(server);
  const { body } = await call('CreateKey');
  keyId = (body.KeyMetadata as { KeyId: string }).KeyId;
});
after(async () => {
  assert.equal(await server.stop(), 0);
  removeFolder(folder);
});
afterEach(async () => {
  assert.equal(
    (await fetch(`${server.endpoint}/_sealhold/health`)).status,
    200,
    'the server is up',
  );
});

/** Sends bytes as they are and reads until the server closes or `waitMs` pass. */
function raw(text: string | Buffer, waitMs = 2_000): Promise<string> {
  return new Promise((resolve) => {
    let received = '';
    const socket = connect(server.port, '127.0.0.1', () => socket.write(text));
    const finish = () => {
      socket.destroy();
      resolve(received);
    };
    const timer = setTimeout(finish, waitMs);
    socket.on('data', (chunk) => {
      received += chunk;
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      finish();
    });
  });
}

function signedHeaders(body: string, extra: Record<string, string> = {}): Record<string, string> {
  return signRequest({
    method: 'POST',
    url: `${server.endpoint}/`,
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'TrentService.ListKeys',
      ...extra,
    },
    body,
    accessKeyId: server.accessKeyId,
    secretAccessKey: server.secretAccessKey,
    region: 'us-east-1',
    service: 'kms',
    at: Date.now(),
  });
}

const rawRequest = (headers: readonly (readonly [string, string])[], body: string): string =>
  `POST / HTTP/1.1\r\n${headers.map(([n, v]) => `${n}: ${v}\r\n`).join('')}Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`;

describe('bodies', () => {
  const malformed: ReadonlyArray<[string, string]> = [
    ['cut off JSON', '{"KeyId":'],
    ['not JSON', 'hello'],
    ['an array', '[]'],
    ['a number', '1'],
    ['null', 'null'],
    ['nothing', ''],
    ['bytes that are no UTF-8', '\u00ff\u00fe'],
    ['JSON nested ten thousand deep', '['.repeat(10_000)],
    ['an object nested ten thousand deep', '{"a":'.repeat(10_000)],
  ];
  for (const [what, body] of malformed) {
    test(`${what} is a SerializationException`, async () => {
      const answer = await call('DescribeKey', {}, { rawBody: Buffer.from(body, 'latin1') });
      assert.equal(answer.status, 400);
      assert.equal(answer.body.__type, 'SerializationException');
    });
  }

  test('a string where a blob or a map belongs is a SerializationException', async () => {
    for (const input of [
      { KeyId: keyId, Plaintext: 'not base64!' },
      { KeyId: keyId, Plaintext: 'YQ==', EncryptionContext: 'x' },
      { KeyId: { a: 1 }, Plaintext: 'YQ==' },
    ]) {
      const { status, body } = await call('Encrypt', input);
      assert.equal(status, 400);
      assert.equal(body.__type, 'SerializationException', JSON.stringify(input));
    }
  });

  test('a plaintext of 4097 bytes gets the message recorded from AWS', async () => {
    const { body } = await call('Encrypt', {
      KeyId: keyId,
      Plaintext: Buffer.alloc(4_097).toString('base64'),
    });
    assert.deepEqual(body, {
      __type: 'ValidationException',
      message:
        "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must have length less than or equal to 4096",
    });
  });

  test('keys named like members of every object stay data', async () => {
    const rawBody = Buffer.from(
      `{"KeyId":"${keyId}","Plaintext":"YQ==","EncryptionContext":{"__proto__":"p","constructor":"c","toString":"t"}}`,
    );
    const sealed = await call('Encrypt', {}, { rawBody });
    assert.equal(sealed.status, 200);
    const without = await call('Decrypt', { CiphertextBlob: sealed.body.CiphertextBlob });
    assert.equal(without.body.__type, 'InvalidCiphertextException');
    const opened = await call(
      'Decrypt',
      {},
      {
        rawBody: Buffer.from(
          `{"CiphertextBlob":"${sealed.body.CiphertextBlob}","EncryptionContext":{"toString":"t","__proto__":"p","constructor":"c"}}`,
        ),
      },
    );
    assert.equal(opened.body.Plaintext, 'YQ==');
  });

  test('a body over the limit is refused with 413', async () => {
    const answer = await call('Encrypt', {}, { rawBody: Buffer.alloc(2_000_000, '{') });
    assert.equal(answer.status, 413);
  });

  test('an operation called toString, or one that does not exist, is unknown', async () => {
    for (const target of [
      'TrentService.toString',
      'TrentService.Nope',
      'Other.Encrypt',
      'TrentService.',
      '',
    ]) {
      const answer = await call('', {}, { target });
      assert.equal(answer.status >= 400 && answer.status < 500, true, target);
    }
    const { body } = await call('', {}, { target: 'TrentService.toString' });
    assert.equal(body.__type, 'UnknownOperationException');
  });
});

describe('ciphertext blobs', () => {
  test('truncated and hostile ones all get the one error', async () => {
    const { body } = await call('Encrypt', {
      KeyId: keyId,
      Plaintext: Buffer.from('secret').toString('base64'),
    });
    const blob = Buffer.from(body.CiphertextBlob as string, 'base64');
    const hostile = [
      ...[1, 5, 37, 75, 91, 103, blob.length - 1].map((length) => blob.subarray(0, length)),
      Buffer.concat([blob, Buffer.alloc(1)]),
      Buffer.alloc(6_144),
      Buffer.alloc(6_144, 255),
      Buffer.concat([Buffer.from([2]), blob.subarray(1)]),
    ];
    for (const bytes of hostile) {
      const answer = await call('Decrypt', { CiphertextBlob: bytes.toString('base64') });
      assert.equal(answer.status, 400);
      assert.deepEqual(answer.body, { __type: 'InvalidCiphertextException' });
    }
  });

  test('every flipped bit of a blob gets the one error over the wire', async () => {
    const { body } = await call('Encrypt', { KeyId: keyId, Plaintext: 'YQ==' });
    const blob = Buffer.from(body.CiphertextBlob as string, 'base64');
    for (let bit = 0; bit < blob.length * 8; bit += 3) {
      const flipped = Buffer.from(blob);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      const answer = await call('Decrypt', { CiphertextBlob: flipped.toString('base64') });
      assert.deepEqual(answer.body, { __type: 'InvalidCiphertextException' }, `bit ${bit}`);
    }
  });
});

describe('headers', () => {
  test('a request without a signature is missing its token', async () => {
    const response = await fetch(server.endpoint, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'TrentService.ListKeys',
      },
      body: '{}',
    });
    assert.equal(response.status, 400);
    assert.deepEqual(await response.json(), {
      __type: 'MissingAuthenticationTokenException',
      message: 'Missing Authentication Token',
    });
  });

  test('a GET is answered as AWS answers it', async () => {
    const response = await fetch(server.endpoint);
    assert.equal(response.status, 403);
    assert.match(
      await response.text(),
      /Unable to determine service\/operation name to be authorized/,
    );
  });

  for (const name of ['authorization', 'x-amz-date', 'x-amz-target', 'host', 'content-type']) {
    test(`a second ${name} header with another value is refused`, async () => {
      const headers = Object.entries(signedHeaders('{}'));
      const answer = await raw(rawRequest([...headers, [name, 'TrentService.Encrypt']], '{}'));
      assert.match(answer, /^HTTP\/1\.1 4\d\d /);
      assert.doesNotMatch(answer, /"Keys"/);
    });
  }

  test('an X-Amz-Target that the signature does not cover is refused', async () => {
    const { 'x-amz-target': _covered, ...headers } = signRequest({
      method: 'POST',
      url: `${server.endpoint}/`,
      headers: {},
      body: '{}',
      accessKeyId: server.accessKeyId,
      secretAccessKey: server.secretAccessKey,
      region: 'us-east-1',
      service: 'kms',
      at: Date.now(),
    });
    const all: [string, string][] = [
      ...Object.entries(headers),
      ['x-amz-target', 'TrentService.ListKeys'],
      ['content-type', 'application/x-amz-json-1.1'],
    ];
    assert.match(await raw(rawRequest(all, '{}')), /^HTTP\/1\.1 400 /);
  });

  test('two content lengths, or one with chunked coding, are refused', async () => {
    assert.match(
      await raw('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}'),
      /^HTTP\/1\.1 400 /,
    );
    assert.match(
      await raw(
        'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      ),
      /^HTTP\/1\.1 400 /,
    );
  });

  test('headers that are too large or too many are refused', async () => {
    assert.match(
      await raw(`POST / HTTP/1.1\r\nHost: a\r\nX-Big: ${'x'.repeat(40_000)}\r\n\r\n`),
      /^HTTP\/1\.1 431 /,
    );
    const many = Array.from({ length: 150 }, (_, n) => `X-${n}: 1\r\n`).join('');
    assert.match(
      await raw(`POST / HTTP/1.1\r\nHost: a\r\n${many}Content-Length: 0\r\n\r\n`),
      /^HTTP\/1\.1 431 /,
    );
  });

  test('what is no HTTP at all is refused', async () => {
    assert.match(await raw('\x16\x03\x01hello\r\n\r\n'), /^HTTP\/1\.1 400 /);
    assert.match(await raw('GET\r\n\r\n'), /^HTTP\/1\.1 400 /);
  });

  test('signatures too old, too new, for another service or another date say so as AWS does', async () => {
    const old = await call('ListKeys', {}, { at: Date.now() - 6 * 60_000 });
    assert.match(
      String(old.body.message),
      /^Signature expired: \d{8}T\d{6}Z is now earlier than .* - 5 min\.\)$/,
    );
    const early = await call('ListKeys', {}, { at: Date.now() + 6 * 60_000 });
    assert.match(String(early.body.message), /^Signature not yet current: .* \+ 5 min\.\)$/);
    const { host: _host, ...headers } = signedHeaders('{}');
    const wrongService = await fetch(server.endpoint, {
      method: 'POST',
      headers: {
        ...headers,
        authorization: (headers.authorization as string).replace('/kms/', '/s3/'),
      },
      body: '{}',
    });
    assert.deepEqual(await wrongService.json(), {
      __type: 'InvalidSignatureException',
      message: "Credential should be scoped to correct service: 'kms'. ",
    });
  });
});

describe('slow clients', () => {
  test('do not hold up others, and are dropped in the end', async () => {
    const slow = Array.from({ length: 50 }, () => {
      const socket = connect(server.port, '127.0.0.1', () =>
        socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{'),
      );
      socket.on('error', () => undefined);
      return socket;
    });
    const before = performance.now();
    assert.equal((await call('ListKeys')).status, 200);
    assert.ok(performance.now() - before < 2_000);
    const header = raw('POST / HTTP/1.1\r\nHost: a\r\nX-Slow: ', 15_000);
    assert.match(await header, /^HTTP\/1\.1 408 /, 'headers that never end time out');
    for (const socket of slow) socket.destroy();
  });
});
