/**
 * The key file: 32 random bytes in base64 below a comment. While the key is being changed it
 * holds the next one, too.
 */
import { chmodSync } from 'node:fs';
import type { World } from '../world.ts';
import { readIfThere, replaceFile } from './durable-file.ts';
import { SealError } from './seal-error.ts';

const keyBytes = 32;
const comment = [
  '# The key of a Sealhold data folder. Who has both can read every key and secret in it;',
  '# who has lost this file has lost them all. Keep a copy, apart from the copies of the data.',
];

/**
 * All keys in the file, the newest first. Throws SealError when it is missing or not a key file.
 */
export function readKeyFile(file: string): readonly Buffer[] {
  const text = readOrExplain(file);
  if (text === undefined) {
    throw new SealError(
      `The key file ${file} is missing. Put it back from your copy; without it the data can't be read.`,
    );
  }
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const keys = lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => Buffer.from(line, 'base64'));
  if (keys.length === 0 || keys.some((key) => key.length !== keyBytes)) {
    throw new SealError(`${file} is not a key file: it must hold 32 bytes in base64.`);
  }
  return keys;
}

/**
 * The newest key of a file that may be there already (mounted from a secret store); else of a
 * new one.
 */
export function keyFromFile(file: string, world: World): Buffer {
  if (readOrExplain(file) !== undefined) return readKeyFile(file)[0]!;
  const key = world.randomBytes(keyBytes);
  writeKeyFile(file, [key]);
  return key;
}

/**
 * A fresh key before those that are in the file, which go on opening until `writeKeyFile` leaves
 * them out.
 */
export function addKeyToFile(file: string, world: World): Buffer {
  const key = world.randomBytes(keyBytes);
  writeKeyFile(file, [key, ...readKeyFile(file)]);
  return key;
}

export function writeKeyFile(file: string, keys: readonly Buffer[]): void {
  try {
    replaceFile(file, [...comment, ...keys.map((key) => key.toString('base64')), ''].join('\n'));
    chmodSync(file, 0o600);
  } catch (error) {
    throw new SealError(`The key file ${file} can't be written: ${textOf(error)}.`);
  }
}

function readOrExplain(file: string): string | undefined {
  try {
    return readIfThere(file);
  } catch (error) {
    throw new SealError(`The key file ${file} can't be read: ${textOf(error)}.`);
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
