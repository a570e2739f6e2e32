/** Unpacked code: one folder for each archive that processes run from, below a private folder. */
import { chown, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
  if (uid !== undefined) await chown(root, uid, uid);
  const folders = new Map<string, Promise<string>>();
  let count = 0;
  return {
    folderOf: (spec) => {
      const known = folders.get(spec.codeId);
      if (known !== undefined) return known;
      const made = unpackInto(join(root, `code-${++count}`), spec);
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
    discard: (scratchDir) => rm(scratchDir, { recursive: true, force: true }),
    tidy: async (isUsed) => {
      const unused = [...folders].filter(([codeId]) => !isUsed(codeId));
      // From here on whoever needs it unpacks it anew.
      for (const [codeId] of unused) folders.delete(codeId);
      for (const [, folder] of unused) await rm(await folder, { recursive: true, force: true });
    },
    close: () => rm(root, { recursive: true, force: true }),
  };
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
    await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => undefined);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
