/**
 * Claim: a decision over ten policies of ten statements takes less than 5 µs, and no policy makes
 * one take long.
 */
import { parsePolicy } from '../src/policy/document.ts';
import {
  evaluate,
  type PolicySet,
  type PolicyType,
  type Question,
} from '../src/policy/evaluate.ts';
import { type Claim, median, type Row } from './claim.ts';

export const policy: Claim = {
  name: 'policy',
  says: 'one decision over ten policies of ten statements each, compiled and warm, in one process',
  async measure(bench) {
    const rounds = bench.quick ? 15 : 41;
    return [...decisions.map((decision) => rowOf(decision, rounds)), compiling(rounds), worst()];
  },
};

const account = '111122223333';
const keyArn = `arn:aws:kms:us-east-1:${account}:key/1234abcd-12ab-34cd-56ef-1234567890ab`;
const keys = new Map<string, string | string[]>([
  ['aws:username', 'bo'],
  ['aws:securetransport', 'true'],
  ['aws:sourceip', '203.0.113.7'],
  ['aws:principaltag/team', 'blue'],
  ['aws:currenttime', '2026-05-01T12:00:00Z'],
]);

const question: Question = {
  caller: {
    type: 'IAMUser',
    account,
    arn: `arn:aws:iam::${account}:user/bo`,
    principalId: 'AIDABOBOBOBOBOBOBOBO',
  },
  action: 'kms:Encrypt',
  resource: { arn: keyArn, account },
  conditions: (key) => keys.get(key),
};

type Statement = Readonly<Record<string, unknown>>;

function named(type: PolicyType, statements: readonly Statement[]) {
  const parsed = parsePolicy(textOf(statements));
  if (parsed.kind === 'fault') throw new Error(parsed.fault.text);
  return { policy: parsed.policy, type, name: type };
}

const textOf = (Statement: readonly Statement[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement });

/** Nine that are for something else, among them two Denies, and the last, which decides. */
function ten(last: Statement): Statement[] {
  const others = Array.from({ length: 9 }, (_, i) => ({
    Effect: i % 4 === 3 ? 'Deny' : 'Allow',
    Action: [`kms:Describe${i}*`, `s3:Get${i}*`, 'secretsmanager:GetSecretValue'],
    Resource: [`arn:aws:kms:*:${account}:key/${i}*`, 'arn:aws:s3:::bucket/*'],
  }));
  return [...others, last];
}

const elsewhere = { Effect: 'Allow', Action: 'kms:*', Resource: 'arn:aws:kms:eu-west-1:*:key/*' };
const here = { Effect: 'Allow', Action: 'kms:Enc*', Resource: `arn:aws:kms:*:${account}:key/*` };
const conditions = {
  Bool: { 'aws:SecureTransport': 'true' },
  IpAddress: { 'aws:SourceIp': ['10.0.0.0/8', '203.0.113.0/24'] },
  StringLike: { 'aws:PrincipalTag/team': ['red*', 'bl*'] },
  DateGreaterThan: { 'aws:CurrentTime': '2026-01-01T00:00:00Z' },
};
const identity = (last: Statement) =>
  Array.from({ length: 10 }, (_, i) => named('identity', ten(i === 9 ? last : elsewhere)));

interface Decision {
  readonly what: string;
  readonly policies: PolicySet;
  readonly allowed: boolean;
}

const decisions: readonly Decision[] = [
  {
    what: 'allowed by the last of the 100 statements',
    policies: { identity: identity(here) },
    allowed: true,
  },
  {
    what: 'allowed by none of the 100 statements',
    policies: { identity: identity(elsewhere) },
    allowed: false,
  },
  {
    what: '100 statements that match but for a condition',
    policies: {
      identity: Array.from({ length: 10 }, () => {
        const Condition = { ...conditions, StringEquals: { 'aws:username': 'al' } };
        return named('identity', Array(10).fill({ ...here, Condition }));
      }),
    },
    allowed: false,
  },
  {
    what: '100 statements, boundary, session and key policy',
    policies: {
      identity: identity({ ...here, Condition: conditions }),
      boundary: named('boundary', ten({ ...here, Action: '*' })),
      session: [named('session', ten(here))],
      resource: {
        policy: named('resource', [
          { Effect: 'Allow', Principal: { AWS: account }, Action: 'kms:*', Resource: '*' },
        ]),
        rule: 'required',
      },
    },
    allowed: true,
  },
];

function rowOf({ what, policies, allowed }: Decision, rounds: number): Row {
  const decide = (): void => {
    if (evaluate(question, policies).allowed !== allowed) throw new Error(`${what}: wrong`);
  };
  const spans = spansUs(decide, rounds);
  return { what, value: median(spans), unit: 'µs', note: rangeOf(spans) };
}

function compiling(rounds: number): Row {
  const text = textOf(ten({ ...here, Condition: conditions }));
  const spans = spansUs(() => void parsePolicy(text), rounds);
  return { what: 'reading and compiling ten statements', value: median(spans), unit: 'µs' };
}

/** The longest document there may be, of patterns that nearly match a long value. */
function worst(): Row {
  const pattern = `*${'a'.repeat(1_000)}b*${'?a'.repeat(500)}c`;
  const condition = { StringLike: { 'a:b': Array(60).fill(pattern) } };
  const policies = {
    identity: [named('identity', [{ ...here, Action: '*', Condition: condition }])],
  };
  const hostile = { ...question, conditions: () => 'a'.repeat(4_096) };
  const value = median(
    Array.from({ length: 3 }, () => timeOf(1, () => void evaluate(hostile, policies))),
  );
  const note = '120 KB of wildcards against a value of 4 KB';
  return { what: 'the worst policy', value: value / 1_000, unit: 'ms', note };
}

/** Microseconds of one call, for each round of many. */
function spansUs(run: () => void, rounds: number): number[] {
  const onceUs = timeOf(200, run);
  const calls = Math.ceil(Math.min(2_000, 5_000 / onceUs));
  timeOf(calls * 10, run);
  return Array.from({ length: rounds }, () => timeOf(calls, run));
}

function timeOf(calls: number, run: () => void): number {
  const beganMs = performance.now();
  for (let i = 0; i < calls; i++) run();
  return ((performance.now() - beganMs) * 1_000) / calls;
}

function rangeOf(spans: readonly number[]): string {
  const sorted = spans.toSorted((a, b) => a - b);
  const at = (share: number): string =>
    `${Math.round((sorted[Math.round((sorted.length - 1) * share)] ?? 0) * 1_000)} ns`;
  return `median ${at(0.5)}, best ${at(0)}, 95 % ${at(0.95)}`;
}
