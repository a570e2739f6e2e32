import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { noRoutes, parseProxyRoutes, publicRoutes, routeTo } from './proxy-routes.ts';

const parse = (file: object) => parseProxyRoutes(JSON.stringify(file), (path) => `text of ${path}`);
const vpcService = 'com.amazonaws.vpce.eu-central-1.vpce-svc-0123';

describe('an operator’s file', () => {
  test('says where endpoints are and whom to trust there', () => {
    const routes = parse({
      endpoints: {
        'https://XKS.example.com': { connect: 'https://10.1.2.3:8443', ca: '/ca.pem' },
        'https://dev.test': { connect: 'http://127.0.0.1:4567', timeoutMs: 1000 },
        'https://as.it.is': {},
      },
      vpcEndpointServices: { [vpcService]: { connect: 'https://10.0.0.9' } },
    });
    const to = (endpoint: string) => routeTo(routes, { endpoint, vpcService: undefined });
    const named = to('https://xks.example.com');
    assert.equal(named?.connect?.host, '10.1.2.3:8443');
    assert.equal(named?.ca, 'text of /ca.pem');
    assert.equal(named?.timeoutMs, 250);
    assert.equal(named?.publicOnly, false);
    assert.equal(to('https://dev.test')?.timeoutMs, 1000);
    assert.equal(to('https://as.it.is')?.connect, undefined);
    assert.equal(to('https://elsewhere.test'), undefined);
    const service = routeTo(routes, { endpoint: 'https://any.test', vpcService });
    assert.equal(service?.connect?.hostname, '10.0.0.9');
    assert.equal(routeTo(routes, { endpoint: 'https://as.it.is', vpcService: 'other' }), undefined);
  });

  test('opens what is public only when it says so', () => {
    const public_ = { endpoint: 'https://xks.example.com', vpcService: undefined };
    for (const routes of [parse({ others: 'public' }), publicRoutes])
      assert.deepEqual(routeTo(routes, public_), {
        connect: undefined,
        ca: undefined,
        timeoutMs: 250,
        publicOnly: true,
      });
    for (const routes of [parse({}), parse({ others: 'none' }), noRoutes])
      assert.equal(routeTo(routes, public_), undefined);
  });

  const endpoint = (route: unknown) => ({ endpoints: { 'https://a.test': route } });
  const refused: readonly (readonly [file: unknown, why: RegExp])[] = [
    [[], /no JSON object/],
    [{ endpoint: {} }, /'endpoint' is nothing/],
    [{ others: 'all' }, /'others' takes/],
    [{ endpoints: { 'http://a.test': {} } }, /can't be one/],
    [{ endpoints: { 'https://a.test:8443': {} } }, /can't be one/],
    [endpoint({ connect: 'http://10.0.0.1:80' }), /this machine itself/],
    [endpoint({ connect: 'http://localhost:80' }), /this machine itself/],
    [endpoint({ connect: 'https://a.test/path' }), /takes https:\/\/HOST:PORT/],
    [endpoint({ connect: 'https://user@a.test' }), /takes https:\/\/HOST:PORT/],
    [endpoint({ connect: 1 }), /takes https:\/\/HOST:PORT/],
    [endpoint({ ca: 1 }), /path of a PEM file/],
    [endpoint({ timeoutMs: 1 }), /from 50 to 10000/],
    [endpoint({ timeoutMs: '250' }), /from 50 to 10000/],
    [endpoint({ verify: false }), /'verify' of 'https:\/\/a.test' is nothing/],
    [{ vpcEndpointServices: { [vpcService]: {} } }, /needs a 'connect'/],
  ];
  for (const [file, why] of refused)
    test(`is refused with a reason: ${JSON.stringify(file)}`, () =>
      assert.throws(() => parse(file as object), { name: 'RangeError', message: why }));
  test('is refused when it is not JSON', () =>
    assert.throws(() => parseProxyRoutes('{', String), /not JSON/));
});
