/**
 * The composition of one node: engine → keyring → store → services → pipeline, and the order in
 * which they
 * close.
 */
import { join } from 'node:path';
import { openAccess } from './access/access.ts';
import type { Denials } from './access/denials.ts';
import { letAnyoneIn } from './access-keys.ts';
import type { RootCaller } from './admin/kms-routes.ts';
import { type AdminPorts, adminRoute } from './admin/routes.ts';
import { lastStoreSeq } from './audit/anchors.ts';
import { type Audit, openAudit, settleOtherLanes } from './audit/audit.ts';
import type { MovableWorld } from './clock.ts';
import type { TrustedRoots } from './crypto/certificate-chain.ts';
import type { HttpHandler, HttpRequest } from './http/message.ts';
import type { Reach } from './http/reach.ts';
import { mintAccessKey } from './identity/access-key.ts';
import type { IssuerSource } from './identity/issuer-keys.ts';
import { createVerifier, type Verify } from './identity/verify.ts';
import { type DueWork, type Runner, startRunner } from './jobs/runner.ts';
import type { Clusters } from './key-stores/pkcs11/clusters.ts';
import { createHsmClusters } from './key-stores/pkcs11/token-client.ts';
import { createXksProxies } from './key-stores/xks/proxy-client.ts';
import { noRoutes, type ProxyRoutes } from './key-stores/xks/proxy-routes.ts';
import type { ServiceModel } from './model/schema.ts';
import { type Pipeline, perform, respond } from './pipeline.ts';
import { newAccount } from './services/iam/accounts.ts';
import { type AccessKeyRecord, type IamRecords, iamRecords } from './services/iam/records.ts';
import type { KeyStorePorts } from './services/kms/custom-key-stores/store-connections.ts';
import type { Fixture } from './services/kms/fixture-file.ts';
import type { KmsInsight } from './services/kms/insight.ts';
import type { QuotaOptions } from './services/kms/throttle.ts';
import {
  type Commit,
  models,
  openServices,
  type ServiceOptions,
  type Services,
} from './services.ts';
import { type Engine, StoreDamaged } from './store/engine.ts';
import { createKeyring, openKeyring } from './store/keyring.ts';
import { startMaintenance } from './store/maintenance.ts';
import { openStore } from './store/open.ts';
import { integrityKeyOf } from './store/root-key.ts';
import { openSqliteEngine } from './store/sqlite/engine.ts';
import type { Collection, Store } from './store/store.ts';
import { trailFeed } from './trail-feed.ts';

export interface NodeOptions {
  readonly mode: 'strict' | 'dev';
  /** The data folder; undefined = in memory. */
  readonly dataDir: string | undefined;
  /** The folder was just made: an empty store is right. */
  readonly isNew: boolean;
  readonly rootKey: Buffer;
  /** This process's lane of the trail. */
  readonly laneName: string;
  /** Whether this is the first node of its start: no other has opened the store yet. */
  readonly isFirst: boolean;
  /** Whether it does what one node does for all: sealing old records anew. */
  readonly leads: boolean;
  /** Whether other processes serve the same store. */
  readonly alone: boolean;
  readonly world: MovableWorld;
  /** Dev mode: the account of access keys that name none. */
  readonly defaultAccount: string;
  readonly log: (line: string) => void;
  /** Undefined: requests have no quotas. */
  readonly quotas?: QuotaOptions | undefined;
  /** Whose tokens AssumeRoleWithWebIdentity takes, and where their keys are. */
  readonly oidcIssuers?: readonly IssuerSource[];
  /** Whose attestation documents are believed; undefined: nobody's. */
  readonly attestationRoots?: TrustedRoots | undefined;
  /** Dev mode: keys whose ids and material are known. */
  readonly fixtures?: readonly Fixture[] | undefined;
  /** Undefined: functions are not run. */
  readonly functions?: ServiceOptions['functions'];
  /** What custom key stores may reach; undefined: nothing. */
  readonly keyStores?: { readonly clusters: Clusters; readonly routes: ProxyRoutes } | undefined;
  /** Which addresses events may be sent to over HTTP; undefined: none. */
  readonly reach?: Reach | undefined;
  /** Dev mode's reset, which replaces the whole node. */
  readonly reset?: () => Promise<void>;
}

export interface SealholdNode {
  readonly handler: HttpHandler;
  /**
   * Makes the first account where there is none and gives its root access key; undefined when there
   * is one
   * already.
   */
  firstAccount(keep: (key: AccessKeyRecord) => Promise<void>): Promise<AccessKeyRecord | undefined>;
  close(): Promise<void>;
}

/**
 * Opens a node. Throws StoreDamaged, StoreUnavailable, TrailDamaged or TrailUnavailable with a text
 * for
 * people.
 */
