/** Events to HTTP endpoints: let in, tried again, given up, and sent nowhere else. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { DeleteRoleCommand, DeleteRolePolicyCommand } from '@aws-sdk/client-iam';
import { secretsmanager } from '../../src/model/secretsmanager.generated.ts';
import {
  deadLetters,
  destinationAt,
  eventFrom,
  eventsOf,
  eventsRole,
  newName,
  pattern,
  untilDead,
} from '../event-calls.ts';
import { type HttpEndpoint, openEndpoint } from '../http-endpoint.ts';
import { allowing, newRole } from '../identities.ts';
import { type Ask, asker, got, refused, until } from '../lambda.ts';
import { moveClock } from '../parameter-calls.ts';
import { freshFolder, type RunningServer, removeFolder, startServer } from '../running-server.ts';
import { sendIam } from '../sts.ts';

const data = freshFolder();
let server: RunningServer;
let call: Ask;
let role: string;
let endpoint: HttpEndpoint;
before(async () => {
  server = await startServer({ mode: 'dev', data });
  call = eventsOf(server);
  role = await eventsRole(server, allowing('events:InvokeApiDestination'));
  endpoint = await openEndpoint();
});
after(async () => {
  await endpoint.close();
  await server.stop();
  removeFolder(data);
});

/** A rule of its own for events of a source of its own, which go to this target. */
async function ruleTo(Arn: string, target: object = {}): Promise<string> {
  const source = newName('source');
  await got(call('PutRule', { Name: source, ...pattern({ source: [source] }) }));
  const Targets = [{ Id: 'one', Arn, RoleArn: role, ...target }];
  await got(call('PutTargets', { Rule: source, Targets }));
  return source;
}

