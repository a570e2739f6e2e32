/**
 * Probes generated from a model: for every member of every operation's input, each constraint at,
 * below and above its bound, each enum wrong, each required member missing, and what AWS says then.
 */
import type {
  BlobShape,
  ListShape,
  MapShape,
  NumberShape,
  Shape,
  StringShape,
  StructureShape,
} from '../../src/model/schema.ts';

export interface Probe {
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** As AWS writes it: `tags.1.member.tagKey`. */
  readonly path: string;
  readonly what: string;
  /** The sentence after `failed to satisfy constraint: `; undefined when the input is right. */
  readonly constraint: string | undefined;
  /** What the service says instead when the pattern is broken. */
  readonly refusal?: string | undefined;
  /** The value has another JSON type than the member: a SerializationException. */
  readonly isWrongType?: true;
  /** What stands between `Value ` and `at`, e.g. `'x' ` or `null `; undefined: not compared. */
  readonly shown: string | undefined;
}

/** A value of the shape that breaks no constraint. */
export function validValue(shape: Shape): unknown {
  switch (shape.type) {
    case 'structure':
      return requiredMembers(shape);
    case 'list':
      return Array.from({ length: Math.max(1, shape.min ?? 0) }, () => validValue(shape.member));
    case 'map':
      return { [String(validValue(shape.key))]: validValue(shape.value) };
    case 'string':
      return (
        samples.get(shape.name) ??
        shape.accepts?.[0] ??
        shape.enum?.[0] ??
        text(shape, Math.max(1, shape.min ?? 0)) ??
        ''
      );
    case 'blob':
      return bytes(Math.max(1, shape.min ?? 0));
    case 'boolean':
      return true;
    case 'timestamp':
      return 1_700_000_000;
    case 'document':
      return {};
    default:
      return shape.min ?? 1;
  }
}

function requiredMembers(shape: StructureShape): Record<string, unknown> {
  const names = shape.required ?? [];
  return Object.fromEntries(names.map((name) => [name, validValue(shape.members[name] as Shape)]));
}

const bytes = (sizeBytes: number): string => Buffer.alloc(sizeBytes, 7).toString('base64');

const candidates = ['a', '0', 'A', 'alias/a', '/', ':', 'Z', '2', 'f', '-', '.'];

/** A text of the length that the pattern takes, or undefined when none of the simple ones does. */
function text(shape: StringShape, length: number): string | undefined {
  const pattern = shape.pattern === undefined ? undefined : javaFull(shape.pattern);
  const known = samples.get(shape.name);
  if (known !== undefined) return known.length === length ? known : undefined;
  return candidates
    .map((one) => one.repeat(Math.ceil(length / one.length)).slice(0, length))
    .find((value) => value.length === length && (pattern === undefined || pattern.test(value)));
}

