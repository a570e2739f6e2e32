/**
 * Nothing secret in logs, trail, errors or on the disk: every operation that a node has and whose
 * model marks something as sensitive is called with values that are easy to recognize, rightly and
 * wrongly; then all that the node has said and written is searched for them, and for every secret
 * that it made itself.
 */
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Shape, StructureShape } from '../../src/model/schema.ts';
import { ask } from '../ask.ts';
import { events } from '../authorized/events.ts';
import { iam } from '../authorized/iam.ts';
import { kms } from '../authorized/kms.ts';
import { ownServices } from '../authorized/own.ts';
import type { ServiceSamples } from '../authorized/sample.ts';
import { secretsmanager } from '../authorized/secretsmanager.ts';
import { type Credentials, newUser } from '../identities.ts';
import { type Implemented, implementedOperations } from '../implemented.ts';
import { archiveOf, executionRole, newName } from '../lambda.ts';
import { validValue } from '../probes/probe.ts';
import { freshFolder, type RunningServer, removeFolder, startServer } from '../running-server.ts';
import { callOperation, type Told } from '../service-call.ts';

type Members = Readonly<Record<string, unknown>>;
type Path = readonly string[];

/** Where a structure has something sensitive: `Code.ZipFile`, `Parameters.*.Value`. */
function sensitivePaths(
  shape: Shape | undefined,
  at: Path = [],
  inside: readonly Shape[] = [],
): Path[] {
  if (shape === undefined || inside.includes(shape)) return [];
  const below = [...inside, shape];
  if (shape.type === 'structure')
    return Object.entries(shape.members).flatMap(([name, member]) =>
      sensitivePaths(member, [...at, name], below),
    );
  if (shape.type === 'list') return sensitivePaths(shape.member, [...at, '*'], below);
  if (shape.type === 'map') return sensitivePaths(shape.value, [...at, '*'], below);
  return shape.sensitive === true ? [at] : [];
}

const shapeAt = (shape: Shape, [name, ...rest]: Path): Shape => {
  if (name === undefined) return shape;
  if (shape.type === 'structure') return shapeAt(shape.members[name] as Shape, rest);
  if (shape.type === 'list') return shapeAt(shape.member, rest);
  return shape.type === 'map' ? shapeAt(shape.value, rest) : shape;
};

/** What stands there in an answer. */
function valuesAt(value: unknown, [name, ...rest]: Path): unknown[] {
  if (name === undefined || value === null || typeof value !== 'object') return [value];
  if (name === '*') return Object.values(value).flatMap((each) => valuesAt(each, rest));
  return valuesAt((value as Members)[name], rest);
}

/** The input with this at that place, and around it what the model requires. */
function planted(shape: Shape, input: unknown, [name, ...rest]: Path, value: unknown): unknown {
  if (name === undefined) return value;
  if (shape.type === 'list') return [planted(shape.member, undefined, rest, value)];
  if (shape.type === 'map') return { CANARY: planted(shape.value, undefined, rest, value) };
  const whole = (input ?? validValue(shape)) as Members;
  const member = (shape as StructureShape).members[name] as Shape;
  return { ...whole, [name]: planted(member, whole[name], rest, value) };
}

/** Everything that must be nowhere, in every form that it might have. */
class Hidden {
  readonly #forms = new Set<string>();

  add(bytes: Buffer): void {
    // What is shorter is found by chance.
    if (bytes.length < 12) return;
    const base64 = ['', 'x', 'xx'].map((front) =>
      Buffer.concat([Buffer.from(front), bytes])
        .toString('base64')
        .slice(front.length === 0 ? 0 : 4, -4),
    );
    for (const form of [bytes.toString('latin1'), bytes.toString('hex'), ...base64])
      if (form.length >= 12) this.#forms.add(form);
  }

  get size(): number {
    return this.#forms.size;
  }

