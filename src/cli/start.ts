/** `sealhold start`: serve strictly, with one process or several as nodes of one store and port. */
import cluster from 'node:cluster';
import type { TrustedRoots } from '../crypto/certificate-chain.ts';
import type { Reach } from '../http/reach.ts';
import type { IssuerSource } from '../identity/issuer-keys.ts';
import { type NodeOptions, openNode, type SealholdNode } from '../server.ts';
import type { QuotaOptions } from '../services/kms/throttle.ts';
import { attestationFlag, attestationRootsOf } from './attestation.ts';
import { type Command, type CommandInput, exit } from './command.ts';
import {
  defaultDataDir,
  type OpenFolder,
  openFolder,
  rootCredentialsOf,
  sealFlags,
  writeRootCredentials,
} from './data.ts';
import { refusedFixturesFlag, refuseFixtures } from './fixtures.ts';
import { type FunctionsChoice, functionsFlags, functionsOf } from './functions.ts';
import { httpTargetsFlag, httpTargetsOf } from './http-targets.ts';
import { type KeyStoreOptions, keyStoreFlags, keyStoresOf } from './key-stores.ts';
import { runNodes } from './nodes.ts';
import { oidcIssuerFlag, oidcIssuersOf } from './oidc-issuers.ts';
import { quotasFlag, quotasOf } from './quotas.ts';
import {
  endpointOf,
  type ListenAt,
  listenAt,
  listenFlags,
  logLine,
  openPort,
  untilStopped,
} from './serve.ts';
import { strictWelcome } from './welcome.ts';
import { machineWorld } from './world.ts';

export const start: Command = {
  name: 'start',
  summary: 'serve strictly: signatures verified, keys sealed, everything audited',
  flags: [
    ...listenFlags(),
    { name: 'data', value: 'DIR', help: `the data folder (${defaultDataDir})` },
    { name: 'processes', value: 'N', help: 'how many processes serve; each is a node (1)' },
    {
      name: 'seal',
      value: 'KIND',
      help: "what seals a new folder's root key: keyfile or passphrase (keyfile)",
    },
    ...sealFlags,
    quotasFlag,
    oidcIssuerFlag,
    attestationFlag,
    refusedFixturesFlag,
    ...functionsFlags('off'),
    httpTargetsFlag('off'),
    ...keyStoreFlags,
  ],
  run: runStart,
};

const mostProcesses = 64;

async function runStart(input: CommandInput): Promise<number> {
  const { flags } = input;
  const at = listenAt(flags);
  const processes = flags.whole('processes', { min: 1, max: mostProcesses, otherwise: 1 });
  const dataDir = flags.text('data') ?? defaultDataDir;
  refuseFixtures(flags);
  const functions = functionsOf(input, { at, usual: 'off' });
  const settings = {
    quotas: quotasOf(flags, processes),
    oidcIssuers: oidcIssuersOf(flags),
    attestationRoots: attestationRootsOf(flags),
    functions: functions.setting,
    keyStores: keyStoresOf(flags),
    reach: httpTargetsOf(flags, 'off'),
  };
  const world = machineWorld();
  if (cluster.isWorker) return runWorker({ at, dataDir, settings, functions });
  const folder = await openFolder(dataDir, input, world);
  try {
    const node = await openStrictNode({
      dataDir,
      rootKey: folder.rootKey,
      index: 1,
      alone: processes === 1,
      isFirst: true,
      isNew: folder.isNew,
      settings,
    });
    const made = await node.firstAccount(async (key) =>
      writeRootCredentials(rootCredentialsOf(dataDir), key),
    );
    const welcome = (port: number): void => {
      functions.serving(port);
      const { seal } = folder;
      input.out(strictWelcome({ endpoint: endpointOf(at, port), dataDir, seal, made }, flags));
    };
    return processes === 1
      ? await serveAlone(node, { at, welcome })
      : await serveAsNodes(node, { folder, processes, welcome });
  } finally {
    folder.lock.release();
  }
}

function openStrictNode(options: {
  readonly dataDir: string;
  readonly rootKey: Buffer;
  /** 1, 2, 3 … */
  readonly index: number;
  readonly alone: boolean;
  readonly isFirst: boolean;
  readonly isNew: boolean;
  readonly settings: Settings;
}): Promise<SealholdNode> {
  return openNode({
    mode: 'strict',
    dataDir: options.dataDir,
    isNew: options.isNew,
    rootKey: options.rootKey,
    laneName: `node-${options.index}`,
    alone: options.alone,
    isFirst: options.isFirst,
    leads: options.index === 1,
    world: machineWorld(),
    defaultAccount: '',
    log: logLine,
    ...options.settings,
  });
}

/** What the command line says of every process alike. */
interface Settings {
  readonly quotas: QuotaOptions | undefined;
  readonly oidcIssuers: readonly IssuerSource[];
  readonly attestationRoots: TrustedRoots | undefined;
  readonly functions: NodeOptions['functions'];
  readonly keyStores: KeyStoreOptions;
  readonly reach: Reach | undefined;
}

async function serveAlone(
  node: SealholdNode,
  { at, welcome }: { at: ListenAt; welcome: (port: number) => void },
): Promise<number> {
  const stopped = untilStopped();
  try {
    const listener = await openPort(at, { handler: node.handler, log: logLine });
    welcome(listener.port);
    await stopped;
    await listener.close();
  } finally {
    await node.close();
  }
  return exit.done;
}

/** The parent keeps the folder's lock and the children alive; it serves nothing itself. */
async function serveAsNodes(
  first: SealholdNode,
  options: { folder: OpenFolder; processes: number; welcome: (port: number) => void },
): Promise<number> {
  await first.close();
  return runNodes({
    count: options.processes,
    rootKey: options.folder.rootKey,
    onServing: options.welcome,
    stopped: untilStopped(),
    world: machineWorld(),
    log: logLine,
  });
}

async function runWorker({
  at,
  dataDir,
  settings,
  functions,
}: {
  readonly at: ListenAt;
  readonly dataDir: string;
  readonly settings: Settings;
  readonly functions: FunctionsChoice;
}): Promise<number> {
  const { orders } = await import('./nodes.ts');
  const order = await orders();
  const node = await openStrictNode({
    dataDir,
    rootKey: order.rootKey,
    index: order.index,
    alone: false,
    isFirst: false,
    isNew: false,
    settings,
  });
  const listener = await openPort(at, { handler: node.handler, log: logLine });
  functions.serving(listener.port);
  order.serving(listener.port);
  await order.stopped;
  await listener.close();
  await node.close();
  order.leave();
  return exit.done;
}
