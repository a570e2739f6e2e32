import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Session } from '../../operation.ts';
import { hasTags, sessionTagsOf, tagCondition, taggedSession } from './session-tags.ts';

const tag = (Key: string, Value = Key) => ({ Key, Value });
const refusal = (code: string, text: RegExp) => (error: unknown) => {
  const { code: actual, message } = error as { code: string; message: string };
  assert.equal(actual, code);
  assert.match(message, text);
  return true;
};

describe('session tags', () => {
  test('of no request and no chain are none', () => {
    const none = sessionTagsOf({});
    assert.equal(hasTags(none), false);
    assert.deepEqual(taggedSession(none), {});
    for (const key of ['aws:tagkeys', 'sts:transitivetagkeys', 'aws:requesttag/a'])
      assert.equal(tagCondition(none, key), undefined);
  });

  test('are those of the request over transitive ones of the calling session', () => {
    const calling = {
      tags: { Team: 'red', Cost: '1' },
      transitiveTagKeys: ['team'],
    } as unknown as Session;
    const tags = sessionTagsOf(
      { Tags: [tag('Cost', '2'), tag('New')], TransitiveTagKeys: ['new'] },
      calling,
    );
    assert.equal(hasTags(tags), true);
    assert.deepEqual(taggedSession(tags), {
      tags: { Team: 'red', Cost: '2', New: 'New' },
      transitiveTagKeys: ['Team', 'new'],
    });
    assert.deepEqual(tagCondition(tags, 'aws:tagkeys'), ['Cost', 'New']);
    assert.deepEqual(tagCondition(tags, 'sts:transitivetagkeys'), ['new']);
    assert.equal(tagCondition(tags, 'aws:requesttag/cost'), '2');
    assert.equal(tagCondition(tags, 'aws:requesttag/team'), undefined);
  });

  test('may have the names of what objects have', () => {
    const tags = sessionTagsOf({ Tags: [tag('__proto__', 'x'), tag('constructor', 'y')] });
    const { tags: written } = JSON.parse(JSON.stringify(taggedSession(tags)));
    assert.deepEqual(Object.entries(written), [
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
  });

  test('are refused when keys are equal but for their case, reserved, or not given', () => {
    const wrong = 'InvalidParameterValue';
    const ask = (Tags: ReturnType<typeof tag>[], TransitiveTagKeys?: string[]) => () =>
      sessionTagsOf({ Tags, TransitiveTagKeys });
    assert.throws(ask([tag('a'), tag('A')]), refusal(wrong, /^Duplicate tag keys found/));
    assert.throws(ask([tag('AWS:x')]), refusal(wrong, /reserved/));
    assert.throws(ask([tag('a')], ['b']), refusal(wrong, /must be included in the requested tags/));
    assert.throws(ask([], ['b']), refusal(wrong, /must be included in the requested tags/));
    // The Kelvin sign is no k.
    assert.doesNotThrow(ask([tag('k'), tag('\u212a')]));
  });
});
