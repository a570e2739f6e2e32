/**
 * Which services a node has: each with its model, its operation table, what of it falls due, and
 * what it knows that lags behind in the store. A new service is a few lines here.
 */

import type { Access } from './access/access.ts';
import { type AccessKeys, accessKeysOf } from './access-keys.ts';
import { type ServiceEvent, serviceEventRecord } from './audit/record.ts';
import type { TrustedRoots } from './crypto/certificate-chain.ts';
import { type EventSettings, openEvents } from './events.ts';
import { mintAccessKey } from './identity/access-key.ts';
import type { IssuerSource } from './identity/issuer-keys.ts';
import type { SessionTokens } from './identity/session-tokens.ts';
import type { DueWork } from './jobs/runner.ts';
import { toldToEvents } from './kms-events.ts';
import { type LambdaOptions, openLambda } from './lambda.ts';
import { events as eventsModel } from './model/events.generated.ts';
import { iam as iamModel } from './model/iam.generated.ts';
import { iamToolbox as iamToolboxModel } from './model/iam-toolbox.generated.ts';
import { kms as kmsModel } from './model/kms.generated.ts';
import { lambda as lambdaModel } from './model/lambda.generated.ts';
import { logs as logsModel } from './model/logs.generated.ts';
import type { ServiceModel } from './model/schema.ts';
import { sealhold as sealholdModel } from './model/sealhold.generated.ts';
import { secretsmanager as secretsManagerModel } from './model/secretsmanager.generated.ts';
import { servicequotas as serviceQuotasModel } from './model/servicequotas.generated.ts';
import { ssm as ssmModel } from './model/ssm.generated.ts';
import { sts as stsModel } from './model/sts.generated.ts';
import type { OperationTable } from './operation.ts';
import type { OwnCall } from './pipeline.ts';
import { validateResourcePolicy } from './policy/validate.ts';
import { partitionOfRegion } from './region.ts';
import { newAccount } from './services/iam/accounts.ts';
import { createIam, type Iam } from './services/iam/index.ts';
import type { IamRecords } from './services/iam/records.ts';
import { arnOf, uniqueIdOf } from './services/iam/trust.ts';
import { createIamToolbox } from './services/iam-toolbox/index.ts';
import type { KeyStorePorts } from './services/kms/custom-key-stores/store-connections.ts';
import type { Fixtures } from './services/kms/fixtures.ts';
import { createKms, type Kms } from './services/kms/index.ts';
import type { KmsInsight } from './services/kms/insight.ts';
import { listedQuotas } from './services/kms/listed-quotas.ts';
import type { QuotaOptions } from './services/kms/throttle.ts';
import { createSealhold } from './services/sealhold/index.ts';
import type { SecretsEvent } from './services/secretsmanager/event.ts';
import { createSecretsManager, type SecretsManager } from './services/secretsmanager/index.ts';
import { createServiceQuotas } from './services/servicequotas/index.ts';
import { createParameterStore } from './services/ssm/index.ts';
import type { Write } from './store/engine.ts';
import type { Store } from './store/store.ts';
import { openSts } from './sts.ts';
import type { Usage } from './usage/usage.ts';
import { javaPattern } from './wire/pattern.ts';
import type { World } from './world.ts';

/** By service name: what the wire, the audit and the generated documents read. */
export const models: ReadonlyMap<string, ServiceModel> = new Map(
  [
    eventsModel,
    iamModel,
    iamToolboxModel,
    kmsModel,
    lambdaModel,
    logsModel,
    sealholdModel,
    secretsManagerModel,
    serviceQuotasModel,
    ssmModel,
    stsModel,
  ].map((model) => [model.service, model]),
);

