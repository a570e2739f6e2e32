/** The log of one process: what it prints, and what is printed about it, within bounds. */

export interface LogEvent {
  /** ms since 1970, by the product's clock. */
  readonly at: number;
  readonly message: string;
}

/** Where the events of a function's processes go. Must not throw. */
export interface LogSink {
  readonly append: (place: LogPlace, events: readonly LogEvent[]) => void;
}

export interface LogPlace {
  /** The function's, from which account and Region are known. */
  readonly functionArn: string;
  readonly group: string;
  /** One a process. */
  readonly stream: string;
}

/** What a process may log from one invocation to the next; the rest is dropped, which is said. */
const keptBytes = 1024 * 1024;
/** Lambda gives back so much of an invocation's log. */
const tailBytes = 4 * 1024;
const heldEvents = 256;

export class InvocationLog {
  readonly #place: LogPlace;
  readonly #sink: LogSink;
  readonly #now: () => number;
  #events: LogEvent[] = [];
  #sizeBytes = 0;
  #dropped = 0;
  #tail: string[] = [];
  #tailBytes = 0;

  constructor(place: LogPlace, ports: { readonly sink: LogSink; readonly now: () => number }) {
    this.#place = place;
    this.#sink = ports.sink;
    this.#now = ports.now;
  }

  /** What the process printed. */
  print(line: string): void {
    this.#sizeBytes += line.length + 1;
    if (this.#sizeBytes <= keptBytes) this.note(line);
    else this.#dropped++;
  }

  /** What is said about it; never dropped. */
  note(line: string): void {
    this.#events.push({ at: this.#now(), message: line });
    this.#tail.push(`${line}\n`);
    this.#tailBytes += Buffer.byteLength(line) + 1;
    while (this.#tail.length > 1 && this.#tailBytes - byteLength(this.#tail[0]) >= tailBytes)
      this.#tailBytes -= byteLength(this.#tail.shift());
    if (this.#events.length >= heldEvents) this.flush();
  }

  /** A new invocation begins: a new allowance and an empty tail. */
  begin(): void {
    this.#sizeBytes = 0;
    this.#tail = [];
    this.#tailBytes = 0;
  }

  /** The last 4 KiB since the invocation began. */
  tail(): string {
    return Buffer.from(this.#tail.join('')).subarray(-tailBytes).toString('utf8');
  }

  flush(): void {
    if (this.#dropped > 0) {
      const message = `[${this.#dropped} more lines were dropped: an invocation may log ${keptBytes} bytes]`;
      this.#events.push({ at: this.#now(), message });
      this.#dropped = 0;
    }
    if (this.#events.length === 0) return;
    this.#sink.append(this.#place, this.#events);
    this.#events = [];
  }
}

const byteLength = (text: string | undefined): number => Buffer.byteLength(text ?? '');
