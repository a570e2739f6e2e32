/** What a process prints, as lines, at a bounded rate: who floods waits, and costs nobody else. */
import type { Readable } from 'node:stream';

export interface OutputBounds {
  /** A longer line is cut into several. */
  readonly lineBytes: number;
  /** So much is read in each window; the rest waits in the pipe, and the process with it. */
  readonly windowBytes: number;
  readonly windowMs: number;
}

export const outputBounds: OutputBounds = {
  lineBytes: 256 * 1024,
  windowBytes: 1024 * 1024,
  windowMs: 100,
};

/** Calls `onLine` with each line, without its end, and with what is left when the output ends. */
export function readLines(
  output: Readable,
  onLine: (line: string) => void,
  bounds: OutputBounds = outputBounds,
): void {
  let parts: Buffer[] = [];
  let heldBytes = 0;
  const flush = (): void => {
    const line = Buffer.concat(parts).toString('utf8');
    parts = [];
    heldBytes = 0;
    onLine(line.endsWith('\r') ? line.slice(0, -1) : line);
  };
  const hold = (part: Buffer): void => {
    for (let at = 0; at < part.length; ) {
      const piece = part.subarray(at, at + bounds.lineBytes - heldBytes);
      parts.push(piece);
      heldBytes += piece.length;
      at += piece.length;
      if (heldBytes >= bounds.lineBytes) flush();
    }
  };
  output.on('data', (chunk: Buffer) => {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      hold(chunk.subarray(start, end));
      flush();
      start = end + 1;
    }
    hold(chunk.subarray(start));
  });
  output.on('end', () => {
    if (heldBytes > 0) flush();
  });
  output.on('error', () => undefined);
  slowDown(output, bounds);
}

function slowDown(output: Readable, { windowBytes, windowMs }: OutputBounds): void {
  let inWindow = 0;
  const next = (): void => {
    inWindow = 0;
    output.resume();
  };
  output.on('data', (chunk: Buffer) => {
    if (inWindow === 0) setTimeout(next, windowMs);
    inWindow += chunk.length;
    if (inWindow >= windowBytes) output.pause();
  });
}
