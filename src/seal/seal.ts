/**
 * The seal: what stands between the data folder and its root key. The root key never changes;
 * changing the seal only wraps it anew, so no data is touched.
 */
import { isAbsolute, relative, resolve } from 'node:path';
import { newPasswordParameters } from '../crypto/password.ts';
import type { World } from '../world.ts';
import { removeFile } from './durable-file.ts';
import { addKeyToFile, keyFromFile, readKeyFile, writeKeyFile } from './key-file.ts';
import { SealError } from './seal-error.ts';
import {
  keyFromPassphrase,
  readSealFile,
  type SealFile,
  type SealMethod,
  sealFileOf,
  unwrapRootKey,
  wrapRootKey,
  writeSealFile,
} from './seal-file.ts';

export const defaultKeyFile = 'seal.key';

/** What is to seal the root key. */
export type SealChoice =
  /**
   * A path relative to the data folder, or absolute; default `seal.key`. A file that is there
   * already is used as it is.
   */
  | { readonly kind: 'keyfile'; readonly keyFile?: string }
  | { readonly kind: 'passphrase'; readonly passphrase: () => Promise<string> };

/** What opens a seal: a passphrase is only asked for when the folder is sealed by one. */
export interface SealOpener {
  readonly passphrase?: () => Promise<string>;
  /** Where the key file is now, when it has moved. */
  readonly keyFile?: string;
}

/**
 * `keyfile`, `passphrase`, or undefined when the folder has no seal yet. Throws SealError when
 * seal.json is damaged.
 */
export function sealKind(folder: string): 'keyfile' | 'passphrase' | undefined {
  return readSealFile(folder)?.kind;
}

/** Seals a new root key (32 bytes, returned) in a folder without one. Throws SealError. */
export async function createSeal(
  folder: string,
  options: { readonly choice: SealChoice; readonly world: World },
): Promise<Buffer> {
  if (readSealFile(folder) !== undefined) {
    throw new SealError(`${sealFileOf(folder)} exists already: the folder has a root key.`);
  }
  const rootKey = options.world.randomBytes(32);
  await sealUnder(folder, rootKey, options);
  return rootKey;
}

/**
 * The root key (32 bytes). Throws SealError when the passphrase is wrong or the key file missing
 * or another one.
 */
export async function openSeal(folder: string, opener: SealOpener = {}): Promise<Buffer> {
  const file = readSealFile(folder);
  if (file === undefined) {
    throw new SealError(`${sealFileOf(folder)} is missing. Restore it from a backup.`);
  }
  return file.kind === 'keyfile'
    ? openByKeyFile(file, opener.keyFile ?? resolve(folder, file.keyFile))
    : openByPassphrase(file, folder, opener);
}

/**
 * Seals the same root key otherwise, in one step: until then the old way opens it, from then on
 * the new one. An old key file in the folder is removed afterwards; `leftKeyFile` names one that
 * lies elsewhere and is the operator's to remove.
 */
export async function changeSeal(
  folder: string,
  options: { readonly from?: SealOpener; readonly choice: SealChoice; readonly world: World },
): Promise<{ readonly leftKeyFile: string | undefined }> {
  const rootKey = await openSeal(folder, options.from);
  const before = readSealFile(folder)!;
  const oldKeyFile = keyFileOf(folder, before, options.from);
  const newKeyFile = chosenKeyFile(folder, options.choice);
  if (oldKeyFile !== undefined && oldKeyFile === newKeyFile) {
    replaceKeyInFile(folder, rootKey, { keyFile: oldKeyFile, world: options.world });
    rootKey.fill(0);
    return { leftKeyFile: undefined };
  }
  await sealUnder(folder, rootKey, options);
  rootKey.fill(0);
  if (oldKeyFile === undefined) return { leftKeyFile: undefined };
  if (!isInside(folder, oldKeyFile)) return { leftKeyFile: oldKeyFile };
  removeFile(oldKeyFile);
  return { leftKeyFile: undefined };
}

async function sealUnder(
  folder: string,
  rootKey: Buffer,
  { choice, world }: { readonly choice: SealChoice; readonly world: World },
): Promise<void> {
  const { method, key } =
    choice.kind === 'keyfile'
      ? byKeyFile(folder, chosenKeyFile(folder, choice)!, world)
      : await byPassphrase(choice.passphrase);
  writeSealFile(folder, wrapRootKey(rootKey, { key, method, world }));
  key.fill(0);
}

function byKeyFile(folder: string, keyFile: string, world: World) {
  const key = keyFromFile(keyFile, world);
  return { method: keyFileMethod(folder, keyFile), key };
}

async function byPassphrase(passphrase: () => Promise<string>) {
  const kdf = newPasswordParameters();
  const method: SealMethod = { kind: 'passphrase', kdf };
  return { method, key: await keyFromPassphrase(await passphrase(), kdf) };
}

/**
 * The file holds both keys until the seal has changed: whenever the power fails, one of them
 * opens it.
 */
function replaceKeyInFile(
  folder: string,
  rootKey: Buffer,
  { keyFile, world }: { readonly keyFile: string; readonly world: World },
): void {
  const key = addKeyToFile(keyFile, world);
  const method = keyFileMethod(folder, keyFile);
  writeSealFile(folder, wrapRootKey(rootKey, { key, method, world }));
  writeKeyFile(keyFile, [key]);
}

function openByKeyFile(file: SealFile, keyFile: string): Buffer {
  for (const key of readKeyFile(keyFile)) {
    const rootKey = unwrapRootKey(file, key);
    key.fill(0);
    if (rootKey !== undefined) return rootKey;
  }
  throw new SealError(
    `The key file ${keyFile} is not the one that this folder was sealed with, or seal.json was altered.`,
  );
}

async function openByPassphrase(
  file: SealFile & { kind: 'passphrase' },
  folder: string,
  { passphrase }: SealOpener,
): Promise<Buffer> {
  if (passphrase === undefined) {
    throw new SealError(`${folder} is sealed with a passphrase, and none was given.`);
  }
  const key = await keyFromPassphrase(await passphrase(), file.kdf);
  const rootKey = unwrapRootKey(file, key);
  key.fill(0);
  if (rootKey !== undefined) return rootKey;
  throw new SealError(
    `The passphrase doesn't open ${sealFileOf(folder)}: it is wrong, or the file was altered.`,
  );
}

function chosenKeyFile(folder: string, choice: SealChoice): string | undefined {
  return choice.kind === 'keyfile' ? resolve(folder, choice.keyFile ?? defaultKeyFile) : undefined;
}

function keyFileOf(folder: string, file: SealFile, opener: SealOpener | undefined) {
  if (file.kind !== 'keyfile') return undefined;
  return resolve(folder, opener?.keyFile ?? file.keyFile);
}

/** Inside the folder the name is relative, so that the folder can be moved. */
function keyFileMethod(folder: string, keyFile: string): SealMethod {
  const name = isInside(folder, keyFile) ? relative(folder, keyFile) : keyFile;
  return { kind: 'keyfile', keyFile: name };
}

function isInside(folder: string, file: string): boolean {
  const path = relative(folder, file);
  return !path.startsWith('..') && !isAbsolute(path);
}
