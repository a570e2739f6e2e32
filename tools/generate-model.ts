/**
 * Generates src/model/<service>.generated.ts from models/: the types that operations are written
 * against and the schema that the wire and the audit read.
 *
 *     node tools/generate-model.ts            writes the files
 *     node tools/generate-model.ts --check    exits 1 and names them when they are stale
 */
import { readFileSync, writeFileSync } from 'node:fs';

/** What is generated: all of a service's operations, or those that we are about. */
const services: ReadonlyMap<string, RegExp | undefined> = new Map([
  [
    'events',
    endingIn(
      'Rules?|Targets?|RuleNamesByTarget|TargetsByRule|^PutEvents|EventPattern|EventBus|EventBuses',
      'Permission|agResource|TagsForResource|Connections?|ApiDestinations?',
    ),
  ],
  ['iam', undefined],
  ['iam-toolbox', undefined],
  ['kms', undefined],
  // Functions, their versions, aliases, permissions, tags and how they are invoked.
  [
    'lambda',
    endingIn(
      '^(Create|Delete)Function|^(Get|List)Functions?|^UpdateFunction(Code|Configuration)',
      '^GetFunctionConfiguration|^(Put|Get|Delete)FunctionConcurrency|^GetAccountSettings',
      '^(Put|Get|Delete|Update)FunctionEventInvokeConfig|^ListFunctionEventInvokeConfigs',
      '^PublishVersion|^ListVersionsByFunction|Alias(es)?|^(Add|Remove)Permission|^GetPolicy',
      '^Invoke|^(Unt|T)agResource|^ListTags',
    ),
  ],
  // What functions print, and how it is read.
  [
    'logs',
    endingIn('^DescribeLog(Group|Stream)s', '^(Get|Filter)LogEvents', '^DeleteLog(Group|Stream)'),
  ],
  ['sealhold', undefined],
  ['secretsmanager', undefined],
  ['servicequotas', undefined],
  // Parameter Store: the rest of SSM has nothing to do with keys and secrets.
  [
    'ssm',
    endingIn(
      'Parameters?(ByPath|History|Version)?|ServiceSetting|^(Get|Put|Delete)ResourcePolic(y|ies)',
      '^(AddTagsToResource|ListTagsForResource|RemoveTagsFromResource)',
    ),
  ],
  ['sts', undefined],
]);
const root = new URL('../', import.meta.url);

/** botocore's model, as far as we read it. */
interface Reference {
  readonly shape: string;
  readonly location?: string;
  readonly locationName?: string;
  readonly jsonvalue?: boolean;
  readonly resultWrapper?: string;
}
interface ModelShape {
  readonly type: string;
  readonly members?: Readonly<Record<string, Reference>>;
  readonly required?: readonly string[];
  readonly member?: Reference;
  readonly key?: Reference;
  readonly value?: Reference;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly min?: number;
  readonly max?: number;
  readonly sensitive?: boolean;
  readonly exception?: boolean;
  readonly fault?: boolean;
  readonly document?: boolean;
  readonly eventstream?: boolean;
  readonly timestampFormat?: string;
  readonly payload?: string;
  readonly error?: { code: string; httpStatusCode: number; senderFault?: boolean };
}
interface ModelOperation {
  readonly name: string;
  readonly http: { method: string; requestUri: string; responseCode?: number };
  readonly input?: Reference;
  readonly output?: Reference;
  readonly errors?: readonly Reference[];
  readonly authtype?: string;
}
interface Model {
  readonly source: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly operations: Readonly<Record<string, ModelOperation>>;
  readonly shapes: Readonly<Record<string, ModelShape>>;
}
interface Departures {
  readonly printsValues?: false;
  readonly shapes: Readonly<
    Record<
      string,
      {
        pattern?: string;
        refusal?: string;
        enum?: readonly string[];
        accepts?: readonly string[];
      }
    >
  >;
  readonly errors: Readonly<Record<string, { httpStatus: number }>>;
}

/** A model being turned into source: what it says and where its shapes are used. */
interface Work {
  readonly service: string;
  readonly model: Model;
  readonly departures: Departures;
  /** Names of the shapes that requests reach, and answers. */
  readonly inInput: ReadonlySet<string>;
  readonly inOutput: ReadonlySet<string>;
  /** Shapes in use, each after those it is made of. */
  readonly ordered: readonly string[];
}

function main(): void {
  const check = process.argv.includes('--check');
  const departures = readJson('models/departures.json') as Record<string, Departures>;
  const stale: string[] = [];
  for (const [service, chosen] of services) {
    const model = choose(readJson(`models/${service}.json`) as Model, chosen);
    const text = generate(service, model, departures[service] ?? { shapes: {}, errors: {} });
    const path = `src/model/${service}.generated.ts`;
    if (read(path) === text) continue;
    if (check) stale.push(path);
    else writeFileSync(new URL(path, root), text);
  }
  if (stale.length > 0) {
    console.error(`Stale: ${stale.join(', ')}. Run: npm run generate`);
    process.exit(1);
  }
}

