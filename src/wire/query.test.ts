/** The Query protocol against what AWS was recorded to answer. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { claimed, decode, refusal, stsRequest } from '../../test/wire-requests.ts';
import type { HttpResponse } from '../http/message.ts';
import type { OperationModel, ServiceModel } from '../model/schema.ts';
import { sts } from '../model/sts.generated.ts';
import { query } from './query.ts';
import { compileConvert } from './query-input.ts';
import { emptyNode, readParams } from './query-params.ts';
import { escapeXml } from './xml-output.ts';

const roleArn = 'arn:aws:iam::111111111111:role/test-role';
const assumeRole = `RoleArn=${encodeURIComponent(roleArn)}&RoleSessionName=Session1`;

describe('decoding', () => {
  test('lists, structures and numbers are read from their names', () => {
    const params = `${assumeRole}&DurationSeconds=900&Tags.member.1.Key=a&Tags.member.1.Value=x+y%2B&Tags.member.2.Key=b&Tags.member.2.Value=&TransitiveTagKeys.member.1=a&Policy=%7B%7D&Unknown.member.1=z`;
    assert.deepEqual(decode(stsRequest('AssumeRole', params)), {
      RoleArn: roleArn,
      RoleSessionName: 'Session1',
      DurationSeconds: 900,
      Tags: [
        { Key: 'a', Value: 'x y+' },
        { Key: 'b', Value: '' },
      ],
      TransitiveTagKeys: ['a'],
      Policy: '{}',
    });
  });
  test('an empty text breaks its length, an empty number is absent', () => {
    const text = refusal(
      stsRequest('AssumeRole', `${assumeRole}&ExternalId=&DurationSeconds=`),
    ).text;
    assert.match(String(text), /^1 validation error detected: Value '' at 'externalId'/);
  });
  test('list members are in order of their numbers, also when flattened', () => {
    const keys = (params: string): unknown =>
      (decode(stsRequest('AssumeRole', `${assumeRole}&${params}`)) as Record<string, unknown>)
        .TransitiveTagKeys;
    assert.deepEqual(
      keys(
        'TransitiveTagKeys.member.10=c&TransitiveTagKeys.member.2=b&TransitiveTagKeys.member.1=a',
      ),
      ['a', 'b', 'c'],
    );
    assert.deepEqual(keys('TransitiveTagKeys.2=b&TransitiveTagKeys.1=a'), ['a', 'b']);
    assert.deepEqual(keys('TransitiveTagKeys='), []);
  });
  test('every type has a form', () => {
    const convert = compileConvert({
      name: 'S',
      type: 'structure',
      members: {
        Blob: { name: 'B', type: 'blob' },
        Yes: { name: 'T', type: 'boolean' },
        No: { name: 'T', type: 'boolean' },
        Time: { name: 'D', type: 'timestamp' },
        Part: { name: 'F', type: 'double' },
        Map: {
          name: 'M',
          type: 'map',
          key: { name: 'K', type: 'string' },
          value: { name: 'V', type: 'integer' },
        },
      },
    });
    const root = emptyNode();
    readParams(
      'Blob=AAEC&Yes=true&No=0&Time=2026-01-01T00:00:00.5Z&Part=-1.5e2&Map.entry.1.key=__proto__&Map.entry.1.value=7&Map.entry.2.key=b&Map.entry.2.value=-8',
      root,
    );
    const input = convert(root) as Record<string, unknown>;
    assert.deepEqual(Object.entries(input.Map as object), [
      ['__proto__', 7],
      ['b', -8],
    ]);
    assert.deepEqual(
      { ...input, Map: undefined },
      {
        Blob: Buffer.from([0, 1, 2]),
        Yes: true,
        No: false,
        Time: 1767225600500,
        Part: -150,
        Map: undefined,
      },
    );
  });
  const wrong = ['DurationSeconds=abc', 'DurationSeconds=9e2', 'Tags=x', 'Tags.member.x.Key=a'];
  for (const params of wrong) {
    test(`${params} is malformed`, () => {
      assert.equal(
        refusal(stsRequest('AssumeRole', `${assumeRole}&${params}`)).code,
        'MalformedInput',
      );
    });
  }
});

describe('constraint errors', () => {
  test('a session name that breaks its pattern is told in the recorded words', () => {
    const params = `RoleArn=${roleArn}&RoleSessionName=Session1:2`;
    assert.deepEqual(refusal(stsRequest('AssumeRole', params)), {
      code: 'ValidationError',
      text: "1 validation error detected: Value 'Session1:2' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*",
    });
  });
  test('required members, ranges and lists are checked', () => {
    assert.deepEqual(refusal(stsRequest('AssumeRole', 'DurationSeconds=1')), {
      code: 'ValidationError',
      text: "3 validation errors detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be null; Value null at 'roleSessionName' failed to satisfy constraint: Member must not be null; Value '1' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900",
    });
    const { text } = refusal(
      stsRequest('AssumeRole', `${assumeRole}&Tags.member.1.Key=%3C&Tags.member.1.Value=v`),
    );
    assert.equal(
      text,
      "1 validation error detected: Value '<' at 'tags.1.member.key' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+",
    );
  });
  test('a web identity token is not printed', () => {
    const params = `${assumeRole}&WebIdentityToken=abc`;
    assert.equal(
      refusal(stsRequest('AssumeRoleWithWebIdentity', params)).text,
      "1 validation error detected: Value at 'webIdentityToken' failed to satisfy constraint: Member must have length greater than or equal to 4",
    );
  });
});

describe('answers', () => {
  const encode = (name: string, output: unknown): HttpResponse =>
    query.encode(claimed(stsRequest(name)), output, 'the-id');

  test('the output stands in its wrapper, beside the request id', () => {
    const response = encode('GetCallerIdentity', { UserId: 'a&b', Account: '1', Arn: '<arn>' });
    assert.equal(response.status, 200);
    assert.equal(
      response.body,
      '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><UserId>a&amp;b</UserId><Account>1</Account><Arn>&lt;arn&gt;</Arn></GetCallerIdentityResult><ResponseMetadata><RequestId>the-id</RequestId></ResponseMetadata></GetCallerIdentityResponse>',
    );
    assert.equal(new Map(response.headers).get('Content-Type'), 'text/xml');
  });
  test('structures nest and times are ISO 8601 in seconds', () => {
    const { body } = encode('GetSessionToken', {
      Credentials: {
        AccessKeyId: 'A',
        SecretAccessKey: 'S',
        SessionToken: 'T',
        Expiration: 1767225600999,
      },
    });
    const credentials =
      '<AccessKeyId>A</AccessKeyId><SecretAccessKey>S</SecretAccessKey>' +
      '<SessionToken>T</SessionToken><Expiration>2026-01-01T00:00:00Z</Expiration>';
    const result = `<GetSessionTokenResult><Credentials>${credentials}</Credentials></GetSessionTokenResult>`;
    assert.ok(String(body).includes(result), String(body));
  });
  test('lists and maps have their elements; an operation without output has only the request id', () => {
    const model: ServiceModel = { ...sts, errors: new Map() };
    const operation = (output: OperationModel['output']): OperationModel => ({
      name: 'Op',
      input: undefined,
      output,
    });
    const text = { name: 'T', type: 'string' } as const;
    const body = (output: OperationModel['output'], value: unknown): string =>
      String(query.encode({ model, operation: operation(output) }, value, 'i').body);
    assert.match(body(undefined, undefined), /Op[^>]*"><ResponseMetadata>/);
    const members = {
      List: { name: 'L', type: 'list', member: text },
      Map: { name: 'M', type: 'map', key: text, value: { name: 'B', type: 'blob' } },
      Yes: { name: 'Y', type: 'boolean' },
    } as const;
    const xml = body(
      { name: 'S', type: 'structure', members },
      { List: ['a', ''], Map: { k: new Uint8Array(1) }, Yes: true },
    );
    const list = '<List><member>a</member><member></member></List>';
    const map = '<Map><entry><key>k</key><value>AA==</value></entry></Map>';
    assert.ok(xml.includes(`${list}${map}<Yes>true</Yes>`), xml);
  });
  test('characters that XML has no form for do not get through', () => {
    assert.equal(escapeXml('a\u0000\u0001\u001f\ufffe\ud800b'), 'a\ufffd\ufffd\ufffd\ufffd\ufffdb');
    assert.equal(escapeXml('\t\n\r"\'&<>\u{1f511}'), '\t\n&#xD;&quot;&apos;&amp;&lt;&gt;\u{1f511}');
  });
});

describe('errors', () => {
  const error = (code: string, text: string | undefined, model?: ServiceModel): HttpResponse =>
    query.encodeError({ code, text }, 'the-id', model);

  test('an error stands in the service’s namespace with its type, code and text', () => {
    assert.equal(
      error('ValidationError', 'a<b', sts).body,
      '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>ValidationError</Code><Message>a&lt;b</Message></Error><RequestId>the-id</RequestId></ErrorResponse>',
    );
    assert.match(
      String(error('InternalFailure', undefined).body),
      /<Type>Receiver<\/Type><Code>InternalFailure<\/Code><\/Error>/,
    );
  });
  const statuses: Array<[string, number]> = [
    ['ValidationError', 400],
    ['AccessDenied', 403],
    ['SignatureDoesNotMatch', 403],
    ['IncompleteSignature', 400],
    ['InvalidClientTokenId', 403],
    ['MissingAuthenticationToken', 403],
    ['ExpiredToken', 403],
    ['ExpiredTokenException', 400],
    ['IDPRejectedClaim', 403],
    ['RegionDisabledException', 403],
    ['MalformedPolicyDocument', 400],
    ['Throttling', 400],
    ['InternalFailure', 500],
    ['ServiceUnavailable', 503],
  ];
  for (const [code, status] of statuses) {
    test(`${code} is ${status}`, () => assert.equal(error(code, 'x', sts).status, status));
  }
  test('what all services throw alike has its shorter name', () => {
    assert.match(String(error('AccessDeniedException', 'x', sts).body), /<Code>AccessDenied</);
    assert.equal(error('AccessDeniedException', 'x', sts).status, 403);
    assert.match(String(error('ThrottlingException', 'x', sts).body), /<Code>Throttling</);
  });
});
