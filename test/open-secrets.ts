/**
 * Secrets Manager on a whole node without a socket: the real pipeline, store, trail, KMS and
 * runner. Only the functions that rotate are the test's own: `lambda:Invoke` is answered by a small
 * table of JavaScript functions, with policies of their own that must let Secrets Manager in.
 */
import { randomBytes } from 'node:crypto';
import { openAccess } from '../src/access/access.ts';
import { letAnyoneIn } from '../src/access-keys.ts';
import { ApiError } from '../src/api-error.ts';
import { type Audit, openAudit } from '../src/audit/audit.ts';
import { listen } from '../src/http/server.ts';
import { createVerifier } from '../src/identity/verify.ts';
import { type Runner, startRunner } from '../src/jobs/runner.ts';
import type { SecretsmanagerModel } from '../src/model/secretsmanager.generated.ts';
import type { OperationTable, Principal } from '../src/operation.ts';
import { type Pipeline, perform, respond } from '../src/pipeline.ts';
import { iamRecords } from '../src/services/iam/records.ts';
import type { QuotaOptions } from '../src/services/kms/throttle.ts';
import { type Commit, models, openServices } from '../src/services.ts';
import type { Engine } from '../src/store/engine.ts';
import { createKeyring, keyringPath, openKeyring } from '../src/store/keyring.ts';
import { openStore } from '../src/store/open.ts';
import { integrityKeyOf } from '../src/store/root-key.ts';
import { openSqliteEngine } from '../src/store/sqlite/engine.ts';
import type { Store } from '../src/store/store.ts';
import type { World } from '../src/world.ts';

export const account = '111122223333';
export const otherAccount = '444455556666';
export const region = 'eu-central-1';

export interface Caller {
  readonly account?: string;
  readonly region?: string;
  /** Instead of the account's root user. */
  readonly principal?: Principal;
}

/** What a rotation function is invoked with. */
export interface RotationEvent {
  readonly Step: 'createSecret' | 'setSecret' | 'testSecret' | 'finishSecret';
  readonly SecretId: string;
  readonly ClientRequestToken: string;
  readonly RotationToken: string;
}
export type RotationFunction = (event: RotationEvent) => Promise<void>;

type Ask = <Name extends keyof SecretsmanagerModel>(
  name: Name,
  input: SecretsmanagerModel[Name]['input'],
  caller?: Caller,
) => Promise<SecretsmanagerModel[Name]['output']>;

export interface SecretsNode {
  readonly ask: Ask;
  /** A call to any service. */
  readonly call: (
    service: string,
    operation: string,
    input: object,
    caller?: Caller,
  ) => Promise<Record<string, unknown>>;
  readonly store: Store;
  readonly engine: Engine;
  readonly pipeline: Pipeline;
  readonly clock: Clock;
  /** Does what is due now and waits for what that begins. */
  readonly doDue: () => Promise<void>;
  /** The records of the trail, oldest first. */
  readonly trail: () => Promise<readonly TrailRecord[]>;
  /** What was logged; empty in a test that went well. */
  readonly faults: readonly string[];
  /** Serves the wire on a free port of 127.0.0.1, any access key being its account's root user. */
  readonly serve: () => Promise<{ readonly endpoint: string; readonly close: () => Promise<void> }>;
  /** Functions by name, to be changed while the node runs. */
  readonly functions: Map<string, RotationFunction>;
  readonly close: () => Promise<void>;
}

export interface Clock {
  now: number;
}

/** The machine's clock, which nobody moves. */
export const machineClock: Clock = {
  get now() {
    return Date.now();
  },
  set now(_) {
    throw new Error('This clock is not to be moved');
  },
};

export interface TrailRecord {
  readonly eventSource: string;
  readonly eventName: string;
  readonly eventType: string;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  readonly requestID?: string;
  readonly awsRegion: string;
  readonly userIdentity: Readonly<Record<string, unknown>>;
  readonly requestParameters: Readonly<Record<string, unknown>> | null;
  readonly responseElements: Readonly<Record<string, unknown>> | null;
  readonly additionalEventData?: Readonly<Record<string, unknown>>;
  readonly resources: readonly Readonly<Record<string, unknown>>[];
}

export interface NodeOptions {
  /** A database file; in memory unless told. */
  readonly file?: string;
  /** Where the trail lies; in memory unless told. */
  readonly trail?: { readonly dir: string; readonly lane: string };
  readonly rootKey?: Buffer;
  readonly clock?: Clock;
  readonly quotas?: QuotaOptions;
  /** What answers Lambda's calls, in place of the functions in this process. */
  readonly lambda?: OperationTable;
}

export const functionArn = (name: string, owner = account): string =>
  `arn:aws:lambda:${region}:${owner}:function:${name}`;

