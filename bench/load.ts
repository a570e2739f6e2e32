/**
 * The load generator, a process of its own on a core of its own: takes jobs from its parent,
 * answers each with what it measured. It signs once a second, not once a request, and prepares all
 * bytes ahead.
 */
import { type Caller, type Prepared, toBytes } from './request.ts';
import { type Answer, Connection } from './socket.ts';

export interface Job {
  readonly id: number;
  readonly port: number;
  readonly caller: Caller;
  readonly connections: number;
  /** Sent in turn. */
  readonly requests: readonly Prepared[];
  /** Answers of this long are thrown away first. */
  readonly warmMs: number;
  readonly measureMs: number;
  /** Ends the job earlier. */
  readonly maxAnswers?: number;
}

export interface Measured {
  readonly id: number;
  readonly answers: number;
  /** With those thrown away while warming up. */
  readonly allAnswers: number;
  /** Not 200, or the connection broke. They are in no other figure. */
  readonly failures: number;
  readonly firstFailure: string | undefined;
  readonly elapsedMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** CPU time of this process, to see that it isn't the bottleneck. */
  readonly ownCpuMs: number;
  /** Bytes of the last answer's body. */
  readonly answerBytes: number;
}

const maxSamples = 4_000_000;

class Run {
  readonly #job: Job;
  readonly #connections: Connection[] = [];
  readonly #latencies: number[] = [];
  #signed: Buffer[] = [];
  #next = 0;
  #warmAnswers = 0;
  #failures = 0;
  #firstFailure: string | undefined;
  #answerBytes = 0;
  #measuring = false;
  #over = false;

  constructor(job: Job) {
    this.#job = job;
  }

  async measure(): Promise<Measured> {
    const { connections, warmMs, measureMs } = this.#job;
    this.#sign();
    const signing = setInterval(() => this.#sign(), 1_000);
    let finish = (): void => {};
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    for (let i = 0; i < connections; i++) this.#open(finish);
    await pause(warmMs);
    this.#warmAnswers = this.#latencies.length;
    this.#latencies.length = 0;
    this.#measuring = true;
    const [startMs, startCpu] = [performance.now(), process.cpuUsage()];
    const deadline = setTimeout(finish, measureMs);
    await finished;
    const elapsedMs = performance.now() - startMs;
    const cpu = process.cpuUsage(startCpu);
    this.#over = true;
    clearTimeout(deadline);
    clearInterval(signing);
    for (const connection of this.#connections) connection.close();
    return this.#result(elapsedMs, (cpu.user + cpu.system) / 1_000);
  }

  #open(finish: () => void): void {
    let sentMs = 0;
    const send = (): void => {
      sentMs = performance.now();
      connection.send(this.#signed[this.#next++ % this.#signed.length] as Buffer);
    };
    const onAnswer = (answer: Answer): void => {
      if (this.#over) return;
      this.#record(answer, performance.now() - sentMs);
      const { maxAnswers } = this.#job;
      if (this.#measuring && maxAnswers !== undefined && this.#latencies.length >= maxAnswers)
        finish();
      else send();
    };
    const connection = new Connection(this.#job.port, onAnswer, (error) => {
      if (this.#over) return;
      this.#fail(`The connection ended: ${error?.message ?? 'closed by the server'}.`);
      finish();
    });
    this.#connections.push(connection);
    send();
  }

  #record(answer: Answer, latencyMs: number): void {
    if (answer.status !== 200) {
      this.#fail(answer.bytes.toString('utf8').slice(0, 500));
      return;
    }
    this.#answerBytes = answer.sizeBytes;
    if (this.#latencies.length < maxSamples) this.#latencies.push(latencyMs);
  }

  #fail(text: string): void {
    this.#failures++;
    this.#firstFailure ??= text;
  }

  #sign(): void {
    const { requests, port, caller } = this.#job;
    const nowMs = Date.now();
    this.#signed = requests.map((request) => toBytes(request, port, caller, nowMs));
  }

  #result(elapsedMs: number, ownCpuMs: number): Measured {
    const sorted = Float64Array.from(this.#latencies).sort();
    const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
    return {
      id: this.#job.id,
      answers: sorted.length,
      allAnswers: sorted.length + this.#warmAnswers,
      failures: this.#failures,
      firstFailure: this.#firstFailure,
      elapsedMs,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      maxMs: at(1),
      ownCpuMs,
      answerBytes: this.#answerBytes,
    };
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

process.on('message', (job: Job) => {
  void new Run(job).measure().then((measured) => process.send?.(measured));
});
process.on('disconnect', () => process.exit(0));
