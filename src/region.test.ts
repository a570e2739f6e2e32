import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partitionOfRegion, regionOfHost } from './region.ts';

test('the partition follows from the region', () => {
  const partitions = Object.entries({
    'us-east-1': 'aws',
    'eu-central-1': 'aws',
    'cn-northwest-1': 'aws-cn',
    'us-gov-east-1': 'aws-us-gov',
    'us-iso-west-1': 'aws-iso',
    'us-isob-east-1': 'aws-iso-b',
  });
  for (const [region, partition] of partitions) assert.equal(partitionOfRegion(region), partition);
});

test('a Region is read from a host name of a service, and from nothing else', () => {
  assert.equal(regionOfHost('sts.eu-west-1.amazonaws.com'), 'eu-west-1');
  assert.equal(regionOfHost('STS.US-GOV-WEST-1.localhost:4566'), 'us-gov-west-1');
  for (const host of ['', 'sts.amazonaws.com', '127.0.0.1:4566', 'localhost', 'a.b-c.d'])
    assert.equal(regionOfHost(host), undefined, host);
});
