import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partitionOfRegion } from './region.ts';

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