const send = (source: string, detail: object = {}) =>
  got(call('PutEvents', eventFrom(source, detail)));
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('A request for an event', () => {
  test('has the event, and the user name and password of its connection', async () => {
    const source = await ruleTo(await destinationAt(call, `${endpoint.url}/basic`));
    await send(source, { n: 1 });
    const [request] = await endpoint.until('/basic', 1);
    assert.equal(request?.method, 'POST');
    assert.equal(request.headers['content-type'], 'application/json; charset=utf-8');
    assert.equal(request.headers['user-agent'], 'Amazon/EventBridge/ApiDestinations');
    const basic = Buffer.from('somebody:a-password').toString('base64');
    assert.equal(request.headers.authorization, `Basic ${basic}`);
    const event = JSON.parse(request.body);
    assert.deepEqual([event.source, event.detail], [source, { n: 1 }]);
  });

  test('has an API key, and what else the connection and the target add', async () => {
    const extra = (Key: string, Value: string, IsValueSecret = true) => ({
      Key,
      Value,
      IsValueSecret,
    });
    const connection = {
      AuthorizationType: 'API_KEY',
      AuthParameters: {
        ApiKeyAuthParameters: { ApiKeyName: 'x-api-key', ApiKeyValue: 'the key' },
        InvocationHttpParameters: {
          HeaderParameters: [extra('x-both', 'of the connection')],
          QueryStringParameters: [extra('q', 'a&b')],
          BodyParameters: [extra('token', 'in the body'), extra('shown', 'too', false)],
        },
      },
    };
    const destination = { HttpMethod: 'PUT' };
    const url = `${endpoint.url}/key/*/of/*`;
    const arn = await destinationAt(call, url, { connection, destination });
    const source = await ruleTo(arn, {
      InputPath: '$.detail',
      HttpParameters: {
        PathParameterValues: ['a/b', 'c'],
        HeaderParameters: { 'x-both': 'of the target', 'x-one': 'one' },
        QueryStringParameters: { p: '1' },
      },
    });
    await send(source, { n: 1 });
    const [request] = await endpoint.until('/key', 1);
    assert.equal(request?.method, 'PUT');
    assert.equal(request.path, '/key/a%2Fb/of/c?p=1&q=a%26b');
    assert.equal(request.headers['x-api-key'], 'the key');
    assert.equal(request.headers['x-both'], 'of the connection');
    assert.equal(request.headers['x-one'], 'one');
    assert.deepEqual(JSON.parse(request.body), { n: 1, token: 'in the body', shown: 'too' });
    const Name = arn.split('/')[1];
    const described = await got(call('DescribeConnection', { Name }));
    assert.deepEqual(described.AuthParameters, {
      ApiKeyAuthParameters: { ApiKeyName: 'x-api-key' },
      InvocationHttpParameters: {
        HeaderParameters: [{ Key: 'x-both', IsValueSecret: true }],
        QueryStringParameters: [{ Key: 'q', IsValueSecret: true }],
        BodyParameters: [
          { Key: 'token', IsValueSecret: true },
          { Key: 'shown', Value: 'too', IsValueSecret: false },
        ],
      },
    });
  });

  test('has a token that the authorization endpoint gave, asked for as often as needed', async () => {
    const token = (access_token: string) => ({
      body: JSON.stringify({ access_token, token_type: 'Bearer', expires_in: 3600 }),
    });
    endpoint.answer('/token', token('first'), token('second'));
    endpoint.answer('/oauth', {}, { status: 401 }, {});
    const OAuthParameters = {
      AuthorizationEndpoint: `${endpoint.url}/token`,
      ClientParameters: { ClientID: 'me', ClientSecret: 'a secret' },
      HttpMethod: 'POST',
      OAuthHttpParameters: { BodyParameters: [{ Key: 'scope', Value: 'all' }] },
    };
    const connection = {
      AuthorizationType: 'OAUTH_CLIENT_CREDENTIALS',
      AuthParameters: { OAuthParameters },
    };
    const arn = await destinationAt(call, `${endpoint.url}/oauth`, { connection });
    const Name = arn.split('/')[1];
    await until(async () => {
      const { ConnectionState: state } = await got(call('DescribeConnection', { Name }));
      return state === 'AUTHORIZED' ? state : undefined;
    });
    assert.equal(
      (await got(call('DescribeApiDestination', { Name }))).ApiDestinationState,
      'ACTIVE',
    );
    const source = await ruleTo(arn);
    await send(source);
    await endpoint.until('/oauth', 1);
    await send(source);
    await moveClock(server.endpoint, '5s');
    const requests = await endpoint.until('/oauth', 3);
    assert.deepEqual(
      requests.map(({ headers }) => headers.authorization),
      ['Bearer first', 'Bearer first', 'Bearer second'],
    );
    const [asked, ...rest] = await endpoint.until('/token', 2);
    assert.equal(rest.length, 1);
    assert.equal(asked?.body, 'scope=all&grant_type=client_credentials');
    const basic = Buffer.from('me:a%20secret').toString('base64');
    assert.equal(asked.headers.authorization, `Basic ${basic}`);
  });

  test('waits for a connection that is not let in, whose state says so', async () => {
    endpoint.answer('/no-token', { status: 403, body: '{"error":"invalid_client"}' });
    const OAuthParameters = {
      AuthorizationEndpoint: `${endpoint.url}/no-token`,
      ClientParameters: { ClientID: 'me', ClientSecret: 's' },
      HttpMethod: 'GET',
    };
    const connection = {
      AuthorizationType: 'OAUTH_CLIENT_CREDENTIALS',
      AuthParameters: { OAuthParameters },
    };
    const arn = await destinationAt(call, `${endpoint.url}/never`, { connection });
    const Name = arn.split('/')[1];
    for (let tries = 1; tries <= 4; tries++) {
      await endpoint.until('/no-token', tries);
      await moveClock(server.endpoint, '31s');
    }
    const described = await until(async () => {
      const found = await got(call('DescribeConnection', { Name }));
      return found.ConnectionState === 'DEAUTHORIZED' ? found : undefined;
    });
    assert.match(String(described.StateReason), /gave no access token/);
    const [asked] = await endpoint.until('/no-token', 4);
    assert.equal(asked?.path, '/no-token?grant_type=client_credentials');
  });
});

