/**
 * The credential report: every user of an account, and the state of its credentials, as CSV.
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html)
 */
import type { IamModel } from '../../model/iam.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import type { Entry } from '../../store/store.ts';
import type { IamContext } from './context.ts';
import { reportExpired, reportNotPresent } from './errors.ts';
import { keysOf } from './owned-keys.ts';
import { allOfAccount } from './page.ts';
import type { AccessKeyRecord } from './records.ts';

/** A report is made anew after so long, and no longer shown after so much. */
const freshMs = 4 * 3_600_000;
const shownMs = 24 * 3_600_000;

export function credentialReportOperations(iam: IamContext) {
  const { credentialReports } = iam.records;
  const find = (_input: unknown, { principal: { account } }: Call) => ({
    resource: { arn: '*', account },
    subject: undefined,
  });
  return {
    GenerateCredentialReport: {
      readOnly: false,
      find,
      run: async (_input, call) => {
        const { account } = call.principal;
        const last = await credentialReports.get(account);
        if (last !== undefined && isYounger(last.value.generatedAt, freshMs, call))
          return { State: 'COMPLETE' as const };
        const content = await reportOf(iam, call);
        call.stage(credentialReports.put(account, { generatedAt: call.now, content }));
        const Description = 'No report exists. Starting a new report generation task';
        return { State: 'STARTED' as const, Description };
      },
    },
    GetCredentialReport: {
      readOnly: true,
      find,
      run: async (_input, call) => {
        const report = (await credentialReports.get(call.principal.account))?.value;
        if (report === undefined) throw reportNotPresent();
        if (!isYounger(report.generatedAt, shownMs, call)) throw reportExpired();
        return {
          Content: Buffer.from(report.content),
          ReportFormat: 'text/csv' as const,
          GeneratedTime: report.generatedAt,
        };
      },
    },
  } satisfies Operations<IamModel, 'GenerateCredentialReport' | 'GetCredentialReport'>;
}

/** A time that lies ahead is none of a report's: somebody has moved the clock back. */
const isYounger = (at: number, ageMs: number, { now }: Call): boolean =>
  at <= now && now - at < ageMs;

const columns = [
  'user',
  'arn',
  'user_creation_time',
  'password_enabled',
  'password_last_used',
  'password_last_changed',
  'password_next_rotation',
  'mfa_active',
  'access_key_1_active',
  'access_key_1_last_rotated',
  'access_key_1_last_used_date',
  'access_key_1_last_used_region',
  'access_key_1_last_used_service',
  'access_key_2_active',
  'access_key_2_last_rotated',
  'access_key_2_last_used_date',
  'access_key_2_last_used_region',
  'access_key_2_last_used_service',
  'cert_1_active',
  'cert_1_last_rotated',
  'cert_2_active',
  'cert_2_last_rotated',
];

async function reportOf(iam: IamContext, call: Call): Promise<string> {
  const { records } = iam;
  const { partition, principal, now } = call;
  const { account } = principal;
  const rootSince = (await records.accounts.get(account))?.value.createdAt ?? now;
  const rootKeys = await keysOf(records, { account, owner: 'Root' });
  const root = {
    name: '<root_account>',
    arn: `arn:${partition}:iam::${account}:root`,
    createdAt: rootSince,
  };
  const rows = [columns, await rowOf(iam, root, rootKeys)];
  for (const { name, arn, createdAt, userId } of await allOfAccount(records.users, account)) {
    const keys = await keysOf(records, { account, owner: { userName: name, userId } });
    rows.push(await rowOf(iam, { name, arn, createdAt }, keys));
  }
  return rows.map((row) => row.map(field).join(',')).join('\n');
}

interface Owner {
  readonly name: string;
  readonly arn: string;
  readonly createdAt: number;
}

async function rowOf(
  iam: IamContext,
  { name, arn, createdAt }: Owner,
  [first, second]: readonly Entry<AccessKeyRecord>[],
): Promise<string[]> {
  return [
    name,
    arn,
    time(createdAt),
    // Nobody has a password, and with it neither MFA nor rotation.
    ...['false', 'N/A', 'N/A', 'N/A', 'false'],
    ...(await keyFields(iam, first)),
    ...(await keyFields(iam, second)),
    ...['false', 'N/A', 'false', 'N/A'],
  ];
}

async function keyFields(
  { lastUses }: IamContext,
  key: Entry<AccessKeyRecord> | undefined,
): Promise<string[]> {
  if (key === undefined) return ['false', 'N/A', 'N/A', 'N/A', 'N/A'];
  const { accessKeyId, status, createdAt } = key.value;
  const last = await lastUses.ofKey(accessKeyId);
  return [
    String(status === 'Active'),
    time(createdAt),
    ...(last === undefined ? ['N/A', 'N/A', 'N/A'] : [time(last.at), last.region, last.service]),
  ];
}

const time = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}+00:00`;

/** Quoted where a comma is part of it (RFC 4180); no name of IAM's holds a quote. */
const field = (text: string): string => (text.includes(',') ? `"${text}"` : text);
