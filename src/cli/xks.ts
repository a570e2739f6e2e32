/**
 * `sealhold xks`: an XKS proxy in front of a running KMS, so that another KMS, AWS's own too, can
 * use the keys held here.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { findCredentials } from '../identity/credentials.ts';
import { createExternalKeys } from '../key-stores/xks/external-keys.ts';
import { createKmsApi } from '../key-stores/xks/kms-api.ts';
import { keyIdForm } from '../key-stores/xks/protocol.ts';
import {
  newConfiguration,
  type ProxyConfiguration,
  parseConfiguration,
} from '../key-stores/xks/proxy-configuration.ts';
import { createProxyServer } from '../key-stores/xks/proxy-server.ts';
import { defaultEndpoint } from './client.ts';
import { type Command, CommandFailure, type CommandInput, exit, UsageError } from './command.ts';
import { endpointOf, listenAt, listenFlags, logLine, openPort, untilStopped } from './serve.ts';
import { machineWorld } from './world.ts';

const defaultPort = 4567;
const defaultConfiguration = './xks-proxy.json';

export const xks: Command = {
  name: 'xks',
  summary: 'serve the XKS proxy API from keys of a running KMS (HMAC_256 keys)',
  flags: [
    ...listenFlags(defaultPort),
    { name: 'keys', value: 'ID,…', help: 'the KMS keys to serve, by key id; no others are' },
    {
      name: 'configuration',
      value: 'F,…',
      help: `path and credential of the proxy, made when missing (${defaultConfiguration}); SIGHUP reads again`,
    },
    {
      name: 'uri-path-prefix',
      value: 'P',
      help: 'what stands before /kms/xks/v1 in a configuration that is made',
    },
    { name: 'kms-timeout', value: 'MS', help: 'how long KMS may take for one request (200)' },
  ],
  run: runXks,
};

async function runXks(input: CommandInput): Promise<number> {
  const { flags, env, out } = input;
  const at = listenAt(flags, defaultPort);
  const keys = keysOf(flags.text('keys'));
  const timeoutMs = flags.whole('kms-timeout', { min: 10, max: 60_000, otherwise: 200 });
  const found = findCredentials(env);
  if (found.kind === 'missing') throw new CommandFailure(found.text);
  const files = (flags.text('configuration') ?? defaultConfiguration).split(',');
  const world = machineWorld();
  for (const file of files) makeUnlessThere(file, flags.text('uri-path-prefix') ?? '');
  let configurations = files.map(readConfiguration);
  process.on('SIGHUP', () => {
    try {
      configurations = files.map(readConfiguration);
      logLine('The configuration was read again.');
    } catch (error) {
      logLine(`The configuration stays as it was: ${(error as Error).message}`);
    }
  });
  const { endpoint = defaultEndpoint, region = 'us-east-1', ...credentials } = found.settings;
  const ask = createKmsApi({ ...credentials, endpoint, region, timeoutMs, world, log: logLine });
  const handler = createProxyServer({
    configurations: () => configurations,
    keys,
    externalKeys: createExternalKeys(ask, world),
    version: '0.1',
    world,
    log: logLine,
  });
  const listener = await openPort(at, { handler, log: logLine });
  const own = endpointOf(at, listener.port);
  const paths = configurations.map(({ path }) => path);
  out(
    flags.has('json')
      ? `${JSON.stringify({ endpoint: own, paths, kms: endpoint })}\n`
      : `XKS proxy on ${own}${paths.join(', ')}, keys from ${endpoint}.\n` +
          `${files.join(', ')}: path and credential for CreateCustomKeyStore.\n`,
  );
  await untilStopped();
  await listener.close();
  return exit.done;
}

/** Nothing is served that nobody named. */
function keysOf(list: string | undefined): ReadonlySet<string> {
  const keys = (list ?? '').split(',').filter((id) => id !== '');
  if (keys.length === 0) throw new UsageError('--keys names the KMS keys to serve.');
  const wrong = keys.find((id) => !keyIdForm.test(id));
  if (wrong !== undefined)
    throw new UsageError(`--keys takes key ids, not '${wrong}': no ARNs and no aliases.`);
  return new Set(keys);
}

function makeUnlessThere(file: string, prefix: string): void {
  if (existsSync(file)) return;
  if (prefix !== '' && !/^(\/[a-zA-Z0-9_-]+)+$/.test(prefix))
    throw new UsageError(`--uri-path-prefix takes a path such as /team-a, not '${prefix}'.`);
  const text = newConfiguration(prefix, machineWorld());
  try {
    writeFileSync(file, text, { mode: 0o600, flag: 'wx', flush: true });
  } catch (error) {
    throw new CommandFailure(`${file} can't be written (${(error as Error).message}).`);
  }
}

function readConfiguration(file: string): ProxyConfiguration {
  try {
    return parseConfiguration(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new CommandFailure(`${file} can't be used: ${(error as Error).message}.`);
  }
}
