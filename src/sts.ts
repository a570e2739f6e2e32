/** The composition of STS: what it needs of identity/ and of IAM's records, and what it gives. */
import { encodedMessages } from './access/encoded-messages.ts';
import { accountOfAccessKeyId } from './identity/access-key.ts';
import { createIssuerKeys, type IssuerSource } from './identity/issuer-keys.ts';
import { createMessageSeal } from './identity/sealed-messages.ts';
import { openSessionSecret } from './identity/session-secret.ts';
import { createSessionTokens, type SessionTokens } from './identity/session-tokens.ts';
import { createWebTokenVerifier } from './identity/web-tokens.ts';
import type { OperationTable } from './operation.ts';
import { policyText } from './services/iam/policy-text.ts';
import { type IamRecords, oidcProviderId, recordId } from './services/iam/records.ts';
import { createSts } from './services/sts/index.ts';
import type { Store } from './store/store.ts';
import type { World } from './world.ts';

export interface StsOptions {
  readonly store: Store;
  readonly iam: IamRecords;
  readonly world: World;
  /** Whose tokens AssumeRoleWithWebIdentity takes; none unless told. */
  readonly oidcIssuers?: readonly IssuerSource[] | undefined;
  /** What an operator should know. */
  readonly log?: (line: string) => void;
}

export interface Sts {
  readonly operations: OperationTable;
  /** Temporary credentials, which STS gives and the verifier takes. */
  readonly sessions: SessionTokens;
}

export async function openSts(options: StsOptions): Promise<Sts> {
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

async function accountOf(iam: IamRecords, accessKeyId: string): Promise<string | undefined> {
  const known = await iam.accessKeys.get(accessKeyId);
  return known?.value.account ?? accountOfAccessKeyId(accessKeyId);
}
