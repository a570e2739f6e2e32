import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseJsonPath, valueAt } from './json-path.ts';
import { type InputRules, targetInput, unknownName } from './target-input.ts';

const detail = { a: 'x', n: 1, list: [{ b: 1 }, { b: 2 }], nothing: null, 'with-dash': true };
const event = JSON.stringify({
  ...{ version: '0', id: 'i', 'detail-type': 'd', source: 's', account: '1' },
  ...{ time: '2024-01-01T00:00:00Z', region: 'r', resources: ['arn'], detail },
});
const facts = { event, ruleArn: 'the-arn', ruleName: 'the-rule', ingestionTime: 'now' };
const sent = (rules: InputRules) => targetInput(rules, facts);
const filled = (InputTemplate: string, InputPathsMap: Record<string, string> = {}) =>
  sent({ InputTransformer: { InputTemplate, InputPathsMap } });

describe('What a target is sent', () => {
  test('is the event, as it is', () => assert.equal(sent({}), event));
  test('is the text that its owner gave', () => assert.equal(sent({ Input: '[1.0]' }), '[1.0]'));

  const paths: ReadonlyArray<readonly [string, unknown]> = [
    ['$', JSON.parse(event)],
    ['$.source', 's'],
    ['$.detail-type', 'd'],
    ['$.detail.list[1].b', 2],
    ['$.detail.list[*].b', [1, 2]],
    ["$.detail['with-dash']", true],
    ['$.detail.nothing', null],
    ['$.detail.none', null],
    ['$.detail.a.b', null],
    ['$.detail.list.b', null],
    ['$.resources[7]', null],
  ];
  for (const [path, expected] of paths)
    test(`is at ${path}`, () =>
      assert.deepEqual(JSON.parse(sent({ InputPath: path }) ?? ''), expected));

  test('is at no path that is none', () => {
    for (const text of [
      '',
      'detail',
      '$detail',
      '$.',
      '$..a',
      '$.a[',
      '$.a[x]',
      '$[?(@.a)]',
      '$.a b',
    ])
      assert.equal(parseJsonPath(text), undefined, text);
  });

  test('is nothing that an object has from elsewhere', () => {
    assert.equal(valueAt({}, parseJsonPath('$.constructor') ?? []), undefined);
    assert.equal(valueAt({}, parseJsonPath('$.__proto__') ?? []), undefined);
    assert.equal(valueAt([], parseJsonPath('$.length') ?? []), undefined);
  });
});

describe('A template', () => {
  const map = {
    a: '$.detail.a',
    n: '$.detail.n',
    all: '$.detail.list',
    none: '$.none',
    z: '$.detail.nothing',
  };
  const cases: ReadonlyArray<readonly [string, string | undefined]> = [
    ['{"a": <a>, "n": <n>}', '{"a": "x", "n": 1}'],
    ['{"a": "<a>", "n": "n is <n>"}', '{"a": "x", "n": "n is 1"}'],
    ['{"all": <all>}', '{"all": [{"b":1},{"b":2}]}'],
    ['{"all": "<all>"}', undefined],
    ['{"none": <none>, "text": "<none>", "z": <z>}', '{"none": "", "text": "", "z": null}'],
    ['"<a> and <all> and <z>"', '"x and [{b:1},{b:2}] and null"'],
    ['"one <a>"\n"two <n>"', '"one x"\n"two 1"'],
    ['<a> alone', undefined],
    ['<all>', '[{"b":1},{"b":2}]'],
    ['{"\\"<a>": "\\\\", "n": <n>}', '{"\\"x": "\\\\", "n": 1}'],
    [
      '"<aws.events.rule-arn> <aws.events.rule-name> <aws.events.event.ingestion-time>"',
      '"the-arn the-rule now"',
    ],
    ['<aws.events.event.json>', event],
    ['{"a < b": "a > b"}', '{"a < b": "a > b"}'],
  ];
  for (const [template, expected] of cases)
    test(template, () => assert.equal(filled(template, map), expected));

  test('has the event without its detail', () => {
    const { detailType, time, detail: none } = JSON.parse(filled('<aws.events.event>') ?? '');
    assert.deepEqual([detailType, time, none], ['d', 'now', undefined]);
  });

  test('with a name that nothing is known of says which', () => {
    const InputTemplate = '<a> <aws.events.rule-name> <b.c>';
    assert.equal(unknownName({ InputTemplate, InputPathsMap: { a: '$.a' } }), 'b.c');
    assert.equal(unknownName({ InputTemplate: '<constructor>' }), 'constructor');
    assert.equal(unknownName({ InputTemplate: '<a> < b >', InputPathsMap: { a: '$' } }), undefined);
  });

  test('stays JSON whatever a text in the event says', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (said) => {
        const given = JSON.stringify({ detail: { said, deep: { said } } });
        const rules = (InputTemplate: string) => ({
          InputTransformer: {
            InputTemplate,
            InputPathsMap: { said: '$.detail.said', deep: '$.detail.deep' },
          },
        });
        const told = (template: string) =>
          JSON.parse(targetInput(rules(template), { ...facts, event: given }) ?? 'null');
        const well = said.toWellFormed();
        if (well !== said) return;
        assert.deepEqual(told('{"a": "<said>", "b": <said>}'), { a: said, b: said });
        assert.equal(told('"<said>"'), said);
        assert.equal(told('"<deep>"'), `{said:${said}}`);
      }),
    );
  });
});