describe('A delivery that fails', () => {
  test('is tried again, later each time, until it succeeds', async () => {
    const failures = [{ status: 500 }, { status: 429 }, { status: 409 }, { status: 503 }];
    endpoint.answer('/again', ...failures, {});
    const source = await ruleTo(await destinationAt(call, `${endpoint.url}/again`));
    await send(source, { n: 1 });
    for (let count = 1; count <= 4; count++) {
      await endpoint.until('/again', count);
      await pause(50);
      await moveClock(server.endpoint, '20s');
    }
    const requests = await endpoint.until('/again', 5);
    assert.equal(new Set(requests.map(({ body }) => body)).size, 1);
    await moveClock(server.endpoint, '1h');
    await pause(1_200);
    assert.equal(endpoint.received.filter(({ path }) => path === '/again').length, 5);
  });

  test('is tried again when the endpoint says so', async () => {
    endpoint.answer('/later', { status: 503, headers: { 'retry-after': '600' } }, {});
    const source = await ruleTo(await destinationAt(call, `${endpoint.url}/later`));
    await send(source);
    await endpoint.until('/later', 1);
    await pause(50);
    await moveClock(server.endpoint, '500s');
    await pause(1_200);
    assert.equal(endpoint.received.filter(({ path }) => path === '/later').length, 1);
    await moveClock(server.endpoint, '101s');
    await endpoint.until('/later', 2);
  });

  test('goes to the dead-letter file when it was tried often enough', async () => {
    endpoint.answer('/often', { status: 500 });
    const arn = await destinationAt(call, `${endpoint.url}/often`);
    const RetryPolicy = { MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 86_400 };
    const source = await ruleTo(arn, { RetryPolicy });
    await send(source, { n: 1 });
    for (let count = 1; count <= 3; count++) {
      await endpoint.until('/often', count);
      await pause(50);
      await moveClock(server.endpoint, '20s');
    }
    const { time, event, ...letter } = await untilDead(data, arn);
    assert.match(String(time), /^\d{4}-.*Z$/);
    assert.deepEqual((event as { detail: object }).detail, { n: 1 });
    assert.deepEqual(letter, {
      RULE_ARN: `arn:aws:events:us-east-1:000000000000:rule/${source}`,
      TARGET_ARN: arn,
      ERROR_CODE: 'HTTP_500',
      ERROR_MESSAGE: 'The endpoint answered with status 500.',
      EXHAUSTED_RETRY_CONDITION: 'MaximumRetryAttempts',
      RETRY_ATTEMPTS: 2,
    });
    assert.match(server.output(), /could not be delivered .* It is in the dead-letter file\./);
  });

  test('goes there when it is too old', async () => {
    endpoint.answer('/old', { status: 500 });
    const arn = await destinationAt(call, `${endpoint.url}/old`);
    const source = await ruleTo(arn, { RetryPolicy: { MaximumEventAgeInSeconds: 60 } });
    await send(source);
    await endpoint.until('/old', 1);
    await pause(50);
    await moveClock(server.endpoint, '61s');
    const letter = await untilDead(data, arn);
    assert.equal(letter.EXHAUSTED_RETRY_CONDITION, 'MaximumEventAgeInSeconds');
  });

  test('goes there at once when another try would not help', async () => {
    endpoint.answer('/gone', { status: 404 });
    endpoint.answer('/moved', { status: 302, headers: { location: `${endpoint.url}/elsewhere` } });
    for (const path of ['gone', 'moved']) {
      const arn = await destinationAt(call, `${endpoint.url}/${path}`);
      await send(await ruleTo(arn));
      const letter = await untilDead(data, arn);
      assert.equal(letter.ERROR_CODE, path === 'gone' ? 'HTTP_404' : 'HTTP_302');
      assert.equal(letter.RETRY_ATTEMPTS, 0);
      assert.equal('EXHAUSTED_RETRY_CONDITION' in letter, false);
    }
    assert.equal(endpoint.received.filter(({ path }) => path === '/elsewhere').length, 0);
  });

  test('goes there when the role may not call the destination, or is gone', async () => {
    const arn = await destinationAt(call, `${endpoint.url}/denied`);
    const RoleArn = await eventsRole(
      server,
      allowing('events:InvokeApiDestination', {
        Resource: 'arn:aws:events:us-east-1:000000000000:api-destination/another/*',
      }),
    );
    await send(await ruleTo(arn, { RoleArn }));
    const letter = await untilDead(data, arn);
    assert.equal(letter.ERROR_CODE, 'NO_PERMISSIONS');
    const another = await destinationAt(call, `${endpoint.url}/denied`);
    await send(await ruleTo(another, { RoleArn: 'arn:aws:iam::000000000000:role/none' }));
    assert.equal((await untilDead(data, another)).ERROR_CODE, 'NO_PERMISSIONS');
    assert.equal(endpoint.received.filter(({ path }) => path === '/denied').length, 0);
  });

  test('is decided on with the role that has the name now', async () => {
    const RoleArn = await eventsRole(server, allowing('events:InvokeApiDestination'));
    const name = RoleArn.split('/')[1] as string;
    const arn = await destinationAt(call, `${endpoint.url}/renewed`);
    const source = await ruleTo(arn, { RoleArn });
    await send(source);
    await endpoint.until('/renewed', 1);
    await sendIam(server, new DeleteRolePolicyCommand({ RoleName: name, PolicyName: 'test' }));
    await sendIam(server, new DeleteRoleCommand({ RoleName: name }));
    const trusts = { Service: 'events.amazonaws.com' };
    await newRole(server, name, { trusts, policy: allowing('events:InvokeApiDestination') });
    await send(source);
    await endpoint.until('/renewed', 2);
  });

  test('is tried again while the secret of its connection can not be read', async () => {
    const arn = await destinationAt(call, `${endpoint.url}/unread`);
    const Name = arn.split('/')[1];
    const { SecretArn: SecretId } = await got(call('DescribeConnection', { Name }));
    const secrets = asker(secretsmanager)(server);
    await got(secrets('DeleteSecret', { SecretId }));
    await send(await ruleTo(arn));
    await pause(300);
    assert.equal(endpoint.received.filter(({ path }) => path === '/unread').length, 0);
    await got(secrets('RestoreSecret', { SecretId }));
    await moveClock(server.endpoint, '10s');
    await endpoint.until('/unread', 1);
  });

  test('goes there when what the connection adds is no header', async () => {
    const ApiKeyAuthParameters = { ApiKeyName: 'käse', ApiKeyValue: 'v' };
    const AuthParameters = { ApiKeyAuthParameters };
    const connection = { AuthorizationType: 'API_KEY', AuthParameters };
    const arn = await destinationAt(call, `${endpoint.url}/header`, { connection });
    await send(await ruleTo(arn));
    assert.equal((await untilDead(data, arn)).ERROR_CODE, 'SDK_CLIENT_ERROR');
  });

  test('goes there when its destination is deleted', async () => {
    const arn = await destinationAt(call, `${endpoint.url}/deleted`);
    const source = await ruleTo(arn);
    await got(call('DeleteApiDestination', { Name: arn.split('/')[1] }));
    await send(source);
    assert.equal((await untilDead(data, arn)).ERROR_CODE, 'NO_RESOURCE');
  });

  test('does not stop others', async () => {
    endpoint.answer('/slow', { afterMs: 4_000 });
    const slow = await ruleTo(await destinationAt(call, `${endpoint.url}/slow`));
    const quick = await ruleTo(await destinationAt(call, `${endpoint.url}/quick`));
    await Promise.all(Array.from({ length: 40 }, () => send(slow)));
    await endpoint.until('/slow', 16);
    const began = performance.now();
    await send(quick);
    await endpoint.until('/quick', 1);
    assert.ok(performance.now() - began < 2_000);
    assert.equal(endpoint.received.filter(({ path }) => path === '/slow').length, 16);
    endpoint.answer('/slow', {});
    await endpoint.until('/slow', 40);
  });
});

