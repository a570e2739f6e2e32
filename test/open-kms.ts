/** KMS on a real store in memory, called as the pipeline calls it, without the wire. */
import { randomBytes } from 'node:crypto';
import { type Access, openAccess } from '../src/access/access.ts';
import { LiveCall } from '../src/call.ts';
import type { TrustedRoots } from '../src/crypto/certificate-chain.ts';
import type { KmsModel } from '../src/model/kms.generated.ts';
import type { Circumstances, Operation, Resource } from '../src/operation.ts';
import { iamRecords } from '../src/services/iam/records.ts';
import type { KeyStorePorts } from '../src/services/kms/custom-key-stores/store-connections.ts';
import type { DueChange, DueWork, KmsEvent } from '../src/services/kms/due.ts';
import type { Fixtures } from '../src/services/kms/fixtures.ts';
import { createKms, type Kms } from '../src/services/kms/index.ts';
import type { QuotaOptions } from '../src/services/kms/throttle.ts';
import type { Engine, Write } from '../src/store/engine.ts';
import { createKeyring, openKeyring } from '../src/store/keyring.ts';
import { openStore } from '../src/store/open.ts';
import { rewrap } from '../src/store/rewrap.ts';
import { integrityKeyOf } from '../src/store/root-key.ts';
import { openSqliteEngine } from '../src/store/sqlite/engine.ts';
import type { Store } from '../src/store/store.ts';
import type { World } from '../src/world.ts';

export interface Caller {
  readonly account?: string;
  readonly region?: string;
}

/** What a call answered, asked to be authorized for, and left for the trail. */
export interface Called<Output> {
  readonly output: Output;
  /** `kms:Encrypt <resource ARN>`, in order. */
  readonly authorized: readonly string[];
  readonly resources: readonly Resource[];
  readonly notes: LiveCall['notes'];
  /** Whether find and run gave their values at once, without a promise. */
  readonly wasSynchronous: boolean;
}

export interface KmsUnderTest {
  readonly kms: Kms;
  readonly store: Store;
  readonly engine: Engine;
  readonly clock: { now: number };
  readonly world: World;
  readonly call: <Name extends keyof KmsModel>(
    name: Name,
    input: KmsModel[Name]['input'],
    caller?: Caller,
  ) => Promise<Called<KmsModel[Name]['output']>>;
  /** The answer alone. */
  readonly ask: <Name extends keyof KmsModel>(
    name: Name,
    input: KmsModel[Name]['input'],
    caller?: Caller,
  ) => Promise<KmsModel[Name]['output']>;
  /** What a call would commit, which whoever asks may do or leave. */
  readonly prepare: <Name extends keyof KmsModel>(
    name: Name,
    input: KmsModel[Name]['input'],
  ) => Promise<readonly Write[]>;
  /** The changes of this kind that are due, `kms/delete-key` unless told, none of them done. */
  readonly due: (
    now?: number,
    options?: { kind?: string; limit?: number },
  ) => Promise<readonly DueChange[]>;
  /** Does what is due now of every kind, as the runner would; the events in order. */
  readonly doDue: () => Promise<readonly KmsEvent[]>;
  /** Another process on the same store, with other options when they are given. */
  readonly startAgain: (options?: KmsOptions) => Promise<KmsUnderTest>;
  /** The records as another process reads them. */
  readonly otherStore: () => Promise<Store>;
  /** Begins a new term of the keyring and seals every record anew under it. */
  readonly rewrap: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export const account = '111122223333';
export const region = 'eu-central-1';

export interface KmsOptions {
  readonly materialCacheEntries?: number;
  readonly quotas?: QuotaOptions;
  readonly attestationRoots?: TrustedRoots;
  readonly fixtures?: Fixtures;
  readonly keyStores?: KeyStorePorts;
}

export async function openKms(options: KmsOptions = {}): Promise<KmsUnderTest> {
  const clock = { now: Date.UTC(2026, 0, 1) };
  const world: World = {
    now: () => clock.now,
    machineNow: () => Date.now(),
    monotonic: () => performance.now(),
    randomBytes,
  };
  const rootKey = randomBytes(32);
  const integrityKey = integrityKeyOf(rootKey);
  const engine = await openSqliteEngine({ file: ':memory:', world, integrityKey });
  await createKeyring({ engine, rootKey, world });
  /** A process on the store: the first one, or one that was started again. */
  const start = async (own: KmsOptions): Promise<KmsUnderTest> => {
    const keyring = await openKeyring({ engine, rootKey, world });
    const store = openStore({ engine, keyring, world });
    const kms = await createKms({ store, world, ...own });
    const access = openAccess({ store, iam: iamRecords(store), world });
    const call = callerOf(kms, store, { world, access });
    return {
      kms,
      store,
      engine,
      clock,
      world,
      call,
      ask: async (name, input, caller) => (await call(name, input, caller)).output,
      prepare: async (name, input) => {
        await store.freshen();
        const live = await liveCall(name, {}, { world, access });
        await perform(kms, live, input);
        return live.writes;
      },
      due: (now = clock.now, { kind = 'kms/delete-key', limit = 100 } = {}) =>
        workOf(kms, kind).due(now, limit),
      doDue: () => doDue(kms, store, clock),
      startAgain: (others = own) => start(others),
      otherStore: async () => {
        const other = await openKeyring({ engine, rootKey, world });
        return openStore({ engine, keyring: other, world });
      },
      rewrap: async () => {
        await keyring.rotate();
        await rewrap({ engine, keyring, world });
      },
      close: async () => {
        await kms.close();
        await store.close();
      },
    };
  };
  return start(options);
}

function callerOf(
  kms: Kms,
  store: Store,
  ports: { readonly world: World; readonly access: Access },
): KmsUnderTest['call'] {
  return async (name, input, caller = {}) => {
    await store.freshen();
    const live = await liveCall(name, caller, ports);
    const { output, wasSynchronous } = await perform(kms, live, input);
    if (live.writes.length > 0) {
      const result = await store.commit(live.writes);
      if (result.kind === 'conflict') throw new Error(`conflict at ${result.path}`);
    }
    return {
      output: output as never,
      authorized: live.asked,
      resources: live.resources.map(({ arn, account: owner, type }) => ({
        arn,
        account: owner,
        ...(type === undefined ? {} : { type }),
      })),
      notes: live.notes,
      wasSynchronous,
    };
  };
}

function workOf(kms: Kms, kind: string): DueWork {
  const work = kms.dueWork.find((each) => each.kind === kind);
  if (work === undefined) throw new Error(`no due work ${kind}`);
  return work;
}

async function doDue(kms: Kms, store: Store, clock: { now: number }): Promise<KmsEvent[]> {
  const done: KmsEvent[] = [];
  for (const { due } of kms.dueWork) {
    for (let committed = 1; committed > 0; ) {
      committed = 0;
      for (const { writes, event } of await due(clock.now, 100)) {
        if ((await store.commit(writes)).kind === 'conflict') continue;
        committed++;
        if (event !== undefined) done.push(event);
      }
    }
  }
  return done;
}

/** The pipeline's own call, which also writes down what was asked of it. */
class WatchedCall extends LiveCall {
  readonly asked: string[] = [];