export interface ServiceOptions {
  readonly store: Store;
  readonly iam: IamRecords;
  readonly world: World;
  readonly access: Access;
  /** Whose account runs the installation; undefined: each its own, as in dev mode. */
  readonly firstAccount: () => Promise<string | undefined>;
  /** Undefined: requests have no quotas. */
  readonly quotas: QuotaOptions | undefined;
  /** Whose tokens AssumeRoleWithWebIdentity takes; none unless told. */
  readonly oidcIssuers?: readonly IssuerSource[] | undefined;
  /** Whose attestation documents are believed; undefined: nobody's. */
  readonly attestationRoots?: TrustedRoots | undefined;
  /** Keys that are known, or whether a store with such is served; `refused` unless told. */
  readonly fixtures?: Fixtures | undefined;
  /** What an operator should know. */
  readonly log?: (line: string) => void;
  /** Calls that services make as themselves. */
  readonly own: (call: OwnCall) => Promise<unknown>;
  /** Commits what is not part of a call, with the record of an event. */
  readonly commit: Commit;
  /** Undefined: functions are not run. */
  readonly functions?: LambdaOptions['functions'];
  /** What custom key stores may reach; undefined: nothing. */
  readonly keyStores?: KeyStorePorts;
  /** Where events may go, and those that can't be delivered; undefined: no further than here. */
  readonly events?: EventSettings;
}

export type Commit = (item: {
  readonly writes: readonly Write[];
  readonly record: string | undefined;
}) => Promise<'committed' | 'conflict'>;

export interface Services {
  readonly tables: ReadonlyMap<string, OperationTable>;
  readonly dueWork: readonly DueWork[];
  readonly usages: readonly Usage[];
  readonly noteUse: Iam['noteUse'];
  /** Temporary credentials, which STS gives. */
  readonly sessions: SessionTokens;
  /** Long-term access keys and sessions, for whoever verifies signatures. */
  readonly accessKeys: AccessKeys;
  /** What the server's own interface tells of KMS keys. */
  readonly kmsInsight: KmsInsight;
  /** To be told of each record that this node's trail has taken. */
  readonly seeRecord: (json: string) => void;
  /** In this order, before the store closes. */
  readonly closing: ReadonlyArray<() => Promise<void>>;
}

/** Opens every service on the store. */
export async function openServices(options: ServiceOptions): Promise<Services> {
  const { store, world, quotas, access, log = () => {} } = options;
  const mint = (account: string) => mintAccessKey(account, world);
  const principals = principalsOf(options.iam);
  const iam = createIam({ store, world, records: options.iam, mint });
  const kms = await openKms(options);
  const sts = await openSts(options);
  const accessKeys = accessKeysOf(options.iam, sts.sessions);
  const identify = identifier(accessKeys);
  const secretsManager = openSecretsManager(options, identify);
  const lambda = openLambda({
    ...{ store, world, log },
    calls: { perform: options.own, identify, ...principals },
    functions: options.functions,
  });
  const events = await openEvents({
    ...{ store, world, access, log },
    perform: options.own,
    identify,
    ...principals,
    logs: lambda.logs,
    settings: options.events ?? { reach: undefined, dataDir: undefined, nodeName: 'node-1' },
  });
  const parameterStore = await createParameterStore({
    store,
    world,
    emit: (event) => events.emit({ ...event, partition: partitionOfRegion(event.region) }),
    policyFault: (text) => validateResourcePolicy(text)?.text,
    ...principals,
    javaPattern,
  });
  return {
    tables: new Map([
      ['events', events.operations],
      ['iam', iam.operations],
      ['iam-toolbox', createIamToolbox({ findDenial: (id) => access.denials.find(id) })],
      ['kms', kms.operations],
      ...lambda.tables,
      ['sealhold', sealholdOperations(options, kms)],
      ['secretsmanager', secretsManager.operations],
      ['servicequotas', serviceQuotas(store, quotas)],
      ['ssm', parameterStore.operations],
      ['sts', sts.operations],
    ]),
    dueWork: [
      ...recorded('kms', toldToEvents(kms.dueWork, events), world),
      ...secretsWork(secretsManager, world),
      ...recorded('ssm', parameterStore.dueWork, world),
      ...recorded('events', events.dueWork, world),
    ],
    usages: [iam.usage, kms.usage],
    noteUse: iam.noteUse,
    sessions: sts.sessions,
    accessKeys,
    kmsInsight: kms.insight,
    seeRecord: events.seeRecord,
    closing: [() => events.close(), ...lambda.closing, () => kms.close()],
  };
}

