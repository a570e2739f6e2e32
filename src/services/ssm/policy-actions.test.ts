import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import {
  openParameters,
  type ParametersUnderTest,
  refusal,
} from '../../../test/open-parameters.ts';

let ssm: ParametersUnderTest;
const day = 86_400_000;
const start = Date.UTC(2026, 0, 1);

beforeEach(async () => {
  ssm = await openParameters();
});

const policy = (Type: string, Attributes: object) => ({ Type, Version: '1.0', Attributes });
const expires = (at: number) => policy('Expiration', { Timestamp: new Date(at).toISOString() });
const before = (days: number) =>
  policy('ExpirationNotification', { Before: `${days}`, Unit: 'Days' });
const unchanged = (days: number) =>
  policy('NoChangeNotification', { After: `${days}`, Unit: 'Days' });

const put = (Name: string, policies: readonly object[] | undefined, rest: object = {}) =>
  ssm.ask('PutParameter', {
    Name,
    Value: 'v',
    Type: 'String',
    Tier: 'Advanced',
    ...(policies === undefined ? {} : { Policies: JSON.stringify(policies) }),
    ...rest,
  } as never);

async function statuses(name: string) {
  const { Parameters } = await ssm.ask('DescribeParameters', {
    ParameterFilters: [{ Key: 'Name', Values: [name] }],
  });
  return Parameters?.[0]?.Policies?.map((each) => [each.PolicyType, each.PolicyStatus]);
}

async function actions() {
  const events = await ssm.events();
  return events
    .filter(({ detailType }) => detailType === 'Parameter Store Policy Action')
    .map(({ detail }) => [detail['parameter-name'], detail['policy-type']]);
}

async function at(time: number) {
  ssm.clock.now = time;
  return ssm.doDue();
}

describe('parameter policies', () => {
  test('an expiration deletes the parameter with all that it had', async () => {
    await put('/e/a', [expires(start + 10 * day)]);
    await put('/e/a', undefined, { Overwrite: true, Value: 'w' });
    assert.deepEqual(await at(start + 10 * day - 1), []);
    const [done] = await at(start + 10 * day);
    assert.equal(done?.event.eventName, 'DeleteParameter');
    assert.deepEqual(done?.event.serviceEventDetails, {
      parameterName: '/e/a',
      policies: [JSON.stringify(expires(start + 10 * day))],
    });
    await assert.rejects(ssm.ask('GetParameter', { Name: '/e/a' }), refusal('ParameterNotFound'));
    const rows = await ssm.engine.scan({ prefix: 'ssm/', limit: 1000 });
    assert.deepEqual(
      rows.filter(({ path }) => path.includes('/e/a')),
      [],
    );
    assert.deepEqual(await actions(), [['/e/a', 'Expiration']]);
    const deleted = (await ssm.events()).map(({ detail }) => detail.operation);
    assert.deepEqual(deleted.at(-1), 'Delete');
    assert.deepEqual(await at(start + 11 * day), []);
    await put('/e/a', undefined, { Type: 'String' });
  });

  test('notifications come once each, in their time, and the expiration last', async () => {
    await put('/n/a', [expires(start + 40 * day), before(15), before(30), unchanged(20)]);
    const seen: unknown[] = [];
    for (let days = 1; days <= 41; days++) {
      await at(start + days * day);
      const now = await actions();
      for (const [, type] of now.slice(seen.length)) seen.push([days, type]);
      if (days === 26)
        assert.deepEqual(await statuses('/n/a'), [
          ['Expiration', 'Pending'],
          ['ExpirationNotification', 'Finished'],
          ['ExpirationNotification', 'Finished'],
          ['NoChangeNotification', 'Finished'],
        ]);
    }
    assert.deepEqual(seen, [
      [10, 'ExpirationNotification'],
      [20, 'NoChangeNotification'],
      [25, 'ExpirationNotification'],
      [40, 'Expiration'],
    ]);
  });

  test('a jump over all of it does all of it, in one change', async () => {
    await put('/j/a', [expires(start + 40 * day), before(15), unchanged(20)]);
    const done = await at(start + 400 * day);
    assert.equal(done.length, 1);
    assert.deepEqual(await actions(), [
      ['/j/a', 'NoChangeNotification'],
      ['/j/a', 'ExpirationNotification'],
      ['/j/a', 'Expiration'],
    ]);
  });

  test('a new value moves the time without a change, not the expiration', async () => {
    await put('/c/a', [expires(start + 40 * day), unchanged(20)]);
    await at(start + 19 * day);
    await put('/c/a', undefined, { Overwrite: true, Value: 'w' });
    await at(start + 38 * day);
    assert.deepEqual(await actions(), []);
    await at(start + 39 * day);
    assert.deepEqual(await actions(), [['/c/a', 'NoChangeNotification']]);
    await at(start + 40 * day);
    assert.deepEqual((await actions()).at(-1), ['/c/a', 'Expiration']);
  });

  test('new policies take the place of all, and [{}] takes them away', async () => {
    await put('/x/a', [expires(start + day)]);
    await put('/x/a', [unchanged(5)], { Overwrite: true });
    assert.deepEqual(await statuses('/x/a'), [['NoChangeNotification', 'Pending']]);
    await at(start + 2 * day);
    await put('/x/a', [{}], { Overwrite: true });
    assert.deepEqual(await statuses('/x/a'), []);
    await at(start + 100 * day);
    assert.deepEqual(await actions(), []);
  });

  test('of many parameters all act, more than one batch of them', async () => {
    for (let i = 0; i < 250; i++) await put(`/m/${i}`, [expires(start + day), unchanged(1)]);
    const done = await at(start + day);
    assert.equal(done.length, 250);
    const { Parameters } = await ssm.ask('GetParametersByPath', { Path: '/m' });
    assert.deepEqual(Parameters, []);
    await put('/m/again', undefined);
  });

  test('a change between looking and acting keeps what is no longer due', async () => {
    await put('/r/a', [expires(start + day)]);
    ssm.clock.now = start + day;
    const due = await ssm.ssm.dueWork[0]?.due(ssm.clock.now, 100);
    await put('/r/a', [expires(start + 9 * day)], { Overwrite: true });
    assert.equal((await ssm.store.commit(due?.[0]?.writes ?? [])).kind, 'conflict');
    assert.deepEqual(await ssm.doDue(), []);
    assert.equal((await ssm.ask('GetParameter', { Name: '/r/a' })).Parameter?.Version, 2);
  });
});
