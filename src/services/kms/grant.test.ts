import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type GrantOperation, kms as model } from '../../model/kms.generated.ts';
import type { ListShape, StringShape } from '../../model/schema.ts';
import {
  type Grant,
  type GrantConstraints,
  type GrantTerms,
  type GrantUse,
  grantsAllow,
  isGrantId,
  mayBeget,
  mayRetire,
  permits,
} from './grant.ts';
import type { GrantCaller, GrantPrincipal } from './grant-principal.ts';

const account = '111122223333';
const arn = (path: string, owner = account) => `arn:aws:iam::${owner}:${path}`;
const user = (name: string, owner = account): GrantPrincipal => ({
  kind: 'user',
  account: owner,
  name: arn(`user/${name}`, owner),
});
const rootOf = (owner: string): GrantPrincipal => ({
  kind: 'account',
  account: owner,
  name: arn('root', owner),
});
const callerOf = (principal: GrantPrincipal, identityAllows = false): GrantCaller => ({
  kind: principal.kind === 'account' ? 'root' : 'other',
  account: principal.kind === 'service' ? '' : principal.account,
  name: principal.name,
  identityAllows,
});
const alice = user('alice');

const terms = (rest: Partial<GrantTerms> = {}): GrantTerms => ({
  grantee: alice,
  operations: ['Encrypt', 'Decrypt'],
  constraints: {},
  ...rest,
});
const grant = (rest: Partial<Grant> = {}): Grant => ({
  ...terms(),
  account,
  region: 'eu-central-1',
  keyId: '1234abcd-12ab-44cd-96ef-1234567890ab',
  keyArn: 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-44cd-96ef-1234567890ab',
  grantId: 'ab'.repeat(32),
  createdAt: 0,
  issuingAccount: account,
  ...rest,
});

const operationList = model.operations.get('CreateGrant')?.input?.members.Operations;
const operations = (operationList as ListShape & { member: StringShape }).member
  .enum as readonly GrantOperation[];

describe('a grant', () => {
  test('allows its operations and no others', () => {
    for (const granted of operations)
      for (const asked of operations) {
        const use = { operation: asked, child: terms({ operations: [granted] }) } as GrantUse;
        assert.equal(permits(terms({ operations: [granted] }), use), granted === asked);
      }
  });

  const pairs = { a: '1', b: '2' };
  const contexts: readonly (readonly [
    constraints: GrantConstraints,
    context: Record<string, string> | undefined,
    allowed: boolean,
  ])[] = [
    [{}, undefined, true],
    [{}, pairs, true],
    [{ contextEquals: pairs }, pairs, true],
    [{ contextEquals: pairs }, { b: '2', a: '1' }, true],
    [{ contextEquals: pairs }, { a: '1' }, false],
    [{ contextEquals: pairs }, { ...pairs, c: '3' }, false],
    [{ contextEquals: pairs }, { a: '1', b: '3' }, false],
    [{ contextEquals: pairs }, { a: '1', B: '2' }, false],
    [{ contextEquals: pairs }, undefined, false],
    [{ contextEquals: {} }, undefined, true],
    [{ contextEquals: {} }, {}, true],
    [{ contextEquals: {} }, { a: '1' }, false],
    [{ contextSubset: pairs }, pairs, true],
    [{ contextSubset: pairs }, { ...pairs, c: '3' }, true],
    [{ contextSubset: pairs }, { a: '1', c: '3' }, false],
    [{ contextSubset: pairs }, { a: '1', b: '' }, false],
    [{ contextSubset: pairs }, undefined, false],
    [{ contextSubset: {} }, undefined, true],
    [{ contextSubset: { constructor: 'x' } }, {}, false],
    [{ contextSubset: { toString: 'x' } }, { toString: 'x' }, true],
    [{ contextEquals: JSON.parse('{"__proto__":"x"}') }, {}, false],
    [{ contextEquals: JSON.parse('{"__proto__":"x"}') }, { a: 'x' }, false],
  ];
  for (const [constraints, context, allowed] of contexts)
    test(`with ${JSON.stringify(constraints)} ${allowed ? 'allows' : 'forbids'} ${JSON.stringify(context)}`, () => {
      assert.equal(permits(terms({ constraints }), { operation: 'Decrypt', context }), allowed);
    });

  test('ignores the encryption context where there is none, and only there', () => {
    const constraints = { contextEquals: pairs };
    for (const operation of operations) {
      if (operation === 'CreateGrant') continue;
      const ignores = operation === 'DescribeKey' || operation === 'RetireGrant';
      const constrained = terms({ operations: [operation], constraints });
      assert.equal(permits(constrained, { operation }), ignores, operation);
    }
  });

  test('with a source ARN is for that resource only, except that it can always be retired', () => {
    const constraints = { sourceArn: 'arn:aws:sns:eu-central-1:111122223333:topic' };
    for (const operation of operations) {
      if (operation === 'CreateGrant') continue;
      const constrained = terms({ operations: [operation], constraints });
      const allows = (sourceArn?: string) => permits(constrained, { operation, sourceArn });
      const isRetiring = operation === 'RetireGrant';
      assert.deepEqual(
        [allows(constraints.sourceArn), allows(`${constraints.sourceArn}2`), allows()],
        [true, isRetiring, isRetiring],
      );
    }
  });

  test('is for its grantee, and one grant must allow all of a request', () => {
    const facts = (principal: GrantPrincipal) => ({
      caller: callerOf(principal),
      use: { operation: 'Decrypt', context: pairs } as const,
    });
    const fits = grant({ constraints: { contextSubset: { a: '1' } } });
    assert.equal(grantsAllow(facts(alice), [grant({ grantee: user('bob') }), fits]), fits);
    assert.equal(grantsAllow(facts(user('eve')), [fits]), undefined);
    assert.equal(grantsAllow(facts(alice), []), undefined);
    const half = grant({ operations: ['Decrypt'], constraints: { contextEquals: {} } });
    const otherHalf = grant({ operations: ['Encrypt'] });
    assert.equal(grantsAllow(facts(alice), [half, otherHalf]), undefined);
  });

  test('id is 64 lower-case hex digits', () => {
    assert.ok(isGrantId('0af9'.repeat(16)));
    for (const text of ['', 'a'.repeat(63), 'a'.repeat(65), 'A'.repeat(64), `${'a'.repeat(64)}\n`])
      assert.equal(isGrantId(text), false);
  });
});