export async function openSecrets(options: NodeOptions = {}): Promise<SecretsNode> {
  const clock = options.clock ?? { now: Date.UTC(2026, 0, 1, 12) };
  const world: World = {
    now: () => clock.now,
    machineNow: () => Date.now(),
    monotonic: () => performance.now(),
    randomBytes,
  };
  const { engine, store } = await openTestStore(options, world);
  const { trail } = options;
  const audit = await openAudit({
    place: trail === undefined ? 'memory' : { dir: trail.dir },
    laneName: trail?.lane ?? 'a',
    ...{ store, world },
  });
  const faults: string[] = [];
  const functions = new Map<string, RotationFunction>();
  const lambda = options.lambda ?? functionTable(functions);
  const parts = { store, world, audit, faults, lambda, quotas: options.quotas };
  const { pipeline, runner } = await openPipeline(parts);
  const call = callOf(pipeline);
  return {
    ...{ call, store, engine, pipeline, clock, faults, functions },
    ask: (name, input, caller) => call('secretsmanager', name, input, caller) as never,
    doDue: () => runner.runNow(),
    serve: () => serve(pipeline, faults),
    trail: async () => (await audit.recent(100_000)).map((json) => JSON.parse(json)),
    close: () => close(runner, audit, store),
  };
}

async function openPipeline(parts: {
  readonly store: Store;
  readonly world: World;
  readonly audit: Audit;
  readonly faults: string[];
  readonly lambda: OperationTable;
  readonly quotas: QuotaOptions | undefined;
}): Promise<{ readonly pipeline: Pipeline; readonly runner: Runner }> {
  const { store, world, audit, faults, lambda, quotas } = parts;
  const commit: Commit = async ({ writes, record }) => {
    if (record === undefined) return (await store.commit(writes)).kind;
    const change = audit.change(record);
    const result = await store.commit([...writes, ...change.writes]);
    if (result.kind === 'conflict') return 'conflict';
    await change.committed(result.seq);
    return 'committed';
  };
  const iam = iamRecords(store);
  const access = openAccess({ store, iam, world });
  const services = await openServices({
    ...{ store, iam, world, access, commit, quotas },
    firstAccount: async () => undefined,
    own: (call) => perform(call, pipeline),
    log: (line) => faults.push(line),
  });
  const pipeline: Pipeline = {
    ...{ access, store, audit, world, noteUse: services.noteUse },
    models,
    tables: new Map([...services.tables, ['lambda', lambda]]),
    verify: createVerifier({
      ...{ accessKeys: services.accessKeys, world, unknownKey: letAnyoneIn(account) },
      services: new Set(models.keys()),
    }),
    onFault: (_id, error) => faults.push(String((error as Error).stack)),
  };
  const runner = startRunner({
    ...{ work: services.dueWork, world, commit },
    onFault: (kind, error) => faults.push(`${kind}: ${(error as Error).stack}`),
  });
  return { pipeline, runner };
}

function callOf(pipeline: Pipeline): SecretsNode['call'] {
  return async (service, operation, input, caller = {}) => {
    const principal = caller.principal ?? rootOf(caller.account ?? account);
    const asked = { principal, region: caller.region ?? region, service, operation, input };
    return (await perform(asked, pipeline)) as Record<string, unknown>;
  };
}

async function serve(pipeline: Pipeline, faults: string[]) {
  const { port, close: stop } = await listen({
    ...{ port: 0, host: '127.0.0.1', tls: undefined },
    handler: (request) => respond(request, pipeline),
    onFault: (error) => faults.push(String((error as Error).stack)),
  });
  return { endpoint: `http://127.0.0.1:${port}`, close: stop };
}

async function close(runner: Runner, audit: Audit, store: Store) {
  await runner.close();
  await audit.close();
  await store.close();
}

async function openTestStore(options: NodeOptions, world: World) {
  const rootKey = options.rootKey ?? randomBytes(32);
  const engine = await openSqliteEngine({
    file: options.file ?? ':memory:',
    world,
    integrityKey: integrityKeyOf(rootKey),
  });
  const exists = (await engine.get(keyringPath)) !== undefined;
  const keyring = await (exists ? openKeyring : createKeyring)({ engine, rootKey, world });
  return { engine, store: openStore({ engine, keyring, world }) };
}

const roots = new Map<string, Principal>();
export function rootOf(owner: string): Principal {
  const known = roots.get(owner);
  if (known !== undefined) return known;
  const made: Principal = {
    type: 'Root',
    account: owner,
    arn: `arn:aws:iam::${owner}:root`,
    principalId: owner,
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  };
  roots.set(owner, made);
  return made;
}