  override authorize(action: string, resource: Resource, circumstances: Circumstances = {}): void {
    this.asked.push(`${action} ${resource.arn}`);
    super.authorize(action, resource, circumstances);
  }

  override authorizeWithGrants(
    action: string,
    resource: Resource,
    circumstances: Circumstances,
  ): void | Promise<void> {
    this.asked.push(`${action} ${resource.arn}`);
    return super.authorizeWithGrants(action, resource, circumstances);
  }
}

async function liveCall(
  operation: string,
  caller: Caller,
  { world, access }: { readonly world: World; readonly access: Access },
): Promise<WatchedCall> {
  const owner = caller.account ?? account;
  const call = new WatchedCall({
    requestId: '01234567-89ab-4cde-8f01-23456789abcd',
    service: 'kms',
    operation,
    region: caller.region ?? region,
    partition: 'aws',
    principal: {
      type: 'Root',
      account: owner,
      arn: `arn:aws:iam::${owner}:root`,
      principalId: owner,
      accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    },
    via: [],
    source: { remoteAddress: '127.0.0.1', userAgent: undefined, tls: undefined },
    world,
    now: world.now(),
    denial: 'AccessDeniedException',
    ports: { access, invoke: noOtherServices },
  });
  call.caller = await access.callerPolicies(call.principal);
  return call;
}

const noOtherServices = (): never => {
  throw new Error('KMS calls no other service');
};

/** Find, authorize, run, as src/pipeline.ts does. */
async function perform(kms: Kms, call: LiveCall, input: unknown) {
  const row = kms.operations.get(call.operation) as Operation<unknown, unknown> | undefined;
  if (row?.find === undefined) throw new Error(`${call.operation} has no row with find`);
  const finding = row.find(input, call);
  const found = await finding;
  const deciding = call.authorizeWithGrants(found.action ?? call.action, found.resource, found);
  await deciding;
  const running = row.run(input, call, found.subject);
  return {
    output: await running,
    wasSynchronous: ![finding, deciding, running].some((each) => each instanceof Promise),
  };
}

/** A denial's text as it is without the id under which it is explained. */
export const withoutAuthorizationId = (text: string | undefined): string | undefined =>
  text?.replace(/\. Run "sealhold explain ([0-9a-z]{25})" for complete details, or .*: \1$/, '');

/** What a rejected call tells the caller, for `assert.rejects`. */
export const refusal = (code: string, text?: string) => (error: unknown) => {
  const { code: actualCode, text: actualText } = error as { code?: string; text?: string };
  if (actualCode === code && withoutAuthorizationId(actualText) === text) return true;
  throw new Error(
    `expected ${code}: ${text}\n     got ${actualCode}: ${actualText ?? (error as Error).stack}`,
  );
};
