/**
 * Policies and questions for the differential test: statements that mostly fit the small world of
 * test/policy/small-world.ts, with every trick of wildcards, case and variables that is worth
 * trying.
 */
import fc from 'fast-check';
import type {
  RawCaller,
  RawPolicies,
  RawPolicy,
  RawQuestion,
  RawStatement,
} from './reference-evaluator.ts';
import { callers, contextPools, identities, key, ours, resources, theirs } from './small-world.ts';

/** Behind it `{` begins a variable. */
const v = '$';

const caseOf = (name: string): fc.Arbitrary<string> =>
  fc.constantFrom(
    name,
    name.toUpperCase(),
    name.replace(/[a-z]/, (c) => c.toUpperCase()),
  );

const someOf = <T>(pool: readonly T[], max = 2): fc.Arbitrary<T[]> =>
  fc.array(fc.constantFrom(...pool), { minLength: 1, maxLength: max });

const oneOrMore = (pool: readonly string[]): fc.Arbitrary<string | string[]> =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...pool) },
    { weight: 1, arbitrary: someOf(pool, 3) },
  );

const weighted = (
  pool: readonly (readonly [weight: number, value: string])[],
): fc.Arbitrary<string> =>
  fc.oneof(...pool.map(([weight, value]) => ({ weight, arbitrary: fc.constant(value) })));

const actionPatterns = weighted([
  [6, '*'],
  [6, 'kms:*'],
  [2, 'KMS:encRYPT'],
  [2, 'kms:*crypt'],
  [1, 'kms:?ncrypt'],
  [1, 'kms:En*y*t'],
  [1, 'kms:Encrypt*'],
  [1, 'kms:Decrypt'],
  [1, '*:Decrypt'],
  [2, 'secretsmanager:*'],
  [1, 'secretsmanager:Get??????Value'],
  [1, 'kms:'],
]);

const resourcePatterns = weighted([
  [10, '*'],
  [1, '**'],
  [3, 'arn:aws:kms:*:*:key/*'],
  [3, key(ours, '*')],
  [2, key(ours, 'bo-1')],
  [2, key(theirs, '*-1')],
  [2, 'arn:aws:*'],
  [1, 'arn:aws:kms:*'],
  [1, 'arn:aws:kms'],
  [1, 'arn:aws:kms:*:key/*'],
  [1, 'arn:aws:secretsmanager:*:secret:team/*'],
  [1, `arn:aws:secretsmanager:*:${ours}:secret:team/??:x`],
  [1, 'arn:*:*:*:*:b*b'],
  [1, 'arn:aws:s3:::bucket/?:b'],
  [2, key(ours, `${v}{aws:username}-1`)],
  [1, key(theirs, `${v}{aws:username}-1`)],
  [1, key(theirs, `${v}{*}-1`)],
  [1, key(ours, `${v}{aws:PrincipalTag/team, 'bo'}-*`)],
  [1, key(`${v}{aws:username}`, '*')],
  [1, `${v}{aws:PrincipalTag/team}`],
  [1, `arn:aws:s3:::bucket/${v}{aws:PrincipalTag/team}`],
  [1, key(ours, `${v}{aws:TagKeys}*`)],
  [1, '?'],
]);

/** ARNs that somebody may have had before a change of name or path. */
const former = [`arn:aws:iam::${ours}:user/bo`, `arn:aws:iam::${ours}:role/Ops`];

const named: readonly Readonly<Record<string, string>>[] = [
  ...identities.map(({ arn }) => ({ AWS: arn })),
  ...identities.flatMap(({ role }) =>
    role === undefined ? [] : [{ AWS: role.arn }, { AWS: role.id }],
  ),
  { AWS: ours },
  { AWS: theirs },
  { AWS: `arn:aws:iam::${ours}:root` },
  { AWS: 'AIDABOBOBOBOBOBOBOBO' },
  ...former.map((arn) => ({ AWS: arn })),
  { Service: 'lambda.amazonaws.com' },
  { Service: 'lambda.us-east-1.amazonaws.com' },
  { Federated: 'accounts.google.com' },
  { Federated: `arn:aws:iam::${ours}:saml-provider/x` },
];

/** `{ AWS: […], Service: […] }` of some of those. */
const principalMap = (max: number): fc.Arbitrary<Record<string, string[]>> =>
  someOf(named, max).map((some) => {
    const map: Record<string, string[]> = {};
    for (const one of some)
      for (const [type, name] of Object.entries(one)) map[type] = [...(map[type] ?? []), name];
    return map;
  });