  in(text: string): string | undefined {
    for (const form of this.#forms) if (text.includes(form)) return form;
    return undefined;
  }
}

const hidden = new Hidden();
function canary(): string {
  const text = `canary${randomBytes(12).toString('hex')}sings`;
  hidden.add(Buffer.from(text));
  return text;
}

const data = freshFolder();
let server: RunningServer;
let stranger: Credentials;
let role: string;
let echo: string;
before(async () => {
  server = await startServer({ mode: 'start', data, args: ['--functions', 'process'] });
  stranger = (await newUser(server, 'canary-stranger')).credentials;
  role = await executionRole(server, 'canary-role');
});
after(async () => {
  await server.stop();
  removeFolder(data);
});

const key = async (root: Credentials, input: object): Promise<string> => {
  const { body } = await ask(root)('CreateKey', input);
  return (body.KeyMetadata as { KeyId: string }).KeyId;
};
const silent = (text = '') =>
  archiveOf({ 'index.mjs': `export const handler = () => {}; // ${text}` });
const signing = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' };
const mac = { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' };
const functionName = async () => ({ FunctionName: echo });

/** What makes calls succeed that the authorization tests need no success of. */
const right: Readonly<Record<string, (root: Credentials) => Promise<Members>>> = {
  CreateFunction: async () => ({
    ...{ FunctionName: newName(), Runtime: 'nodejs24.x', Handler: 'index.handler', Role: role },
    Code: { ZipFile: silent() },
  }),
  UpdateFunctionCode: functionName,
  UpdateFunctionConfiguration: functionName,
  Invoke: functionName,
  GetFunction: functionName,
  GetFunctionConfiguration: functionName,
  ListVersionsByFunction: functionName,
  PublishVersion: functionName,
  Sign: async (root) => ({ KeyId: await key(root, signing), SigningAlgorithm: 'ECDSA_SHA_256' }),
  GenerateMac: async (root) => ({ KeyId: await key(root, mac), MacAlgorithm: 'HMAC_SHA_256' }),
  GenerateDataKey: async () => ({ KeySpec: 'AES_256' }),
  GenerateDataKeyPair: async () => ({ KeyPairSpec: 'ECC_NIST_P256' }),
  GenerateRandom: async () => ({ NumberOfBytes: 64 }),
  PutParameter: async () => ({ Name: `/canary/${randomUUID()}`, Type: 'SecureString' }),
  GetParameter: async () => ({ Name: '/kept', WithDecryption: true }),
  GetParameterHistory: async () => ({ Name: '/kept', WithDecryption: true }),
  GetParameters: async () => ({ Names: ['/kept'], WithDecryption: true }),
  GetParametersByPath: async () => ({ Path: '/', Recursive: true, WithDecryption: true }),
  BatchGetSecretValue: async () => ({ Filters: undefined, SecretIdList: ['kept'] }),
  PutTargets: async () => {
    const [, , , , account] = role.split(':');
    const Arn = `arn:aws:lambda:us-east-1:${account}:function:${echo}`;
    return { Targets: [{ Id: 'one', Arn }] };
  },
  GetParametersForImport: async (root) => ({
    KeyId: await key(root, { Origin: 'EXTERNAL' }),
    ...{ WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' },
  }),
  GetSecretValue: async () => ({ SecretId: 'kept' }),
  GetRandomPassword: async () => ({ PasswordLength: 40 }),
  GetFederationToken: async () => ({ Name: 'canary' }),
};

const samples: Readonly<Record<string, ServiceSamples>> = {
  ...ownServices,
  ...{ events, iam, kms, secretsmanager },
};

/** Where no call of this test can succeed, and why. */
const neverSucceeds: Readonly<Record<string, string>> = {
  AssumeRole: 'the root user may not assume roles',
  AssumeRoleWithWebIdentity: 'no issuer is trusted',
  CreateCustomKeyStore: 'needs a proxy that answers',
  Decapsulate: 'needs a ciphertext for its key',
  DeriveSharedSecret: 'needs a public key of its curve',
  Encapsulate: 'needs a key of its kind',
  UpdateCustomKeyStore: 'needs such a store',
  Verify: 'needs a signature',
  VerifyMac: 'needs a MAC',
};

const operations = (await implementedOperations()).filter(({ model, operation }) => {
  const { input, output } = model.operations.get(operation) ?? {};
  return sensitivePaths(input).length + sensitivePaths(output).length > 0;
});

async function inputOf({ model, operation }: Implemented): Promise<Members> {
  const shape = model.operations.get(operation)?.input;
  const { members, operations: own } = samples[model.service] ?? { members: {}, operations: {} };
  const sample = (await own[operation]?.(server))?.input ?? {};
  const needed = (await right[operation]?.(server)) ?? {};
  const input: Record<string, unknown> = {};
  for (const name of shape?.required ?? [])
    if (!(name in sample) && !(name in needed))
      input[name] = (await members[name]?.(server)) ?? validValue(shape?.members[name] as Shape);
  return { ...input, ...sample, ...needed };
}

/** A canary as a right value and as wrong ones. */
function* plantedValues(shape: Shape): Generator<unknown> {
  const text = canary();
  const isBlob = shape.type === 'blob';
  yield isBlob ? Buffer.from(text) : text;
  if (shape.name === 'Blob' || isBlob) yield silent(canary());
  yield [text];
  yield { [text]: text };
  yield `${text}*\u0000`;
  const { max } = shape as { max?: number };
  if (max !== undefined && max < 100_000) {
    const long = text.repeat(Math.ceil((max + 1) / text.length));
    yield isBlob ? Buffer.from(long) : long;
  }
}

const errors: string[] = [];
const succeeded = new Set<string>();

/** Notes what an answer must not have said, and what it has made that must be nowhere else. */
function look({ model, operation }: Implemented, told: Told): void {
  if (told.status >= 300) {
    errors.push(told.text);
    return;
  }
  succeeded.add(operation);
  const paths = sensitivePaths(model.operations.get(operation)?.output);
  if (paths.length === 0)
    assert.equal(hidden.in(told.text), undefined, `${operation} ${told.text}`);
  for (const path of paths)
    for (const value of secretsIn(told.text, path)) {
      hidden.add(Buffer.from(value));
      if (/^[A-Za-z0-9+/]{16,}=*$/.test(value)) hidden.add(Buffer.from(value, 'base64'));
    }
}

function secretsIn(text: string, path: Path): string[] {
  if (text.startsWith('<')) {
    const name = path.findLast((each) => each !== '*');
    return [...text.matchAll(new RegExp(`<${name}>([^<]+)</${name}>`, 'g'))].map(
      ([, v]) => v ?? '',
    );
  }
  if (!text.startsWith('{')) return [];
  return valuesAt(JSON.parse(text), path).filter((each) => typeof each === 'string');
}

describe('what a model marks as sensitive', () => {
  before(async () => {
    const value = { SecretString: canary(), ClientRequestToken: randomUUID() };
    const inSecrets = { service: 'secretsmanager', target: 'secretsmanager.CreateSecret' };
    await ask(server)('CreateSecret', { Name: 'kept', ...value }, inSecrets);
    const parameter = { Name: '/kept', Type: 'SecureString', Value: canary() };
    const inStore = { service: 'ssm', target: 'AmazonSSM.PutParameter' };
    await ask(server)('PutParameter', parameter, inStore);
    echo = newName();
    const create = operations.find(({ operation }) => operation === 'CreateFunction');
    assert.ok(create);
    const input = { ...(await inputOf(create)), FunctionName: echo };
    const Environment = { Variables: { KEPT: canary() } };
    look(
      create,
      await callOperation(server, create.model, 'CreateFunction', { ...input, Environment }),
    );
  });

  for (const each of operations)
    test(`${each.model.service} ${each.operation} goes with it, and answers it`, async () => {
      const { model, operation } = each;
      const shape = model.operations.get(operation)?.input;
      const call = async (who: Credentials, input: Members): Promise<void> =>
        look(each, await callOperation(who, model, operation, input));
      await call(server, await inputOf(each));
      for (const path of sensitivePaths(shape))
        for (const value of plantedValues(shapeAt(shape as Shape, path))) {
          const input = planted(shape as Shape, await inputOf(each), path, value) as Members;
          await call(server, input);
          await call(stranger, input);
          await call({ ...server, secretAccessKey: 'not the secret of this key' }, input);
        }
    });

  test('came through: all these operations have succeeded', () => {
    const failed = operations
      .map(({ operation }) => operation)
      .filter((each) => !succeeded.has(each));
    assert.deepEqual(failed.sort(), Object.keys(neverSucceeds).sort());
  });

  test('is in no error, no log, no record and no file', async () => {
    await server.stop();
    assert.ok(hidden.size > 300, `${hidden.size} forms`);
    assert.ok(errors.length > 150, `${errors.length} errors`);
    for (const text of errors) assert.equal(hidden.in(text), undefined, text);
    assert.equal(hidden.in(server.output()), undefined, 'the log');
    const files = readdirSync(data, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    assert.ok(files.some(({ parentPath }) => parentPath.includes('trail')));
    for (const { parentPath, name } of files) {
      const file = join(parentPath, name);
      const found = hidden.in(readFileSync(file, 'latin1'));
      assert.equal(found, undefined, `${found} in ${file}`);
    }
  });
});
