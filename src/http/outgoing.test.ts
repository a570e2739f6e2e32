import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { openOutgoing } from './outgoing.ts';

async function serving<T>(answer: RequestListener, use: (url: string) => Promise<T>): Promise<T> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

const asked = (url: string, rest: object = {}) => ({
  ...{ url, method: 'POST', headers: { 'x-a': 'b' }, body: '{"ä":1}', timeoutMs: 2_000 },
  ...rest,
});

describe('A request', () => {
  test('is sent whole, and its answer read', async () => {
    const http = openOutgoing('any');
    const answer: RequestListener = async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      const { 'content-length': length, 'x-a': header } = request.headers;
      response.writeHead(201, { 'retry-after': '7' });
      response.end(JSON.stringify([request.method, length, header, body]));
    };
    const result = await serving(answer, (url) => http.send(asked(url)));
    assert.deepEqual(result, {
      kind: 'answered',
      status: 201,
      retryAfter: '7',
      body: JSON.stringify(['POST', '8', 'b', '{"ä":1}']),
    });
    http.close();
  });

  test('ends when its time is over, whatever the other side does', async () => {
    const http = openOutgoing('any');
    const late = { kind: 'failed', reason: 'No answer came in time.' };
    const silent = await serving(
      () => undefined,
      (url) => http.send(asked(url, { timeoutMs: 100 })),
    );
    assert.deepEqual(silent, late);
    const trickling: RequestListener = (_request, response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write('.'), 20);
      response.on('close', () => clearInterval(timer));
    };
    const slow = await serving(trickling, (url) => http.send(asked(url, { timeoutMs: 300 })));
    assert.deepEqual(slow, late);
    http.close();
  });

  test('has no more of an answer than is read', async () => {
    const http = openOutgoing('any');
    const endless: RequestListener = (_request, response) => {
      const more = (): void => {
        while (response.write('x'.repeat(10_000)));
        response.once('drain', more);
      };
      more();
    };
    const result = await serving(endless, (url) => http.send(asked(url)));
    assert.ok(result.kind === 'answered' && result.body.length === 64 * 1024);
    http.close();
  });

  test('follows nobody elsewhere', async () => {
    const http = openOutgoing('any');
    const paths: unknown[] = [];
    const answer: RequestListener = (request, response) => {
      paths.push(request.url);
      response.writeHead(307, { location: '/other' }).end();
    };
    const result = await serving(answer, (url) => http.send(asked(url)));
    assert.ok(result.kind === 'answered' && result.status === 307);
    assert.deepEqual(paths, ['/']);
    http.close();
  });

  test('to nobody fails, without a word of what was to be sent', async () => {
    const http = openOutgoing('any');
    const url = await serving(
      () => undefined,
      async (each) => each,
    );
    const result = await http.send(asked(`${url}/?secret=1`));
    assert.deepEqual(result, { kind: 'failed', reason: 'The request failed (ECONNREFUSED).' });
    const headers = { bad: 'a\nb' };
    assert.equal((await http.send(asked(url, { headers }))).kind, 'failed');
    http.close();
  });

  test('goes where its name may lead only', async () => {
    const seen: unknown[] = [];
    const answer: RequestListener = (request, response) => {
      seen.push(request.url);
      response.end();
    };
    await serving(answer, async (url) => {
      for (const reach of ['public', 'private'] as const) {
        const http = openOutgoing(reach);
        const secure = url.replace('http:', 'https:').replace('127.0.0.1', 'localhost');
        const result = await http.send(asked(secure));
        assert.equal(result.kind, 'forbidden', JSON.stringify(result));
        http.close();
      }
      const open = openOutgoing('any');
      const named = url.replace('127.0.0.1', 'localhost');
      assert.equal((await open.send(asked(named))).kind, 'answered');
      open.close();
    });
    assert.deepEqual(seen, ['/']);
  });
});

describe('A URL', () => {
  test('that nothing may be sent to is told why', () => {
    const { urlFault } = openOutgoing('private');
    for (const url of [
      'x',
      'http://example.com/',
      'ftp://example.com/',
      'file:///etc/passwd',
      'https://user:pass@example.com/',
      'https://*.example.com/',
      'https://169.254.169.254/',
      'https://0xa9fea9fe/',
      'https://2852039166/',
      'https://0251.0376.0251.0376/',
      'https://[::ffff:a9fe:a9fe]/',
      'https://127.1/',
      'https://[::1]/',
      'https://①②⑦.0.0.1/',
    ])
      assert.ok(urlFault(url) !== undefined, url);
    for (const url of [
      'https://example.com/*/a?b=c',
      'https://10.1.2.3:8443/',
      'https://[fd12::1]/',
    ])
      assert.equal(urlFault(url), undefined, url);
  });

  test('is any where nothing is sent', async () => {
    const http = openOutgoing(undefined);
    assert.match(http.urlFault('https://example.com/') ?? '', /calls no HTTP endpoints/);
    assert.equal((await http.send(asked('https://example.com/'))).kind, 'forbidden');
    http.close();
  });

  test('of a private network needs a server that may reach it', () => {
    assert.match(openOutgoing('public').urlFault('https://10.0.0.1/') ?? '', /does not call/);
    assert.equal(openOutgoing('any').urlFault('http://127.0.0.1:1/'), undefined);
    assert.ok(openOutgoing('any').urlFault('http://169.254.169.254/') !== undefined);
  });
});
