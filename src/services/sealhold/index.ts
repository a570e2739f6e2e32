/**
 * What Sealhold answers beside AWS's APIs: accounts, the reasons of decisions, and texts with
 * references. Accounts and reasons belong to the installation's first account, so its root user may
 * do all of it and its other identities what `sealhold:…` actions in their policies allow.
 */
import type { SealholdModel } from '../../model/sealhold.generated.ts';
import type { Call, Operations, OperationTable, Resource } from '../../operation.ts';
import type { Write } from '../../store/engine.ts';
import { invalidMarker, notAboutKeys, nothingExplained } from './errors.ts';
import { referenceOperations } from './resolve-references.ts';

export interface Account {
  readonly account: string;
  /** ms since 1970 */
  readonly createdAt: number;
  readonly alias?: string;
}

export interface NewAccount {
  readonly accessKey: {
    readonly account: string;
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
  };
  readonly writes: readonly Write[];
}

/** Why a call was denied, as JSON, and whose people may know. */
export interface Denial {
  readonly account: string;
}

export interface Ability {
  readonly arn: string;
  readonly can: 'yes' | 'conditionally';
  readonly because: string;
  readonly policy?: string;
}

/** Somebody of another account, or whom a grant names. */
export interface OtherAbility {
  readonly principal: string;
  readonly through: string;
  readonly note?: string;
}

export interface SealholdPorts {
  /** Whose operations these are; in dev mode every account's own. */
  readonly operatorOf: (call: Call) => Promise<string>;
  readonly newAccount: () => NewAccount;
  readonly accounts: (page: {
    readonly after?: string;
    readonly limit: number;
  }) => Promise<{ readonly accounts: readonly Account[]; readonly next: string | undefined }>;
  readonly findDenial: (id: string) => Promise<Denial | undefined>;
  /** A key by id, ARN or alias, with what grants on it allow. Throws as KMS does. */
  readonly findKey: (
    name: string,
    call: Call,
    action: string,
  ) => Promise<{ readonly resource: Resource; readonly others: readonly OtherAbility[] }>;
  readonly whoCan: (asked: {
    readonly action: string;
    readonly resource: Resource;
    readonly region: string;
    readonly now: number;
  }) => Promise<readonly Ability[]>;
}

const defaultLimit = 100;

export function createSealhold(ports: SealholdPorts): OperationTable {
  const operations = {
    ...accountOperations(ports),
    ...explanationOperations(ports),
    ...referenceOperations,
  } satisfies Operations<SealholdModel>;
  return new Map(Object.entries(operations));
}

function accountOperations(ports: SealholdPorts) {
  const find = async (_input: unknown, call: Call) => ({
    resource: { arn: '*', account: await ports.operatorOf(call) },
    subject: undefined,
  });
  return {
    CreateAccount: {
      readOnly: false,
      find,
      run: (_input, call) => {
        const { accessKey, writes } = ports.newAccount();
        call.stage(writes);
        return {
          AccountId: accessKey.account,
          AccessKeyId: accessKey.accessKeyId,
          SecretAccessKey: accessKey.secretAccessKey,
        };
      },
    },
    ListAccounts: {
      readOnly: true,
      find,
      run: async ({ Limit = defaultLimit, Marker }, call) => {
        if (Marker !== undefined && !/^\d{12}$/.test(Marker)) throw invalidMarker();
        const first = await ports.operatorOf(call);
        const after = Marker === undefined ? {} : { after: Marker };
        const { accounts, next } = await ports.accounts({ ...after, limit: Limit });
        return {
          Accounts: accounts.map(({ account, createdAt, alias }) => ({
            AccountId: account,
            CreateDate: createdAt,
            ...(alias === undefined ? {} : { Alias: alias }),
            IsFirst: account === first,
          })),
          ...(next === undefined ? {} : { NextMarker: next }),
        };
      },
    },
  } satisfies Operations<SealholdModel, 'CreateAccount' | 'ListAccounts'>;
}

type FoundKey = Awaited<ReturnType<SealholdPorts['findKey']>>;

function explanationOperations(ports: SealholdPorts) {
  return {
    ExplainDenial: {
      readOnly: true,
      find: async ({ Id }, call) => {
        const denial = await ports.findDenial(Id);
        if (denial === undefined || !(await isKnownTo(denial, call, ports)))
          throw nothingExplained();
        return {
          resource: { arn: '*', account: call.principal.account },
          subject: denial,
          action: 'iam:GetRequestAuthorizationDetails',
        };
      },
      run: (_input, _call, denial: Denial) => ({ Denial: JSON.stringify(denial) }),
    },
    WhoCan: {
      readOnly: true,
      find: async ({ Action, Resource }, call) => {
        if (!/^kms:/i.test(Action)) throw notAboutKeys(Action);
        const found = await ports.findKey(Resource, call, Action);
        const { arn, account } = found.resource;
        return { resource: { arn, account, type: 'AWS::KMS::Key' }, subject: found };
      },
      run: async ({ Action }, { region, now }, { resource, others }: FoundKey) => {
        const able = await ports.whoCan({ action: Action, resource, region, now });
        return {
          Resource: resource.arn,
          Principals: able.map(({ arn, can, because, policy }) => ({
            Arn: arn,
            Can: can,
            Because: because,
            ...(policy === undefined ? {} : { Policy: policy }),
          })),
          Others: others.map(({ principal, through, note }) => ({
            Principal: principal,
            Through: through,
            ...(note === undefined ? {} : { Note: note }),
          })),
        };
      },
    },
  } satisfies Operations<SealholdModel, 'ExplainDenial' | 'WhoCan'>;
}

/** The account itself, and the one that runs the installation. */
async function isKnownTo(denial: Denial, call: Call, ports: SealholdPorts): Promise<boolean> {
  const { account } = call.principal;
  return denial.account === account || (await ports.operatorOf(call)) === account;
}
