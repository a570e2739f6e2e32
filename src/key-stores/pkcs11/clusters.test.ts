import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseClusters } from './clusters.ts';

const id = 'cluster-1a23b4cdefg'.replace('1', '2');
const least = { library: '/usr/lib/p11.so', token: 'kms' };
const parse = (cluster: unknown, clusterId = id) =>
  parseClusters(
    JSON.stringify({ clusters: { [clusterId]: cluster } }),
    (path) => `text of ${path}`,
  );

describe('an operator’s file of clusters', () => {
  test('needs library and token, and has defaults for the rest', () => {
    assert.deepEqual(parse(least).get(id), {
      ...least,
      account: undefined,
      trustAnchor: undefined,
      environment: {},
      sessions: 4,
      timeoutMs: 5000,
    });
  });
  test('may say all of it', () => {
    const environment = { SOFTHSM2_CONF: '/etc/softhsm2.conf' };
    const more = { account: '111122223333', environment, sessions: 1, timeoutMs: 100 };
    assert.deepEqual(parse({ ...least, ...more, trustAnchor: '/ca.crt' }).get(id), {
      ...least,
      ...more,
      trustAnchor: 'text of /ca.crt',
    });
  });
  const refused: readonly (readonly [cluster: unknown, why: RegExp, clusterId?: string])[] = [
    [least, /is no cluster id/, 'cluster-short'],
    [least, /is no cluster id/, 'cluster-1a23b4cdefg'],
    [{ token: 'kms' }, /absolute path/],
    [{ ...least, library: 'p11.so' }, /absolute path/],
    [{ ...least, token: undefined }, /token's label/],
    [{ ...least, token: '' }, /takes a text/],
    [{ ...least, account: '1' }, /twelve digits/],
    [{ ...least, pin: '1234' }, /'pin' is nothing/],
    [{ ...least, sessions: 0 }, /from 1 to 64/],
    [{ ...least, timeoutMs: 1.5 }, /from 100 to 60000/],
    [{ ...least, environment: { A: 1 } }, /takes a text/],
    [{ ...least, environment: [] }, /no JSON object/],
    [null, /no JSON object/],
  ];
  for (const [cluster, why, clusterId] of refused)
    test(`is refused with a reason: ${JSON.stringify(cluster)} ${clusterId ?? ''}`, () =>
      assert.throws(() => parse(cluster, clusterId), { name: 'RangeError', message: why }));
  test('is refused when it is no such file', () => {
    assert.throws(() => parseClusters('{', String), /not JSON/);
    assert.throws(() => parseClusters('{"cluster": {}}', String), /'cluster' is nothing/);
  });
});
