/** What is claimed and what is answered at the door. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Asked, claimed, claimOf, kmsRequest, stsRequest } from '../../test/wire-requests.ts';
import type { HttpResponse } from '../http/message.ts';

function answerTo(asked: Asked): HttpResponse {
  const found = claimOf(asked);
  assert.equal(found.kind, 'answer');
  return (found as { response: HttpResponse }).response;
}

function answers(asked: Asked, status: number, body: string, contentType?: string): void {
  const response = answerTo(asked);
  assert.equal(response.status, status);
  assert.equal(response.body, body);
  const headers = new Map(response.headers);
  assert.equal(headers.get('x-amzn-RequestId'), 'the-id');
  assert.equal(headers.get('Content-Type'), contentType);
}

const amzJson = 'application/x-amz-json-1.1';
const undetermined =
  '<AccessDeniedException>\n  <Message>Unable to determine service/operation name to be authorized</Message>\n</AccessDeniedException>\n';
const unknown = '{"__type":"UnknownOperationException"}';
const unreadable = '{"__type":"SerializationException"}';

const withType = (type: string, asked: Asked): Asked => ({
  ...asked,
  headers: { ...asked.headers, 'content-type': type },
});

describe('a JSON request', () => {
  test('is claimed by its target, parsed once', () => {
    const found = claimed(kmsRequest('Encrypt', { KeyId: 'k' }));
    assert.equal(found.service, 'kms');
    assert.equal(found.operation.name, 'Encrypt');
    assert.equal(found.protocol.name, 'json-1.1');
    assert.deepEqual(found.document, { KeyId: 'k' });
  });
  test('is claimed with fields that are wrong: those are looked at after its signature', () => {
    assert.equal(claimed(kmsRequest('Encrypt', { KeyId: 1 })).operation.name, 'Encrypt');
  });
  test('is claimed for every operation of the model', () => {
    for (const name of ['ReplicateKey', 'ConnectCustomKeyStore', 'Decapsulate'])
      assert.equal(claimed(kmsRequest(name, {})).operation.name, name);
  });
  test('may say its charset and write its type in any case', () => {
    const asked = withType('Application/X-Amz-Json-1.1; charset=utf-8', kmsRequest('ListKeys', {}));
    assert.equal(claimed(asked).operation.name, 'ListKeys');
  });
  test('that is no POST is answered 403', () => {
    answers({ ...kmsRequest('ListKeys', {}), method: 'PUT' }, 403, undetermined);
    answers({ method: 'GET' }, 403, undetermined);
  });
  test('without a body is answered by whether its operation exists', () => {
    answers(kmsRequest('ListKeys', ''), 400, unreadable, amzJson);
    answers(kmsRequest('ListKies', ''), 400, unknown, amzJson);
    answers({}, 400, unknown, amzJson);
  });
  test('of another content type is answered 403 without a target, 404 with one', () => {
    answers(withType('text/plain', { body: '{}' }), 403, undetermined);
    answers(
      withType('text/plain', kmsRequest('ListKeys', {})),
      404,
      '<UnknownOperationException/>\n',
    );
    answers(
      withType('application/x-www-form-urlencoded', kmsRequest('ListKeys', {})),
      404,
      '<UnknownOperationException/>\n',
    );
  });
  test('whose body is no JSON object is answered SerializationException', () => {
    for (const body of ['{', '[]', 'null', '"x"', '1', '\ufeff{}', '{"a":1}x'])
      answers(kmsRequest('ListKeys', body), 400, unreadable, amzJson);
    const notUtf8 = Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]);
    answers(kmsRequest('ListKeys', notUtf8), 400, unreadable, amzJson);
  });
  test('of plain application/json is answered 200 with a failure inside', () => {
    const output = (type: string, text: string): string =>
      `{"Output":{"__type":"com.amazon.coral.service#${type}","${text}":null},"Version":"1.0"}`;
    const plain = 'application/json';
    answers(
      withType(plain, kmsRequest('ListKeys', {})),
      200,
      output('UnknownOperationException', 'message'),
      plain,
    );
    answers(
      withType(plain, kmsRequest('ListKeys', '{')),
      200,
      output('SerializationException', 'Message'),
      plain,
    );
  });
  test('for what nobody offers is answered UnknownOperationException', () => {
    for (const name of ['Encrypt.x', 'encrypt', '__proto__', '', 'Encrypt,TrentService.Decrypt'])
      answers(kmsRequest(name, {}), 400, unknown, amzJson);
    const headers = { 'content-type': amzJson, 'x-amz-target': 'Nobody.Encrypt' };
    answers({ headers, body: '{}' }, 400, unknown, amzJson);
  });
});

describe('a Query request', () => {
  const xml = 'text/xml';
  const error = (code: string, text: string, model = true): string =>
    `<ErrorResponse${model ? ' xmlns="https://sts.amazonaws.com/doc/2011-06-15/"' : ''}><Error><Type>Sender</Type><Code>${code}</Code><Message>${text}</Message></Error><RequestId>the-id</RequestId></ErrorResponse>`;

  test('is claimed from a form', () => {
    const found = claimed(stsRequest('GetCallerIdentity'));
    assert.equal(found.service, 'sts');
    assert.equal(found.operation.name, 'GetCallerIdentity');
    assert.equal(found.protocol.name, 'query');
  });
  test('is claimed from the query string of a GET, as presigned ones are', () => {
    const target =
      '/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Credential=AKIA%2F20260101%2Fus-east-1%2Fsts%2Faws4_request';
    assert.equal(claimed({ method: 'GET', target }).operation.name, 'GetCallerIdentity');
  });
  test('says by its version or host whose it is where its signature does not', () => {
    assert.equal(claimed(stsRequest('GetCallerIdentity')).service, 'sts');
    const { body = '' } = stsRequest('Nothing');
    const byHost: Asked = {
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        host: 'sts.eu-west-1.amazonaws.com',
      },
      body: String(body).replace('2011-06-15', '1999-01-01'),
    };
    answers(
      byHost,
      400,
      error('InvalidAction', 'Could not find operation Nothing for version 1999-01-01'),
      xml,
    );
  });
  test('for what the service does not offer is answered InvalidAction', () => {
    answers(
      stsRequest('Assume&lt;'),
      400,
      error('InvalidAction', 'Could not find operation Assume for version 2011-06-15'),
      xml,
    );
    answers(
      stsRequest('%3CScript%3E'),
      400,
      error('InvalidAction', 'Could not find operation &lt;Script&gt; for version 2011-06-15'),
      xml,
    );
    const authorization =
      'AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=0';
    const headers = { 'content-type': 'application/x-www-form-urlencoded', authorization };
    answers(
      { headers, body: 'Action=GetCallerIdentity' },
      400,
      error(
        'InvalidAction',
        'Could not find operation GetCallerIdentity for version NO_VERSION_SPECIFIED',
      ),
      xml,
    );
    answers(
      { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'Action=X' },
      400,
      error('InvalidAction', 'Could not find operation X for version NO_VERSION_SPECIFIED', false),
      xml,
    );
  });
  test('without an action or with a broken syntax is answered in XML', () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    assert.match(String(answerTo({ headers, body: '' }).body), /<Code>MissingAction<\/Code>/);
    const tooMany = `Action=GetCallerIdentity&${'a=1&'.repeat(5000)}`;
    const tooDeep = `Action=GetCallerIdentity&${'a.'.repeat(50)}=1`;
    for (const body of ['Action=%', 'Action=%ff', Buffer.from([0x41, 0xff]), tooMany, tooDeep]) {
      const response = answerTo({ headers, body });
      assert.equal(response.status, 404);
      assert.match(String(response.body), /<Code>MalformedQueryString<\/Code>/);
    }
  });
});