/** Names that end in one of these, or with `^` are one. */
function endingIn(...endings: readonly string[]): RegExp {
  return new RegExp(`(${endings.join('|')})$`);
}

function read(path: string): string | undefined {
  try {
    return readFileSync(new URL(path, root), 'utf8');
  } catch {
    return undefined;
  }
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(new URL(path, root), 'utf8'));
}

function choose(model: Model, chosen: RegExp | undefined): Model {
  if (chosen === undefined) return model;
  const kept = Object.entries(model.operations).filter(([name]) => chosen.test(name));
  return { ...model, operations: Object.fromEntries(kept) };
}

function generate(service: string, model: Model, departures: Departures): string {
  refuseUnknownDepartures(service, model, departures);
  const work = prepare(service, model, departures);
  return [
    `/** The ${service} API as types and as a schema. GENERATED by tools/generate-model.ts from ${model.source} and models/departures.json. */`,
    "import type * as schema from './schema.ts';",
    "import type { ErrorModel, OperationModel, ServiceModel } from './schema.ts';",
    '',
    ...enumTypes(work),
    ...structureTypes(work),
    ...modelType(work),
    ...schemas(work),
    ...errorTable(work),
    ...operationTable(work),
    ...serviceModel(work),
    '',
  ].join('\n');
}

/** A departure from a shape that AWS has renamed would silently stop to apply. */
function refuseUnknownDepartures(service: string, model: Model, departures: Departures): void {
  for (const name of [...Object.keys(departures.shapes), ...Object.keys(departures.errors)]) {
    if (model.shapes[name] === undefined)
      throw new Error(`models/departures.json names ${service} ${name}, which AWS does not have`);
  }
}

function prepare(service: string, model: Model, departures: Departures): Work {
  const reach = (side: 'input' | 'output'): Set<string> => {
    const found = new Set<string>();
    for (const operation of Object.values(model.operations)) {
      const reference = operation[side];
      if (reference !== undefined) collect(model, reference.shape, found, []);
    }
    return found;
  };
  const inInput = reach('input');
  const inOutput = reach('output');
  const ordered = [...new Set([...inInput, ...inOutput])];
  return { service, model, departures, inInput, inOutput, ordered };
}

/** Adds the shape after those it is made of. */
function collect(model: Model, name: string, found: Set<string>, above: readonly string[]): void {
  if (above.includes(name))
    throw new Error(
      `${name} contains itself; schemas are plain values and cannot express that yet`,
    );
  if (found.has(name)) return;
  for (const reference of parts(shapeOf(model, name)))
    collect(model, reference.shape, found, [...above, name]);
  found.add(name);
}

function shapeOf(model: Model, name: string): ModelShape {
  const shape = model.shapes[name];
  if (shape === undefined) throw new Error(`AWS's model has no shape ${name}`);
  return shape;
}

function parts(shape: ModelShape): readonly Reference[] {
  return [...Object.values(shape.members ?? {}), shape.member, shape.key, shape.value].filter(
    (reference) => reference !== undefined,
  );
}

function enumTypes(work: Work): string[] {
  const lines: string[] = [];
  for (const name of [...work.ordered].sort()) {
    const values = shapeOf(work.model, name).enum;
    if (values === undefined) continue;
    lines.push(`export type ${name} = ${union(values)};`);
  }
  return [...lines, ''];
}

function structureTypes(work: Work): string[] {
  const lines: string[] = [];
  for (const name of [...work.ordered].sort()) {
    const shape = shapeOf(work.model, name);
    if (shape.type === 'structure') lines.push(...structureType(work, name, shape), '');
  }
  return lines;
}

function structureType(work: Work, name: string, shape: ModelShape): string[] {
  if (shape.document === true) return [`export type ${name} = schema.JsonValue;`];
  const required = new Set(shape.required ?? []);
  const members = Object.entries(shape.members ?? {}).map(([member, reference]) => {
    if (member in Object.prototype)
      throw new Error(`${name}.${member} would hide a JavaScript name`);
    const optional = required.has(member) ? '' : '?';
    return `  readonly ${member}${optional}: ${typeOf(work, name, reference.shape)};`;
  });
  return members.length === 0
    ? [`export type ${name} = Readonly<Record<string, never>>;`]
    : [`export interface ${name} {`, ...members, '}'];
}