const sourceArns = ['arn:aws:s3:::bucket-one-is-here', 'arn:aws:s3:::bucket-two-is-here'];
const context = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('1', '2'), {
  maxKeys: 3,
  noNullPrototype: true,
});
const anyConstraints: fc.Arbitrary<GrantConstraints> = fc.record(
  { contextEquals: context, contextSubset: context, sourceArn: fc.constantFrom(...sourceArns) },
  { requiredKeys: [] },
);
const someOperations = fc.subarray([...operations].slice(0, 12), { minLength: 1 });
const anyTerms = fc
  .record({ operations: someOperations, constraints: anyConstraints })
  .map((part) => terms(part));
/** How a child is made of its parent: often as strict, so that the properties see both answers. */
const anyStep = fc.record({
  other: anyTerms,
  more: context,
  becomesEqual: fc.boolean(),
  isFree: fc.boolean(),
});
type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never;
function childOf(parent: GrantTerms, { other, more, becomesEqual, isFree }: Step): GrantTerms {
  if (isFree) return other;
  const { contextEquals, contextSubset, sourceArn } = parent.constraints;
  const pairs = contextEquals ?? { ...more, ...contextSubset };
  return terms({
    operations: parent.operations.filter((op, i) => i === 0 || other.operations.includes(op)),
    constraints: {
      ...(becomesEqual || contextEquals ? { contextEquals: pairs } : { contextSubset: pairs }),
      ...(sourceArn === undefined ? {} : { sourceArn }),
    },
  });
}
const anyUse: fc.Arbitrary<GrantUse> = fc
  .record({
    operation: fc.constantFrom(...operations.slice(0, 12)),
    context: fc.option(context, { nil: undefined }),
    sourceArn: fc.option(fc.constantFrom(...sourceArns), { nil: undefined }),
    child: anyTerms,
  })
  .map((use) => use as GrantUse);
/** The use as it is, or made to fit the grant as far as it can. */
function aimed({ operations: [operation], constraints }: GrantTerms, use: GrantUse, aims: boolean) {
  if (!aims) return use;
  const { contextEquals, contextSubset, sourceArn } = constraints;
  const given = 'context' in use ? use.context : {};
  return {
    ...use,
    operation,
    context: contextEquals ?? { ...given, ...contextSubset },
    sourceArn: sourceArn ?? use.sourceArn,
  } as GrantUse;
}
const runs = { numRuns: 3000 };

