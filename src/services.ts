/**
 * Which services a node has: each with its model, its operation table, what of it falls due, and
 * what it knows that lags behind in the store. A new service is a few lines here.
 */
import { encodedMessages } from './access/encoded-messages.ts';
import { serviceEventRecord } from './audit/record.ts';
import { accountOfAccessKeyId, mintAccessKey } from './identity/access-key.ts';
import { createIssuerKeys, type IssuerSource } from './identity/issuer-keys.ts';
import { createMessageSeal } from './identity/sealed-messages.ts';
import { openSessionSecret } from './identity/session-secret.ts';
import { createSessionTokens, type SessionTokens } from './identity/session-tokens.ts';
import { createWebTokenVerifier } from './identity/web-tokens.ts';
import type { DueWork } from './jobs/runner.ts';
import { iam as iamModel } from './model/iam.generated.ts';
import { kms as kmsModel } from './model/kms.generated.ts';
import type { ServiceModel } from './model/schema.ts';
import { servicequotas as serviceQuotasModel } from './model/servicequotas.generated.ts';
import { sts as stsModel } from './model/sts.generated.ts';
import type { OperationTable } from './operation.ts';
import { createIam, type Iam } from './services/iam/index.ts';
import { policyText } from './services/iam/policy-text.ts';
import { type IamRecords, oidcProviderId, recordId } from './services/iam/records.ts';
import { uniqueIdOf } from './services/iam/trust.ts';
import { createKms, type Kms } from './services/kms/index.ts';
import { listedQuotas } from './services/kms/listed-quotas.ts';
import type { QuotaOptions } from './services/kms/throttle.ts';
import { createServiceQuotas } from './services/servicequotas/index.ts';
import { createSts } from './services/sts/index.ts';
import type { Store } from './store/store.ts';
import type { Usage } from './usage/usage.ts';
import type { World } from './world.ts';

/** By service name: what the wire, the audit and the generated documents read. */
export const models: ReadonlyMap<string, ServiceModel> = new Map(
  [iamModel, kmsModel, serviceQuotasModel, stsModel].map((model) => [model.service, model]),
);

export interface ServiceOptions {
  readonly store: Store;
  readonly iam: IamRecords;
  readonly world: World;
  /** Undefined: requests have no quotas. */
  readonly quotas: QuotaOptions | undefined;
  /** Whose tokens AssumeRoleWithWebIdentity takes; none unless told. */
  readonly oidcIssuers?: readonly IssuerSource[];
  /** What an operator should know. */
  readonly log?: (line: string) => void;
}

export interface Services {
  readonly tables: ReadonlyMap<string, OperationTable>;
  readonly dueWork: readonly DueWork[];
  readonly usages: readonly Usage[];
  readonly noteUse: Iam['noteUse'];
  /** Temporary credentials, which sts gives and the verifier takes. */
  readonly sessions: SessionTokens;
}

/** Opens every service on the store. */
export async function openServices(options: ServiceOptions): Promise<Services> {
  const { store, world, quotas } = options;
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
  return {
    tables: new Map([
      ['iam', iam.operations],
      ['kms', kms.operations],
      ['servicequotas', serviceQuotas],
      ['sts', sts.operations],
    ]),
    dueWork: kmsWork(kms, world),
    usages: [iam.usage, kms.usage],
    noteUse: iam.noteUse,
    sessions: sts.sessions,
  };
}

async function openSts(
  options: ServiceOptions,
): Promise<{ readonly operations: OperationTable; readonly sessions: SessionTokens }> {
  const { store, world, iam, oidcIssuers: sources = [], log: onTrouble = () => {} } = options;
  const secret = await openSessionSecret({ store, world });
  const sessions = createSessionTokens({ secret, world });
  const keys = createIssuerKeys({ world, sources, onTrouble });
  const operations = createSts({
    sessions,
    accountOf: (id) => accountOf(iam, id),
    findRole: async (account, name) => (await iam.roles.get(recordId(account, name)))?.value,
    hasPolicy: async (arn) => (await policyText(iam, arn)) !== undefined,
    findOidcProvider: async (account, url) =>
      (await iam.oidcProviders.get(oidcProviderId(account, url)))?.value,
    webTokens: createWebTokenVerifier({ keys, world }),
    decodeMessage: encodedMessages(createMessageSeal(secret, world)).decode,
  });
  return { operations, sessions };
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

async function accountOf(iam: IamRecords, accessKeyId: string): Promise<string | undefined> {
  const known = await iam.accessKeys.get(accessKeyId);
  return known?.value.account ?? accountOfAccessKeyId(accessKeyId);
}
