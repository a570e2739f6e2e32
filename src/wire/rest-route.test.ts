/** Which operation a path names. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { models } from '../../test/wire-requests.ts';
import type { OperationModel, ServiceModel } from '../model/schema.ts';
import { compileRoutes, type RouteMatch } from './rest-route.ts';

const lambda = models.get('lambda') as ServiceModel;

const find = compileRoutes([...models.values()]);

const named = (match: RouteMatch | undefined): unknown =>
  match && [match.operation.name, Object.fromEntries(match.labels)];

/** A service with these routes, for what AWS's services here do not have. */
function routesOf(paths: Readonly<Record<string, string>>) {
  const operations = Object.entries(paths).map(([name, path]): [string, OperationModel] => [
    name,
    { name, input: undefined, output: undefined, http: { method: 'GET', path, status: 200 } },
  ]);
  return compileRoutes([{ ...lambda, operations: new Map(operations) }]);
}

describe('a route', () => {
  const cases: Array<[request: string, expected: unknown]> = [
    ['GET /2015-03-31/functions', ['ListFunctions', {}]],
    ['GET /2015-03-31/functions/', ['ListFunctions', {}]],
    ['POST /2015-03-31/functions', ['CreateFunction', {}]],
    ['PUT /2015-03-31/functions', undefined],
    ['get /2015-03-31/functions', undefined],
    ['GET /2015-03-31/functions/f', ['GetFunction', { FunctionName: 'f' }]],
    ['GET /2015-03-31/functions/f/', ['GetFunction', { FunctionName: 'f' }]],
    ['GET /2015-03-31/functions//', undefined],
    ['GET /2015-03-31/functions//policy', undefined],
    ['GET //2015-03-31/functions', undefined],
    ['GET 2015-03-31/functions', undefined],
    ['GET /', undefined],
    ['GET ', undefined],
    ['GET /_sealhold/health', undefined],
    [
      'GET /2017-03-31/tags/arn%3Aaws%3Alambda%3Aus-east-1%3A111122223333%3Afunction%3Af',
      ['ListTags', { Resource: 'arn:aws:lambda:us-east-1:111122223333:function:f' }],
    ],
    ['GET /2015-03-31/functions/a%2Fb', ['GetFunction', { FunctionName: 'a/b' }]],
    ['GET /2015-03-31/functions/%C3%A9', ['GetFunction', { FunctionName: 'é' }]],
    ['GET /2015-03-31/functions/%', undefined],
    ['GET /2015-03-31/functions/%ff', undefined],
    [
      'DELETE /2015-03-31/functions/f/policy/sid',
      ['RemovePermission', { FunctionName: 'f', StatementId: 'sid' }],
    ],
    [
      'GET /2019-09-25/functions/f/event-invoke-config/list',
      ['ListFunctionEventInvokeConfigs', { FunctionName: 'f' }],
    ],
    ['GET /2015-03-31/functions/f/policy/sid/more', undefined],
    [
      'GET /authorization-details/abc/policy',
      ['GetRequestAuthorizationPolicy', { authorizationId: 'abc' }],
    ],
  ];
  for (const [request, expected] of cases) {
    test(`${request} ${expected === undefined ? 'is nobody’s' : 'is found'}`, () => {
      const [method = '', path = ''] = request.split(' ');
      assert.deepEqual(named(find(method, path)), expected);
    });
  }
  test('of every operation leads to it', () => {
    for (const model of models.values())
      for (const { name, http } of model.operations.values()) {
        if (http === undefined) continue;
        const match = find(http.method, http.path.replaceAll(/\{\w+\}/g, 'x'));
        assert.equal(match?.operation.name, name);
      }
  });
  test('with a fixed word goes before one with a label, which is tried next', () => {
    const route = routesOf({ Word: '/a/list', Label: '/a/{Name}', Deep: '/a/{Name}/b' });
    assert.deepEqual(named(route('GET', '/a/list')), ['Word', {}]);
    assert.deepEqual(named(route('GET', '/a/other')), ['Label', { Name: 'other' }]);
    assert.deepEqual(named(route('GET', '/a/list/b')), ['Deep', { Name: 'list' }]);
  });
  test('with a greedy label takes the rest, slashes and all, when nothing else does', () => {
    const route = routesOf({ Object: '/{Bucket}/{Key+}', Acl: '/{Bucket}/acl' });
    assert.deepEqual(named(route('GET', '/b/k/l%2Fm')), ['Object', { Bucket: 'b', Key: 'k/l/m' }]);
    assert.deepEqual(named(route('GET', '/b/acl')), ['Acl', { Bucket: 'b' }]);
    assert.deepEqual(named(route('GET', '/b/acl/x')), ['Object', { Bucket: 'b', Key: 'acl/x' }]);
    assert.equal(route('GET', '/b'), undefined);
  });
  test('is one operation’s', () => {
    assert.throws(() => routesOf({ One: '/a/{Name}', Two: '/a/{Other}' }), /GET \/a\/\{Other\}/);
  });
  test('is found at once, however long the path is', () => {
    const began = performance.now();
    find('GET', '/2015-03-31/functions'.repeat(1_000));
    find('GET', `/${'/'.repeat(16_000)}`);
    assert.ok(performance.now() - began < 50);
  });
});
