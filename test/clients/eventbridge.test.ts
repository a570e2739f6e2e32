/** The unmodified AWS SDK for JavaScript and EventBridge on a strict server. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import * as sdk from '@aws-sdk/client-eventbridge';
import { logGroupArn, untilLogged } from '../event-calls.ts';
import { freshFolder, type RunningServer, removeFolder, startServer } from '../running-server.ts';

let server: RunningServer;
let client: sdk.EventBridgeClient;
const data = freshFolder();
before(async () => {
  server = await startServer({ mode: 'start', data, args: ['--http-targets', 'public'] });
  const { endpoint, accessKeyId, secretAccessKey } = server;
  const credentials = { accessKeyId, secretAccessKey };
  client = new sdk.EventBridgeClient({ endpoint, region: 'us-east-1', credentials });
});
after(async () => {
  client?.destroy();
  await server?.stop();
  removeFolder(data);
});

describe('EventBridge through the SDK', () => {
  test('takes an event from a client to a log', async () => {
    const { EventBusArn } = await client.send(
      new sdk.CreateEventBusCommand({ Name: 'orders', Tags: [{ Key: 'a', Value: 'b' }] }),
    );
    const account = EventBusArn?.split(':')[4] ?? '';
    const EventPattern = JSON.stringify({ detail: { total: [{ numeric: ['>=', 100] }] } });
    const rule = { Name: 'large', EventBusName: 'orders', EventPattern };
    await client.send(new sdk.PutRuleCommand(rule));
    const put = await client.send(
      new sdk.PutTargetsCommand({
        ...{ Rule: 'large', EventBusName: 'orders' },
        Targets: [{ Id: 'log', Arn: logGroupArn(account, 'large-orders'), InputPath: '$.detail' }],
      }),
    );
    assert.equal(put.FailedEntryCount, 0);
    const entry = (total: number) => ({
      ...{ EventBusName: 'orders', Source: 'shop', DetailType: 'order' },
      Detail: JSON.stringify({ total }),
      Time: new Date('2024-01-01T00:00:00Z'),
      Resources: ['arn:aws:s3:::a'],
    });
    const { Entries } = await client.send(
      new sdk.PutEventsCommand({ Entries: [entry(99), entry(100)] }),
    );
    assert.ok(Entries?.every(({ EventId }) => EventId !== undefined));
    assert.deepEqual(await untilLogged(server, 'large-orders', 1), [{ total: 100 }]);
    const { Rules } = await client.send(new sdk.ListRulesCommand({ EventBusName: 'orders' }));
    assert.deepEqual(
      Rules?.map(({ Name }) => Name),
      ['large'],
    );
  });

  test('reads the times and errors of connections', async () => {
    const connection = await client.send(
      new sdk.CreateConnectionCommand({
        Name: 'partner',
        AuthorizationType: 'API_KEY',
        AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'k', ApiKeyValue: 'v' } },
      }),
    );
    assert.ok(connection.CreationTime instanceof Date);
    const destination = await client.send(
      new sdk.CreateApiDestinationCommand({
        Name: 'partner',
        ConnectionArn: connection.ConnectionArn,
        InvocationEndpoint: 'https://example.com/events',
        HttpMethod: 'POST',
      }),
    );
    assert.equal(destination.ApiDestinationState, 'ACTIVE');
    await assert.rejects(
      client.send(new sdk.DescribeConnectionCommand({ Name: 'none' })),
      sdk.ResourceNotFoundException,
    );
    await assert.rejects(
      client.send(new sdk.PutRuleCommand({ Name: 'a', EventPattern: '{' })),
      sdk.InvalidEventPatternException,
    );
  });
});