/** Texts for shapes whose patterns no repeated letter satisfies. */
const samples: ReadonlyMap<string, string> = new Map([
  ['RegionType', 'us-east-1'],
  ['policyVersionIdType', 'v1'],
  ['organizationsEntityPathType', 'o-a1b2c3d4e5/r-f6g7'],
  ['ParameterStringFilterKey', 'Name'],
  ['SourceArnType', 'arn:aws:s3:us-east-1:111122223333:bucket/a'],
  ['ServicePrincipalType', 'a.amazonaws.com'],
  ['XksProxyUriEndpointType', 'https://a.example'],
  ['XksProxyUriPathType', '/kms/xks/v1'],
  ['XksProxyVpcEndpointServiceNameType', 'com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0'],
  ['CloudHsmClusterIdType', 'cluster-abcdefghijk'],
  ['Action', 'lambda:InvokeFunction'],
  ['AdditionalVersion', '1'],
  ['Alias', 'a'],
  ['Arn', 'arn:aws:s3:::bucket'],
  ['CapacityProviderArn', 'arn:aws:lambda:us-east-1:111122223333:capacity-provider:c'],
  [
    'CodeSigningConfigArn',
    'arn:aws:lambda:us-east-1:111122223333:code-signing-config:csc-0123456789abcdef0',
  ],
  ['ConnectionArn', 'arn:aws:events:us-east-1:111122223333:connection/c/0'],
  ['DestinationArn', 'arn:aws:sqs:us-east-1:111122223333:queue'],
  [
    'FileSystemArn',
    'arn:aws:elasticfilesystem:us-east-1:111122223333:access-point/fsap-0123456789abcdef0',
  ],
  ['FunctionRuntimeArn', 'arn:aws:lambda:us-east-1:111122223333:runtime/some-runtime'],
  ['KMSKeyArn', 'arn:aws:kms:us-east-1:111122223333:key/k'],
  ['LayerVersionArn', 'arn:aws:lambda:us-east-1:111122223333:layer:l:1'],
  ['LocalMountPath', '/mnt/a'],
  ['MasterRegion', 'ALL'],
  ['PrincipalOrgID', 'o-a1b2c3d4e5'],
  ['RedshiftSecretManagerArn', 'arn:aws:secretsmanager:us-east-1:111122223333:secret:s'],
  ['ResourceArn', 'arn:aws:sqs:us-east-1:111122223333:queue'],
  ['RoleArn', 'arn:aws:iam::111122223333:role/r'],
  ['SecurityGroupId', 'sg-0'],
  ['SourceOwner', '111122223333'],
  ['SubnetId', 'subnet-0'],
  ['TaggableResource', 'arn:aws:lambda:us-east-1:111122223333:function:f'],
]);

function javaFull(pattern: string): RegExp | undefined {
  try {
    return new RegExp(`^(?:${pattern.replaceAll('\\p{ASCII}', '[\\x00-\\x7f]')})$`, 'u');
  } catch {
    return undefined;
  }
}

export function* probesOf(operation: string, input: StructureShape): Generator<Probe> {
  const base = requiredMembers(input);
  yield {
    operation,
    input: base,
    path: '',
    what: 'all required',
    constraint: undefined,
    shown: undefined,
  };
  yield* structureProbes(input, '', (value) => ({ operation, input: value }));
}

const wrongTypes: ReadonlyMap<Shape['type'], readonly unknown[]> = new Map<
  Shape['type'],
  readonly unknown[]
>([
  ['string', [[], {}]],
  ['blob', ['*', 'a', [], {}]],
  ['integer', ['x', [], {}]],
  ['long', ['x', [], {}]],
  ['boolean', ['XYZ', [], {}]],
  ['timestamp', ['x', [], {}]],
  ['list', ['x', 1, true, {}]],
  ['map', ['x', 1, true, []]],
  ['structure', ['x', 1, true, []]],
]);

type Place = (value: Record<string, unknown>) => {
  operation: string;
  input: Record<string, unknown>;
};

function* structureProbes(shape: StructureShape, at: string, place: Place): Generator<Probe> {
  for (const [name, member] of Object.entries(shape.members)) {
    const label = name.charAt(0).toLowerCase() + name.slice(1);
    const path = at === '' ? label : `${at}.${label}`;
    const base = requiredMembers(shape);
    if (shape.required?.includes(name)) {
      const { [name]: _gone, ...rest } = base;
      const shown = member.sensitive === true ? '' : 'null ';
      yield { ...place(rest), path, what: 'missing', constraint: 'Member must not be null', shown };
    }
    const inside = (value: unknown) => place({ ...base, [name]: value });
    for (const value of wrongTypes.get(member.type) ?? []) {
      const what = `of the wrong type: ${JSON.stringify(value)}`;
      const nothing = { constraint: undefined, shown: undefined };
      yield { ...inside(value), path, what, isWrongType: true, ...nothing };
    }
    yield* memberProbes(member, path, inside);
  }
}

type PlaceValue = (value: unknown) => { operation: string; input: Record<string, unknown> };

