/** REST-JSON requests, answers and errors. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type Asked,
  claimed,
  claimOf,
  decode,
  lambdaRequest,
  models,
  refusal,
} from '../../test/wire-requests.ts';
import type { HttpResponse } from '../http/message.ts';
import type { OperationModel, ServiceModel, StructureShape } from '../model/schema.ts';
import { compileConvert } from './rest-input.ts';
import { restJson } from './rest-json.ts';

const lambda = models.get('lambda') as ServiceModel;
const functions = '/2015-03-31/functions';
const role = 'arn:aws:iam::111122223333:role/r';
const signedFor = (service: string): string =>
  `AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/${service}/aws4_request, Signature=0`;

describe('a REST request', () => {
  test('is claimed by method and path, whatever its content type is', () => {
    const asked = lambdaRequest('POST', `${functions}/f/invocations?Qualifier=1`, '{}');
    for (const type of ['application/json', 'application/x-www-form-urlencoded', '']) {
      const found = claimed({ ...asked, headers: { 'content-type': type } });
      assert.equal(found.service, 'lambda');
      assert.equal(found.operation.name, 'Invoke');
      assert.equal(found.protocol.name, 'rest-json');
    }
  });
  test('is no REST request when it names a target, as JSON requests do', () => {
    const { headers, ...asked } = lambdaRequest('POST', `${functions}/f/invocations`, '{}');
    const jsonHeaders = {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'TrentService.ListKeys',
    };
    assert.equal(claimed({ ...asked, headers: jsonHeaders }).operation.name, 'ListKeys');
    assert.equal(claimed({ ...asked, headers: headers ?? {} }).operation.name, 'Invoke');
  });
  test('is no Query request, though its parameters name an action', () => {
    const found = claimed(lambdaRequest('POST', `${functions}?Action=GetCallerIdentity`, '{}'));
    assert.equal(found.operation.name, 'CreateFunction');
  });
  test('for what its service does not have is answered UnknownOperationException', () => {
    const asked = { ...lambdaRequest('GET', '/2018-10-31/layers'), headers: {} };
    const signed = (service: string): Asked => ({
      ...asked,
      headers: { authorization: signedFor(service) },
    });
    const found = claimOf(signed('lambda'));
    assert.ok(found.kind === 'answer');
    assert.equal(found.response.status, 404);
    assert.equal(headersOf(found.response).get('x-amzn-ErrorType'), 'UnknownOperationException');
    for (const other of [asked, signed('kms')]) {
      const stray = claimOf(other);
      assert.ok(stray.kind === 'answer');
      assert.equal(stray.response.status, 403);
    }
  });
});

const headersOf = ({ headers }: HttpResponse): Map<string, string> => new Map(headers);

describe('the input of a REST request', () => {
  test('comes from path, query, headers and body', () => {
    const asked = lambdaRequest(
      'PUT',
      `${functions}/arn%3Aaws%3Alambda%3Aus-east-1%3A111122223333%3Afunction%3Af/configuration?Timeout=9`,
      { FunctionName: 'other', Timeout: 5, Environment: { Variables: { AB: 'c' } }, Nothing: 1 },
    );
    assert.deepEqual(decode(asked), {
      FunctionName: 'arn:aws:lambda:us-east-1:111122223333:function:f',
      Timeout: 5,
      Environment: { Variables: Object.setPrototypeOf({ AB: 'c' }, null) },
    });
  });
  test('has the body’s bytes as they are where one member is the whole body', () => {
    const body = Buffer.from('{"not json');
    const asked = lambdaRequest('POST', `${functions}/f/invocations?Qualifier=v1`, body);
    const headers = { 'x-amz-invocation-type': 'Event', 'x-amz-log-type': 'Tail' };
    assert.deepEqual(decode({ ...asked, headers }), {
      Payload: body,
      FunctionName: 'f',
      InvocationType: 'Event',
      LogType: 'Tail',
      Qualifier: 'v1',
    });
    assert.deepEqual(decode(lambdaRequest('POST', `${functions}/f/invocations`)), {
      FunctionName: 'f',
    });
  });
  test('has each value of a repeated parameter in a list, else the last', () => {
    const arn = 'arn%3Aaws%3Alambda%3Aus-east-1%3A111122223333%3Afunction%3Af';
    const untag = decode(
      lambdaRequest('DELETE', `/2017-03-31/tags/${arn}?tagKeys=a&tagKeys=b%20c&tagKeys=d+e`),
    );
    assert.deepEqual((untag as { TagKeys: unknown }).TagKeys, ['a', 'b c', 'd e']);
    const list = decode(lambdaRequest('GET', `${functions}?MaxItems=1&MaxItems=7&Marker=`));
    assert.deepEqual(list, { MaxItems: 7 });
  });
  test('may come without a body where nothing of it is required', () => {
    const decoded = decode(lambdaRequest('POST', `${functions}/f/versions`));
    assert.deepEqual(decoded, { FunctionName: 'f' });
  });
  test('of a wrong type is a SerializationException', () => {
    const wrong: Array<[asked: Asked, text: string | undefined]> = [
      [lambdaRequest('POST', functions, '{'), undefined],
      [lambdaRequest('POST', functions, '[]'), undefined],
      [lambdaRequest('POST', functions, Buffer.from([0x7b, 0xff, 0x7d])), undefined],
      [
        lambdaRequest('POST', functions, { FunctionName: 1 }),
        'class java.math.BigDecimal can not be converted to an String',
      ],
      [
        lambdaRequest('GET', `${functions}?MaxItems=many`),
        "'many' can not be converted to an Integer",
      ],
      [lambdaRequest('GET', `${functions}?Marker=%`), undefined],
    ];
    for (const [asked, text] of wrong)
      assert.deepEqual(refusal(asked), { code: 'SerializationException', text });
  });
  test('is held against the model, in AWS’s words', () => {
    assert.deepEqual(refusal(lambdaRequest('POST', functions, { FunctionName: 'f', Role: role })), {
      code: 'ValidationException',
      text: "1 validation error detected: Value null at 'code' failed to satisfy constraint: Member must not be null",
    });
    assert.deepEqual(refusal(lambdaRequest('GET', `${functions}?MaxItems=0`)), {
      code: 'ValidationException',
      text: "1 validation error detected: Value '0' at 'maxItems' failed to satisfy constraint: Member must have value greater than or equal to 1",
    });
    const { text } = refusal(lambdaRequest('GET', `${functions}/a%2Fb`));
    assert.match(
      String(text),
      /^1 validation error detected: Value 'a\/b' at 'functionName' failed/,
    );
  });
  test('reads text of every type of single value', () => {
    const shape: StructureShape = {
      name: 'S',
      type: 'structure',
      members: {
        Flag: { name: 'B', type: 'boolean' },
        When: { name: 'T', type: 'timestamp' },
        Ratio: { name: 'D', type: 'double' },
      },
      bindings: {
        Flag: { location: 'querystring', name: 'flag' },
        When: { location: 'header', name: 'X-When' },
        Ratio: { location: 'querystring', name: 'ratio' },
      },
    };
    const convert = compileConvert(shape);
    const document = { labels: new Map(), headers: new Map(), body: Buffer.alloc(0) };
    assert.deepEqual(
      convert({
        ...document,
        query: 'flag=true&ratio=0.5',
        headers: new Map([['x-when', '2026-01-01T00:00:00Z']]),
      }),
      { Flag: true, Ratio: 0.5, When: Date.UTC(2026, 0, 1) },
    );
    assert.throws(() => convert({ ...document, query: 'flag=perhaps' }), {
      code: 'SerializationException',
    });
  });
});

describe('a REST answer', () => {
  const encode = (name: string, output: unknown): HttpResponse => {
    const operation = lambda.operations.get(name) as OperationModel;
    return restJson.encode({ model: lambda, operation }, output, 'the-id');
  };
  test('is JSON with the status of its operation', () => {
    const response = encode('CreateFunction', { FunctionName: 'f', CodeSize: 1 });
    assert.equal(response.status, 201);
    assert.equal(response.body, '{"FunctionName":"f","CodeSize":1}');
    assert.equal(headersOf(response).get('x-amzn-RequestId'), 'the-id');
    assert.equal(headersOf(response).get('Content-Type'), 'application/json');
  });
  test('has its status, headers and bytes from the members that are bound to them', () => {
    const payload = Buffer.from('{"ok":true}');
    const response = encode('Invoke', {
      StatusCode: 200,
      FunctionError: 'Unhandled',
      ExecutedVersion: '$LATEST',
      Payload: new Uint8Array(payload),
    });
    assert.equal(response.status, 200);
    assert.deepEqual(response.body, payload);
    assert.equal(headersOf(response).get('X-Amz-Function-Error'), 'Unhandled');
    assert.equal(headersOf(response).get('X-Amz-Executed-Version'), '$LATEST');
    assert.equal(headersOf(response).has('X-Amz-Log-Result'), false);
    assert.equal(encode('Invoke', { StatusCode: 202 }).status, 202);
    assert.equal(encode('Invoke', { StatusCode: 202 }).body, '');
  });
  test('204 is empty', () => {
    assert.equal(encode('DeleteFunction', { StatusCode: 204 }).body, '');
    assert.equal(encode('DeleteAlias', undefined).status, 204);
    assert.equal(encode('DeleteAlias', undefined).body, '');
  });
  test('may hold any JSON where the model says document', () => {
    const toolbox = models.get('iam-toolbox') as ServiceModel;
    const operation = toolbox.operations.get('GetRequestAuthorizationPolicy') as OperationModel;
    const output = {
      policyDocument: { Version: '2012-10-17', Statement: [{ a: [1, null, true] }] },
    };
    const response = restJson.encode({ model: toolbox, operation }, output, 'the-id');
    assert.deepEqual(JSON.parse(String(response.body)), output);
  });
  test('of the wrong type is our fault, not an answer', () => {
    assert.throws(() => encode('Invoke', { Payload: 'text' }), TypeError);
    assert.throws(() => encode('CreateFunction', { FunctionName: 1 }), TypeError);
  });
});

describe('a REST error', () => {
  const cases: Array<[service: string, code: string, status: number, body: object]> = [
    ['lambda', 'ResourceNotFoundException', 404, { Type: 'User', Message: 'the text' }],
    ['lambda', 'InvalidParameterValueException', 400, { Type: 'User', message: 'the text' }],
    ['lambda', 'ServiceException', 500, { Type: 'Service', Message: 'the text' }],
    ['lambda', 'AccessDeniedException', 403, { Message: 'the text' }],
    ['lambda', 'ValidationException', 400, { message: 'the text' }],
    ['lambda', 'InvalidSignatureException', 403, { message: 'the text' }],
    ['lambda', 'InternalFailure', 500, { message: 'the text' }],
    ['iam-toolbox', 'AccessDeniedException', 403, { message: 'the text' }],
    ['iam-toolbox', 'ResourceNotFoundException', 404, { message: 'the text' }],
  ];
  for (const [service, code, status, body] of cases) {
    test(`${code} of ${service} is ${status}`, () => {
      const error = { code, text: 'the text' };
      const response = restJson.encodeError(error, 'the-id', models.get(service));
      assert.equal(response.status, status);
      assert.deepEqual(JSON.parse(String(response.body)), body);
      assert.equal(headersOf(response).get('x-amzn-ErrorType'), code);
      assert.equal(headersOf(response).get('x-amzn-RequestId'), 'the-id');
    });
  }
  test('without a text says only what it is', () => {
    const response = restJson.encodeError({ code: 'X', text: undefined }, 'the-id', lambda);
    assert.equal(response.body, '{}');
  });
});
