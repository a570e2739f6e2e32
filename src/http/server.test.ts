/** How large a request may be, and what an answer says of its body. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, describe, test } from 'node:test';
import type { HttpRequest } from './message.ts';
import { type Listener, limits, listen } from './server.ts';

const mib = 1024 * 1024;

describe('the listener', () => {
  let listener: Listener;
  const seen: HttpRequest[] = [];
  before(async () => {
    listener = await listen({
      port: 0,
      host: '127.0.0.1',
      tls: undefined,
      handler: (asked) => {
        seen.push(asked);
        return { status: asked.target === '/nothing' ? 204 : 200, headers: [], body: '' };
      },
      largeBodies: {
        mostBytes: (_method, target) => (target === '/large' ? 4 * mib : limits.bodyBytes),
        togetherBytes: 4 * mib,
      },
      onFault: (error) => {
        throw error;
      },
    });
  });
  after(() => listener.close());

  const send = (target: string, sizeBytes: number): Promise<number> =>
    new Promise((resolve, reject) => {
      const headers = { 'content-length': sizeBytes };
      const options = { port: listener.port, method: 'POST', path: target, headers };
      const outgoing = request(options, (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      });
      outgoing.on('error', reject);
      outgoing.end(Buffer.alloc(sizeBytes));
    });
  /** Sends all of a body but its last byte, and keeps the connection. */
  const begin = async (sizeBytes: number): Promise<{ end: () => Promise<number> }> => {
    const headers = { 'content-length': sizeBytes };
    const outgoing = request({ port: listener.port, method: 'POST', path: '/large', headers });
    const answered = new Promise<number>((resolve) =>
      outgoing.on('response', (answer) => resolve(answer.resume().statusCode ?? 0)),
    );
    await new Promise<void>((resolve) => {
      outgoing.write(Buffer.alloc(sizeBytes - 1), () => resolve());
    });
    return {
      end: () => {
        outgoing.end(Buffer.alloc(1));
        return answered;
      },
    };
  };

  test('takes a body as large as its target may be, and no larger', async () => {
    assert.equal(await send('/', mib), 200);
    assert.equal(await send('/', mib + 1), 413);
    assert.equal(await send('/large', 4 * mib), 200);
    assert.equal(seen.at(-1)?.body.length, 4 * mib);
    assert.equal(await send('/large', 4 * mib + 1), 413);
  });
  test('holds only so much of large bodies at once, and more when they are done', async () => {
    const first = await begin(4 * mib);
    const second = await begin(mib);
    // Whoever comes last over the bound is refused, however it was sent.
    let refused = 0;
    for (let tries = 0; tries < 200 && refused !== 503; tries++)
      refused = await send('/large', 3 * mib);
    assert.equal(refused, 503);
    assert.equal(await second.end(), 200);
    assert.equal(await first.end(), 200);
    assert.equal(await send('/large', 4 * mib), 200);
  });
  test('says how long every body is, but of an answer 204, which has none', async () => {
    const of = async (target: string): Promise<Headers> =>
      (await fetch(`http://127.0.0.1:${listener.port}${target}`)).headers;
    assert.equal((await of('/')).get('content-length'), '0');
    assert.equal((await of('/nothing')).has('content-length'), false);
    assert.equal((await of('/nothing')).has('transfer-encoding'), false);
  });
});