function openKms({
  store,
  world,
  iam,
  quotas,
  attestationRoots,
  fixtures,
  keyStores,
}: ServiceOptions): Promise<Kms> {
  return createKms({
    store,
    world,
    principals: principalsOf(iam),
    ...(keyStores === undefined ? {} : { keyStores }),
    ...(quotas === undefined ? {} : { quotas }),
    ...(attestationRoots === undefined ? {} : { attestationRoots }),
    ...(fixtures === undefined ? {} : { fixtures }),
  });
}

const serviceQuotas = (store: Store, quotas: QuotaOptions | undefined): OperationTable =>
  createServiceQuotas({
    store,
    services: [
      {
        code: 'kms',
        name: 'AWS Key Management Service (AWS KMS)',
        quotas: (region) => listedQuotas(quotas?.settings, region),
      },
    ],
  });

/** Whom policies name: who has an ARN, and which ARN somebody has now. */
const principalsOf = (iam: IamRecords) => ({
  uniqueIdOf: (arn: string) => uniqueIdOf(iam, arn),
  arnOf: (named: { readonly arn: string; readonly id: string }) => arnOf(iam, named),
});

function sealholdOperations(options: ServiceOptions, kms: Kms): OperationTable {
  const { iam, world, access, firstAccount } = options;
  return createSealhold({
    operatorOf: async (call) => (await firstAccount()) ?? call.principal.account,
    newAccount: () => newAccount(iam, { world, mint: (account) => mintAccessKey(account, world) }),
    accounts: async (page) => {
      const { entries, next } = await iam.accounts.page(page);
      return { accounts: entries.map(({ value }) => value), next };
    },
    findDenial: (id) => access.denials.find(id),
    findKey: (name, call, action) => kms.about(name, call, action),
    whoCan: (asked) => access.whoCan(asked),
  });
}

/** Whose temporary credentials these are. */
function identifier(accessKeys: AccessKeys): LambdaOptions['calls']['identify'] {
  return async ({ accessKeyId, sessionToken }) => {
    const found = await accessKeys.find(accessKeyId, sessionToken);
    return found === 'refused' ? undefined : found?.principal;
  };
}

/** What a service does by itself, as it says it: its event is not a record yet. */
interface OwnWork {
  readonly kind: string;
  readonly due: (
    now: number,
    limit: number,
  ) => Promise<
    ReadonlyArray<{
      readonly id: string;
      readonly writes: readonly Write[];
      readonly event: Omit<ServiceEvent, 'service' | 'now'> | undefined;
    }>
  >;
}

/** A service's due work, its events as records. */
function recorded(service: string, work: readonly OwnWork[], world: World): readonly DueWork[] {
  return work.map(({ kind, due }) => ({
    kind,
    due: async (now, limit) =>
      (await due(now, limit)).map(({ id, writes, event }) => ({
        id,
        writes,
        record:
          event === undefined ? undefined : serviceEventRecord({ ...event, service, now }, world),
      })),
  }));
}

/** AWS's quotas of it hold where AWS's quotas are asked for; single ones can't be set. */
function openSecretsManager(
  options: ServiceOptions,
  identify: ReturnType<typeof identifier>,
): SecretsManager {
  const { store, world, own, commit, quotas } = options;
  return createSecretsManager({
    store,
    world,
    own,
    identify,
    principals: principalsOf(options.iam),
    commit: (writes, event) => commit({ writes, record: recordOf(event, world) }),
    ...(quotas?.settings.others === 'aws' ? { quotas: { nodes: quotas.nodes } } : {}),
  });
}

function secretsWork({ dueWork }: SecretsManager, world: World): readonly DueWork[] {
  return dueWork.map(({ kind, due }) => ({
    kind,
    due: async (now, limit) =>
      (await due(now, limit)).map(({ event, ...item }) => ({
        ...item,
        record: recordOf(event, world),
      })),
  }));
}

function recordOf(event: SecretsEvent | undefined, world: World): string | undefined {
  if (event === undefined) return undefined;
  const { at, secretArn, versionId, ...told } = event;
  const version = versionId === undefined ? {} : { SecretVersionId: versionId };
  return serviceEventRecord(
    {
      ...told,
      now: at,
      service: 'secretsmanager',
      invokedBy: 'secretsmanager.amazonaws.com',
      resources: [],
      additionalEventData: { SecretId: secretArn, ...version },
    },
    world,
  );
}