function* memberProbes(shape: Shape, path: string, place: PlaceValue): Generator<Probe> {
  const probe = (what: string, value: unknown, constraint?: string, shown?: string): Probe => ({
    ...place(value),
    path,
    what,
    constraint,
    shown,
  });
  switch (shape.type) {
    case 'structure':
      yield* structureProbes(shape, path, place);
      return;
    case 'list':
      yield* sizeProbes(shape, (size) => Array(size).fill(validValue(shape.member)), probe);
      if (shape.member.type === 'structure')
        yield* structureProbes(shape.member, `${path}.1.member`, (value) => place([value]));
      return;
    case 'map':
      yield* sizeProbes(shape, (size) => entries(shape, size), probe);
      return;
    case 'string':
      yield* stringProbes(shape, probe);
      return;
    case 'blob':
      yield* sizeProbes(shape, (size) => bytes(size), probe);
      return;
    case 'integer':
    case 'long':
      yield* numberProbes(shape, probe);
  }
}

type MakeProbe = (what: string, value: unknown, constraint?: string, shown?: string) => Probe;

function entries(shape: MapShape, size: number): Record<string, unknown> {
  return Object.fromEntries(
    Array.from({ length: size }, (_, i) => [`k${i}`, validValue(shape.value)]),
  );
}

const longer = (bound: number) => `Member must have length greater than or equal to ${bound}`;
const shorter = (bound: number) => `Member must have length less than or equal to ${bound}`;

function* sizeProbes(
  shape: ListShape | MapShape | BlobShape,
  make: (size: number) => unknown,
  probe: MakeProbe,
): Generator<Probe> {
  if (shape.min !== undefined && shape.min > 0) {
    yield probe('below', make(shape.min - 1), longer(shape.min));
    yield probe('at the least', make(shape.min));
  }
  if (shape.max !== undefined && shape.max < 300_000) {
    yield probe('at the most', make(shape.max));
    yield probe('above', make(shape.max + 1), shorter(shape.max));
  }
}

function* stringProbes(shape: StringShape, probe: MakeProbe): Generator<Probe> {
  if (shape.enum !== undefined) {
    const set = `Member must satisfy enum value set: [${shape.enum.join(', ')}]`;
    const shown = shape.sensitive === true ? '' : "'WRONG' ";
    yield probe('not in the enum', 'WRONG', set, shown);
    for (const value of shape.accepts ?? shape.enum) yield probe(`enum ${value}`, value);
    return;
  }
  const { min = 0, max } = shape;
  if (min > 0) {
    yield probe('below', 'a'.repeat(min - 1), longer(min));
    const least = text(shape, min);
    if (least !== undefined) yield probe('at the least', least);
  }
  if (max !== undefined && max < 300_000) {
    const most = text(shape, max);
    if (most !== undefined) yield probe('at the most', most);
    const value = text(shape, max + 1) ?? 'a'.repeat(max + 1);
    yield probe('above', value, shorter(max), shape.sensitive === true ? '' : `'${value}' `);
  }
  if (shape.pattern !== undefined && javaFull(shape.pattern)?.test('☃') === false) {
    const bad = '☃'.repeat(Math.max(1, min));
    const constraint = `Member must satisfy regular expression pattern: ${shape.pattern}`;
    const shown = shape.sensitive === true ? '' : `'${bad}' `;
    yield { ...probe('against the pattern', bad, constraint, shown), refusal: shape.refusal };
  }
}

function* numberProbes(shape: NumberShape, probe: MakeProbe): Generator<Probe> {
  const { min, max } = shape;
  if (min !== undefined) {
    const constraint = `Member must have value greater than or equal to ${min}`;
    yield probe('below', min - 1, constraint, `'${min - 1}' `);
    yield probe('at the least', min);
  }
  if (max !== undefined) {
    yield probe('at the most', max);
    const constraint = `Member must have value less than or equal to ${max}`;
    yield probe('above', max + 1, constraint, `'${max + 1}' `);
  }
}
