/** Writes a zip archive's files into an empty folder that only we write to. */
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BadZip, type ZipEntry } from './zip.ts';

/**
 * Throws BadZip. Links are made last, when every folder is there and nothing else is written: no
 * entry can go through one. Files may be read and, where the archive says so, run by everyone.
 */
export async function unpack(entries: readonly ZipEntry[], folder: string): Promise<void> {
  for (const entry of entries) {
    const { kind, path } = entry;
    const place = join(folder, kind === 'folder' ? path : dirname(path));
    await inPlace(entry, () => mkdir(place, { recursive: true, mode: 0o755 }));
  }
  for (const entry of entries) if (entry.kind === 'file') await unpackFile(entry, folder);
  for (const entry of entries) if (entry.kind === 'link') await unpackLink(entry, folder);
}

async function unpackFile(entry: ZipEntry, folder: string): Promise<void> {
  const file = join(folder, entry.path);
  const mode = entry.isExecutable ? 0o755 : 0o644;
  const content = await entry.content();
  await inPlace(entry, async () => {
    await writeFile(file, content, { flag: 'wx' });
    await chmod(file, mode);
  });
}

async function unpackLink(entry: ZipEntry, folder: string): Promise<void> {
  const target = (await entry.content()).toString('utf8');
  if (!staysInside(entry.path, target))
    throw new BadZip('unreadable', `${entry.path} leads out of its folder`);
  const file = join(folder, entry.path);
  await inPlace(entry, () => symlink(target, file));
}

/** By its text: a link that goes up no further than it is deep. Nothing of ours follows it. */
function staysInside(path: string, target: string): boolean {
  if (target === '' || target.startsWith('/') || target.includes('\0')) return false;
  let depth = path.split('/').length - 1;
  for (const part of target.split('/')) {
    if (part === '..') depth--;
    else if (part !== '' && part !== '.') depth++;
    if (depth < 0) return false;
  }
  return true;
}

/** A file where another entry needs a folder is the archive's fault; a full disk is not. */
async function inPlace(entry: ZipEntry, write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (['EEXIST', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG', 'EINVAL'].includes(String(code)))
      throw new BadZip('unreadable', `${entry.path} can't stand where it should`);
    throw error;
  }
}
