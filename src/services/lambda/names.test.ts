/** How functions are named. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { namedArn, namedFunction } from './names.ts';

const caller = { account: '111122223333', region: 'eu-central-1', partition: 'aws' };
const arn = 'arn:aws:lambda:eu-central-1:111122223333:function:f';

describe('a function', () => {
  const cases: Array<[given: string, qualifier: string | undefined, expected: string]> = [
    ['f', undefined, arn],
    ['f', 'live', `${arn}:live`],
    ['f:1', undefined, `${arn}:1`],
    ['f:$LATEST', '$LATEST', `${arn}:$LATEST`],
    ['function:f', undefined, arn],
    ['444455556666:function:f', undefined, arn.replace('111122223333', '444455556666')],
    ['444455556666:f:2', undefined, `${arn.replace('111122223333', '444455556666')}:2`],
    [arn, undefined, arn],
    [`${arn}:live`, undefined, `${arn}:live`],
    ['eu-central-1:444455556666:f', undefined, arn.replace('111122223333', '444455556666')],
  ];
  for (const [FunctionName, Qualifier, expected] of cases)
    test(`${FunctionName}, qualified ${Qualifier}, is ${expected}`, () => {
      assert.equal(namedArn(namedFunction({ FunctionName, Qualifier }, caller)), expected);
    });
  test('of another Region, or of two qualifiers, is none', () => {
    const other = { FunctionName: arn.replace('eu-central-1', 'us-east-1') };
    assert.throws(() => namedFunction(other, caller), { code: 'ResourceNotFoundException' });
    assert.throws(() => namedFunction({ FunctionName: 'f:1', Qualifier: '2' }, caller), {
      code: 'InvalidParameterValueException',
    });
  });
});