/** The policy that AWS's guide gives to rotation functions. */
const functionPolicy = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { Service: 'secretsmanager.amazonaws.com' },
      Action: 'lambda:InvokeFunction',
      Resource: '*',
      Condition: { StringEquals: { 'aws:SourceAccount': account } },
    },
  ],
});

/** Functions whose name begins so have no policy. */
export const closedPrefix = 'closed-';

export function functionTable(functions: ReadonlyMap<string, RotationFunction>): OperationTable {
  return new Map([
    [
      'Invoke',
      {
        readOnly: false,
        find: (input: { readonly FunctionName: string }) => {
          const [, , , , owner = account, , name = input.FunctionName] =
            input.FunctionName.split(':');
          return {
            resource: {
              arn: functionArn(name, owner),
              account: owner,
              type: 'AWS::Lambda::Function',
              ...(name.startsWith(closedPrefix)
                ? {}
                : { policy: { text: functionPolicy, rule: 'ordinary' as const, name: 'default' } }),
            },
            action: 'lambda:InvokeFunction',
            subject: functions.get(name),
          };
        },
        run: (
          input: { readonly InvocationType?: string; readonly Payload?: Buffer },
          _call: unknown,
          run: RotationFunction | undefined,
        ) => invoke(input, run),
      },
    ],
  ]);
}

async function invoke(
  input: { readonly InvocationType?: string; readonly Payload?: Buffer },
  run: RotationFunction | undefined,
) {
  if (run === undefined) throw new ApiError('ResourceNotFoundException', 'Function not found');
  if (input.InvocationType === 'DryRun') return { StatusCode: 204 };
  try {
    await run(JSON.parse(String(input.Payload)));
    return { StatusCode: 200, Payload: Buffer.from('null') };
  } catch (error) {
    const payload = JSON.stringify({ errorMessage: String(error), errorType: 'Error' });
    return { StatusCode: 200, FunctionError: 'Unhandled', Payload: Buffer.from(payload) };
  }
}

/** What a rotation function rotates to. */
export const rotatedValue = (token: string): string => `rotated to ${token}`;

/** A rotation function as AWS's templates are, for a secret whose value is a text. */
export function rotating(
  node: Pick<SecretsNode, 'ask'>,
  { readsPending = true }: { readonly readsPending?: boolean } = {},
): RotationFunction {
  return async ({ Step, SecretId, ClientRequestToken: token }) => {
    const { ask } = node;
    const described = await ask('DescribeSecret', { SecretId });
    const stages = described.VersionIdsToStages?.[token];
    if (described.RotationEnabled !== true) throw new Error('Rotation is not enabled');
    if (stages === undefined) throw new Error('The version has no stage for rotation');
    if (stages.includes('AWSCURRENT')) return;
    if (!stages.includes('AWSPENDING')) throw new Error('The version is not pending');
    const asPending = { SecretId, VersionId: token, VersionStage: 'AWSPENDING' };
    if (Step === 'createSecret') {
      await ask('GetSecretValue', { SecretId, VersionStage: 'AWSCURRENT' });
      const there = await ask('GetSecretValue', asPending).catch(() => undefined);
      if (there !== undefined) return;
      const SecretString = rotatedValue(token);
      const VersionStages = ['AWSPENDING'];
      await ask('PutSecretValue', {
        ...{ SecretId, SecretString, VersionStages, ClientRequestToken: token },
      });
    } else if (Step === 'finishSecret') {
      const [current = ''] =
        Object.entries(described.VersionIdsToStages ?? {}).find(([, labels]) =>
          labels.includes('AWSCURRENT'),
        ) ?? [];
      await ask('UpdateSecretVersionStage', {
        ...{ SecretId, VersionStage: 'AWSCURRENT' },
        ...{ MoveToVersionId: token, RemoveFromVersionId: current },
      });
    } else if (readsPending) await ask('GetSecretValue', asPending);
  };
}

/** A token of the length that AWS wants; another one each time. */
export const newToken = (): string => randomBytes(18).toString('hex');

let users = 0;
/** A user that IAM knows, with one policy: a statement, or several. */
export async function newUser(
  { call }: Pick<SecretsNode, 'call'>,
  wish: { readonly account?: string; readonly name?: string; readonly policy?: object } = {},
): Promise<Principal> {
  const owner = wish.account ?? account;
  const UserName = wish.name ?? `user-${++users}`;
  const caller = { account: owner };
  const made = await call('iam', 'CreateUser', { UserName }, caller);
  const { Arn, UserId } = made.User as { readonly Arn: string; readonly UserId: string };
  if (wish.policy !== undefined) {
    const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: wish.policy });
    await call('iam', 'PutUserPolicy', { UserName, PolicyName: 'own', PolicyDocument }, caller);
  }
  return {
    ...{ type: 'IAMUser', account: owner, arn: Arn, principalId: UserId, userName: UserName },
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  };
}
