/**
 * Starts and stops what is measured, pinned to a core where the machine can, and reads what it has
 * used.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Caller } from './request.ts';

export const root = join(import.meta.dirname, '..');
export const canPin = spawnSync('taskset', ['--version']).error === undefined;

export interface Program {
  readonly port: number;
  readonly caller: Caller;
  /** From starting the process to the first answer. */
  readonly startMs: number;
  /** CPU time so far, with all processes below it. */
  cpuMs(): number;
  /** Resident memory, with all processes below it; what they share is counted in each. */
  residentBytes(): number;
  stop(): Promise<void>;
}

export interface Launch {
  readonly command: readonly string[];
  readonly port: number;
  /** The core to stay on; undefined = any. */
  readonly core: number | undefined;
  readonly env?: Readonly<Record<string, string>>;
  /** Asked for until it answers with a status below 500. */
  readonly ready: string;
  readonly caller: () => Caller;
}

const running = new Set<ChildProcess>();

/** Rejects with the program's output when it ends, or doesn't serve within 60 s. */
export async function launch(options: Launch): Promise<Program> {
  const pinned = canPin && options.core !== undefined ? ['taskset', '-c', `${options.core}`] : [];
  const [command = '', ...args] = [...pinned, ...options.command];
  const beganMs = performance.now();
  const child = spawn(command, args, {
    cwd: root,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that stopping it reaches the processes that it started.
    detached: true,
  });
  running.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk) => {
      output = (output + chunk).slice(-4_000);
    });
  try {
    await serving(child, options, () => output);
  } catch (error) {
    await stop(child);
    throw error;
  }
  const startMs = performance.now() - beganMs;
  const pid = child.pid as number;
  return {
    port: options.port,
    caller: options.caller(),
    startMs,
    cpuMs: () => sum(familyOf(pid), cpuMsOf),
    residentBytes: () => sum(familyOf(pid), residentBytesOf),
    stop: () => stop(child),
  };
}

async function serving(child: ChildProcess, options: Launch, output: () => string): Promise<void> {
  const untilMs = performance.now() + 60_000;
  while (performance.now() < untilMs) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`${options.command.join(' ')} ended:\n${output()}`);
    if ((await statusOf(options.port, options.ready)) < 500) return;
    await pause(2);
  }
  throw new Error(`${options.command.join(' ')} didn't serve within 60 s:\n${output()}`);
}

/** 999 while nobody answers. */
function statusOf(port: number, path: string): Promise<number> {
  return new Promise((resolve) => {
    const request = get({ port, host: '127.0.0.1', path, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 999);
    });
    request.on('error', () => resolve(999));
  });
}

/** Asks for the end, insists after five seconds. Resolves when the process is gone. */
async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    signalGroup(child, 'SIGTERM');
    const insist = setTimeout(() => signalGroup(child, 'SIGKILL'), 5_000);
    await gone;
    clearTimeout(insist);
  }
  running.delete(child);
}

/** For the way out after a signal or a crash: no waiting. */
export function killAll(): void {
  for (const child of running) signalGroup(child, 'SIGKILL');
  running.clear();
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-(child.pid as number), signal);
  } catch {
    // It was gone already.
  }
}

export interface SealholdOptions {
  readonly data: string;
  readonly core?: number;
  readonly args?: readonly string[];
  /** Another tree of the program; this one unless told. */
  readonly root?: string;
}

export async function startSealhold(options: SealholdOptions): Promise<Program> {
  const { data, core, args = [], root: tree = root } = options;
  const port = await freePort();
  return launch({
    command: [join(tree, 'bin/sealhold'), 'start', '--port', `${port}`, '--data', data, ...args],
    port,
    core,
    ready: '/_sealhold/health',
    caller: () => readCaller(join(data, 'root-credentials')),
  });
}

export async function startBare(core?: number): Promise<Program> {
  const port = await freePort();
  return launch({
    command: [process.execPath, join(root, 'bench/bare.ts'), `${port}`],
    port,
    core,
    ready: '/100',
    caller: () => anyCaller,
  });
}

/** For servers that don't verify signatures. */
export const anyCaller: Caller = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'none' };

function readCaller(path: string): Caller {
  const text = readFileSync(path, 'utf8');
  const member = (name: string): string => {
    const value = new RegExp(`^${name}\\s*=\\s*(\\S+)`, 'm').exec(text)?.[1];
    if (value === undefined) throw new Error(`${path} has no ${name}.`);
    return value;
  };
  return {
    accessKeyId: member('aws_access_key_id'),
    secretAccessKey: member('aws_secret_access_key'),
  };
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('No port could be had.');
  return address.port;
}

/** A process and all below it. Only Linux tells; elsewhere there are none and all sums are 0. */
function familyOf(pid: number): number[] {
  const tasks = `/proc/${pid}/task`;
  if (!existsSync(tasks)) return [];
  const children = readdirSync(tasks).flatMap((task) =>
    readText(`${tasks}/${task}/children`).split(' ').filter(Boolean).map(Number),
  );
  return [pid, ...children.flatMap(familyOf)];
}

// The kernel counts in ticks of 10 ms, on every machine that Node runs on.
const tickMs = 10;

function cpuMsOf(pid: number): number {
  // The name in parentheses may hold spaces; user and system time are the 12th and 13th after it.
  const fields = readText(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * tickMs;
}

function residentBytesOf(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readText(`/proc/${pid}/status`))?.[1];
  return Number(kilobytes ?? 0) * 1024;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // The process ended between two looks.
    return '';
  }
}

function sum(pids: readonly number[], of: (pid: number) => number): number {
  return pids.reduce((total, pid) => total + of(pid), 0);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
