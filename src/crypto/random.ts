/**
 * Random bytes from the system's generator, drawn in pools because each draw costs twenty times the
 * bytes.
 */
import { randomFillSync } from 'node:crypto';

const poolSizeBytes = 8192;
/** Larger requests go to the generator directly: they would only drain the pool. */
const largestPooledBytes = 512;

const pool = Buffer.allocUnsafeSlow(poolSizeBytes);
let unusedFrom = poolSizeBytes;

/**
 * Fresh bytes that nobody else gets. The caller owns the buffer and may wipe it. What is handed out
 * is wiped from the pool at once, so that a look at the memory shows no byte that was used.
 */
export function randomBytes(sizeBytes: number): Buffer {
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0) {
    throw new RangeError('randomBytes wants a whole, non-negative number of bytes');
  }
  const bytes = Buffer.allocUnsafe(sizeBytes);
  if (sizeBytes > largestPooledBytes) return randomFillSync(bytes);
  if (unusedFrom + sizeBytes > poolSizeBytes) {
    randomFillSync(pool);
    unusedFrom = 0;
  }
  // A loop, since most ask for 12 to 32 bytes: calls of copy and fill take twice as long.
  for (let i = 0; i < sizeBytes; i++) {
    bytes[i] = pool[unusedFrom + i] as number;
    pool[unusedFrom + i] = 0;
  }
  unusedFrom += sizeBytes;
  return bytes;
}
