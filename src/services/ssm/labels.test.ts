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
  await ssm.ask('PutParameter', { Name: '/l/a', Value: '1', Type: 'String' });
  for (const Value of ['2', '3'])
    await ssm.ask('PutParameter', { Name: '/l/a', Value, Overwrite: true });
});
after(() => ssm.close());

const label = (Labels: string[], ParameterVersion?: number) =>
  ssm.ask('LabelParameterVersion', {
    Name: '/l/a',
    Labels,
    ...(ParameterVersion === undefined ? {} : { ParameterVersion }),
  });
const unlabel = (Labels: string[], ParameterVersion: number) =>
  ssm.ask('UnlabelParameterVersion', { Name: '/l/a', Labels, ParameterVersion });
const labels = async () =>
  (await ssm.ask('GetParameterHistory', { Name: '/l/a' })).Parameters?.map((each) => each.Labels);

describe('labels', () => {
  test('go on the newest version unless told, and move from version to version', async () => {
    assert.deepEqual(await label(['live']), { InvalidLabels: [], ParameterVersion: 3 });
    assert.deepEqual(await labels(), [[], [], ['live']]);
    assert.deepEqual(await label(['live', 'first'], 1), { InvalidLabels: [], ParameterVersion: 1 });
    assert.deepEqual(await labels(), [['first', 'live'], [], []]);
    const { Parameter } = await ssm.ask('GetParameter', { Name: '/l/a:live' });
    assert.equal(Parameter?.Value, '1');
  });

  test('that are none are told, the others are given', async () => {
    const wrong = ['1st', 'aws-x', 'AWSx', 'ssmX', 'a b', 'a/b', 'ä'];
    const { InvalidLabels } = await label([...wrong, 'good', '.-_', '__proto__'], 2);
    assert.deepEqual(InvalidLabels, wrong);
    assert.deepEqual((await labels())?.[1], ['.-_', '__proto__', 'good']);
    assert.deepEqual(await label(['0'], 2), { InvalidLabels: ['0'], ParameterVersion: 2 });
  });

  test('are ten of a version at most, those that are there already among them', async () => {
    const more = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    await label(more, 2);
    await assert.rejects(
      label(['h'], 2),
      refusal('ParameterVersionLabelLimitExceeded', /maximum 10 labels/),
    );
    await label(['a', 'b'], 2);
    assert.equal((await labels())?.[1]?.length, 10);
  });

  test('are taken from the version that has them', async () => {
    assert.deepEqual(await unlabel(['a', 'live', 'b'], 2), {
      RemovedLabels: ['a', 'b'],
      InvalidLabels: ['live'],
    });
    assert.deepEqual((await labels())?.[0], ['first', 'live']);
    await assert.rejects(
      ssm.ask('GetParameter', { Name: '/l/a:a' }),
      refusal('ParameterVersionNotFound'),
    );
  });

  for (const [name, version, code] of [
    ['/l/none', undefined, 'ParameterNotFound'],
    ['/l/a', 4, 'ParameterVersionNotFound'],
    ['/l/a', 0, 'ParameterVersionNotFound'],
    ['/l/a:1', 1, 'ValidationException'],
  ] as const)
    test(`${name} version ${version}: ${code}`, () =>
      assert.rejects(
        ssm.ask('LabelParameterVersion', {
          Name: name,
          Labels: ['x'],
          ...(version === undefined ? {} : { ParameterVersion: version }),
        }),
        refusal(code),
      ));

  test('of many requests at one moment are all given, and told to EventBridge', async () => {
    const several = ['p', 'q', 'r', 's', 't', 'u'];
    await Promise.all(several.map((each) => label([each], 3)));
    assert.deepEqual((await labels())?.[2], several);
    const told = (await ssm.events()).map(({ detail }) => detail.operation);
    assert.ok(told.filter((each) => each === 'LabelParameterVersion').length >= 6);
  });

  test('go with their parameter', async () => {
    await ssm.ask('DeleteParameter', { Name: '/l/a' });
    await ssm.ask('PutParameter', { Name: '/l/a', Value: 'new', Type: 'String' });
    assert.deepEqual(await labels(), [[]]);
  });
});
