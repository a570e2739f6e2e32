/** Temporary credentials on several nodes of one store: good on all of them, and bad on all. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { UpdateAccessKeyCommand } from '@aws-sdk/client-iam';
import { GetSessionTokenCommand } from '@aws-sdk/client-sts';
import { allowing, type Credentials, newUser } from '../identities.ts';
import { freshFolder, type RunningServer, removeFolder, startServer } from '../running-server.ts';
import { credentialsIn, invalidToken, refusalOf, refused, send, sendIam, useKms } from '../sts.ts';

const folder = freshFolder();
let server: RunningServer;
before(async () => {
  server = await startServer({ mode: 'start', data: folder, args: ['--processes', '3'] });
});
after(async () => {
  await server?.stop();
  removeFolder(folder);
});

/** Each on a connection of its own, so that every node gets some. */
const many = (who: Credentials) => Array.from({ length: 24 }, () => useKms(who));

describe('a session on several nodes', () => {
  test('is opened by each, and ends on all within a second of the key that asked', async () => {
    const { name, credentials } = await newUser(server, 'admin', allowing('*'));
    const answer = await send(credentials, new GetSessionTokenCommand({}));
    const session = credentialsIn(server, answer);
    await Promise.all(many(session));
    const { accessKeyId: AccessKeyId } = credentials;
    const off = { UserName: name, AccessKeyId, Status: 'Inactive' as const };
    await sendIam(server, new UpdateAccessKeyCommand(off));
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    for (const { code, text } of await Promise.all(many(session).map(refusalOf))) {
      assert.equal(code, 'UnrecognizedClientException');
      assert.equal(text, invalidToken);
    }
  });

  test('outlives a start of the server, as its secret does', async () => {
    const { credentials } = await newUser(server, 'lasting', allowing('*'));
    const answer = await send(credentials, new GetSessionTokenCommand({}));
    const session = credentialsIn(server, answer);
    await server.stop();
    server = await startServer({ mode: 'start', data: folder });
    const { endpoint } = server;
    await useKms({ ...session, endpoint });
    const other = `${session.sessionToken}AAAA`;
    const altered = useKms({ ...session, endpoint, sessionToken: other });
    await refused(altered, 'UnrecognizedClientException', invalidToken);
  });
});