describe('An endpoint', () => {
  test('is not called more often than it allows', async () => {
    const destination = { InvocationRateLimitPerSecond: 5 };
    const arn = await destinationAt(call, `${endpoint.url}/rate`, { destination });
    const source = await ruleTo(arn);
    await Promise.all(Array.from({ length: 20 }, () => send(source)));
    await pause(1_500);
    const early = endpoint.received.filter(({ path }) => path === '/rate').length;
    assert.ok(early >= 5 && early <= 15, `${early} in 1.5 s`);
    await endpoint.until('/rate', 20);
    assert.deepEqual(
      deadLetters(data).filter(({ TARGET_ARN }) => TARGET_ARN === arn),
      [],
    );
  });

  test('is named by a URL, with https where the server is strict', async () => {
    const folder = freshFolder();
    const args = ['--http-targets', 'private'];
    const strict = await startServer({ mode: 'start', data: folder, args });
    const strictly = eventsOf(strict);
    try {
      const urls = [
        'http://example.com/',
        'https://169.254.169.254/latest',
        'https://[::1]/',
        'https://127.0.0.1/',
        'https://2130706433/',
        'https://[::ffff:169.254.169.254]/',
        'https://user:password@example.com/',
        'ftp://example.com/',
        'https://0.0.0.0/',
      ];
      for (const url of urls) {
        const made = destinationAt(strictly, url);
        await assert.rejects(made, /nvocationEndpoint/, url);
      }
      const name = await destinationAt(strictly, 'https://10.0.0.1/');
      assert.match(name, /api-destination/);
    } finally {
      await strict.stop();
      removeFolder(folder);
    }
  });

  test('is none for a strict server whose operator has not said so', async () => {
    const folder = freshFolder();
    const strict = await startServer({ mode: 'start', data: folder });
    try {
      const made = destinationAt(eventsOf(strict), 'https://example.com/');
      await assert.rejects(made, /This server calls no HTTP endpoints/);
    } finally {
      await strict.stop();
      removeFolder(folder);
    }
  });

  test('whose name leads to this machine is not called by a strict server', async () => {
    const folder = freshFolder();
    const args = ['--http-targets', 'private'];
    const strict = await startServer({ mode: 'start', data: folder, args });
    try {
      const strictly = eventsOf(strict);
      const url = endpoint.url.replace('http://127.0.0.1', 'https://localhost');
      const Arn = await destinationAt(strictly, `${url}/loopback`);
      const RoleArn = await eventsRole(strict, allowing('events:InvokeApiDestination'));
      await got(strictly('PutRule', { Name: 'r', ...pattern({ source: ['s'] }) }));
      const Targets = [{ Id: 'one', Arn, RoleArn }];
      await got(strictly('PutTargets', { Rule: 'r', Targets }));
      await got(strictly('PutEvents', eventFrom('s', {})));
      const letter = await untilDead(folder, Arn);
      assert.equal(letter.ERROR_CODE, 'FORBIDDEN_ADDRESS');
    } finally {
      await strict.stop();
      removeFolder(folder);
    }
  });
});

