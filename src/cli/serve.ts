/**
 * What `start` and `dev` share: where to listen and how, serving until a signal, and telling people
 * what
 * happened.
 */
import { readFileSync } from 'node:fs';
import { largeBodies } from '../body-limits.ts';
import type { HttpHandler } from '../http/message.ts';
import { type Listener, listen } from '../http/server.ts';
import { CommandFailure, type Flag, type Flags, UsageError } from './command.ts';
import { machineWorld } from './world.ts';

/** Where KMS and its like listen. */
const defaultPort = 4566;

export const listenFlags = (port = defaultPort): readonly Flag[] => [
  { name: 'port', value: 'N', help: `the port to listen on (${port}; 0 = any free one)` },
  { name: 'host', value: 'A', help: 'the address to listen on (127.0.0.1)' },
  { name: 'tls-cert', value: 'F', help: 'a PEM file with the certificate chain; serves HTTPS' },
  { name: 'tls-key', value: 'F', help: 'a PEM file with the private key of that certificate' },
  {
    name: 'insecure-http',
    help: 'allow plain HTTP beyond loopback: secrets cross the network in clear',
  },
];

export interface ListenAt {
  readonly port: number;
  readonly host: string;
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | undefined;
}

/** Reads and checks the listening flags. Throws UsageError or CommandFailure. */
export function listenAt(flags: Flags, otherwise = defaultPort): ListenAt {
  const port = flags.whole('port', { min: 0, max: 65_535, otherwise });
  const host = flags.text('host') ?? '127.0.0.1';
  const [cert, key] = [flags.text('tls-cert'), flags.text('tls-key')];
  if ((cert === undefined) !== (key === undefined))
    throw new UsageError('--tls-cert and --tls-key go together.');
  const tls =
    cert === undefined || key === undefined
      ? undefined
      : { cert: readNamed('--tls-cert', cert), key: readNamed('--tls-key', key) };
  if (tls === undefined && !isLoopback(host) && !flags.has('insecure-http'))
    throw new UsageError(
      `--host ${host} is reachable from other machines, and requests hold secrets. ` +
        'Give --tls-cert F and --tls-key F, or say --insecure-http if something else encrypts the way.',
    );
  return { port, host, tls };
}

function readNamed(flag: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new CommandFailure(`${flag}: ${file} can't be read (${(error as Error).message}).`);
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** Opens the port; a port that can't be had is told in words. */
export async function openPort(
  at: ListenAt,
  ports: { readonly handler: HttpHandler; readonly log: (line: string) => void },
): Promise<Listener> {
  try {
    return await listen({
      ...at,
      handler: ports.handler,
      largeBodies,
      onFault: (error) => ports.log(`A request failed: ${(error as Error)?.stack ?? error}`),
    });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE')
      throw new CommandFailure(
        `Port ${at.port} on ${at.host} is in use by another program. Stop it, or give another --port.`,
      );
    if (code === 'EACCES')
      throw new CommandFailure(`Port ${at.port} needs rights that this user does not have.`);
    throw new CommandFailure(`Can't listen on ${at.host}:${at.port}: ${message}`);
  }
}

export function endpointOf(at: ListenAt, port: number): string {
  const host = at.host.includes(':') ? `[${at.host}]` : at.host;
  const reachable = at.host === '0.0.0.0' || at.host === '::' ? '127.0.0.1' : host;
  return `${at.tls === undefined ? 'http' : 'https'}://${reachable}:${port}`;
}

/** Resolves when the process is told to stop. A second signal ends it at once. */
export function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    let told = false;
    const stop = () => {
      if (told) process.exit(130);
      told = true;
      resolve();
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
  });
}

/** One line on stderr with the machine's time. Nothing secret may be in it. */
export function logLine(line: string): void {
  process.stderr.write(`${new Date(machineWorld().machineNow()).toISOString()} ${line}\n`);
}
