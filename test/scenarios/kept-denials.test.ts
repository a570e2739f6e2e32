/** Why a call was denied is told for a day: by every process, after a restart, and then no more. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ask } from '../ask.ts';
import { runCommand } from '../command.ts';
import { newUser, type User } from '../identities.ts';
import { freshFolder, type RunningServer, removeFolder, startServer } from '../running-server.ts';

const data = freshFolder();
let server: RunningServer;
let user: User;

const start = async () => {
  server = await startServer({ mode: 'dev', data });
};
before(async () => {
  await start();
  user = await newUser(server, 'ann');
});
after(async () => {
  await server.stop();
  removeFolder(data);
});

async function denied(): Promise<{ id: string; requestId: string }> {
  const { text, headers } = await ask({ ...user.credentials, endpoint: server.endpoint })(
    'ListKeys',
  );
  const id = /authorization id: ([0-9a-z]{25})/.exec(text)?.[1] ?? '';
  return { id, requestId: headers.get('x-amzn-requestid') ?? '' };
}
const explained = (id: string) => runCommand(['explain', id], server).status;
const advance = (by: string) =>
  fetch(`${server.endpoint}/_sealhold/clock`, {
    method: 'POST',
    body: JSON.stringify({ advance: by }),
  });

describe('the reason of a denial', () => {
  test('outlives the server and 24 hours, and is gone after 26', async () => {
    const { id, requestId } = await denied();
    assert.equal(explained(id), 0);
    await server.stop();
    await start();
    assert.deepEqual([explained(id), explained(requestId)], [0, 0]);
    await advance('24h');
    assert.equal(explained(id), 0);
    await advance('2h');
    assert.equal(explained(id), 1);
  });

  test('of each of very many is told or plainly not there, and the server stays up', async () => {
    const ids = new Set<string>();
    for (let batch = 0; batch < 30; batch++)
      for (const { id } of await Promise.all(Array.from({ length: 50 }, denied))) ids.add(id);
    // Like ones share an id once there are too many.
    assert.ok(ids.size < 1_000, `${ids.size}`);
    for (const id of [...ids].slice(-3)) if (id !== '') assert.equal(explained(id), 0);
  });
});

describe('processes of one server', () => {
  test('tell of each other`s denials', async () => {
    const folder = freshFolder();
    const strict = await startServer({ mode: 'start', data: folder, args: ['--processes', '2'] });
    try {
      const nobody = await newUser(strict, 'nobody');
      const ids = new Set<string>();
      for (let times = 0; times < 8; times++) {
        const { text } = await ask(nobody.credentials)('ListKeys');
        ids.add(/authorization id: ([0-9a-z]{25})/.exec(text)?.[1] ?? '');
      }
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      for (const id of ids) assert.equal(runCommand(['explain', id], strict).status, 0, id);
    } finally {
      await strict.stop();
      removeFolder(folder);
    }
  });
});