describe('A connection', () => {
  test('needs the parameters of its type', async () => {
    const Name = newName('connection');
    const basic = { BasicAuthParameters: { Username: 'u', Password: 'p' } };
    for (const [AuthorizationType, AuthParameters] of [
      ['API_KEY', basic],
      ['BASIC', {}],
      ['OAUTH_CLIENT_CREDENTIALS', {}],
    ] as const) {
      const asked = call('CreateConnection', { Name, AuthorizationType, AuthParameters });
      await refused(asked, [400, 'ValidationException', /AuthParameters must hold/]);
    }
  });

  test('that is changed is used as it is then; deauthorized, not at all', async () => {
    const arn = await destinationAt(call, `${endpoint.url}/changing`);
    const Name = arn.split('/')[1];
    const source = await ruleTo(arn);
    await send(source);
    await endpoint.until('/changing', 1);
    const BasicAuthParameters = { Password: 'another' };
    await got(call('UpdateConnection', { Name, AuthParameters: { BasicAuthParameters } }));
    await send(source);
    const [, second] = await endpoint.until('/changing', 2);
    const basic = Buffer.from('somebody:another').toString('base64');
    assert.equal(second?.headers.authorization, `Basic ${basic}`);
    const told = await got(call('DeauthorizeConnection', { Name }));
    assert.equal(told.ConnectionState, 'DEAUTHORIZING');
    const described = await got(call('DescribeConnection', { Name }));
    assert.equal(described.ConnectionState, 'DEAUTHORIZED');
    assert.equal(described.SecretArn, undefined);
    await send(source);
    await pause(1_500);
    assert.equal(endpoint.received.filter(({ path }) => path === '/changing').length, 2);
    const whole = { BasicAuthParameters: { Username: 'somebody', Password: 'third' } };
    await got(call('UpdateConnection', { Name, AuthParameters: whole }));
    await moveClock(server.endpoint, '20s');
    const [, , third] = await endpoint.until('/changing', 3);
    assert.equal(
      third?.headers.authorization,
      `Basic ${Buffer.from('somebody:third').toString('base64')}`,
    );
  });
});
