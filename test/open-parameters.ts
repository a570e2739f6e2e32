/**
 * Parameter Store with KMS on a real store in memory, called through the pipeline, without the
 * wire.
 */
import { randomBytes } from 'node:crypto';
import { openAccess } from '../src/access/access.ts';
import { type Audit, openAudit } from '../src/audit/audit.ts';
import type { KmsModel } from '../src/model/kms.generated.ts';
import type { SsmModel } from '../src/model/ssm.generated.ts';
import type { Principal } from '../src/operation.ts';
import { type Pipeline, perform } from '../src/pipeline.ts';
import { validateResourcePolicy } from '../src/policy/validate.ts';
import {
  type IamRecords,
  iamRecords,
  recordId,
  type UserRecord,
} from '../src/services/iam/records.ts';
import { arnOf, uniqueIdOf } from '../src/services/iam/trust.ts';
import { createKms } from '../src/services/kms/index.ts';
import type { Limits } from '../src/services/ssm/counts.ts';
import type { DueChange } from '../src/services/ssm/due.ts';
import type { ParameterEvent } from '../src/services/ssm/events.ts';
import { createParameterStore, type ParameterStore } from '../src/services/ssm/index.ts';
import { models } from '../src/services.ts';
import type { Engine } from '../src/store/engine.ts';
import { createKeyring } from '../src/store/keyring.ts';
import { openStore } from '../src/store/open.ts';
import { integrityKeyOf } from '../src/store/root-key.ts';
import { openSqliteEngine } from '../src/store/sqlite/engine.ts';
import type { Store } from '../src/store/store.ts';
import { javaPattern } from '../src/wire/pattern.ts';
import type { World } from '../src/world.ts';

export const account = '111122223333';
export const region = 'eu-central-1';

export interface Caller {
  readonly account?: string;
  readonly region?: string;
  /** The name of a user; the root user unless told. */
  readonly user?: string;
}

type Asks<Model> = <Name extends keyof Model & string>(
  name: Name,
  input: Model[Name] extends { readonly input: infer Input } ? Input : never,
  caller?: Caller,
) => Promise<Model[Name] extends { readonly output: infer Output } ? Output : never>;

export interface ParametersUnderTest {
  readonly clock: { now: number };
  readonly store: Store;
  readonly engine: Engine;
  readonly ssm: ParameterStore;
  readonly ask: Asks<SsmModel>;
  readonly kms: Asks<KmsModel>;
  /** A user with one inline policy; its ARN. */
  readonly newUser: (name: string, policy: object, account?: string) => Promise<string>;
  /** The newest records of the trail, oldest first. */
  readonly trail: () => Promise<readonly Record<string, unknown>[]>;
  /** What EventBridge was handed, oldest first. */
  readonly events: () => Promise<readonly ParameterEvent[]>;
  /** Does what is due now, as the runner would. */
  readonly doDue: () => Promise<readonly DueChange[]>;
  /** What failed for a reason of ours. */
  readonly faults: readonly unknown[];
  /** The same records, without a service on them. */
  readonly bareStore: () => Store;
  /** Another process on the same store. */
  readonly startAgain: () => Promise<ParametersUnderTest>;
  readonly close: () => Promise<void>;
}

export interface ParameterOptions {
  readonly limits?: Limits;
}

export async function openParameters(options: ParameterOptions = {}): Promise<ParametersUnderTest> {
  const clock = { now: Date.UTC(2026, 0, 1) };
  const world: World = {
    now: () => clock.now,
    machineNow: () => Date.now(),
    monotonic: () => performance.now(),
    randomBytes,
  };
  const rootKey = randomBytes(32);
  const engine = await openSqliteEngine({
    file: ':memory:',
    world,
    integrityKey: integrityKeyOf(rootKey),
  });
  const keyring = await createKeyring({ engine, rootKey, world });
  const start = async (): Promise<ParametersUnderTest> => {
    const store = openStore({ engine, keyring, world });
    const bareStore = () => openStore({ engine, keyring, world });
    return openOn({ store, engine, world, clock, options, bareStore, again: start });
  };
  return start();
}

interface Node {
  readonly store: Store;
  readonly engine: Engine;
  readonly world: World;
  readonly clock: { now: number };
  readonly options: ParameterOptions;
  readonly bareStore: () => Store;
  readonly again: () => Promise<ParametersUnderTest>;
}

