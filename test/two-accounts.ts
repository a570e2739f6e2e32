/** Two accounts on a strict server, made by `sealhold accounts create`. */
import { runCommand } from './command.ts';
import type { Credentials } from './identities.ts';

export interface Account {
  /** Twelve digits. */
  readonly account: string;
  readonly root: Credentials;
}

export function newAccount(operator: Credentials): Account {
  const { stdout, stderr } = runCommand(['accounts', 'create', '--json'], operator);
  if (stdout === '') throw new Error(stderr);
  const { AccountId, AccessKeyId, SecretAccessKey } = JSON.parse(stdout);
  const { endpoint } = operator;
  const root = { endpoint, accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey };
  return { account: String(AccountId), root };
}
