/** Makes zip archives, honest ones and such that lie about what they hold. */
import { crc32, deflateRawSync } from 'node:zlib';

export interface ZipFile {
  readonly name: string;
  readonly content: string | Buffer;
  /** Not packed. */
  readonly stored?: boolean;
  /** Unix mode with file type; `0o100644` unless told. */
  readonly mode?: number;
  /** What the directory says where it isn't true. */
  readonly claims?: {
    readonly sizeBytes?: number;
    readonly crc?: number;
    readonly flags?: number;
    readonly method?: number;
  };
}

export function zipOf(files: readonly ZipFile[]): Buffer {
  const locals: Buffer[] = [];
  const headers: Buffer[] = [];
  let at = 0;
  for (const file of files) {
    const { local, header } = partsOf(file, at);
    locals.push(local);
    headers.push(header);
    at += local.length;
  }
  const directory = Buffer.concat(headers);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...locals, directory, end]);
}

function partsOf(file: ZipFile, at: number): { local: Buffer; header: Buffer } {
  const { claims = {} } = file;
  const name = Buffer.from(file.name);
  const content = Buffer.from(file.content);
  const packed = file.stored === true ? content : deflateRawSync(content);
  const common = Buffer.alloc(26);
  common.writeUInt16LE(20, 0);
  common.writeUInt16LE(claims.flags ?? 0, 2);
  common.writeUInt16LE(claims.method ?? (file.stored === true ? 0 : 8), 4);
  common.writeUInt32LE(claims.crc ?? crc32(content), 10);
  common.writeUInt32LE(packed.length, 14);
  common.writeUInt32LE(claims.sizeBytes ?? content.length, 18);
  common.writeUInt16LE(name.length, 22);
  const signature = Buffer.from([0x50, 0x4b, 3, 4]);
  const local = Buffer.concat([signature, common, name, packed]);
  const rest = Buffer.alloc(14);
  rest.writeUInt16LE((file.mode ?? 0o100644) & 0xffff, 8);
  rest.writeUInt32LE(at, 10);
  const madeOnUnix = Buffer.from([0x50, 0x4b, 1, 2, 20, 3]);
  return { local, header: Buffer.concat([madeOnUnix, common, rest, name]) };
}