/** The TypeScript type of a shape as a member of the structure `owner`. */
function typeOf(work: Work, owner: string, name: string): string {
  const shape = shapeOf(work.model, name);
  switch (shape.type) {
    case 'string':
      return stringType(work, owner, name, shape);
    case 'blob':
      return blobType(work, owner);
    case 'integer':
    case 'long':
    case 'float':
    case 'double':
    case 'timestamp':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'list': {
      const member = typeOf(work, owner, String(shape.member?.shape));
      return member.includes(' ') ? `ReadonlyArray<${member}>` : `readonly ${member}[]`;
    }
    case 'map':
      return `Readonly<Record<string, ${typeOf(work, owner, String(shape.value?.shape))}>>`;
    case 'structure':
      return name;
    default:
      throw new Error(`${name} is a ${shape.type}, which the schema does not have`);
  }
}

function stringType(work: Work, owner: string, name: string, shape: ModelShape): string {
  if (shape.enum === undefined) return 'string';
  const known = shape.enum;
  const more = (work.departures.shapes[name]?.accepts ?? []).filter((v) => !known.includes(v));
  return work.inInput.has(owner) && more.length > 0 ? `${name} | ${union(more)}` : name;
}

/** The decoder makes Buffers; an answer may be any bytes. */
function blobType(work: Work, owner: string): string {
  if (work.inInput.has(owner) && work.inOutput.has(owner))
    throw new Error(`${owner} holds bytes in requests and in answers; give it two types here`);
  return work.inInput.has(owner) ? 'Buffer' : 'Uint8Array';
}

function modelType(work: Work): string[] {
  const lines = [`export interface ${title(variable(work.service))}Model {`];
  for (const operation of Object.values(work.model.operations)) {
    const codes = (operation.errors ?? []).map(({ shape }) => errorCode(work, shape));
    lines.push(
      `  readonly ${operation.name}: {`,
      `    readonly input: ${operation.input?.shape ?? 'Readonly<Record<string, never>>'};`,
      // An operation without output returns nothing.
      `    readonly output: ${operation.output?.shape ?? 'void'};`,
      `    readonly error: ${codes.length === 0 ? 'never' : union(codes)};`,
      '  };',
    );
  }
  return [...lines, '}', ''];
}

function schemas(work: Work): string[] {
  const lines: string[] = [];
  for (const name of work.ordered)
    lines.push(`const ${constant(name)}: ${schemaType(work, name)} = ${schema(work, name)};`);
  return [...lines, ''];
}

function schemaType(work: Work, name: string): string {
  const { type, document } = shapeOf(work.model, name);
  if (document === true) return 'schema.DocumentShape';
  const number = ['integer', 'long', 'float', 'double'].includes(type);
  return `schema.${number ? 'Number' : title(type)}Shape`;
}

function schema(work: Work, name: string): string {
  const shape = shapeOf(work.model, name);
  if (shape.document === true) return `{ name: ${quote(name)}, type: 'document' }`;
  refuseUnspoken(name, shape);
  const departure = work.departures.shapes[name];
  const fields = [`name: ${quote(name)}`, `type: ${quote(shape.type)}`];
  const add = (field: string, value: unknown): void => {
    if (value !== undefined) fields.push(`${field}: ${literal(value)}`);
  };
  add('sensitive', shape.sensitive === true ? true : undefined);
  add('min', shape.min);
  add('max', shape.max);
  add('pattern', departure?.pattern ?? shape.pattern);
  add('refusal', departure?.refusal);
  add('enum', departure?.enum ?? shape.enum);
  add('accepts', departure?.accepts);
  if (shape.member) fields.push(`member: ${constant(shape.member.shape)}`);
  if (shape.key) fields.push(`key: ${constant(shape.key.shape)}`);
  if (shape.value) fields.push(`value: ${constant(shape.value.shape)}`);
  if (shape.members) {
    const members = Object.entries(shape.members);
    const text = members.map(([member, reference]) => `${member}: ${constant(reference.shape)}`);
    fields.push(text.length === 0 ? 'members: {}' : `members: { ${text.join(', ')} }`);
    add('required', shape.required);
    const bound = bindings(members);
    if (bound.length > 0) fields.push(`bindings: { ${bound.join(', ')} }`);
    add('payload', shape.payload);
  }
  return `{ ${fields.join(', ')} }`;
}

/** Where the members of a REST request or answer travel that are not in its body. */
function bindings(members: ReadonlyArray<[string, Reference]>): string[] {
  return members.flatMap(([member, { location, locationName }]) => {
    if (location === undefined) return [];
    const fields = `location: ${quote(location)}, name: ${quote(locationName ?? member)}`;
    return [`${member}: { ${fields} }`];
  });
}

