/** Starts `sealhold xks` as an operator would, in front of a running server. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { freePort, type RunningServer, sealhold } from './running-server.ts';

export interface RunningProxy {
  /** `http://127.0.0.1:…`, without TLS. */
  readonly address: string;
  readonly port: number;
  readonly path: string;
  readonly credential: { readonly AccessKeyId: string; readonly RawSecretAccessKey: string };
  readonly process: ChildProcess;
  readonly output: () => string;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export interface ProxyOptions {
  /** The server whose keys it serves. */
  readonly kms: Pick<RunningServer, 'endpoint' | 'accessKeyId' | 'secretAccessKey'>;
  readonly keys: readonly string[];
  /** Where its configuration lies, or is made. */
  readonly folder: string;
  readonly port?: number;
  readonly args?: readonly string[];
}

/** Resolves once it answers; rejects with its output when it ends before that. */
export async function startProxy(options: ProxyOptions): Promise<RunningProxy> {
  const port = options.port ?? (await freePort());
  const file = join(options.folder, 'xks-proxy.json');
  const given = ['--port', String(port), '--keys', options.keys.join(','), '--configuration', file];
  // Two noisy cores: the time that a real proxy has would make a test of other things fail.
  const args = ['xks', ...given, '--kms-timeout', '5000', ...(options.args ?? [])];
  const child = spawn(sealhold, args, {
    env: {
      PATH: process.env.PATH,
      AWS_ENDPOINT_URL: options.kms.endpoint,
      AWS_ACCESS_KEY_ID: options.kms.accessKeyId,
      AWS_SECRET_ACCESS_KEY: options.kms.secretAccessKey,
      AWS_REGION: 'us-east-1',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output += chunk;
  });
  let isOver = false;
  const over = new Promise<void>((resolve) =>
    child.once('exit', () => {
      isOver = true;
      resolve();
    }),
  );
  const address = `http://127.0.0.1:${port}`;
  for (let tries = 0; ; tries++) {
    if (isOver || tries > 1_000) throw new Error(`The proxy did not serve:\n${output}`);
    if (await isListening(port)) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { XksProxyUriPath: path, XksProxyAuthenticationCredential: credential } = JSON.parse(
    readFileSync(file, 'utf8'),
  );
  return {
    address,
    port,
    path,
    credential,
    process: child,
    output: () => output,
    stop: async (signal = 'SIGTERM') => {
      child.kill(signal);
      await over;
    },
  };
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
