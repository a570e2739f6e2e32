import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  openParameters,
  type ParametersUnderTest,
  refusal,
} from '../../../test/open-parameters.ts';

let ssm: ParametersUnderTest;
before(async () => {
  ssm = await openParameters();
});
after(() => ssm.close());

const put = (Name: string) => ssm.ask('PutParameter', { Name, Value: 'v', Type: 'String' });

describe('deleting', () => {
  test('one parameter, once', async () => {
    await put('/d/a');
    assert.deepEqual(await ssm.ask('DeleteParameter', { Name: '/d/a' }), {});
    await assert.rejects(
      ssm.ask('DeleteParameter', { Name: '/d/a' }),
      refusal('ParameterNotFound', ''),
    );
  });

  test('several: what is not there is told, one named twice goes once', async () => {
    for (const name of ['/d/b', '/d/c', 'e']) await put(name);
    const Names = ['/d/b', '/none', 'e', '/e', '/d/c', '/d/c'];
    assert.deepEqual(await ssm.ask('DeleteParameters', { Names }), {
      DeletedParameters: ['/d/b', 'e', '/e', '/d/c'],
      InvalidParameters: ['/none'],
    });
    const told = (await ssm.events()).filter(({ detail }) => detail.operation === 'Delete');
    assert.deepEqual(
      told.map(({ detail }) => detail.name),
      ['/d/a', '/d/b', 'e', '/d/c'],
    );
  });

  test('nothing when one of several is denied', async () => {
    for (const name of ['/d/f', '/d/g']) await put(name);
    await ssm.newUser('deleter', {
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Action: 'ssm:DeleteParameters',
          Resource: 'arn:aws:ssm:*:*:parameter/d/f',
        },
      ],
    });
    await assert.rejects(
      ssm.ask('DeleteParameters', { Names: ['/d/f', '/d/g'] }, { user: 'deleter' }),
      refusal('AccessDeniedException', /parameter\/d\/g/),
    );
    const { Parameters } = await ssm.ask('GetParameters', { Names: ['/d/f', '/d/g'] });
    assert.equal(Parameters?.length, 2);
  });

  test('takes no ARN and no selector', async () => {
    for (const Name of ['/d/f:1', 'arn:aws:ssm:eu-central-1:111122223333:parameter/d/f'])
      await assert.rejects(ssm.ask('DeleteParameter', { Name }), refusal('ValidationException'));
  });
});
