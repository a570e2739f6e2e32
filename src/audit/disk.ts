/**
 * The few things a lane asks of the file system, each through the thread pool. A port, so that a
 * test can let the real disk fail at a chosen step.
 */
import fs from 'node:fs';
import { promisify } from 'node:util';

export interface Disk {
  /** `create` makes an empty file of it, `append` keeps what is there. */
  open(path: string, how: 'create' | 'append'): Promise<number>;
  /** Writes all bytes or throws; what was written of them before an error stays. */
  write(fd: number, bytes: Buffer, position: number): Promise<void>;
  /** Returns once data and size are on the medium. */
  sync(fd: number): Promise<void>;
  truncate(fd: number, sizeBytes: number): Promise<void>;
  close(fd: number): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Makes the entries of a folder durable. */
  syncFolder(path: string): Promise<void>;
  /** Synchronous: it asks the kernel's memory, not the disk. */
  sizeBytes(fd: number): number;
}

const open = promisify(fs.open);
const close = promisify(fs.close);
const fsync = promisify(fs.fsync);

export const disk: Disk = {
  open: (path, how) => open(path, how === 'create' ? 'w' : 'r+', 0o600),
  write: writeAll,
  sync(fd) {
    return new Promise((resolve, reject) => {
      fs.fdatasync(fd, (error) => (error === null ? resolve() : reject(error)));
    });
  },
  truncate: promisify(fs.ftruncate),
  close,
  rename: promisify(fs.rename),
  async syncFolder(path) {
    const fd = await open(path, 'r');
    try {
      await fsync(fd);
    } finally {
      await close(fd);
    }
  },
  sizeBytes: (fd) => fs.fstatSync(fd).size,
};

/**
 * The page cache takes the bytes in microseconds; a trip through the thread pool would cost more
 * than the write. A disk that is slow shows in `sync`, which does go through the pool.
 */
async function writeAll(fd: number, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; )
    done += fs.writeSync(fd, bytes, done, bytes.length - done, position + done);
}
