/** Unpacked code: one folder for each archive that processes run from, below a private folder. */
import { execFile } from 'node:child_process';
import { chmod, chown, lstat, mkdir, mkdtemp, readdir, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { FunctionSpec } from './spec.ts';
import { unpack } from './unpack.ts';
import { readZip, type ZipBounds } from './zip.ts';

/** Lambda's quota for code, unpacked; no archive within it has more entries. */
export const codeBounds: ZipBounds = { totalBytes: 262_144_000, entries: 65_535 };

const namePrefix = 'sealhold-functions-';

export interface CodeStore {
  /** The folder with the function's code. Rejects with BadZip. */
  readonly folderOf: (spec: FunctionSpec) => Promise<string>;
  /** A new folder that one process may write to. */
  readonly scratch: () => Promise<string>;
  readonly discard: (scratchDir: string) => Promise<void>;
  /** Takes away the code that isn't used any more. */
  readonly tidy: (isUsed: (codeId: string) => boolean) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** `uid`: whose processes must be able to use it; undefined: this server's. */
export async function openCodeStore(uid: number | undefined): Promise<CodeStore> {
  await sweepLeftovers();
  const root = await mkdtemp(join(tmpdir(), `${namePrefix}${process.pid}-`));
  // Others may pass through to what is theirs, and change nothing here.
  if (uid !== undefined) await chmod(root, 0o711);
  const folders = new Map<string, Promise<string>>();
  let count = 0;
  let unpacking: Promise<unknown> = Promise.resolve();
  return {
    folderOf: (spec) => {
      const known = folders.get(spec.codeId);
      if (known !== undefined) return known;
      const folder = join(root, `code-${++count}`);
      // One at a time: what is unpacked stands in memory.
      const made = unpacking.then(() => unpackInto(folder, spec));
      unpacking = made.catch(() => undefined);
      folders.set(spec.codeId, made);
      // What could not be unpacked is tried again the next time.
      made.catch(() => folders.delete(spec.codeId));
      return made;
    },
    scratch: async () => {
      const folder = await mkdtemp(join(root, 'scratch-'));
      if (uid !== undefined) await chown(folder, uid, uid);
      return folder;
    },
    discard: (scratchDir) => removeFor(uid, scratchDir),
    tidy: async (isUsed) => {
      const unused = [...folders].filter(([codeId]) => !isUsed(codeId));
      // From here on whoever needs it unpacks it anew.
      for (const [codeId] of unused) folders.delete(codeId);
      for (const [, folder] of unused) await rm(await folder, { recursive: true, force: true });
    },
    close: () => rm(root, { recursive: true, force: true }),
  };
}

/**
 * As the user whose processes have made what is in it: another of them could put a link in the way
 * of one who may delete more.
 */
async function removeFor(uid: number | undefined, folder: string): Promise<void> {
  if (uid === undefined) {
    await rm(folder, { recursive: true, force: true });
    return;
  }
  const as = { uid, gid: uid, env: {} };
  // The folder itself stands where that user may not write: it is left, empty.
  await promisify(execFile)('/bin/rm', ['-rf', '--', folder], as).catch(() => undefined);
  await rmdir(folder);
}

async function unpackInto(folder: string, { code }: FunctionSpec): Promise<string> {
  try {
    await mkdir(folder, { mode: 0o755 });
    await unpack(readZip(await code(), codeBounds), folder);
    return folder;
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** What servers that were killed have left in the folder for temporary files. */
async function sweepLeftovers(): Promise<void> {
  const names = await readdir(tmpdir()).catch(() => []);
  for (const name of names) {
    const pid = new RegExp(`^${namePrefix}(\\d{1,10})-`).exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    // One that belongs to another user stays.
    await removeLeftover(join(tmpdir(), name)).catch(() => undefined);
  }
}

async function removeLeftover(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    const { uid } = await lstat(join(root, name));
    if (uid !== process.getuid?.()) await removeFor(uid, join(root, name));
  }
  await rm(root, { recursive: true, force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
