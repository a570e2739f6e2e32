import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { callFacts, keyArn, rootUser, testKey, testWorld } from '../../test/trail.ts';
import { ApiError } from '../api-error.ts';
import { kms } from '../model/kms.generated.ts';
import type { Principal } from '../operation.ts';
import {
  type CallFacts,
  callRecord,
  mergeNotes,
  type Outcome,
  serviceEventRecord,
} from './record.ts';

type Json = Readonly<Record<string, unknown>>;

function record(operation: string, more: Partial<CallFacts> = {}, service = kms): Json {
  return JSON.parse(callRecord(callFacts(operation, more, service), testWorld));
}

/** What the table in the reference, section 24, is about. */
function parts(operation: string, more: Partial<CallFacts>): unknown {
  const { requestParameters, responseElements, additionalEventData, resources } = record(
    operation,
    more,
  );
  return { requestParameters, responseElements, additionalEventData, resources };
}

const output = (value: unknown): Outcome => ({ kind: 'output', output: value });
const failed = (code: string, text?: string): Outcome => ({
  kind: 'error',
  error: new ApiError(code, text),
});
const listed = [{ accountId: '111122223333', type: 'AWS::KMS::Key', ARN: keyArn }];

const KeyId = keyArn;
const none = { responseElements: null, additionalEventData: undefined, resources: listed };
/** Operation, call, and what AWS's records of it hold (kms.md of the reference, section 24). */
const awsRecords: [string, Partial<CallFacts>, unknown][] = [
  [
    'GenerateDataKey',
    { input: { KeyId, KeySpec: 'AES_256', EncryptionContext: { a: 'b' } } },
    {
      ...none,
      requestParameters: { keyId: keyArn, keySpec: 'AES_256', encryptionContext: { a: 'b' } },
    },
  ],
  [
    'Decrypt',
    {
      input: { CiphertextBlob: Buffer.from('x'), EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' },
      notes: { requestParameters: { keyId: keyArn } },
    },
    { ...none, requestParameters: { keyId: keyArn, encryptionAlgorithm: 'SYMMETRIC_DEFAULT' } },
  ],
  [
    'Sign',
    {
      input: {
        KeyId,
        Message: Buffer.from('m'),
        MessageType: 'RAW',
        SigningAlgorithm: 'ECDSA_SHA_256',
      },
    },
    {
      ...none,
      requestParameters: {
        keyId: keyArn,
        messageType: 'RAW',
        signingAlgorithm: 'ECDSA_SHA_256',
      },
    },
  ],
  [
    'GenerateRandom',
    {
      input: { NumberOfBytes: 32 },
      resources: [{ arn: '*', account: rootUser.account }],
      notes: { requestParameters: { numberOfBytes: undefined } },
    },
    { ...none, requestParameters: null, resources: [] },
  ],
  [
    'GetParametersForImport',
    {
      input: { KeyId, WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_3072' },
      outcome: output({ ImportToken: Buffer.from('t'), PublicKey: Buffer.from('p') }),
    },
    {
      ...none,
      requestParameters: {
        keyId: keyArn,
        wrappingAlgorithm: 'RSAES_OAEP_SHA_256',
        wrappingKeySpec: 'RSA_3072',
      },
    },
  ],
  [
    'CreateKey',
    {
      readOnly: false,
      resources: [{ arn: '*', account: rootUser.account }],
      input: { Tags: [{ TagKey: 'k', TagValue: 'v' }], MultiRegion: false },
      notes: { requestParameters: { description: '' }, resources: [testKey] },
      outcome: output({
        KeyMetadata: {
          AWSAccountId: '111122223333',
          KeyId: 'id',
          Enabled: true,
          CreationDate: 1_660_171_107_890,
          EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
        },
      }),
    },
    {
      requestParameters: {
        tags: [{ tagKey: 'k', tagValue: 'v' }],
        multiRegion: false,
        description: '',
      },
      responseElements: {
        keyMetadata: {
          aWSAccountId: '111122223333',
          keyId: 'id',
          creationDate: 'Aug 10, 2022, 10:38:27 PM',
          enabled: true,
          encryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
        },
      },
      additionalEventData: undefined,
      resources: listed,
    },
  ],
  [
    'CreateGrant',
    {
      readOnly: false,
      input: {
        KeyId,
        GranteePrincipal: rootUser.arn,
        Operations: ['Decrypt'],
        Constraints: { EncryptionContextSubset: { a: 'b' } },
      },
      outcome: output({ GrantId: 'g', GrantToken: 'token' }),
    },
    {
      ...none,
      requestParameters: {
        keyId: keyArn,
        granteePrincipal: rootUser.arn,
        operations: ['Decrypt'],
        constraints: { encryptionContextSubset: { a: 'b' } },
      },
      responseElements: { grantId: 'g' },
    },
  ],
  [
    'EnableKey',
    { readOnly: false, input: { KeyId }, notes: { responseElements: { keyId: keyArn } } },
    { ...none, requestParameters: { keyId: keyArn }, responseElements: { keyId: keyArn } },
  ],
  [
    'ScheduleKeyDeletion',
    {
      readOnly: false,
      input: { KeyId, PendingWindowInDays: 7 },
      outcome: output({ KeyId, DeletionDate: 1_672_531_200_000, KeyState: 'PendingDeletion' }),
    },
    {
      ...none,
      requestParameters: { keyId: keyArn, pendingWindowInDays: 7 },
      responseElements: {
        keyId: keyArn,
        deletionDate: 'Jan 1, 2023, 12:00:00 AM',
        keyState: 'PendingDeletion',
      },
    },
  ],
  [
    'RetireGrant',
    {
      readOnly: false,
      input: { GrantToken: 'token' },
      notes: { additionalEventData: { grantId: 'g' } },
    },
    {
      ...none,
      requestParameters: null,
      responseElements: null,
      additionalEventData: { grantId: 'g' },
    },
  ],
];

describe('The record of a call', () => {
  test('is CloudTrail’s, member by member and in its order', () => {
    const json = callRecord(
      callFacts('Encrypt', {
        input: {
          KeyId: 'alias/example',
          Plaintext: Buffer.from('secret'),
          EncryptionContext: { Department: 'IT', 'quo"te': 'ä\n', ['__proto__']: 'x' },
          GrantTokens: ['token'],
        },
        notes: {
          requestParameters: { encryptionAlgorithm: 'SYMMETRIC_DEFAULT' },
          additionalEventData: { keyMaterialId: 'abc' },
        },
        outcome: output({ CiphertextBlob: Buffer.from('sealed'), KeyId: keyArn }),
      }),
      testWorld,
    );
    const { eventID } = JSON.parse(json);
    assert.match(eventID, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const context = '{"Department":"IT","quo\\"te":"ä\\n","__proto__":"x"}';
    const expected =
      '{"eventVersion":"1.11","userIdentity":{"type":"Root","principalId":"111122223333",' +
      '"arn":"arn:aws:iam::111122223333:root","accountId":"111122223333",' +
      '"accessKeyId":"AKIAIOSFODNN7EXAMPLE"},"eventTime":"2022-08-10T22:38:27Z",' +
      '"eventSource":"kms.amazonaws.com","eventName":"Encrypt","awsRegion":"eu-central-1",' +
      '"sourceIPAddress":"192.0.2.7","userAgent":"aws-cli/2.31.0","requestParameters":' +
      `{"keyId":"alias/example","encryptionContext":${context},` +
      '"encryptionAlgorithm":"SYMMETRIC_DEFAULT"},"responseElements":null,' +
      '"additionalEventData":{"keyMaterialId":"abc"},' +
      `"requestID":"7d1b2f3a-0000-4000-8000-000000000001","eventID":"${eventID}",` +
      `"readOnly":true,"resources":[{"accountId":"111122223333","type":"AWS::KMS::Key","ARN":` +
      `"${keyArn}"}],"eventType":"AwsApiCall","managementEvent":true,` +
      '"recipientAccountId":"111122223333","eventCategory":"Management","tlsDetails":' +
      '{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256",' +
      '"clientProvidedHostHeader":"kms.example.com:4566"}}';
    assert.equal(json, expected);
  });

  test('has the members that AWS records, operation by operation', () => {
    for (const [operation, more, expected] of awsRecords) {
      assert.deepEqual(parts(operation, more), expected, operation);
    }
  });

  test('tells denials as AccessDenied and other failures by their code, without a response', () => {
    const denied = record('EnableKey', {
      readOnly: false,
      input: { KeyId: keyArn },
      outcome: failed('AccessDeniedException', 'User: x is not authorized'),
    });
    assert.equal(denied.errorCode, 'AccessDenied');
    assert.equal(denied.errorMessage, 'User: x is not authorized');
    assert.deepEqual(denied.requestParameters, { keyId: keyArn });
    assert.equal(denied.responseElements, null);
    const silent = record('Decrypt', { outcome: failed('InvalidCiphertextException') });
    assert.equal(silent.errorCode, 'InvalidCiphertextException');
    assert.equal(Object.hasOwn(silent, 'errorMessage'), false);
  });

  test('is made of requests whose sender is not known, too', () => {
    const { userIdentity, eventName, requestParameters, ...rest } = record('Encrypt', {
      principal: { type: 'Anonymous', accessKeyId: 'AKIA"injected' },
      model: undefined,
      operation: 'No"such',
      input: undefined,
      resources: [],
      outcome: failed('UnrecognizedClientException', 'The security token is invalid.'),
    });
    assert.deepEqual(userIdentity, {
      type: 'AWSAccount',
      principalId: '',
      accountId: 'ANONYMOUS_PRINCIPAL',
      accessKeyId: 'AKIA"injected',
    });
    assert.deepEqual([eventName, requestParameters], ['No"such', null]);
    assert.equal(Object.hasOwn(rest, 'recipientAccountId'), false);
  });

  test('shapes the identity by the kind of principal', () => {
    const identity = (principal: Principal): unknown =>
      record('ListKeys', { principal }).userIdentity;
    const account = '111122223333';
    const accessKeyId = 'ASIAIOSFODNN7EXAMPLE';
    const arn = `arn:aws:sts::${account}:assumed-role/Admin/me`;
    const role = { account, accessKeyId, arn, principalId: 'AROAEXAMPLE:me' } as const;
    const roleArn = `arn:aws:iam::${account}:role/path/Admin`;
    const session = {
      createdAt: Date.UTC(2026, 0, 1),
      expiresAt: Date.UTC(2026, 0, 2),
      role: { arn: roleArn, id: 'AROAEXAMPLE', name: 'Admin' },
      sourceIdentity: 'ann',
    };
    assert.deepEqual(identity({ type: 'AssumedRole', ...role, session }), {
      type: 'AssumedRole',
      principalId: 'AROAEXAMPLE:me',
      arn,
      accountId: account,
      accessKeyId,
      sessionContext: {
        sessionIssuer: {
          type: 'Role',
          principalId: 'AROAEXAMPLE',
          arn: roleArn,
          accountId: account,
          userName: 'Admin',
        },
        attributes: { creationDate: '2026-01-01T00:00:00Z', mfaAuthenticated: 'false' },
        sourceIdentity: 'ann',
      },
    });
    const user = {
      ...rootUser,
      type: 'IAMUser',
      principalId: 'AIDAEXAMPLE',
      userName: 'Ann',
    } as const;
    assert.deepEqual(identity(user), {
      type: 'IAMUser',
      principalId: 'AIDAEXAMPLE',
      arn: rootUser.arn,
      accountId: account,
      accessKeyId: rootUser.accessKeyId,
      userName: 'Ann',
    });
    const service = {
      ...rootUser,
      type: 'AWSService',
      principalId: 'secretsmanager.amazonaws.com',
    } as const;
    assert.deepEqual(identity(service), {
      type: 'AWSService',
      invokedBy: 'secretsmanager.amazonaws.com',
    });
  });

  test('keeps every field within its limit, cut between characters', () => {
    const long = record('PutKeyPolicy', {
      readOnly: false,
      region: 'r'.repeat(500),
      input: { KeyId: keyArn, Policy: 'é'.repeat(60_000) },
      source: {
        remoteAddress: '192.0.2.7',
        userAgent: '€'.repeat(9000),
        host: undefined,
        tls: undefined,
      },
      notes: { additionalEventData: { much: 'x'.repeat(30_000) } },
      resources: Array.from({ length: 500 }, (_, i) => ({ ...testKey, arn: `${keyArn}${i}` })),
      outcome: failed('ValidationException', '€'.repeat(1000)),
    });
    assert.equal(long.errorMessage, '€'.repeat(341));
    assert.equal(long.userAgent, '€'.repeat(341));
    assert.deepEqual(long.requestParameters, {
      omitted: true,
      originalSize: 120_000 + `{"keyId":"${keyArn}","policy":""}`.length,
      reason: 'requestParameters too large',
    });
    assert.match(JSON.stringify(long.additionalEventData), /additionalEventData too large/);
    assert.equal((long.resources as unknown[]).length, 100);
    assert.equal(Object.hasOwn(long, 'tlsDetails'), false);
  });

  test('names each resource once, and none that has no type', () => {
    const { resources } = record('ReEncrypt', {
      resources: [
        testKey,
        { ...testKey, arn: `${keyArn}2` },
        testKey,
        { arn: '*', account: rootUser.account },
      ],
    });
    const second = { ...listed[0], ARN: `${keyArn}2` };
    assert.deepEqual(resources, [...listed, second]);
  });

  test('adds up notes, the later ones standing for the earlier', () => {
    const first = { requestParameters: { a: 1, b: 1 }, resources: [testKey] };
    const second = { requestParameters: { b: 2 }, responseElements: { c: 3 } };
    assert.deepEqual(mergeNotes(mergeNotes(undefined, first), second), {
      requestParameters: { a: 1, b: 2 },
      responseElements: { c: 3 },
      resources: [testKey],
    });
  });

  test('never writes bytes that were noted', () => {
    const { additionalEventData } = record('Encrypt', {
      notes: {
        additionalEventData: { plain: Buffer.from('secret'), list: [new Uint8Array(3), 1] },
      },
    });
    assert.deepEqual(additionalEventData, { list: [1] });
  });

  test('of what the program does by itself names AWS Internal and no request', () => {
    const event = {
      now: 1_660_171_107_890,
      service: 'kms',
      region: 'eu-central-1',
      eventName: 'DeleteKey',
      account: '111122223333',
      resources: [testKey],
    };
    const { eventID, ...rest } = JSON.parse(serviceEventRecord(event, testWorld));
    assert.match(eventID, /^[0-9a-f-]{36}$/);
    assert.deepEqual(rest, {
      eventVersion: '1.11',
      userIdentity: { accountId: '111122223333', invokedBy: 'AWS Internal' },
      eventTime: '2022-08-10T22:38:27Z',
      eventSource: 'kms.amazonaws.com',
      eventName: 'DeleteKey',
      awsRegion: 'eu-central-1',
      sourceIPAddress: 'AWS Internal',
      userAgent: 'AWS Internal',
      requestParameters: null,
      responseElements: null,
      readOnly: false,
      resources: listed,
      eventType: 'AwsServiceEvent',
      managementEvent: true,
      recipientAccountId: '111122223333',
      eventCategory: 'Management',
    });
    const details = { keyId: keyArn, rotationType: 'AUTOMATIC' };
    const rotation = { ...event, eventName: 'RotateKey', serviceEventDetails: details };
    assert.deepEqual(
      JSON.parse(serviceEventRecord(rotation, testWorld)).serviceEventDetails,
      details,
    );
  });
});
