/** What a server says when it serves: for people in words, with --json for scripts. */
import { existsSync } from 'node:fs';
import type { AccessKeyRecord } from '../services/iam/records.ts';
import type { Flags } from './command.ts';
import { explainSeal, rootCredentialsOf } from './data.ts';

export interface Started {
  readonly endpoint: string;
  readonly dataDir: string;
  readonly seal: 'keyfile' | 'passphrase';
  /** The root access key that this start made; undefined when an earlier one did. */
  readonly made: AccessKeyRecord | undefined;
}

export function strictWelcome(started: Started, flags: Flags): string {
  if (flags.has('json')) return `${JSON.stringify(startedMembers(started))}\n`;
  const { endpoint, dataDir, made } = started;
  const lines = [`Sealhold serves on ${endpoint}, data in ${dataDir}.`, ''];
  if (made === undefined) return [...lines, ...whereTheKeyIs(started), ''].join('\n');
  return [
    ...lines,
    `This is the first start: account ${made.account} and its root access key were made.`,
    `The key is also in ${rootCredentialsOf(dataDir)}, readable by you only. Paste these:`,
    '',
    `export AWS_ENDPOINT_URL=${endpoint}`,
    `export AWS_ACCESS_KEY_ID=${made.accessKeyId}`,
    `export AWS_SECRET_ACCESS_KEY=${made.secretAccessKey}`,
    '',
    explainSeal(dataDir, { flags, seal: started.seal }),
    '',
  ].join('\n');
}

function startedMembers({ made, ...started }: Started): object {
  if (made === undefined) return started;
  const { account, accessKeyId, secretAccessKey } = made;
  return { ...started, account, accessKeyId, secretAccessKey };
}

function whereTheKeyIs({ endpoint, dataDir }: Started): readonly string[] {
  const file = rootCredentialsOf(dataDir);
  return !existsSync(file)
    ? [`The root access key is no longer in ${file}; use the copy that you keep.`]
    : [
        `The root access key is in ${file}:`,
        `  export AWS_ENDPOINT_URL=${endpoint} AWS_SHARED_CREDENTIALS_FILE=${file}`,
      ];
}

export function devWelcome(
  { endpoint, dataDir }: { readonly endpoint: string; readonly dataDir: string | undefined },
  flags: Flags,
): string {
  if (flags.has('json')) return `${JSON.stringify({ endpoint, dataDir: dataDir ?? null })}\n`;
  return [
    `Sealhold dev mode on ${endpoint}: any access key gets in. For tests only.`,
    dataDir === undefined
      ? 'State is in memory and ends with this process.'
      : `State is in ${dataDir}.`,
    '',
    `export AWS_ENDPOINT_URL=${endpoint}`,
    'export AWS_ACCESS_KEY_ID=test',
    'export AWS_SECRET_ACCESS_KEY=test',
    '',
  ].join('\n');
}
