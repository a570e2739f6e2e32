import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { testWorld } from '../../../test/trail.ts';
import { openValue, type Plaintext, sealValue, type ValuePlace } from './value.ts';

const dataKey = Buffer.alloc(32, 7);
const place: ValuePlace = { arn: 'arn:a', versionId: 'v' };
const text = (value: string): Plaintext => ({ kind: 'string', bytes: Buffer.from(value) });
const seal = (value: string) => sealValue(dataKey, text(value), place, testWorld);

describe('a value at rest', () => {
  test('opens where it belongs, as what it is', () => {
    const sealed = seal('canary value');
    const opened = openValue(dataKey, { kind: 'string', sealed }, place);
    assert.deepEqual(opened, text('canary value'));
  });

  test('shows nothing, and is another one each time', () => {
    const sealed = seal('canary value');
    assert.equal(Buffer.from(sealed, 'base64').includes('canary'), false);
    assert.notEqual(sealed, seal('canary value'));
  });

  test('does not open elsewhere, under another key, as another kind, or altered', () => {
    const sealed = seal('a');
    const bytes = Buffer.from(sealed, 'base64');
    bytes[14] = (bytes[14] as number) ^ 1;
    const attempts: readonly (() => unknown)[] = [
      () => openValue(dataKey, { kind: 'string', sealed }, { ...place, arn: 'arn:b' }),
      () => openValue(dataKey, { kind: 'string', sealed }, { ...place, versionId: 'w' }),
      // The two are told apart, however they are cut.
      () => openValue(dataKey, { kind: 'string', sealed }, { arn: 'arn:av', versionId: '' }),
      () => openValue(dataKey, { kind: 'binary', sealed }, place),
      () => openValue(Buffer.alloc(32), { kind: 'string', sealed }, place),
      () => openValue(dataKey, { kind: 'string', sealed: bytes.toString('base64') }, place),
      () => openValue(dataKey, { kind: 'string', sealed: '' }, place),
    ];
    for (const attempt of attempts) assert.throws(attempt, /does not open/);
  });
});
