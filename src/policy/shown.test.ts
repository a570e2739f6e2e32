import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { shownPolicy } from './shown.ts';

const arn = (name: string): string => `arn:aws:iam::111122223333:user/${name}`;
const policy = (Principal: unknown, more: object = {}) => ({
  Version: '2012-10-17',
  Statement: { Effect: 'Allow', Principal, Action: 'sts:AssumeRole', ...more },
});
/** Who has which id: the name, or undefined when nobody has. */
const shown = (document: object, ids: Record<string, string>, now: Record<string, string>) =>
  shownPolicy({ text: JSON.stringify(document, null, 1), principalIds: ids }, async ({ id }) =>
    now[id] === undefined ? undefined : arn(now[id]),
  );

describe('a policy is shown', () => {
  test('as it was saved, when all have the names that they had', async () => {
    const document = policy({ AWS: arn('ann') });
    const text = await shown(document, { [arn('ann')]: 'AIDA1' }, { AIDA1: 'ann' });
    assert.equal(text, JSON.stringify(document, null, 1));
  });

  test('with the new ARN of who was renamed, and the id of who is gone', async () => {
    const ids = { [arn('ann')]: 'AIDA1', [arn('bob')]: 'AIDA2' };
    const document = policy({ AWS: [arn('ann'), arn('bob')], Service: 'lambda.amazonaws.com' });
    const now = policy({ AWS: [arn('eve'), 'AIDA2'], Service: 'lambda.amazonaws.com' });
    assert.deepEqual(JSON.parse(await shown(document, ids, { AIDA1: 'eve' })), now);
  });

  test('with both ARNs of two who have exchanged their names', async () => {
    const ids = { [arn('ann')]: 'AIDA1', [arn('bob')]: 'AIDA2' };
    const document = policy({ AWS: [arn('ann'), arn('bob')] });
    const text = await shown(document, ids, { AIDA1: 'bob', AIDA2: 'ann' });
    assert.deepEqual(JSON.parse(text), policy({ AWS: [arn('bob'), arn('ann')] }));
  });

  test('with its conditions as they are, which name no principals', async () => {
    const Condition = { ArnEquals: { 'aws:PrincipalArn': arn('ann') } };
    const document = policy({ AWS: arn('ann') }, { Condition, Sid: arn('ann') });
    const text = await shown(document, { [arn('ann')]: 'AIDA1' }, { AIDA1: 'eve' });
    const now = policy({ AWS: arn('eve') }, { Condition, Sid: arn('ann') });
    assert.deepEqual(JSON.parse(text), now);
  });
});
