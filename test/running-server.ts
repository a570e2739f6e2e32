/**
 * Starts the real server through `bin/sealhold` on a free port and a fresh folder, as a user
 * would.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const sealhold = join(import.meta.dirname, '..', 'bin', 'sealhold');

export interface RunningServer {
  readonly endpoint: string;
  readonly port: number;
  readonly process: ChildProcess;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly output: () => string;
  /** Sends the signal and resolves with the exit code, or the signal's name. */
  stop(signal?: NodeJS.Signals): Promise<number | string>;
}

export interface StartOptions {
  readonly mode: 'start' | 'dev';
  /** The data folder; in `start` mode required. */
  readonly data?: string;
  readonly port?: number;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export function freshFolder(): string {
  return mkdtempSync(join(tmpdir(), 'sealhold-test-'));
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/**
 * Resolves once health answers; rejects with the server's output when it ends before that or takes
 * over 20
 * s.
 */
export async function startServer(options: StartOptions): Promise<RunningServer> {
  const port = options.port ?? (await freePort());
  const data = options.data === undefined ? [] : ['--data', options.data];
  const child = spawn(
    sealhold,
    [options.mode, '--port', String(port), ...data, ...(options.args ?? [])],
    { env: { ...process.env, ...options.env }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output += chunk;
  });
  const ended = new Promise<number | string>((resolve) =>
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 'unknown')),
  );
  const scheme = options.args?.includes('--tls-cert') ? 'https' : 'http';
  const endpoint = `${scheme}://127.0.0.1:${port}`;
  await healthy(endpoint, ended, () => output);
  return {
    endpoint,
    port,
    process: child,
    output: () => output,
    ...credentialsOf(options),
    stop: async (signal = 'SIGTERM') => {
      child.kill(signal);
      return ended;
    },
  };
}

async function healthy(
  endpoint: string,
  ended: Promise<number | string>,
  output: () => string,
): Promise<void> {
  let over: number | string | undefined;
  void ended.then((how) => {
    over = how;
  });
  for (let tries = 0; tries < 1_000; tries++) {
    if (over !== undefined)
      throw new Error(`The server ended (${over}) before it served:\n${output()}`);
    const answer = await fetch(`${endpoint}/_sealhold/health`).catch(() => undefined);
    if (answer?.status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`The server did not serve within 20 s:\n${output()}`);
}

function credentialsOf(options: StartOptions): { accessKeyId: string; secretAccessKey: string } {
  if (options.mode === 'dev' || options.data === undefined)
    return { accessKeyId: 'test', secretAccessKey: 'test' };
  return readRootCredentials(options.data);
}

/** The profile `[default]` that the first start wrote. */
export function readRootCredentials(data: string): {
  accessKeyId: string;
  secretAccessKey: string;
} {
  const text = readFileSync(join(data, 'root-credentials'), 'utf8');
  const member = (name: string): string => {
    const found = new RegExp(`^${name}\\s*=\\s*(\\S+)$`, 'm').exec(text)?.[1];
    if (found === undefined) throw new Error(`${name} is not in root-credentials`);
    return found;
  };
  return {
    accessKeyId: member('aws_access_key_id'),
    secretAccessKey: member('aws_secret_access_key'),
  };
}
