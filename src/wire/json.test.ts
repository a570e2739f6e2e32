/** The JSON protocol's answers and errors. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { claimed, kmsRequest } from '../../test/wire-requests.ts';
import type { HttpResponse } from '../http/message.ts';
import { kms } from '../model/kms.generated.ts';
import type { Target } from './protocol.ts';

const keyId = '1234abcd-12ab-34cd-56ef-1234567890ab';

describe('answers', () => {
  const target = (name: string): Target => {
    const operation = kms.operations.get(name);
    assert.ok(operation);
    return { model: kms, operation };
  };
  const encode = (name: string, output: unknown): HttpResponse =>
    claimed(kmsRequest(name, {})).protocol.encode(target(name), output, 'the-id');

  test('bytes are base64, times are seconds, undefined is left out', () => {
    const response = encode('GetParametersForImport', {
      KeyId: keyId,
      ImportToken: new Uint8Array([0, 1, 2]),
      PublicKey: Buffer.from('pool').subarray(1),
      ParametersValidTo: 1593622000191,
      Unmodelled: 1,
    });
    assert.equal(response.status, 200);
    assert.deepEqual(JSON.parse(String(response.body)), {
      KeyId: keyId,
      ImportToken: 'AAEC',
      PublicKey: 'b29s',
      ParametersValidTo: 1593622000.191,
    });
    const headers = new Map(response.headers);
    assert.equal(headers.get('Content-Type'), 'application/x-amz-json-1.1');
    assert.equal(headers.get('x-amzn-RequestId'), 'the-id');
  });
  test('an operation without output answers nothing, one with an empty output {}', () => {
    const nothing =
      'CreateAlias DeleteAlias DisableKey DisableKeyRotation EnableKey EnableKeyRotation PutKeyPolicy RetireGrant RevokeGrant TagResource UntagResource UpdateAlias UpdateKeyDescription UpdatePrimaryRegion';
    const empty =
      'ConnectCustomKeyStore DeleteCustomKeyStore DisconnectCustomKeyStore UpdateCustomKeyStore';
    for (const name of nothing.split(' ')) assert.equal(encode(name, undefined).body, '', name);
    for (const name of empty.split(' ')) assert.equal(encode(name, {}).body, '{}', name);
  });
  test('an answer of the wrong type is our fault, not an answer', () => {
    assert.throws(() => encode('Encrypt', { CiphertextBlob: 'text' }), TypeError);
    assert.throws(
      () => encode('DescribeKey', { KeyMetadata: { CreationDate: Number.NaN } }),
      TypeError,
    );
  });

  const error = (code: string, text?: string): HttpResponse =>
    claimed(kmsRequest('Encrypt', {})).protocol.encodeError({ code, text }, 'the-id', kms);

  test('an error has its name, its text and its status', () => {
    assert.equal(
      error('DisabledException', 'k is disabled.').body,
      '{"__type":"DisabledException","message":"k is disabled."}',
    );
    assert.equal(error('DisabledException', 'x').status, 400);
    assert.equal(error('NotFoundException', 'x').status, 400);
    assert.equal(error('AccessDeniedException', 'x').status, 400);
    assert.equal(error('ThrottlingException', 'x').status, 400);
    assert.equal(error('KMSInternalException', 'x').status, 500);
    assert.equal(error('KeyUnavailableException', 'x').status, 500);
    assert.equal(error('DependencyTimeoutException', 'x').status, 503);
    assert.equal(error('InternalFailure').status, 500);
  });
  test('an error without text has no message, which is not the same as an empty one', () => {
    assert.equal(
      error('InvalidCiphertextException').body,
      '{"__type":"InvalidCiphertextException"}',
    );
    assert.equal(error('X', '').body, '{"__type":"X","message":""}');
  });
  test('two errors spell Message with a capital', () => {
    assert.equal(
      error('AccessDeniedException', 't').body,
      '{"__type":"AccessDeniedException","Message":"t"}',
    );
    assert.equal(
      error('SerializationException', 't').body,
      '{"__type":"SerializationException","Message":"t"}',
    );
  });
});
