import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parsePolicy } from '../../src/policy/document.ts';
import {
  type Decision,
  evaluate,
  type NamedPolicy,
  type PolicySet,
  type PolicyType,
  type Question,
} from '../../src/policy/evaluate.ts';
import { type Change, type Explanation, explain, type Step } from '../../src/policy/explain.ts';
import { policySets, questions } from './generators.ts';
import {
  judge,
  type RawPolicies,
  type RawPolicy,
  type RawQuestion,
} from './reference-evaluator.ts';

const sets = 9_000;
const questionsEach = 12;

function compile(raw: RawPolicy, type: PolicyType, name: string = type): NamedPolicy {
  const parsed = parsePolicy(JSON.stringify(raw));
  if (parsed.kind === 'fault')
    assert.fail(`${JSON.stringify(parsed.fault)} in ${JSON.stringify(raw)}`);
  return { policy: parsed.policy, type, name };
}

function policySetOf(raw: RawPolicies): PolicySet {
  const { resource, grant } = raw;
  const all = (type: PolicyType, policies: readonly RawPolicy[]): NamedPolicy[] =>
    policies.map((policy, i) => compile(policy, type, `${i}`));
  const levels = (type: PolicyType, of: readonly (readonly RawPolicy[])[]) =>
    of.map((level) => all(type, level));
  return {
    identity: all('identity', raw.identity),
    ...(raw.boundary && { boundary: compile(raw.boundary, 'boundary') }),
    ...(raw.session && { session: all('session', raw.session) }),
    ...(raw.serviceControl && { serviceControl: levels('service-control', raw.serviceControl) }),
    ...(raw.resourceControl && {
      resourceControl: levels('resource-control', raw.resourceControl),
    }),
    ...(raw.vpcEndpoint && { vpcEndpoint: compile(raw.vpcEndpoint, 'vpc-endpoint') }),
    ...(resource && {
      resource: {
        policy: compile(resource.policy, resource.type),
        rule: resource.rule,
        principalIds: resource.ids,
      },
    }),
    ...(grant && { grant: () => ({ id: 'g', ...grant }) }),
  };
}

function questionOf({ context, ...rest }: RawQuestion): Question {
  return { ...rest, conditions: (key) => context.get(key) } as Question;
}

function verdictOf(decision: Decision): string {
  if (decision.allowed) return `allowed by ${decision.because}`;
  return `${decision.explicit ? 'explicit deny' : 'no allow'} in ${decision.type}`;
}

/** How often each of the things happened. */
class Tally {
  readonly counts = new Map<string, number>();
  add(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }
  of(what: string): number {
    return this.counts.get(what) ?? 0;
  }
}

const verdicts = [
  'allowed by identity-policy',
  'allowed by resource-policy',
  'allowed by root-user',
  'allowed by grant',
  ...[
    'identity',
    'resource',
    'trust',
    'boundary',
    'session',
    'service-control',
    'resource-control',
    'vpc-endpoint',
  ].flatMap((type) => [`explicit deny in ${type}`, `no allow in ${type}`]),
];

describe('the evaluator and an independent one', () => {
  test('decide alike, for the same reason', (t) => {
    const tally = new Tally();
    const watched = new Tally();
    const begin = performance.now();
    fc.assert(
      fc.property(
        policySets,
        fc.array(questions, { minLength: questionsEach, maxLength: questionsEach }),
        (raw, asked) => {
          const policies = policySetOf(raw);
          for (const question of asked) {
            const ours = verdictOf(evaluate(questionOf(question), policies));
            const theirs = judge(question, raw, (operator, holds) =>
              watched.add(`${operator.replace(/^\w+:|IfExists$/g, '')} ${holds}`),
            );
            assert.equal(ours, theirs);
            tally.add(ours);
          }
        },
      ),
      { numRuns: sets },
    );
    report(t, tally, performance.now() - begin);
    for (const verdict of verdicts) assert.ok(tally.of(verdict) >= 50, `too few: ${verdict}`);
    const operators = new Set([...watched.counts.keys()].map((name) => name.split(' ')[0]));
    assert.equal(operators.size, 27);
    for (const operator of operators)
      for (const holds of [true, false])
        assert.ok(watched.of(`${operator} ${holds}`) >= 50, `too few: ${operator} ${holds}`);
  });
});

