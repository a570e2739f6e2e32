/**
 * `sealhold root rotate`: gives the root user a new access key and deactivates the one that signed.
 * The new key is on disk and has been used before the old one goes.
 */
import { existsSync } from 'node:fs';
import { findCredentials } from '../identity/credentials.ts';
import { callIam } from './client.ts';
import { type Command, CommandFailure, exit } from './command.ts';
import { writeRootCredentials } from './data.ts';

export const rootRotate: Command = {
  name: 'root rotate',
  summary: 'give the root user a new access key and deactivate the one in use',
  flags: [
    {
      name: 'write',
      value: 'FILE',
      help: 'where the new key goes, in the format of AWS shared credentials; must not exist yet',
    },
    { name: 'delete', help: 'delete the old key instead of deactivating it' },
  ],
  run: async (input) => {
    const file = input.flags.text('write');
    if (file === undefined)
      throw new CommandFailure('Say with --write FILE where the new key shall go.');
    if (existsSync(file)) throw new CommandFailure(`${file} exists. Name a file that doesn't.`);
    const found = findCredentials(input.env);
    if (found.kind === 'missing') throw new CommandFailure(found.text);
    const old = found.settings.accessKeyId;
    if (!part(await callIam('GetUser', {}, input), 'Arn').endsWith(':root'))
      throw new CommandFailure('These are not the credentials of a root user.');
    const made = await callIam('CreateAccessKey', {}, input);
    const as = {
      accessKeyId: part(made, 'AccessKeyId'),
      secretAccessKey: part(made, 'SecretAccessKey'),
    };
    writeRootCredentials(file, as);
    const retire = { AccessKeyId: old, Status: 'Inactive' };
    await callIam('UpdateAccessKey', retire, { env: input.env, as });
    if (input.flags.has('delete'))
      await callIam('DeleteAccessKey', { AccessKeyId: old }, { env: input.env, as });
    const what = input.flags.has('delete') ? 'deleted' : 'deactivated';
    input.out(
      input.flags.has('json')
        ? `${JSON.stringify({ AccessKeyId: as.accessKeyId, File: file, Old: { AccessKeyId: old, Is: what } })}\n`
        : `${as.accessKeyId} is the root user's key now, its secret is in ${file}. ${old} is ${what}.\n`,
    );
    return exit.done;
  },
};

/** The text of the first such element. IAM's answers nest none of these. */
function part(xml: string, name: string): string {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? '';
}