async function openOn(node: Node): Promise<ParametersUnderTest> {
  const { store, engine, world, clock, options } = node;
  const iam = iamRecords(store);
  const told = store.collection<ParameterEvent>({ path: 'test/events', cacheEntries: 0 });
  const process = world.randomBytes(4).toString('hex');
  let tellings = 0;
  const ssm = await createParameterStore({
    store,
    world,
    ...options,
    emit: (event) => told.insert(`${String(++tellings).padStart(9, '0')}-${process}`, event),
    policyFault: (text) => validateResourcePolicy(text)?.text,
    uniqueIdOf: (arn) => uniqueIdOf(iam, arn),
    arnOf: (named) => arnOf(iam, named),
    javaPattern,
  });
  const kms = await createKms({ store, world });
  const audit = await openAudit({ place: 'memory', store, world, laneName: 'test' });
  const faults: unknown[] = [];
  const pipeline = pipelineOf(node, { iam, ssm, kms: kms.operations, audit, faults });
  const asking =
    (service: 'ssm' | 'kms') =>
    (operation: string, input: unknown, caller: Caller = {}): Promise<unknown> =>
      principalOf(iam, caller).then((principal) =>
        perform(
          { principal, region: caller.region ?? region, service, operation, input },
          pipeline,
        ),
      );
  return {
    clock,
    store,
    engine,
    ssm,
    faults,
    ask: asking('ssm') as Asks<SsmModel>,
    kms: asking('kms') as Asks<KmsModel>,
    newUser: (name, policy, owner = account) =>
      newUser({ store, iam, world }, { name, policy, owner }),
    trail: async () => (await audit.recent(10_000)).map((json) => JSON.parse(json)),
    events: async () => (await told.page({ limit: 10_000 })).entries.map(({ value }) => value),
    doDue: () => doDue(ssm, store, clock),
    bareStore: node.bareStore,
    startAgain: node.again,
    close: () => store.close(),
  };
}

function pipelineOf(
  { store, world }: Node,
  parts: {
    readonly iam: IamRecords;
    readonly ssm: ParameterStore;
    readonly kms: Awaited<ReturnType<typeof createKms>>['operations'];
    readonly audit: Audit;
    readonly faults: unknown[];
  },
): Pipeline {
  return {
    models,
    tables: new Map([
      ['ssm', parts.ssm.operations],
      ['kms', parts.kms],
    ]),
    verify: () => {
      throw new Error('nothing is signed here');
    },
    access: openAccess({ store, iam: parts.iam, world }),
    noteUse: () => undefined,
    store,
    audit: parts.audit,
    world,
    onFault: (_requestId, error) => parts.faults.push(error),
  };
}

async function principalOf(
  iam: IamRecords,
  { account: owner = account, user }: Caller,
): Promise<Principal> {
  const accessKeyId = 'AKIAIOSFODNN7EXAMPLE';
  if (user === undefined)
    return {
      type: 'Root',
      account: owner,
      arn: `arn:aws:iam::${owner}:root`,
      principalId: owner,
      accessKeyId,
    };
  const record = (await iam.users.get(recordId(owner, user)))?.value;
  if (record === undefined) throw new Error(`no user ${user}`);
  const { arn, userId } = record;
  return { type: 'IAMUser', account: owner, arn, principalId: userId, accessKeyId, userName: user };
}

async function newUser(
  { store, iam, world }: Pick<Node, 'store' | 'world'> & { readonly iam: IamRecords },
  { name, policy, owner }: { name: string; policy: object; owner: string },
): Promise<string> {
  const arn = `arn:aws:iam::${owner}:user/${name}`;
  const user: UserRecord = {
    account: owner,
    name,
    path: '/',
    arn,
    createdAt: world.now(),
    userId: `AIDA${world.randomBytes(8).toString('hex').toUpperCase()}`,
    policies: { test: JSON.stringify(policy) },
    attached: [],
    tags: [],
    groups: [],
  };
  const result = await store.commit(iam.users.insert(recordId(owner, name), user));
  if (result.kind === 'conflict') throw new Error(`user ${name} is there`);
  return arn;
}

async function doDue(
  { dueWork }: ParameterStore,
  store: Store,
  clock: { now: number },
): Promise<DueChange[]> {
  const done: DueChange[] = [];
  for (const { due } of dueWork) {
    for (let committed = 1; committed > 0; ) {
      committed = 0;
      for (const change of await due(clock.now, 100)) {
        if ((await store.commit(change.writes)).kind === 'conflict') continue;
        committed++;
        done.push(change);
      }
    }
  }
  return done;
}

/** What a rejected call tells the caller, for `assert.rejects`. */
export const refusal = (code: string, text?: RegExp | string) => (error: unknown) => {
  const { code: actualCode, text: actualText = '' } = error as { code?: string; text?: string };
  const fits =
    text === undefined || (typeof text === 'string' ? actualText === text : text.test(actualText));
  if (actualCode === code && fits) return true;
  throw new Error(
    `expected ${code}: ${text}\n     got ${actualCode}: ${actualText || (error as Error).stack}`,
  );
};