const everyone = fc.constantFrom<'*' | { AWS: string }>('*', { AWS: '*' });
const principals = fc.oneof(
  { weight: 2, arbitrary: everyone },
  { weight: 3, arbitrary: fc.constant({ AWS: [ours, theirs] }) },
  { weight: 5, arbitrary: principalMap(4) },
);

/** For NotPrincipal: often all that somebody is. */
const exceptions = fc.oneof(
  principalMap(4),
  fc.constantFrom(...identities).map(({ arn, role, account }) => ({
    AWS: [arn, account, ...(role === undefined ? [] : [role.arn])],
  })),
);

const strings = [
  'bo',
  'Blue',
  'blue',
  'bl*',
  'b?',
  '*',
  'a',
  'A',
  'c',
  '',
  `b${v}{?}`,
  `${v}{*}`,
  `bl${v}{*}`,
  `${v}{aws:username}`,
  `${v}{aws:PrincipalTag/nobody, 'blue'}`,
  `${v}{aws:PrincipalTag/team}`,
  `${v}{aws:username}*`,
  `a:${v}{$}`,
  `${v}{aws:TagKeys}`,
];
const numbers = ['7', '7.00', '10', '-1', '-2', '99999999999999999999.10', '3e1'];
const dates = [
  '2026-05-01T12:00:00Z',
  '2026-05-01',
  '2026-05',
  '1777636800',
  '1777636800.5',
  '2030-01-01T00:00Z',
];
const ranges = [
  '10.0.0.0/8',
  '10.0.0.5',
  '0.0.0.0/0',
  '2001:db8::/32',
  '::/0',
  '::ffff:10.0.0.0/104',
  '192.0.2.0/31',
  '192.0.2.0/32',
  '10.0.0.4/31',
  '10.0.0.4/32',
];
const arns = [
  'arn:aws:s3:::bucket',
  'arn:aws:s3:::*',
  'arn:*:s?:::bucket*',
  `arn:aws:sns:*:${ours}:topic*`,
  '*',
  `${v}{aws:PrincipalTag/team}`,
  `arn:aws:s3:::${v}{aws:username}`,
  'arn:aws:s3:*:bucket:*:*',
  `arn:aws:s3:::bucket/${v}{aws:PrincipalTag/team}`,
];
const suffixes = [
  'Equals',
  'NotEquals',
  'LessThan',
  'LessThanEquals',
  'GreaterThan',
  'GreaterThanEquals',
];

interface Family {
  readonly operators: readonly string[];
  readonly values: readonly string[];
  readonly keys: readonly string[];
}

const families: readonly Family[] = [
  {
    operators: [
      'StringEquals',
      'StringNotEquals',
      'StringEqualsIgnoreCase',
      'StringNotEqualsIgnoreCase',
      'StringLike',
      'StringNotLike',
    ],
    values: strings,
    keys: [
      'aws:username',
      'aws:principaltag/team',
      'aws:requesttag/a',
      'aws:tagkeys',
      'aws:tagkeys',
      'constructor',
      '__proto__',
      'aws:nothing',
    ],
  },
  // What the family above seldom brings together.
  {
    operators: ['StringLike', 'StringNotLike'],
    values: ['bl*', 'b?', '*u*'],
    keys: ['aws:requesttag/a', 'aws:username'],
  },
  {
    operators: ['StringEquals', 'StringNotEquals'],
    values: ['a', 'A', 'b'],
    keys: ['aws:tagkeys'],
  },
  {
    operators: suffixes.map((suffix) => `Numeric${suffix}`),
    values: numbers,
    keys: ['kms:days', 'kms:days', 'aws:tagkeys'],
  },
  {
    operators: suffixes.map((suffix) => `Date${suffix}`),
    values: dates,
    keys: ['aws:currenttime'],
  },
  {
    operators: ['Bool'],
    values: ['true', 'False', `${v}{aws:SecureTransport}`, `${v}{aws:username}`],
    keys: ['aws:securetransport'],
  },
  { operators: ['BinaryEquals'], values: ['AQID', 'AQI='], keys: ['x:bin'] },
  { operators: ['IpAddress', 'NotIpAddress'], values: ranges, keys: ['aws:sourceip'] },
  {
    operators: ['ArnEquals', 'ArnLike', 'ArnNotEquals', 'ArnNotLike'],
    values: arns,
    keys: ['aws:sourcearn', 'aws:principaltag/team'],
  },
];

