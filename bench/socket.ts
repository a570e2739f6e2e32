/**
 * The client end of one keep-alive connection, one request under way at a time. It reads of an
 * answer only what measuring needs, so that it stays far cheaper than any server it measures.
 */
import { connect, type Socket } from 'node:net';

export interface Answer {
  readonly status: number;
  readonly sizeBytes: number;
  /** Head and body as they came. Valid until the next answer only. */
  readonly bytes: Buffer;
}

const headEnd = Buffer.from('\r\n\r\n');
const lengthName = /\r\ncontent-length: *(\d+)/i;

export class Connection {
  #pending: Buffer | undefined;
  #expected = -1;
  #headBytes = 0;
  readonly #socket: Socket;
  readonly #onAnswer: (answer: Answer) => void;

  constructor(
    port: number,
    onAnswer: (answer: Answer) => void,
    onEnd: (error: Error | undefined) => void,
  ) {
    this.#onAnswer = onAnswer;
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let failure: Error | undefined;
    this.#socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    this.#socket.on('error', (error) => {
      failure = error;
    });
    this.#socket.on('close', () => onEnd(failure));
  }

  send(request: Buffer): void {
    this.#socket.write(request);
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    const bytes = this.#pending === undefined ? chunk : Buffer.concat([this.#pending, chunk]);
    if (this.#expected < 0) this.#readHead(bytes);
    if (this.#expected < 0 || bytes.length < this.#expected) {
      this.#pending = bytes;
      return;
    }
    const sizeBytes = this.#expected - this.#headBytes;
    this.#pending = undefined;
    this.#expected = -1;
    // "HTTP/1.1 200": the status stands at a fixed place.
    const status = Number(bytes.toString('latin1', 9, 12));
    this.#onAnswer({ status, sizeBytes, bytes });
  }

  #readHead(bytes: Buffer): void {
    const end = bytes.indexOf(headEnd);
    if (end < 0) return;
    const length = lengthName.exec(bytes.toString('latin1', 0, end))?.[1];
    if (length === undefined) {
      this.#socket.destroy(new Error('An answer without Content-Length.'));
      return;
    }
    this.#headBytes = end + headEnd.length;
    this.#expected = this.#headBytes + Number(length);
  }
}
