/**
 * 100,000 parameters: opening Parameter Store and a page of a list cost the same as with few,
 * wherever the page is.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { Parameter } from '../../src/services/ssm/parameter.ts';
import { openRecords, parameterId } from '../../src/services/ssm/records.ts';
import { account, openParameters, type ParametersUnderTest, region } from '../open-parameters.ts';

const many = 100_000;
const nameOf = (i: number) => `/many/${Math.floor(i / 1_000)}/${String(i).padStart(6, '0')}`;

let full: ParametersUnderTest;
let few: ParametersUnderTest;

/** As PutParameter would leave it; put in bulk, because it is not PutParameter that is shown. */
function parameter(i: number): Parameter {
  const name = nameOf(i);
  return {
    account,
    region,
    arn: `arn:aws:ssm:${region}:${account}:parameter${name}`,
    name,
    path: name.slice(1),
    current: {
      version: 1,
      type: 'String',
      value: `value ${i}`,
      tier: 'Advanced',
      dataType: 'text',
      policies: [],
      modifiedAt: 0,
      modifiedBy: `arn:aws:iam::${account}:root`,
    },
    oldestVersion: 1,
    labels: [],
    tags: i % 10_000 === 7 ? [{ key: 'rare', value: 'yes' }] : [],
  };
}

async function filled(count: number): Promise<ParametersUnderTest> {
  const ssm = await openParameters();
  const store = ssm.bareStore();
  const { parameters } = openRecords(store);
  for (let start = 0; start < count; start += 1_000) {
    const writes = Array.from({ length: Math.min(1_000, count - start) }, (_, i) => {
      const each = parameter(start + i);
      return parameters.insert(parameterId(each, each.path), each);
    });
    await store.commit(writes.flat());
  }
  return ssm;
}

before(async () => {
  [full, few] = [await filled(many), await filled(1_000)];
});

async function medianMs(act: () => Promise<unknown>): Promise<number> {
  const spans: number[] = [];
  for (let i = 0; i < 21; i++) {
    const began = performance.now();
    await act();
    spans.push(performance.now() - began);
  }
  return spans.sort((a, b) => a - b)[10] as number;
}

type List = { readonly Path: string; readonly Recursive: boolean };

/** The token that goes on after so many parameters. */
async function tokenAfter(ssm: ParametersUnderTest, list: List, skipped: number) {
  let more: object = {};
  for (let seen = 0; seen < skipped; seen += 10) {
    const { NextToken } = await ssm.ask('GetParametersByPath', { ...list, ...more });
    if (NextToken === undefined) return more;
    more = { NextToken };
  }
  return more;
}

describe(`${many} parameters`, () => {
  test('are opened as fast as a thousand', async () => {
    const open = async (ssm: ParametersUnderTest): Promise<number> => {
      const began = performance.now();
      await (await ssm.startAgain()).ask('GetParameter', { Name: nameOf(7) });
      return performance.now() - began;
    };
    await open(few);
    const [ofFew, ofMany] = [await open(few), await open(full)];
    assert.ok(ofMany < 20 * ofFew + 100, `${ofMany} ms against ${ofFew} ms`);
    console.log(
      `Opening: ${ofFew.toFixed(1)} ms with 1,000, ${ofMany.toFixed(1)} ms with ${many}.`,
    );
  });

  for (const list of [
    { Path: '/', Recursive: true },
    { Path: '/many/0', Recursive: false },
  ])
    test(`a page of ${JSON.stringify(list)} costs the same as among a thousand`, async () => {
      const page = (ssm: ParametersUnderTest, more: object) => () =>
        ssm.ask('GetParametersByPath', { ...list, ...more });
      const small = await medianMs(page(few, {}));
      const first = await medianMs(page(full, {}));
      const later = await medianMs(page(full, await tokenAfter(full, list, 900)));
      console.log(
        `A page of 10: ${small.toFixed(2)} ms among 1,000; ${first.toFixed(2)} and ` +
          `${later.toFixed(2)} ms among ${many}.`,
      );
      for (const ms of [first, later]) assert.ok(ms < 6 * small + 5, `${ms} ms, ${small} ms`);
    });

  test('the last page of all of them is a page like the first', async () => {
    const list = { Path: '/many/99', Recursive: true };
    const ms = await medianMs(() => full.ask('GetParametersByPath', list));
    const first = await medianMs(() => full.ask('GetParametersByPath', { Path: '/many/0' }));
    assert.ok(ms < 6 * first + 5, `${ms} ms, ${first} ms`);
  });

  test('a filter that hardly any matches looks at a part of them with each request', async () => {
    const ParameterFilters = [{ Key: 'tag:rare', Values: ['yes'] }];
    const names: string[] = [];
    let longest = 0;
    let more: object = {};
    let requests = 0;
    do {
      const began = performance.now();
      const page = await full.ask('DescribeParameters', { ParameterFilters, ...more });
      longest = Math.max(longest, performance.now() - began);
      names.push(...(page.Parameters ?? []).map(({ Name }) => String(Name)));
      more = page.NextToken === undefined ? {} : { NextToken: page.NextToken };
      requests++;
    } while ('NextToken' in more);
    assert.deepEqual(
      names.sort(),
      Array.from({ length: 10 }, (_, i) => nameOf(i * 10_000 + 7)).sort(),
    );
    assert.ok(requests >= 100);
    console.log(`A filtered page: ${longest.toFixed(0)} ms at the most, ${requests} requests.`);
  });

  test('one is found by name on the first page', async () => {
    const { Parameters } = await full.ask('DescribeParameters', {
      ParameterFilters: [{ Key: 'Name', Values: [nameOf(99_999)] }],
    });
    assert.equal(Parameters?.length, 1);
  });
});
