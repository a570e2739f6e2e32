/**
 * Which services a node has: each with its model, its operation table, what of it falls due, and
 * what it knows that lags behind in the store. A new service is a few lines here.
 */

import type { Access } from './access/access.ts';
import { serviceEventRecord } from './audit/record.ts';
import { mintAccessKey } from './identity/access-key.ts';
import type { IssuerSource } from './identity/issuer-keys.ts';
import type { SessionTokens } from './identity/session-tokens.ts';
import type { DueWork } from './jobs/runner.ts';
import { type LambdaOptions, openLambda } from './lambda.ts';
import { iam as iamModel } from './model/iam.generated.ts';
import { iamToolbox as iamToolboxModel } from './model/iam-toolbox.generated.ts';
import { kms as kmsModel } from './model/kms.generated.ts';
import { lambda as lambdaModel } from './model/lambda.generated.ts';
import { logs as logsModel } from './model/logs.generated.ts';
import type { ServiceModel } from './model/schema.ts';
import { sealhold as sealholdModel } from './model/sealhold.generated.ts';
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
import { createServiceQuotas } from './services/servicequotas/index.ts';
import type { Store } from './store/store.ts';
import { openSts } from './sts.ts';
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
  /** Whose tokens AssumeRoleWithWebIdentity takes; none unless told. */
  readonly oidcIssuers?: readonly IssuerSource[];
  /** Calls that services make by themselves. */
  readonly calls: LambdaOptions['calls'];
  /** Undefined: functions are not run. */
  readonly functions: LambdaOptions['functions'];
  /** What an operator should know. */
  readonly log: (line: string) => void;
}

export interface Services {
  readonly tables: ReadonlyMap<string, OperationTable>;
  readonly dueWork: readonly DueWork[];
  readonly usages: readonly Usage[];
  readonly noteUse: Iam['noteUse'];
  readonly sessions: SessionTokens;
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
  const sts = await openSts(options);
  const lambda = openLambda(options);
  return {
    tables: new Map([
      ['iam', iam.operations],
      ['iam-toolbox', createIamToolbox({ findDenial: (id) => access.denials.find(id) })],
      ['kms', kms.operations],
      ...lambda.tables,
      ['sealhold', sealholdOperations(options, kms)],
      ['servicequotas', serviceQuotas],
      ['sts', sts.operations],
    ]),
    dueWork: kmsWork(kms, world),
    usages: [iam.usage, kms.usage],
    noteUse: iam.noteUse,
    sessions: sts.sessions,
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
