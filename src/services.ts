/**
 * Which services a node has: each with its model, its operation table, what of it falls due, and
 * what it knows that lags behind in the store. A new service is a few lines here.
 */

import type { Access } from './access/access.ts';
import { serviceEventRecord } from './audit/record.ts';
import { accountOfAccessKeyId, mintAccessKey } from './identity/access-key.ts';
import type { DueWork } from './jobs/runner.ts';
import { type LambdaOptions, openLambda } from './lambda.ts';
import { iam as iamModel } from './model/iam.generated.ts';
import { iamToolbox as iamToolboxModel } from './model/iam-toolbox.generated.ts';
import { kms as kmsModel } from './model/kms.generated.ts';
import { lambda as lambdaModel } from './model/lambda.generated.ts';
import { logs as logsModel } from './model/logs.generated.ts';
import type { ServiceModel } from './model/schema.ts';
import { sealhold as sealholdModel } from './model/sealhold.generated.ts';
import { secretsmanager as secretsManagerModel } from './model/secretsmanager.generated.ts';
import { servicequotas as serviceQuotasModel } from './model/servicequotas.generated.ts';
import { sts as stsModel } from './model/sts.generated.ts';
import type { OperationTable } from './operation.ts';
import { newAccount } from './services/iam/accounts.ts';
import { createIam, type Iam } from './services/iam/index.ts';
import type { IamRecords } from './services/iam/records.ts';
import { uniqueIdOf } from './services/iam/trust.ts';
import { createIamToolbox } from './services/iam-toolbox/index.ts';
import { createKms, type Kms } from './services/kms/index.ts';
import { listedQuotas } from './services/kms/listed-quotas.ts';
import type { QuotaOptions } from './services/kms/throttle.ts';
import { createSealhold } from './services/sealhold/index.ts';
import type { SecretsEvent } from './services/secretsmanager/event.ts';
import { createSecretsManager, type SecretsManager } from './services/secretsmanager/index.ts';
import { createServiceQuotas } from './services/servicequotas/index.ts';
import { createSts } from './services/sts/index.ts';
import type { Write } from './store/engine.ts';
import type { Store } from './store/store.ts';
import type { Usage } from './usage/usage.ts';
import type { World } from './world.ts';

/** By service name: what the wire, the audit and the generated documents read. */
export const models: ReadonlyMap<string, ServiceModel> = new Map(
  [
    iamModel,
    iamToolboxModel,
    kmsModel,
    lambdaModel,
    logsModel,
    sealholdModel,
    secretsManagerModel,
    serviceQuotasModel,
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
  /** Commits what is not part of a call, with the record of an event. */
  readonly commit: Commit;
  /** Calls that services make by themselves. */
  readonly calls: LambdaOptions['calls'];
  /** Undefined: functions are not run. */
  readonly functions: LambdaOptions['functions'];
  /** What an operator should know. */
  readonly log: (line: string) => void;
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
  /** In this order, before the store closes. */
  readonly closing: ReadonlyArray<() => Promise<void>>;
}

/** Opens every service on the store. */
export async function openServices(options: ServiceOptions): Promise<Services> {
  const { store, world, quotas, access } = options;
  const mint = (account: string) => mintAccessKey(account, world);
  const iam = createIam({ store, world, records: options.iam, mint });
  const kms = await createKms({
    store,
    world,
    principals: { uniqueIdOf: (arn) => uniqueIdOf(options.iam, arn) },
    ...(quotas === undefined ? {} : { quotas }),
  });
  const secretsManager = openSecretsManager(options);
  const serviceQuotas = createServiceQuotas({
    store,
    services: [
      {
        code: 'kms',
        name: 'AWS Key Management Service (AWS KMS)',
        quotas: (region) => listedQuotas(quotas?.settings, region),
      },
    ],
  });
  const lambda = openLambda(options);
  return {
    tables: new Map([
      ['iam', iam.operations],
      ['iam-toolbox', createIamToolbox({ findDenial: (id) => access.denials.find(id) })],
      ['kms', kms.operations],
      ...lambda.tables,
      ['sealhold', sealholdOperations(options, kms)],
      ['secretsmanager', secretsManager.operations],
      ['servicequotas', serviceQuotas],
      ['sts', createSts({ accountOf: (id) => accountOf(options.iam, id) })],
    ]),
    dueWork: [...kmsWork(kms, world), ...secretsWork(secretsManager, world)],
    usages: [iam.usage, kms.usage],
    noteUse: iam.noteUse,
    closing: lambda.closing,
  };
}

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

/** KMS's due work, its events as records. */
function kmsWork(kms: Kms, world: World): readonly DueWork[] {
  return kms.dueWork.map(({ kind, due }) => ({
    kind,
    due: async (now, limit) =>
      (await due(now, limit)).map(({ id, writes, event }) => ({
        id,
        writes,
        record:
          event === undefined
            ? undefined
            : serviceEventRecord({ ...event, service: 'kms', now }, world),
      })),
  }));
}

/** AWS's quotas of it hold where AWS's quotas are asked for; single ones can't be set. */
function openSecretsManager(options: ServiceOptions): SecretsManager {
  const { store, world, calls, commit, quotas } = options;
  return createSecretsManager({
    store,
    world,
    own: (call) => calls.perform(call),
    principals: { uniqueIdOf: (arn) => uniqueIdOf(options.iam, arn) },
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

async function accountOf(iam: IamRecords, accessKeyId: string): Promise<string | undefined> {
  const known = await iam.accessKeys.get(accessKeyId);
  return known?.value.account ?? accountOfAccessKeyId(accessKeyId);
}