function report(t: { diagnostic(text: string): void }, tally: Tally, ms: number): void {
  const total = sets * questionsEach;
  const share = (count: number): string => `${((100 * count) / total).toFixed(1)} %`;
  const allowed = verdicts
    .filter((verdict) => verdict.startsWith('allowed'))
    .reduce((sum, verdict) => sum + tally.of(verdict), 0);
  t.diagnostic(`${total} decisions in ${(ms / 1_000).toFixed(1)} s, ${share(allowed)} allowed`);
  for (const verdict of verdicts)
    t.diagnostic(`${verdict}: ${tally.of(verdict)} (${share(tally.of(verdict))})`);
  assert.ok(allowed >= total / 4, 'less than a quarter is allowed');
}

describe('an explanation', () => {
  test('agrees with the decision, and its smallest change allows', (t) => {
    let changed = 0;
    let steps = 0;
    fc.assert(
      fc.property(policySets, questions, (raw, asked) => {
        const policies = policySetOf(raw);
        const question = questionOf(asked);
        const decision = evaluate(question, policies);
        const explained = explain(question, policies);
        assert.equal(explained.decision.allowed, decision.allowed);
        assert.deepEqual(JSON.parse(JSON.stringify(explained)), explained);
        assertMatched(decision, explained);
        const { smallestChange } = explained;
        // Nobody can be told how to let in a caller without a name.
        if (asked.caller.type !== 'Anonymous')
          assert.equal(smallestChange === undefined, decision.allowed);
        if (smallestChange === undefined) return;
        changed++;
        steps += smallestChange.steps.length;
        const after = evaluate(question, policySetOf(applied(raw, smallestChange)));
        assert.ok(after.allowed, JSON.stringify(smallestChange));
      }),
      { numRuns: 6_000 },
    );
    t.diagnostic(`${changed} smallest changes of ${(steps / changed).toFixed(1)} steps allow`);
    assert.ok(changed > 1_000);
  });
});

/** What decided is marked as matched. */
function assertMatched({ policy, statement }: Decision, { policies }: Explanation): void {
  if (policy === undefined) return;
  const looked = policies.filter(({ type, name }) => type === policy.type && name === policy.name);
  const matched = looked.flatMap(({ statements }) => statements.filter((one) => one.matched));
  assert.ok(matched.some(({ index }) => index === statement));
}

type Mutable<T> = { -readonly [K in keyof T]: Mutable<T[K]> };

/** Carries out a change on the documents, as its reader would. */
function applied(raw: RawPolicies, change: Change): RawPolicies {
  const after = structuredClone(raw) as Mutable<RawPolicies>;
  // From the last to the first, since each names what stood there before.
  const steps = change.steps.toSorted((a, b) => (b.remove ?? -1) - (a.remove ?? -1));
  for (const step of steps) {
    const document = documentOf(after, step) as { Statement: unknown };
    const statements = [document.Statement].flat();
    if (step.add !== undefined) {
      statements.push(step.add);
      for (const name of Object.values(step.add.Principal ?? {})) delete after.resource?.ids[name];
    }
    if (step.remove !== undefined) statements.splice(step.remove, 1);
    document.Statement = statements;
  }
  return after as RawPolicies;
}

function documentOf(raw: Mutable<RawPolicies>, { type, policy, level }: Step): object {
  const created = { Version: '2012-10-17', Statement: [] } as Mutable<RawPolicy>;
  const at = Number(policy);
  if (type === 'identity') {
    if (policy === undefined) raw.identity.push(created);
    return policy === undefined ? created : (raw.identity[at] as object);
  }
  if (type === 'session') {
    if (policy === undefined) raw.session = [created];
    return policy === undefined ? created : (raw.session?.[at] as object);
  }
  if (type === 'boundary') return raw.boundary as object;
  if (type === 'vpc-endpoint') return raw.vpcEndpoint as object;
  if (type === 'service-control') return raw.serviceControl?.[level as number]?.[at] as object;
  if (type === 'resource-control') return raw.resourceControl?.[level as number]?.[at] as object;
  raw.resource ??= { policy: created, type: 'resource', rule: 'ordinary', ids: {} };
  return raw.resource.policy;
}
