/** Events are not lost: not with the server, not among several processes. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  destinationAt,
  eventFrom,
  eventsOf,
  eventsRole,
  logGroupArn,
  newName,
  pattern,
  untilDead,
  untilLogged,
} from '../event-calls.ts';
import { type HttpEndpoint, openEndpoint } from '../http-endpoint.ts';
import { allowing, type Credentials } from '../identities.ts';
import { got, until } from '../lambda.ts';
import { ssmOf } from '../parameter-calls.ts';
import { freePort, freshFolder, removeFolder, startServer } from '../running-server.ts';

let endpoint: HttpEndpoint;
before(async () => {
  endpoint = await openEndpoint();
});
after(() => endpoint.close());

async function ruleTo(who: Credentials, url: string): Promise<string> {
  const call = eventsOf(who);
  const RoleArn = await eventsRole(who, allowing('events:InvokeApiDestination'));
  const Arn = await destinationAt(call, url);
  const Rule = newName('rule');
  await got(call('PutRule', { Name: Rule, ...pattern({ source: [Rule] }) }));
  await got(call('PutTargets', { Rule, Targets: [{ Id: 'one', Arn, RoleArn }] }));
  return Rule;
}

describe('After a crash', () => {
  test('all that was taken is delivered, to an endpoint that was away too', async () => {
    const data = freshFolder();
    const args = ['--http-targets', 'any'];
    const port = await freePort();
    const first = await startServer({ mode: 'start', data, args });
    const rule = await ruleTo(first, `http://127.0.0.1:${port}/`);
    const here = await ruleTo(first, `${endpoint.url}/crash`);
    const call = eventsOf(first);
    endpoint.answer('/crash', { afterMs: 60_000 });
    for (let n = 0; n < 20; n++) {
      await got(call('PutEvents', eventFrom(rule, { n })));
      await got(call('PutEvents', eventFrom(here, { n })));
    }
    await endpoint.until('/crash', 1);
    await first.stop('SIGKILL');
    endpoint.answer('/crash', {});
    const before = endpoint.received.length;
    const second = await startServer({ mode: 'dev', data, args });
    try {
      // What was under way is tried again when its time is over.
      const moved = await fetch(`${second.endpoint}/_sealhold/clock`, {
        method: 'POST',
        body: JSON.stringify({ advance: '10m' }),
      });
      assert.equal(moved.status, 200);
      const numbers = await until(async () => {
        const bodies = endpoint.received.slice(before).map(({ body }) => JSON.parse(body).detail.n);
        return new Set(bodies).size === 20 ? bodies : undefined;
      }, 30_000);
      assert.ok(numbers.length >= 20);
    } finally {
      await second.stop();
      removeFolder(data);
    }
  });
});

describe('Several processes', () => {
  test('deliver each event, and usually once', async () => {
    const data = freshFolder();
    const args = ['--processes', '2', '--http-targets', 'any'];
    const server = await startServer({ mode: 'start', data, args });
    try {
      const rule = await ruleTo(server, `${endpoint.url}/many`);
      const call = eventsOf(server);
      for (let n = 0; n < 50; n++) await got(call('PutEvents', eventFrom(rule, { n })));
      const all = await endpoint.until('/many', 50);
      const numbers = new Set(all.map(({ body }) => JSON.parse(body).detail.n));
      assert.equal(numbers.size, 50);
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      assert.equal(endpoint.received.filter(({ path }) => path === '/many').length, 50);
    } finally {
      await server.stop();
      removeFolder(data);
    }
  });

  test('tell each other’s rules of API calls within a second or two', async () => {
    const data = freshFolder();
    const server = await startServer({ mode: 'start', data, args: ['--processes', '2'] });
    try {
      const call = eventsOf(server);
      const name = newName('rule');
      const rule = pattern({ source: ['aws.ssm'], 'detail-type': ['AWS API Call via CloudTrail'] });
      await got(call('PutRule', { Name: name, ...rule }));
      const { RuleArn } = await got(call('PutRule', { Name: name, ...rule }));
      const account = String(RuleArn).split(':')[4] ?? '';
      const Targets = [{ Id: 'log', Arn: logGroupArn(account, name) }];
      await got(call('PutTargets', { Rule: name, Targets }));
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      const names = Array.from({ length: 10 }, (_, i) => `/p${i}`);
      for (const Name of names)
        await ssmOf(server)('PutParameter', { Name, Value: 'v', Type: 'String' });
      const told = (await untilLogged(server, name, 10)) as Array<{
        detail: { requestParameters: { name: string } };
      }>;
      const seen = told.map(({ detail }) => detail.requestParameters.name);
      assert.deepEqual(seen.sort(), names);
    } finally {
      await server.stop();
      removeFolder(data);
    }
  });
});

describe('What is secret', () => {
  const canary = 'Canary-51-sings-of-events';
  const forms = [
    canary,
    ...['', 'x', 'xx'].map((front) =>
      Buffer.from(front + canary)
        .toString('base64')
        .slice(front.length === 0 ? 0 : 4, -4),
    ),
    Buffer.from(canary).toString('hex'),
    encodeURIComponent(canary),
  ];
  const hold = (text: string): string | undefined => forms.find((form) => text.includes(form));
  const filesOf = (folder: string): string[] =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((each) => each.isFile())
      .map((each) => join(each.parentPath, each.name));

  test('in connections is in no file, record, log or error; events are in dead letters alone', async () => {
    const data = freshFolder();
    const args = ['--http-targets', 'any'];
    const server = await startServer({ mode: 'start', data, args });
    const call = eventsOf(server);
    const refusals: string[] = [];
    const bad = async (operation: string, input: object): Promise<void> => {
      const { status, text } = await call(operation, input);
      assert.equal(status, 400, text);
      refusals.push(text);
    };
    const connection = {
      AuthorizationType: 'API_KEY',
      AuthParameters: {
        ApiKeyAuthParameters: { ApiKeyName: 'key', ApiKeyValue: canary },
        InvocationHttpParameters: {
          HeaderParameters: [{ Key: 'a', Value: canary, IsValueSecret: true }],
          BodyParameters: [{ Key: 'b', Value: canary, IsValueSecret: true }],
          QueryStringParameters: [{ Key: 'c', Value: canary, IsValueSecret: true }],
        },
      },
    };
    endpoint.answer('/canary', { status: 400, body: canary });
    const Arn = await destinationAt(call, `${endpoint.url}/canary`, { connection });
    await bad('CreateConnection', { Name: Arn.split('/')[1], ...connection });
    await bad('CreateConnection', { Name: 'a', ...connection, AuthorizationType: 'BASIC' });
    await bad('CreateConnection', { Name: '!', ...connection });
    const RoleArn = await eventsRole(server, allowing('events:InvokeApiDestination'));
    await got(call('PutRule', { Name: 'r', ...pattern({ source: ['s'] }) }));
    await got(call('PutTargets', { Rule: 'r', Targets: [{ Id: 'one', Arn, RoleArn }] }));
    const said = 'Something-that-an-event-says';
    await got(call('PutEvents', eventFrom('s', { said })));
    await bad('PutEvents', { Entries: Array(11).fill({ Source: 's', Detail: said }) });
    const [request] = await endpoint.until('/canary', 1);
    assert.ok(request?.body.includes(canary) && request.path.includes(canary));
    await untilDead(data, Arn);
    const Name = Arn.split('/')[1];
    for (const operation of ['DescribeConnection', 'DeauthorizeConnection', 'DeleteConnection'])
      assert.equal(hold((await call(operation, { Name })).text), undefined, operation);
    await server.stop();
    for (const text of refusals) assert.equal(hold(text), undefined, text);
    for (const text of refusals) assert.ok(!text.includes(said), text);
    assert.equal(hold(server.output()), undefined);
    assert.ok(!server.output().includes(said));
    const files = filesOf(data);
    assert.ok(files.some((file) => file.includes('/trail/')));
    for (const file of files) {
      const text = readFileSync(file, 'latin1');
      assert.equal(hold(text), undefined, file);
      assert.equal(text.includes(said), file.includes('/dead-letters/'), file);
    }
    removeFolder(data);
  });
});
