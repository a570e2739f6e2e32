/**
 * The data folder as the commands open it: locked, sealed or unsealed, and what to tell people
 * about
 * it.
 */
import { existsSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { replaceFile } from '../seal/durable-file.ts';
import { type PassphraseSources, passphraseFrom, passphraseVariable } from '../seal/passphrase.ts';
import { createSeal, defaultKeyFile, openSeal, type SealChoice, sealKind } from '../seal/seal.ts';
import { type DataFolderLock, lockDataFolder } from '../store/data-folder.ts';
import type { World } from '../world.ts';
import { type CommandInput, type Flag, type Flags, UsageError } from './command.ts';

export const defaultDataDir = './sealhold-data';

export const sealFlags: readonly Flag[] = [
  { name: 'seal-keyfile', value: 'F', help: 'where the key file lies (DATA/seal.key)' },
  {
    name: 'passphrase-file',
    value: 'F',
    help: `read the passphrase from this file (else ${passphraseVariable}, else asked on the terminal)`,
  },
];

export interface OpenFolder {
  readonly lock: DataFolderLock;
  readonly rootKey: Buffer;
  /** No database lies here yet. */
  readonly isNew: boolean;
  /** What seals it, for the message of the first start. */
  readonly seal: 'keyfile' | 'passphrase';
}

/**
 * Takes the folder's lock and opens its seal, making both on first use. Throws DataFolderInUse,
 * SealError, UsageError.
 */
export async function openFolder(
  dataDir: string,
  { flags, env }: Pick<CommandInput, 'flags' | 'env'>,
  world: World,
): Promise<OpenFolder> {
  const lock = lockDataFolder(dataDir);
  const asked = sealAsked(flags);
  const now = sealKind(dataDir);
  if (now !== undefined && asked !== undefined && asked !== now)
    throw new UsageError(
      `${dataDir} is sealed by ${now}, not ${asked}. 'sealhold seal change --to ${asked}' changes it.`,
    );
  const isNew = !existsSync(databaseOf(dataDir));
  const keyFile = flags.text('seal-keyfile');
  if (now === undefined) {
    const choice = sealChoice(asked ?? 'keyfile', { flags, env });
    return {
      lock,
      isNew,
      seal: choice.kind,
      rootKey: await createSeal(dataDir, { choice, world }),
    };
  }
  const rootKey = await openSeal(dataDir, {
    passphrase: passphraseOf(flags, env, false),
    ...(keyFile === undefined ? {} : { keyFile: resolve(keyFile) }),
  });
  return { lock, isNew, seal: now, rootKey };
}

/** `--seal keyfile|passphrase`, undefined when it wasn't given. */
function sealAsked(flags: Flags): 'keyfile' | 'passphrase' | undefined {
  const asked = flags.text('seal');
  if (asked === undefined || asked === 'keyfile' || asked === 'passphrase') return asked;
  throw new UsageError(`--seal takes 'keyfile' or 'passphrase', not '${asked}'.`);
}

/** What a new seal is to be. */
export function sealChoice(
  kind: 'keyfile' | 'passphrase',
  { flags, env }: Pick<CommandInput, 'flags' | 'env'>,
): SealChoice {
  const keyFile = flags.text('seal-keyfile');
  return kind === 'passphrase'
    ? { kind, passphrase: passphraseOf(flags, env, true) }
    : { kind, ...(keyFile === undefined ? {} : { keyFile: resolve(keyFile) }) };
}

export const databaseOf = (dataDir: string): string => join(dataDir, 'sealhold.db');

/** Dev mode's reset: the database, the trail and the dead letters go, the seal stays. */
export function eraseData(dataDir: string): void {
  for (const name of ['sealhold.db', 'sealhold.db-wal', 'sealhold.db-shm', 'trail', 'dead-letters'])
    rmSync(join(dataDir, name), { recursive: true, force: true });
}

export const rootCredentialsOf = (dataDir: string): string => join(dataDir, 'root-credentials');

/**
 * Writes a root access key as a profile of AWS's shared-credentials format, for its owner's eyes
 * only. It is on the disk when this returns.
 */
export function writeRootCredentials(
  file: string,
  key: { readonly accessKeyId: string; readonly secretAccessKey: string },
): void {
  const text = [
    '# The root access key of this installation, in the format of AWS shared credentials:',
    '#   export AWS_SHARED_CREDENTIALS_FILE=<this file>',
    '[default]',
    `aws_access_key_id = ${key.accessKeyId}`,
    `aws_secret_access_key = ${key.secretAccessKey}`,
    '',
  ].join('\n');
  replaceFile(file, text);
}

/** What the first start says of the seal: where it lies and what that means. */
export function explainSeal(
  dataDir: string,
  { flags, seal }: { flags: Flags; seal: string },
): string {
  if (seal === 'passphrase')
    return 'The root key is sealed by your passphrase. It is stored nowhere: lost passphrase, lost keys.';
  const keyFile = flags.text('seal-keyfile') ?? join(dataDir, defaultKeyFile);
  return [
    `The root key is sealed by the key file ${keyFile}.`,
    'Whoever has that file and the data folder can read every key; without it, no one can, nor can you.',
    "Keep a copy elsewhere. 'sealhold seal change --to passphrase' does without the file.",
  ].join('\n');
}

/** Where a passphrase is looked for: the environment, `--passphrase-file`, the terminal. */
function passphraseOf(
  flags: Flags,
  env: CommandInput['env'],
  isNew: boolean,
): () => Promise<string> {
  const file = flags.text('passphrase-file');
  return passphraseFrom(sources({ environment: env, isNew }, file));
}

export function sources(
  from: Omit<PassphraseSources, 'file' | 'terminal'>,
  file: string | undefined,
): PassphraseSources {
  const terminal = { input: process.stdin, output: process.stderr };
  return { ...from, terminal, ...(file === undefined ? {} : { file }) };
}