describe('a child grant', () => {
  test('never allows what its parent does not', () => {
    const seen = { fits: 0, allowed: 0 };
    fc.assert(
      fc.property(anyTerms, anyStep, anyUse, fc.boolean(), (parent, step, anyway, aims) => {
        const child = childOf(parent, step);
        const use = aimed(child, anyway, aims);
        if (!mayBeget(parent, child)) return;
        seen.fits++;
        if (!permits(child, use)) return;
        seen.allowed++;
        assert.ok(permits(parent, use));
      }),
      runs,
    );
    assert.ok(seen.fits > 200 && seen.allowed > 200, JSON.stringify(seen));
  });

  test('of a child could have been the first one`s own child', () => {
    let seen = 0;
    fc.assert(
      fc.property(anyTerms, anyStep, anyStep, (parent, one, two) => {
        const child = childOf(parent, one);
        const grandchild = childOf(child, two);
        if (!mayBeget(parent, child) || !mayBeget(child, grandchild)) return;
        seen++;
        assert.ok(mayBeget(parent, grandchild));
      }),
      runs,
    );
    assert.ok(seen > 200, `${seen}`);
  });

  test('may be the same as its parent', () => {
    fc.assert(fc.property(anyTerms, (each) => mayBeget(each, each)));
  });

  const parentArn = sourceArns[0]!;
  const table: readonly (readonly [GrantConstraints, GrantConstraints, boolean])[] = [
    [{}, { contextSubset: { a: '1' } }, true],
    [{ contextSubset: { a: '1' } }, {}, false],
    [{ contextSubset: { a: '1' } }, { contextSubset: { a: '1', b: '2' } }, true],
    [{ contextSubset: { a: '1' } }, { contextSubset: { b: '2' } }, false],
    [{ contextSubset: { a: '1' } }, { contextSubset: { a: '2' } }, false],
    [{ contextSubset: { a: '1' } }, { contextEquals: { a: '1', b: '2' } }, true],
    [{ contextSubset: { a: '1' } }, { contextEquals: { b: '2' } }, false],
    [{ contextEquals: { a: '1' } }, { contextEquals: { a: '1' } }, true],
    [{ contextEquals: { a: '1' } }, { contextEquals: { a: '1', b: '2' } }, false],
    [{ contextEquals: { a: '1' } }, { contextSubset: { a: '1' } }, false],
    [{ contextEquals: { a: '1' } }, {}, false],
    [{ contextEquals: {} }, {}, false],
    [{ contextSubset: {} }, {}, false],
    [{ sourceArn: parentArn }, { sourceArn: parentArn }, true],
    [{ sourceArn: parentArn }, { sourceArn: sourceArns[1]! }, false],
    [{ sourceArn: parentArn }, {}, false],
    [{}, { sourceArn: parentArn }, true],
  ];
  for (const [parent, child, may] of table)
    test(`${JSON.stringify(child)} ${may ? 'may' : 'may not'} come of ${JSON.stringify(parent)}`, () => {
      assert.equal(mayBeget(terms({ constraints: parent }), terms({ constraints: child })), may);
    });

  test('has no operation that its parent has not', () => {
    const parent = terms({ operations: ['Decrypt', 'CreateGrant'] });
    const begets = (...wanted: GrantOperation[]) =>
      permits(parent, { operation: 'CreateGrant', child: terms({ operations: wanted }) });
    assert.equal(begets('Decrypt'), true);
    assert.equal(begets('CreateGrant', 'Decrypt'), true);
    assert.equal(begets('Decrypt', 'Encrypt'), false);
    assert.equal(begets('RetireGrant'), false);
  });
});

describe('a grant is retired by', () => {
  const other = '999999999999';
  const retirable = grant({ retiring: user('carol'), issuingAccount: account });
  const cases: readonly (readonly [string, Grant, GrantCaller, boolean])[] = [
    ['its retiring principal', retirable, callerOf(user('carol')), true],
    ['no stranger', retirable, callerOf(user('eve')), false],
    ['no grantee by itself', retirable, callerOf(alice), false],
    [
      'a grantee who has RetireGrant',
      grant({ operations: ['RetireGrant'] }),
      callerOf(alice),
      true,
    ],
    [
      'a grantee who has RetireGrant, whatever the constraints',
      grant({
        operations: ['RetireGrant'],
        constraints: { contextEquals: { a: '1' }, sourceArn: sourceArns[0]! },
      }),
      callerOf(alice),
      true,
    ],
    ['the account that made it', retirable, callerOf(rootOf(account)), true],
    ['whom that account lets', retirable, callerOf(user('dave'), true), true],
    ['nobody whom it doesn`t let', retirable, callerOf(user('dave')), false],
    ['no other account', retirable, callerOf(rootOf(other)), false],
    ['nobody whom another account lets', retirable, callerOf(user('eve', other), true), false],
    [
      'an account that is the retiring principal',
      grant({ retiring: rootOf(other) }),
      callerOf(rootOf(other)),
      true,
    ],
    [
      'whom the retiring account lets',
      grant({ retiring: rootOf(other) }),
      callerOf(user('eve', other), true),
      true,
    ],
    [
      'not the owner of the key when another account made it',
      grant({ issuingAccount: other }),
      callerOf(rootOf(account)),
      false,
    ],
    [
      'a service that is the retiring principal',
      grant({ retiring: { kind: 'service', name: 'sqs.amazonaws.com' } }),
      { kind: 'service', account, name: 'sqs.amazonaws.com', identityAllows: false },
      true,
    ],
    [
      'no service only because it works for the account',
      retirable,
      { kind: 'service', account, name: 'sqs.amazonaws.com', identityAllows: true },
      false,
    ],
  ];
  for (const [who, which, caller, may] of cases)
    test(who, () => assert.equal(mayRetire(which, caller), may));
});
