/**
 * `sealhold accounts create` and `sealhold accounts list`: the accounts of an installation, by who
 * runs it.
 */
import { callSealhold } from './client.ts';
import { type Command, exit } from './command.ts';

export const accountsCreate: Command = {
  name: 'accounts create',
  summary: "make an account, with the credentials of the installation's first account",
  flags: [],
  run: async (input) => {
    const made = await callSealhold('CreateAccount', {}, input);
    input.out(input.flags.has('json') ? `${JSON.stringify(made)}\n` : told(made));
    return exit.done;
  },
};

/** The secret is shown here and never again. */
function told({ AccountId, AccessKeyId, SecretAccessKey }: Readonly<Record<string, unknown>>) {
  return [
    `Account ${AccountId} is made. Its root user signs with the key below; the secret is not shown again.`,
    '',
    `export AWS_ACCESS_KEY_ID=${AccessKeyId}`,
    `export AWS_SECRET_ACCESS_KEY=${SecretAccessKey}`,
    '',
  ].join('\n');
}

interface Listed {
  readonly AccountId: string;
  /** Seconds since 1970. */
  readonly CreateDate: number;
  readonly Alias?: string;
  readonly IsFirst?: boolean;
}

export const accountsList: Command = {
  name: 'accounts list',
  summary: 'list the accounts of the installation',
  flags: [],
  run: async (input) => {
    const accounts: Listed[] = [];
    let Marker: string | undefined;
    do {
      const page = await callSealhold('ListAccounts', { ...(Marker ? { Marker } : {}) }, input);
      accounts.push(...(page.Accounts as readonly Listed[]));
      Marker = page.NextMarker as string | undefined;
    } while (Marker !== undefined);
    input.out(
      input.flags.has('json')
        ? `${JSON.stringify({ Accounts: accounts })}\n`
        : accounts.map(line).join(''),
    );
    return exit.done;
  },
};

function line({ AccountId, CreateDate, Alias, IsFirst }: Listed): string {
  const made = new Date(CreateDate * 1000).toISOString().slice(0, 19);
  const notes = [Alias, IsFirst === true ? 'runs the installation' : undefined];
  return `${[AccountId, `${made}Z`, ...notes.filter((note) => note !== undefined)].join('  ')}\n`;
}