/** What a version without variables would refuse or read as text. */
const literal = (values: string | string[]): string | string[] =>
  typeof values === 'string'
    ? values.replaceAll(`${v}{`, '$(')
    : values.map((value) => value.replaceAll(`${v}{`, '$('));

const conditionOf = ({ operators, values, keys }: Family): fc.Arbitrary<Condition> =>
  fc
    .record({
      set: fc.constantFrom('', '', '', 'ForAllValues:', 'ForAnyValue:'),
      operator: fc.constantFrom(...operators),
      ifExists: fc.constantFrom('', '', 'IfExists'),
      key: fc.constantFrom(...keys).chain(caseOf),
      values: oneOrMore(values),
    })
    .map(({ set, operator, ifExists, key: name, values: given }) => ({
      [`${set}${operator}${ifExists}`]: { [name]: given },
    }));

type Condition = Readonly<Record<string, Readonly<Record<string, string | string[]>>>>;

const presence: fc.Arbitrary<Condition> = fc
  .record({
    key: fc.constantFrom(...Object.keys(contextPools)),
    value: oneOrMore(['true', 'false']),
  })
  .map(({ key: name, value }) => ({ Null: { [name]: value } }));

const conditions: fc.Arbitrary<Condition> = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: fc.oneof(...families.map(conditionOf)) },
      { weight: 1, arbitrary: presence },
    ),
    {
      minLength: 1,
      maxLength: 2,
    },
  )
  .map((all) => Object.assign(Object.create(null), ...all));