export async function openNode(options: NodeOptions): Promise<SealholdNode> {
  const { world, rootKey, log, dataDir } = options;
  const engine = await openSqliteEngine({
    file: dataDir === undefined ? ':memory:' : join(dataDir, 'sealhold.db'),
    world,
    integrityKey: integrityKeyOf(rootKey),
    mustExist: dataDir !== undefined && !options.isNew,
    onDamage: (error) => log(`The store is damaged and no longer serves: ${error.message}`),
  });
  await refuseRolledBackStore(engine, dataDir);
  const hasKeyring = (await engine.get('keyring')) !== undefined;
  const keyring = await (hasKeyring ? openKeyring : createKeyring)({ engine, rootKey, world });
  const maintenance = startMaintenance({
    engine,
    keyring,
    world,
    rewraps: options.leads,
    verify: dataDir === undefined ? undefined : () => engine.verifyIntegrity(),
    onFault: (error) => log(`The keyring could not be maintained: ${describe(error)}`),
  });
  const store = openStore({ engine, keyring, world });
  const trail = {
    place: dataDir === undefined ? ('memory' as const) : { dir: join(dataDir, 'trail') },
    store,
    world,
    onTrouble: (error: unknown) =>
      log(`The trail: ${error instanceof Error ? error.message : error}`),
  };
  // An earlier start may have had more processes: the records that a crash of theirs left are
  // appended now.
  if (options.isFirst) await settleOtherLanes({ ...trail, running: [options.laneName] });
  const audit = await openAudit({ ...trail, laneName: options.laneName });
  const clock = store.collection<{ readonly offsetMs: number }>({ path: 'admin/clock' });
  if (options.mode === 'dev') world.setOffsetMs((await clock.get('offset'))?.value.offsetMs ?? 0);
  const iam = iamRecords(store);
  const served = await serve(options, { store, audit, iam, clock });
  return {
    handler: served.handler,
    firstAccount: (keep) => firstAccount({ iam, store, world }, keep),
    close: async () => {
      await maintenance.close();
      await served.runner.close();
      for (const close of served.closing) await close();
      for (const each of served.saved) await each.close();
      await audit.close();
      await store.close();
    },
  };
}

/**
 * The trail remembers the last commit that it saw: a store that has not seen it was put back or has
 * lost its
 * tail.
 */
async function refuseRolledBackStore(engine: Engine, dataDir: string | undefined): Promise<void> {
  if (dataDir === undefined) return;
  const seen = await lastStoreSeq(join(dataDir, 'trail'));
  if (engine.seq() >= seen) return;
  throw new StoreDamaged(
    `The database is older than the trail: the trail saw commit ${seen}, the database is at ${engine.seq()}. ` +
      'Part of it was lost or an old copy was put back. Restore database and trail from the same backup.',
  );
}

interface Parts {
  readonly store: Store;
  readonly audit: Audit;
  readonly iam: IamRecords;
  readonly clock: Collection<{ readonly offsetMs: number }>;
}

async function serve(options: NodeOptions, parts: Parts): Promise<Served> {
  const { world, quotas, oidcIssuers = [], attestationRoots, mode, log } = options;
  const { store, iam } = parts;
  const access = openAccess({ store, iam, world });
  const firstAccount = async (): Promise<string | undefined> =>
    mode === 'dev' ? undefined : (await iam.installation.get('first'))?.value.account;
  const commit = committing(parts);
  const own = Promise.withResolvers<Pipeline>();
  const fixtures = mode === 'dev' ? (options.fixtures ?? 'allowed') : 'refused';
  const services = await openServices({
    ...{ store, iam, world, access, firstAccount, quotas, commit, oidcIssuers, log },
    ...{ attestationRoots, fixtures },
    functions: options.functions,
    events: {
      reach: options.reach,
      dataDir: options.dataDir,
      nodeName: options.laneName,
    },
    keyStores: keyStorePorts(options),
    own: async (call) => perform(call, await own.promise),
  });
  const verify = createVerifier({
    accessKeys: services.accessKeys,
    world,
    services: new Set([...models.values().map(signingName), adminService]),
    ...(options.mode === 'dev' ? { unknownKey: letAnyoneIn(options.defaultAccount) } : {}),
  });
  const pipeline: Pipeline = {
    models,
    tables: services.tables,
    verify,
    access,
    noteUse: services.noteUse,
    store,
    audit: parts.audit,
    world,
    onFault: (requestId, error) => options.log(`Request ${requestId} failed: ${describe(error)}`),
  };
  own.resolve(pipeline);
  parts.audit.subscribe(services.seeRecord);
  const { denials } = access;
  const forgetting: DueWork = {
    kind: 'access/forget-denial',
    due: (now, limit) => denials.due(now, limit),
  };
  const runner = runDueWork([...services.dueWork, forgetting], options, commit);
  const admin = adminPorts(options, { ...parts, runner, verify, kms: services.kmsInsight });
  return {
    runner,
    saved: saveWhatLags(services, access.denials, options.log),
    closing: services.closing,
    handler: (request) => adminRoute(request, admin) ?? respond(request, pipeline),
  };
}

interface Served {
  readonly handler: HttpHandler;
  readonly runner: Runner;
  readonly saved: readonly Saving[];
  readonly closing: Services['closing'];
}

