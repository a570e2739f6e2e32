/**
 * Parameter Store on real servers: policies through moved time and restarts, labels, tiers, lists
 * that change while they are read, sharing, several processes.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readTail } from '../../src/audit/tail.ts';
import { type Body, callsOf, moveClock, namesOf, ssmOf } from '../parameter-calls.ts';
import { freshFolder, type RunningServer, removeFolder, startServer } from '../running-server.ts';
import { newAccount } from '../two-accounts.ts';

const days = (count: number) => new Date(Date.now() + count * 86_400_000).toISOString();
const policy = (Type: string, Attributes: object) => ({ Type, Version: '1.0', Attributes });

describe('parameter policies', () => {
  test('act when the clock is moved, after a restart too, and stand in the trail', async () => {
    const data = freshFolder();
    let server = await startServer({ mode: 'dev', data });
    let call = callsOf(server);
    await call('PutParameter', {
      Name: '/policies/password',
      Value: 'hush',
      Type: 'SecureString',
      Tier: 'Intelligent-Tiering',
      Policies: JSON.stringify([
        policy('Expiration', { Timestamp: days(30) }),
        policy('ExpirationNotification', { Before: '5', Unit: 'Days' }),
        policy('NoChangeNotification', { After: '10', Unit: 'Days' }),
      ]),
    });
    const states = async () => {
      const { Parameters } = await call('DescribeParameters');
      const [parameter] = Parameters as Body[];
      return (parameter?.Policies as Body[] | undefined)?.map((each) => each.PolicyStatus);
    };
    assert.deepEqual(await states(), ['Pending', 'Pending', 'Pending']);
    await moveClock(server.endpoint, '10d1m');
    assert.deepEqual(await states(), ['Pending', 'Pending', 'Finished']);
    await server.stop();
    server = await startServer({ mode: 'dev', data });
    call = callsOf(server);
    await moveClock(server.endpoint, '15d');
    assert.deepEqual(await states(), ['Pending', 'Finished', 'Finished']);
    assert.equal((await ssmOf(server)('GetParameter', { Name: '/policies/password' })).status, 200);
    await moveClock(server.endpoint, '5d');
    assert.deepEqual(await states(), undefined);
    const gone = await ssmOf(server)('GetParameter', { Name: '/policies/password' });
    assert.deepEqual([gone.status, gone.body], [400, { __type: 'ParameterNotFound' }]);
    assert.equal(await server.stop(), 0);
    const records = (await readTail({ dir: join(data, 'trail'), limit: 100 })).map(
      (json) => JSON.parse(json) as Body,
    );
    const own = records.filter(({ eventType }) => eventType === 'AwsServiceEvent');
    assert.deepEqual(
      own.map(({ eventSource, eventName }) => [eventSource, eventName]),
      [
        ['ssm.amazonaws.com', 'ParameterPolicyAction'],
        ['ssm.amazonaws.com', 'ParameterPolicyAction'],
        ['ssm.amazonaws.com', 'DeleteParameter'],
      ],
    );
    removeFolder(data);
  });
});

describe('Parameter Store', () => {
  let server: RunningServer;
  const data = freshFolder();
  before(async () => {
    server = await startServer({ mode: 'start', data });
  });
  after(async () => {
    await server?.stop();
    removeFolder(data);
  });
  const call = (operation: string, input: object = {}) => callsOf(server)(operation, input);
  const put = (Name: string, rest: object = {}) =>
    call('PutParameter', { Name, Value: 'v', Type: 'String', ...rest });

  test('labels move between versions, and each version is read by its label', async () => {
    await put('/labels/a', { Value: 'blue' });
    await put('/labels/a', { Value: 'green', Overwrite: true });
    const label = (ParameterVersion: number, ...Labels: string[]) =>
      call('LabelParameterVersion', { Name: '/labels/a', ParameterVersion, Labels });
    const read = async (selector: string) =>
      ((await call('GetParameter', { Name: `/labels/a:${selector}` })).Parameter as Body).Value;
    assert.deepEqual(await label(1, 'live', '1bad'), {
      InvalidLabels: ['1bad'],
      ParameterVersion: 1,
    });
    await label(2, 'next');
    assert.deepEqual(
      [await read('live'), await read('next'), await read('2')],
      ['blue', 'green', 'green'],
    );
    await label(2, 'live');
    assert.equal(await read('live'), 'green');
    const { Parameters } = await call('GetParameterHistory', { Name: '/labels/a' });
    assert.deepEqual(
      (Parameters as Body[]).map(({ Value, Labels }) => [Value, Labels]),
      [
        ['blue', []],
        ['green', ['live', 'next']],
      ],
    );
  });

  test('Intelligent-Tiering upgrades what outgrows the standard tier, for good', async () => {
    const tier = async (rest: object) => (await put('/tiers/a', rest)).Tier;
    const Tier = 'Intelligent-Tiering';
    assert.equal(await tier({ Tier }), 'Standard');
    const large = { Tier, Value: 'x'.repeat(4097), Overwrite: true };
    assert.equal(await tier(large), 'Advanced');
    assert.equal(await tier({ Tier, Overwrite: true }), 'Advanced');
    const down = await ssmOf(server)('PutParameter', {
      Name: '/tiers/a',
      Value: 'v',
      Tier: 'Standard',
      Overwrite: true,
    });
    assert.match(String(down.body.message), /^This parameter uses the advanced-parameter tier/);
  });

  test('many requests for one parameter at one moment count its versions without a gap', async () => {
    await put('/race/a');
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        ssmOf(server)('PutParameter', { Name: '/race/a', Value: `${i}`, Overwrite: true }),
      ),
    );
    const made = answers
      .filter(({ status }) => status === 200)
      .map(({ body }) => Number(body.Version));
    assert.ok(made.length >= 6, `only ${made.length} of 12 were taken`);
    assert.deepEqual(
      made.sort((a, b) => a - b),
      made.map((_, i) => i + 2),
    );
    const { Parameters } = await call('GetParameterHistory', { Name: '/race/a' });
    assert.equal((Parameters as Body[]).length, made.length + 1);
  });

  test('an advanced parameter is shared with another account, by ARN', async () => {
    await put('/shared/a', { Tier: 'Advanced', Value: 'ours' });
    const { Parameter } = await call('GetParameter', { Name: '/shared/a' });
    const { ARN } = Parameter as { ARN: string };
    const { account, root: stranger } = newAccount(server);
    const read = () => ssmOf(stranger)('GetParameter', { Name: ARN });
    assert.equal((await read()).body.__type, 'AccessDeniedException');
    const Policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: account },
          Action: ['ssm:GetParameter', 'ssm:DescribeParameters'],
          Resource: ARN,
        },
      ],
    });
    const shared = await call('PutResourcePolicy', { ResourceArn: ARN, Policy });
    assert.equal(((await read()).body.Parameter as Body).Value, 'ours');
    const listed = await callsOf(stranger)('DescribeParameters', { Shared: true });
    assert.deepEqual(
      (listed.Parameters as Body[]).map((each) => each.ARN),
      [ARN],
    );
    await call('DeleteResourcePolicy', { ResourceArn: ARN, ...shared });
    assert.equal((await read()).body.__type, 'AccessDeniedException');
  });

  test('filters find by tag, tier, type and start of name', async () => {
    await put('/filters/a', { Tags: [{ Key: 'env', Value: 'prod' }] });
    await put('/filters/b', { Tier: 'Advanced' });
    await put('/filters/c', { Type: 'SecureString' });
    const found = (Key: string, Values: string[], Option?: string) =>
      namesOf(callsOf(server), 'DescribeParameters', {
        ParameterFilters: [
          { Key: 'Path', Values: ['/filters'] },
          { Key, Values, ...(Option === undefined ? {} : { Option }) },
        ],
        MaxResults: 1,
      });
    assert.deepEqual(await found('tag:env', ['prod']), ['/filters/a']);
    assert.deepEqual(await found('Tier', ['Advanced']), ['/filters/b']);
    assert.deepEqual(await found('Type', ['SecureString']), ['/filters/c']);
    assert.deepEqual(await found('Name', ['/filters/'], 'BeginsWith'), [
      '/filters/a',
      '/filters/b',
      '/filters/c',
    ]);
    assert.deepEqual(await found('KeyId', ['alias/aws/'], 'BeginsWith'), ['/filters/c']);
  });
});

describe('Parameter Store on two processes', () => {
  test('lists stay whole while parameters come and go', async () => {
    const data = freshFolder();
    const server = await startServer({ mode: 'start', data, args: ['--processes', '2'] });
    const put = (Name: string, rest: object = {}) =>
      callsOf(server)('PutParameter', { Name, Value: 'v', Type: 'String', ...rest });
    const staying = Array.from({ length: 120 }, (_, i) => `/busy/s${String(i).padStart(3, '0')}`);
    await Promise.all(staying.map((name) => put(name)));
    let isOver = false;
    const churn = async (start: string) => {
      for (let i = 0; !isOver; i = (i + 1) % 40) {
        const Name = `/busy/${start}-${i}`;
        await put(Name, { Overwrite: true });
        await ssmOf(server)('DeleteParameter', { Name });
      }
    };
    const churning = ['a', 's05', 's1', 'z'].map(churn);
    try {
      for (let round = 0; round < 5; round++) {
        for (const Recursive of [true, false]) {
          const seen = await namesOf(callsOf(server), 'GetParametersByPath', {
            Path: '/busy',
            Recursive,
          });
          assert.equal(new Set(seen).size, seen.length, 'none comes twice');
          assert.deepEqual(
            staying.filter((name) => !seen.includes(name)),
            [],
            'none that stays is left out',
          );
        }
      }
    } finally {
      isOver = true;
      await Promise.all(churning);
      await server.stop();
      removeFolder(data);
    }
  });
});