const maybe = <T>(percent: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof(
    { weight: percent, arbitrary },
    { weight: 100 - percent, arbitrary: fc.constant(undefined) },
  );

const elements = (pattern: fc.Arbitrary<string>): fc.Arbitrary<string | string[]> =>
  fc.oneof(
    { weight: 20, arbitrary: pattern },
    { weight: 10, arbitrary: fc.array(pattern, { minLength: 1, maxLength: 3 }) },
    { weight: 1, arbitrary: fc.constant<string[]>([]) },
  );

interface Parts {
  readonly percentAllow: number;
  readonly principal: 'none' | 'some';
  /** Trust policies mostly name no resource. */
  readonly percentResource: number;
}

const statement = ({
  percentAllow,
  principal,
  percentResource,
}: Parts): fc.Arbitrary<RawStatement> =>
  fc
    .record({
      isAllow: fc.integer({ min: 1, max: 100 }).map((n) => n <= percentAllow),
      notAction: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
      notResource: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
      actions: elements(actionPatterns),
      resources: maybe(percentResource, elements(resourcePatterns)),
      condition: maybe(30, conditions),
      // Where none belongs there is one now and then.
      principal: maybe(principal === 'some' ? 98 : 1, principals),
      exceptions,
      notPrincipal: fc.boolean(),
    })
    .map((parts) => ({
      Effect: parts.isAllow ? 'Allow' : 'Deny',
      ...principalOf(parts),
      ...(parts.notAction ? { NotAction: parts.actions } : { Action: parts.actions }),
      ...(parts.resources === undefined
        ? {}
        : parts.notResource
          ? { NotResource: parts.resources }
          : { Resource: parts.resources }),
      ...(parts.condition === undefined ? {} : { Condition: parts.condition }),
    }));

function principalOf(parts: {
  isAllow: boolean;
  notPrincipal: boolean;
  principal: NonNullable<RawStatement['Principal']> | undefined;
  exceptions: Record<string, string[]>;
}): Partial<RawStatement> {
  if (parts.principal === undefined) return {};
  if (!parts.isAllow && parts.notPrincipal) return { NotPrincipal: parts.exceptions };
  return { Principal: parts.principal };
}

/** Without variables nothing may look like one: that would be refused or mean something else. */
function withoutVariables({ Condition, ...rest }: RawStatement): RawStatement {
  if (Condition === undefined) return rest;
  const plain = Object.entries(Condition).map(([operator, keys]) => [
    operator,
    Object.fromEntries(
      Object.entries(keys).map(([name, values]) => [name, literal(values as string)]),
    ),
  ]);
  return { ...rest, Condition: Object.fromEntries(plain) };
}

const policy = (parts: Parts, max = 3): fc.Arbitrary<RawPolicy> =>
  fc
    .record({
      statements: fc.array(statement(parts), { minLength: 1, maxLength: max }),
      old: fc.integer({ min: 0, max: 7 }).map((n) => n === 0),
    })
    .map(({ statements, old }) => {
      const hasTypedVariables =
        JSON.stringify(statements).includes('Bool') || JSON.stringify(statements).includes('Arn');
      if (!old) return { Version: '2012-10-17', Statement: statements };
      return {
        Statement: hasTypedVariables
          ? statements.map(withoutTyped)
          : statements.map(withoutVariables),
      };
    });

/** Operators whose values must be of a kind refuse what isn't a variable any more. */
function withoutTyped(one: RawStatement): RawStatement {
  const { Condition, ...rest } = one;
  return rest;
}

/** A guardrail: mostly one that lets through. */
const guardrail = (principal: 'none' | 'some'): fc.Arbitrary<RawPolicy> => {
  const all: RawPolicy = {
    Version: '2012-10-17',
    Statement: {
      Effect: 'Allow',
      ...(principal === 'some' ? { Principal: '*' as const } : {}),
      Action: '*',
      Resource: '*',
    },
  };
  const own = policy({ percentAllow: 80, principal, percentResource: 100 });
  return fc.oneof({ weight: 5, arbitrary: fc.constant(all) }, { weight: 2, arbitrary: own });
};

const levels = (principal: 'none' | 'some') =>
  fc.array(fc.array(guardrail(principal), { minLength: 1, maxLength: 2 }), {
    minLength: 1,
    maxLength: 2,
  });

const idsOf = fc.dictionary(
  fc.constantFrom(
    ...identities.flatMap(({ arn, role }) => [arn, ...(role === undefined ? [] : [role.arn])]),
    ...former,
  ),
  fc.constantFrom(
    ...identities.flatMap(({ principalId, role }) => [
      principalId,
      ...(role === undefined ? [] : [role.id]),
    ]),
  ),
  { maxKeys: 2 },
);

const resourcePolicy = fc
  .record({
    type: fc.constantFrom<'resource' | 'trust'>('resource', 'resource', 'trust'),
    rule: fc.constantFrom<'ordinary' | 'required'>('ordinary', 'required'),
    ids: idsOf,
  })
  .chain((rest) =>
    policy({
      percentAllow: 88,
      principal: 'some',
      percentResource: rest.type === 'trust' ? 20 : 97,
    }).map((document) => ({ ...rest, policy: document })),
  );

const identityPolicy = policy({ percentAllow: 92, principal: 'none', percentResource: 98 });
const limit = fc.oneof(
  { weight: 2, arbitrary: guardrail('none') },
  { weight: 1, arbitrary: policy({ percentAllow: 90, principal: 'none', percentResource: 98 }) },
);

export const policySets: fc.Arbitrary<RawPolicies> = fc
  .record({
    identity: fc.array(identityPolicy, { minLength: 1, maxLength: 3 }),
    boundary: maybe(22, limit),
    session: maybe(20, fc.array(limit, { maxLength: 2 })),
    serviceControl: maybe(12, levels('none')),
    resourceControl: maybe(12, levels('some')),
    vpcEndpoint: maybe(8, guardrail('some')),
    resource: maybe(65, resourcePolicy),
    grant: maybe(12, fc.record({ needsIdentityPolicy: fc.boolean() })),
  })
  .map((set) => JSON.parse(JSON.stringify(set)) as RawPolicies);

const context: fc.Arbitrary<Map<string, string | string[]>> = fc
  .tuple(
    ...Object.entries(contextPools).map(([name, pool]) =>
      maybe(70, fc.constantFrom(...pool)).map((value) => [name, value] as const),
    ),
  )
  .map((entries) => {
    const present = entries.filter(
      (entry): entry is [string, string | string[]] => entry[1] !== undefined,
    );
    return new Map(present);
  });

const isOurs = ({ account, type }: RawCaller): boolean => account === ours && type !== 'Root';

export const questions: fc.Arbitrary<RawQuestion> = fc.record({
  caller: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...identities) },
    { weight: 5, arbitrary: fc.constantFrom(...identities.filter(isOurs)) },
    { weight: 2, arbitrary: fc.constantFrom(...callers) },
  ),
  action: fc.constantFrom('kms:Encrypt', 'kms:Decrypt', 'secretsmanager:GetSecretValue'),
  resource: fc.constantFrom(...resources),
  context,
});