function keyStorePorts({ keyStores, world, log }: NodeOptions): KeyStorePorts {
  const { clusters = new Map(), routes = noRoutes } = keyStores ?? {};
  return {
    clusters: createHsmClusters({ clusters, world, log }),
    proxies: createXksProxies({ routes, world, log }),
  };
}

const signingName = ({ signingName: name, service }: ServiceModel): string => name ?? service;

function saveWhatLags(
  { usages }: Services,
  denials: Denials,
  log: NodeOptions['log'],
): readonly Saving[] {
  const onFault =
    (what: string) =>
    (error: unknown): void =>
      log(`${what} could not be saved: ${describe(error)}`);
  return [
    ...usages.map((usage) =>
      saveRegularly(
        { ifDue: () => usage.saveIfDue(), all: () => usage.save() },
        1_000,
        onFault('What is known of the use of keys'),
      ),
    ),
    saveRegularly(
      { ifDue: () => denials.save(), all: () => denials.save() },
      200,
      onFault('Why calls were denied'),
    ),
  ];
}

/** Each change in one commit with its record. */
function committing({ store, audit }: Pick<Parts, 'store' | 'audit'>): Commit {
  return async ({ writes, record }) => {
    if (record === undefined) return (await store.commit(writes)).kind;
    const change = audit.change(record);
    const result = await store.commit([...writes, ...change.writes]);
    if (result.kind === 'conflict') return 'conflict';
    await change.committed(result.seq);
    return 'committed';
  };
}

/** Does what falls due. */
function runDueWork(work: readonly DueWork[], { world, log }: NodeOptions, commit: Commit): Runner {
  return startRunner({
    work,
    world,
    commit,
    onFault: (kind, error) => log(`Due work ${kind} failed and is tried again: ${describe(error)}`),
  });
}

/** Saves what lags behind, regularly and at the end. */
function saveRegularly(
  save: { readonly ifDue: () => Promise<void>; readonly all: () => Promise<void> },
  everyMs: number,
  onFault: (error: unknown) => void,
): Saving {
  const timer = setInterval(() => void save.ifDue().catch(onFault), everyMs);
  timer.unref();
  return {
    close: async () => {
      clearInterval(timer);
      await save.all().catch(onFault);
    },
  };
}

interface Saving {
  readonly close: () => Promise<void>;
}

/** What calls to our own interface are signed for. */
const adminService = 'sealhold';

function adminPorts(
  options: NodeOptions,
  parts: Parts & { runner: Runner; verify: Verify; kms: KmsInsight },
): AdminPorts {
  const { store, audit, iam, clock, runner, verify, kms } = parts;
  const { world, reset } = options;
  const moveClock = async (now: number): Promise<void> => {
    world.setOffsetMs(now - world.machineNow());
    await store.commit(clock.put('offset', { offsetMs: world.offsetMs() }));
    await runner.runNow();
  };
  return {
    world,
    dev: options.mode === 'dev' && reset !== undefined ? { moveClock, reset } : undefined,
    refuseUnlessOperator: (request) => refuseUnlessOperator(request, { options, iam, verify }),
    rootCaller: (request) => rootCaller(request, { options, iam, verify }),
    kms,
    trail: (query) => trailFeed(audit, { ...query, alone: options.alone }),
  };
}

interface Knowing {
  readonly options: NodeOptions;
  readonly iam: IamRecords;
  readonly verify: Verify;
}

/** The root user who signed, or the refusal. In dev mode everyone is the operator. */
async function rootCaller(
  request: HttpRequest,
  { options, iam, verify }: Knowing,
): Promise<RootCaller | string> {
  const identified = await verify(request, { protocol: 'json-1.1', service: adminService });
  if (identified.kind === 'refused') return identified.error.message;
  const { type, account, arn } = identified.principal;
  const { region } = identified;
  if (options.mode === 'dev') return { account, region, isOperator: true };
  if (type !== 'Root') return `${arn} is not a root user.`;
  const first = await iam.installation.get('first');
  return { account, region, isOperator: account === first?.value.account };
}

async function refuseUnlessOperator(
  request: HttpRequest,
  knowing: Knowing,
): Promise<string | undefined> {
  const caller = await rootCaller(request, knowing);
  if (typeof caller === 'string') return caller;
  return caller.isOperator
    ? undefined
    : `The root user of ${caller.account} is not that of the installation's first account.`;
}

async function firstAccount(
  { iam, store, world }: { iam: IamRecords; store: Store; world: MovableWorld },
  keep: (key: AccessKeyRecord) => Promise<void>,
): Promise<AccessKeyRecord | undefined> {
  if ((await iam.installation.get('first')) !== undefined) return undefined;
  const made = newAccount(iam, { world, mint: (account) => mintAccessKey(account, world) });
  // The file comes before the commit: after a crash in between, the next start makes another
  // account and file.
  await keep(made.accessKey);
  const { account } = made.accessKey;
  const result = await store.commit([
    ...made.writes,
    ...iam.installation.insert('first', { account }),
  ]);
  if (result.kind === 'conflict') throw new Error('another process made the first account');
  return made.accessKey;
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
