/**
 * What a claim is, what it gets to measure with and what it reports. One file of this folder makes
 * one claim.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Job, Measured } from './load.ts';
import { canPin, type Program, root } from './program.ts';
import { type Prepared, prepare, type Service, toBytes } from './request.ts';
import { Connection } from './socket.ts';

export interface Claim {
  /** Word for the command line: `bench --only hot-path`. */
  readonly name: string;
  /** The claim, as a sentence. */
  readonly says: string;
  measure(bench: Bench): Promise<Row[]>;
}

/** One line of the report. */
export interface Row {
  readonly what: string;
  readonly value: number;
  readonly unit: 'per s' | 'µs' | 'ms' | 'MB' | '×' | 'keys' | 'parameters' | '';
  /** What it is to be compared with, and the value as a share of that. */
  readonly against?: { readonly what: string; readonly value: number };
  readonly note?: string;
}

export interface Bench {
  readonly quick: boolean;
  /** How often scenarios that are compared take turns. */
  readonly rounds: number;
  readonly measureMs: number;
  /** Of the time that the whole run may take. */
  leftMs(): number;
  readonly load: Load;
  /** A fresh folder on the disk that is measured. It goes away at the end. */
  folder(name: string): string;
}

export interface BenchOptions {
  readonly quick: boolean;
  readonly parent: string;
}

export interface OpenBench extends Bench {
  close(): void;
}

export function openBench({ quick, parent }: BenchOptions): OpenBench {
  const base = mkdtempSync(join(parent, 'sealhold-bench-'));
  const load = new Load();
  const beganMs = performance.now();
  return {
    quick,
    rounds: quick ? 2 : 5,
    measureMs: quick ? 500 : 1_500,
    leftMs: () => (quick ? 55_000 : 220_000) - (performance.now() - beganMs),
    load,
    folder: (name) => mkdtempSync(join(base, `${name}-`)),
    close() {
      load.close();
      rmSync(base, { recursive: true, force: true });
    },
  };
}

/**
 * The load generator's process. Jobs run side by side; what is measured doesn't share a core with
 * it.
 */
export class Load {
  readonly #process: ChildProcess = startLoad();
  readonly #waiting = new Map<number, (measured: Measured) => void>();
  #jobs = 0;
  #ended = false;

  constructor() {
    this.#process.on('message', (measured: Measured) => {
      this.#waiting.get(measured.id)?.(measured);
      this.#waiting.delete(measured.id);
    });
    this.#process.once('exit', (code) => {
      if (this.#ended) return;
      console.error(`The load generator ended by itself (${code}).`);
      process.exit(1);
    });
  }

  /** Throws when a request was refused: figures of failures say nothing. */
  async run(job: Omit<Job, 'id'>): Promise<Measured> {
    const id = ++this.#jobs;
    const measured = await new Promise<Measured>((resolve) => {
      this.#waiting.set(id, resolve);
      this.#process.send({ ...job, id });
    });
    if (measured.failures > 0) {
      const operation = job.requests[0]?.operation;
      throw new Error(`${operation}: ${measured.failures} failures. ${measured.firstFailure}`);
    }
    return measured;
  }

  close(): void {
    this.#ended = true;
    this.#process.kill('SIGKILL');
  }
}

function startLoad(): ChildProcess {
  const script = join(root, 'bench/load.ts');
  const stdio = ['ignore', 'inherit', 'inherit', 'ipc'] as const;
  if (!canPin) return fork(script, { stdio: [...stdio] });
  const args = ['-c', '1', process.execPath, script];
  return spawn('taskset', args, { stdio: [...stdio], serialization: 'json' });
}

/**
 * Answers a second, and the server's CPU time for each: the second is steady even on a busy
 * machine.
 */
export interface Rate {
  readonly perSecond: number;
  readonly cpuUs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface RateOptions {
  /** Sent in turn. */
  readonly requests: readonly Prepared[];
  readonly connections?: number;
  readonly measureMs?: number;
}

export async function rateOf(bench: Bench, program: Program, options: RateOptions): Promise<Rate> {
  const { requests, connections = 32, measureMs = bench.measureMs } = options;
  const { port, caller } = program;
  const cpuBeforeMs = program.cpuMs();
  const job = { port, caller, connections, requests, warmMs: settleMs, measureMs };
  const measured = await bench.load.run(job);
  return {
    perSecond: (measured.answers * 1_000) / measured.elapsedMs,
    cpuUs: ((program.cpuMs() - cpuBeforeMs) * 1_000) / measured.allAnswers,
    p50Ms: measured.p50Ms,
    p99Ms: measured.p99Ms,
  };
}

// Opening the connections is no part of what is measured.
const settleMs = 100;

/** Lets the program compile what is about to be measured. */
export async function warm(bench: Bench, program: Program, request: Prepared): Promise<void> {
  await rateOf(bench, program, { requests: [request], measureMs: bench.quick ? 1_000 : 2_000 });
}

/** The size of one answer's body. */
export async function answerBytesOf(
  bench: Bench,
  { port, caller }: Program,
  request: Prepared,
): Promise<number> {
  const job = { port, caller, connections: 1, requests: [request], warmMs: 0, measureMs: 5_000 };
  return (await bench.load.run({ ...job, maxAnswers: 1 })).answerBytes;
}

/**
 * Runs the measurements in turn, round after round, so that a slow minute hits all of them alike.
 * Returns each one's median.
 */
export async function interleave(
  rounds: number,
  measurements: readonly (() => Promise<Rate>)[],
): Promise<Rate[]> {
  const all = measurements.map((): Rate[] => []);
  for (let round = 0; round < rounds; round++)
    for (const [index, measure] of measurements.entries()) all[index]?.push(await measure());
  return all.map((rates) => ({
    perSecond: median(rates.map((r) => r.perSecond)),
    cpuUs: median(rates.map((r) => r.cpuUs)),
    p50Ms: median(rates.map((r) => r.p50Ms)),
    p99Ms: median(rates.map((r) => r.p99Ms)),
  }));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle] ?? Number.NaN;
  return ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

/**
 * One call, for setting up and for checking that what is measured does what it should. Throws for
 * an error answer.
 */
export function call<Output>(
  program: Program,
  operation: string,
  input: object,
  service: Service = 'kms',
): Promise<Output> {
  const request = prepare(operation, input, { service });
  const bytes = toBytes(request, program.port, program.caller, Date.now());
  return new Promise((resolve, reject) => {
    const connection = new Connection(
      program.port,
      ({ status, bytes: answer }) => {
        const text = answer.toString('utf8');
        const body = text.slice(text.indexOf('\r\n\r\n') + 4);
        connection.close();
        if (status === 200) resolve((body === '' ? {} : JSON.parse(body)) as Output);
        else reject(new Error(`${operation} was answered ${status}: ${body}`));
      },
      (error) => reject(error ?? new Error(`${operation} was not answered.`)),
    );
    connection.send(bytes);
  });
}

export async function createKey(program: Program, input: object = {}): Promise<string> {
  const { KeyMetadata } = await call<{ KeyMetadata: { KeyId: string } }>(
    program,
    'CreateKey',
    input,
  );
  return KeyMetadata.KeyId;
}
