import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { apiCallEvent } from './api-call-event.ts';

const record = {
  eventVersion: '1.11',
  userIdentity: { type: 'Root', accountId: '111122223333' },
  eventTime: '2024-01-01T00:00:00Z',
  eventSource: 'secretsmanager.amazonaws.com',
  eventName: 'CreateSecret',
  awsRegion: 'eu-central-1',
  readOnly: false,
  eventType: 'AwsApiCall',
  recipientAccountId: '111122223333',
};
const told = (changes: object = {}) => apiCallEvent(JSON.stringify({ ...record, ...changes }));

describe('A record of the trail', () => {
  test('is told as the event of its service', () => {
    const { detail, ...event } = told() ?? {};
    assert.deepEqual(detail, record);
    assert.deepEqual(event, {
      source: 'aws.secretsmanager',
      detailType: 'AWS API Call via CloudTrail',
      account: '111122223333',
      region: 'eu-central-1',
      time: Date.UTC(2024, 0, 1),
      resources: [],
      isReadOnly: false,
    });
    assert.equal(told({ readOnly: true })?.isReadOnly, true);
    const own = told({ eventType: 'AwsServiceEvent' });
    assert.equal(own?.detailType, 'AWS Service Event via CloudTrail');
  });

  test('is not told when nobody is told, when it is data, or by EventBridge itself', () => {
    assert.equal(told({ recipientAccountId: undefined }), undefined);
    assert.equal(told({ eventType: 'AwsConsoleSignIn' }), undefined);
    const lambda = { eventSource: 'lambda.amazonaws.com', eventName: 'Invoke' };
    assert.equal(told(lambda), undefined);
    const put = { eventSource: 'events.amazonaws.com', eventName: 'PutEvents' };
    assert.equal(told(put), undefined);
    const userIdentity = { type: 'AWSService', invokedBy: 'events.amazonaws.com' };
    assert.equal(told({ userIdentity }), undefined);
    assert.equal(apiCallEvent('no JSON'), undefined);
    assert.ok(told({ eventSource: 'events.amazonaws.com', eventName: 'PutRule' }));
  });
});