/** What AWS's REST models may say and none of ours does. */
function refuseUnspoken(name: string, shape: ModelShape): void {
  const unspoken =
    shape.eventstream === true ||
    shape.timestampFormat !== undefined ||
    Object.entries(shape.members ?? {}).some(
      ([member, { location, locationName, jsonvalue }]) =>
        jsonvalue === true ||
        location === 'headers' ||
        (location === undefined && (locationName ?? member) !== member),
    );
  if (unspoken) throw new Error(`The wire does not speak all that ${name} needs`);
}

function errorTable(work: Work): string[] {
  const lines = ['const errors = new Map<string, ErrorModel>(['];
  for (const [name, shape] of Object.entries(work.model.shapes)) {
    if (shape.exception !== true) continue;
    const httpStatus =
      work.departures.errors[name]?.httpStatus ??
      shape.error?.httpStatusCode ??
      (shape.fault === true ? 500 : 400);
    const senderFault = shape.error?.senderFault ?? shape.fault !== true;
    const code = quote(errorCode(work, name));
    const fields = [`code: ${code}`, `httpStatus: ${httpStatus}`, `senderFault: ${senderFault}`];
    if (isRest(work)) fields.push(...errorBody(shape));
    lines.push(`  [${code}, { ${fields.join(', ')} }],`);
  }
  return [...lines, ']);', ''];
}

/** What is special about the body of a REST-JSON error. */
function errorBody({ members = {} }: ModelShape): string[] {
  const fields = members.Message === undefined ? [] : ["textMember: 'Message'"];
  return members.Type === undefined ? fields : [...fields, 'hasType: true'];
}

function isRest(work: Work): boolean {
  return protocolOf(work.model.metadata).startsWith('rest-');
}

function operationTable(work: Work): string[] {
  const lines = ['const operations = new Map<string, OperationModel>(['];
  for (const operation of Object.values(work.model.operations)) {
    const fields = [
      `name: ${quote(operation.name)}`,
      `input: ${operation.input === undefined ? 'undefined' : constant(operation.input.shape)}`,
      `output: ${operation.output === undefined ? 'undefined' : constant(operation.output.shape)}`,
    ];
    if (isRest(work)) fields.push(`http: ${httpBinding(operation)}`);
    if (operation.output?.resultWrapper !== undefined)
      fields.push(`resultWrapper: ${quote(operation.output.resultWrapper)}`);
    if (operation.authtype === 'none') fields.push('unsigned: true');
    lines.push(`  [${quote(operation.name)}, { ${fields.join(', ')} }],`);
  }
  return [...lines, ']);', ''];
}

function httpBinding({ name, http }: ModelOperation): string {
  if (http.requestUri.includes('?')) throw new Error(`${name} is told by its query string`);
  const status = http.responseCode ?? 200;
  return `{ method: ${quote(http.method)}, path: ${quote(http.requestUri)}, status: ${status} }`;
}

function serviceModel(work: Work): string[] {
  const { metadata } = work.model;
  const fields = [
    `service: ${quote(work.service)}`,
    ...signingName(work),
    `apiVersion: ${literal(metadata.apiVersion)}`,
    `protocol: ${quote(protocolOf(metadata))}`,
  ];
  if (metadata.targetPrefix !== undefined)
    fields.push(`targetPrefix: ${literal(metadata.targetPrefix)}`);
  if (metadata.xmlNamespace !== undefined)
    fields.push(`xmlNamespace: ${literal(metadata.xmlNamespace)}`);
  if (work.departures.printsValues === false) fields.push('printsValues: false');
  return [
    `export const ${variable(work.service)}: ServiceModel = {`,
    ...[...fields, 'operations', 'errors'].map((field) => `  ${field},`),
    '};',
  ];
}

function signingName({ service, model: { metadata } }: Work): string[] {
  const name = metadata.signingName ?? metadata.endpointPrefix;
  return name === service ? [] : [`signingName: ${literal(name)}`];
}

function protocolOf(metadata: Model['metadata']): string {
  if (metadata.protocol === 'json' && metadata.jsonVersion === '1.1') return 'json-1.1';
  if (metadata.protocol === 'query' || metadata.protocol === 'rest-json') return metadata.protocol;
  throw new Error(`The wire does not speak ${metadata.protocol} ${metadata.jsonVersion ?? ''}`);
}

/** The code on the wire: AWS's Query services call some of their exceptions differently there. */
function errorCode(work: Work, name: string): string {
  return shapeOf(work.model, name).error?.code ?? name;
}

function union(values: readonly string[]): string {
  return values.map(quote).join(' | ');
}

function constant(name: string): string {
  return `${name.charAt(0).toLowerCase()}${name.slice(1)}Shape`;
}

/** `iam-toolbox` → `iamToolbox` */
function variable(service: string): string {
  return service.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function title(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

function literal(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  return String(value);
}

function quote(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

main();
