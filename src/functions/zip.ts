/**
 * Reads a zip archive (PKWARE APPNOTE 6.3) as hostile input: names stay inside the folder, sizes
 * are bounded before anything is inflated, and what inflates to more than it says is refused. No
 * encryption, no ZIP64: an archive within our bounds needs neither.
 */
import { isUtf8 } from 'node:buffer';
import { promisify } from 'node:util';
import { crc32, inflateRaw } from 'node:zlib';

export interface ZipEntry {
  /** Relative, `/`-separated, without `.` or `..`: safe to join to a folder. */
  readonly path: string;
  readonly kind: 'file' | 'folder' | 'link';
  readonly isExecutable: boolean;
  /** As the archive says; it inflates to exactly this or not at all. */
  readonly sizeBytes: number;
  readonly content: () => Promise<Buffer>;
}

/** `too-large`: what the archive says of itself is beyond the bound. */
export type ZipFault = 'unreadable' | 'too-large';

export interface ZipBounds {
  /** All entries together, inflated. */
  readonly totalBytes: number;
  readonly entries: number;
}

export class BadZip extends Error {
  override name = 'BadZip';
  readonly fault: ZipFault;

  constructor(fault: ZipFault, message: string) {
    super(message);
    this.fault = fault;
  }
}

/** Throws BadZip. Nothing is inflated yet. */
export function readZip(archive: Buffer, bounds: ZipBounds): readonly ZipEntry[] {
  const directory = findDirectory(archive);
  if (directory.count > bounds.entries)
    throw new BadZip('too-large', `${directory.count} entries are too many`);
  const entries: ZipEntry[] = [];
  const paths = new Set<string>();
  let { at } = directory;
  let totalBytes = 0;
  for (let i = 0; i < directory.count; i++) {
    const header = readHeader(archive, at);
    at = header.next;
    const entry = toEntry(archive, header);
    if (entry === undefined) continue;
    if (paths.has(entry.path)) throw unreadable(`${entry.path} stands in it twice`);
    paths.add(entry.path);
    totalBytes += entry.sizeBytes;
    if (totalBytes > bounds.totalBytes)
      throw new BadZip('too-large', `it inflates to more than ${bounds.totalBytes} bytes`);
    entries.push(entry);
  }
  return entries;
}

/** What is wrong with an archive, as far as it shows before anything is inflated. */
export function faultOf(archive: Buffer, bounds: ZipBounds): ZipFault | undefined {
  try {
    readZip(archive, bounds);
    return undefined;
  } catch (error) {
    if (error instanceof BadZip) return error.fault;
    throw error;
  }
}

const unreadable = (why: string): BadZip => new BadZip('unreadable', why);

const endSignature = 0x06054b50;
const headerSignature = 0x02014b50;
const localSignature = 0x04034b50;
const endBytes = 22;
const headerBytes = 46;
const localBytes = 30;

/** The end record is the last thing but for a comment of at most 64 KiB (§4.3.16). */
function findDirectory(archive: Buffer): { readonly at: number; readonly count: number } {
  const earliest = Math.max(0, archive.length - endBytes - 0xffff);
  for (let at = archive.length - endBytes; at >= earliest; at--) {
    if (archive.readUInt32LE(at) !== endSignature) continue;
    if (at + endBytes + archive.readUInt16LE(at + 20) !== archive.length) continue;
    return { count: archive.readUInt16LE(at + 10), at: archive.readUInt32LE(at + 16) };
  }
  throw unreadable('it has no end record');
}

interface Header {
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly packedBytes: number;
  readonly sizeBytes: number;
  readonly name: Buffer;
  readonly mode: number;
  readonly localAt: number;
  /** Where the next one begins. */
  readonly next: number;
}

/** A file header of the central directory (§4.3.12). */
function readHeader(archive: Buffer, at: number): Header {
  if (at + headerBytes > archive.length || archive.readUInt32LE(at) !== headerSignature)
    throw unreadable('its directory is broken');
  const nameEnd = at + headerBytes + archive.readUInt16LE(at + 28);
  const next = nameEnd + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  if (next > archive.length) throw unreadable('its directory is broken');
  const madeOnUnix = archive.readUInt8(at + 5) === 3;
  return {
    flags: archive.readUInt16LE(at + 8),
    method: archive.readUInt16LE(at + 10),
    crc: archive.readUInt32LE(at + 16),
    packedBytes: archive.readUInt32LE(at + 20),
    sizeBytes: archive.readUInt32LE(at + 24),
    name: archive.subarray(at + headerBytes, nameEnd),
    mode: madeOnUnix ? archive.readUInt16LE(at + 40) : 0,
    localAt: archive.readUInt32LE(at + 42),
    next,
  };
}

const fileTypeMask = 0o170000;
const linkType = 0o120000;
const encryptedFlag = 1;

/** Undefined for an entry that names the folder itself. */
function toEntry(archive: Buffer, header: Header): ZipEntry | undefined {
  const name = nameOf(header.name);
  const path = safePath(name);
  if (path === '') return undefined;
  if ((header.flags & encryptedFlag) !== 0) throw unreadable(`${path} is encrypted`);
  if (header.method !== 0 && header.method !== 8)
    throw unreadable(`${path} is packed by a method that is not Deflate`);
  const isLink = (header.mode & fileTypeMask) === linkType;
  const kind = name.endsWith('/') ? 'folder' : isLink ? 'link' : 'file';
  const { sizeBytes } = header;
  return {
    path,
    kind,
    isExecutable: (header.mode & 0o111) !== 0,
    sizeBytes: kind === 'folder' ? 0 : sizeBytes,
    content: () => contentOf(archive, header, path),
  };
}

function nameOf(bytes: Buffer): string {
  return bytes.toString(isUtf8(bytes) ? 'utf8' : 'latin1');
}

const longestPath = 1024;

function safePath(name: string): string {
  const isPlain = !name.startsWith('/') && !/[\\\0]/.test(name) && name.length <= longestPath;
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (!isPlain || parts.includes('..'))
    throw unreadable(`${JSON.stringify(name.slice(0, 200))} is no path inside a folder`);
  return parts.join('/');
}

const inflate = promisify(inflateRaw) as (
  packed: Buffer,
  options: { readonly maxOutputLength: number },
) => Promise<Buffer>;

async function contentOf(archive: Buffer, header: Header, path: string): Promise<Buffer> {
  const packed = packedOf(archive, header, path);
  // One byte more than it says would be noticed below; more than that is never made.
  const maxOutputLength = header.sizeBytes + 1;
  const content =
    header.method === 0
      ? packed
      : await inflate(packed, { maxOutputLength }).catch(() => undefined);
  if (content?.length !== header.sizeBytes || crc32(content) !== header.crc)
    throw unreadable(`${path} is not what the directory says`);
  return content;
}

/** Behind the local header, whose name and extra fields may have other lengths (§4.3.7). */
function packedOf(archive: Buffer, { localAt, packedBytes }: Header, path: string): Buffer {
  const isThere =
    localAt + localBytes <= archive.length && archive.readUInt32LE(localAt) === localSignature;
  if (!isThere) throw unreadable(`${path} is not where the directory says`);
  const lengths = archive.readUInt16LE(localAt + 26) + archive.readUInt16LE(localAt + 28);
  const start = localAt + localBytes + lengths;
  if (start + packedBytes > archive.length) throw unreadable(`${path} is cut off`);
  return archive.subarray(start, start + packedBytes);
}
