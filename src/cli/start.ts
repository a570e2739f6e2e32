/** `sealhold start`: serve strictly, with one process or several as nodes of one store and port. */
import cluster from 'node:cluster';
import { openNode, type SealholdNode } from '../server.ts';
import type { AccessKeyRecord } from '../services/iam/records.ts';
import type { QuotaOptions } from '../services/kms/throttle.ts';
import { type Command, type CommandInput, exit } from './command.ts';
import {
  defaultDataDir,
  explainSeal,
  type OpenFolder,
  openFolder,
  readIfThere,
  rootCredentialsOf,
  sealFlags,
  writeRootCredentials,
} from './data.ts';
import { runNodes } from './nodes.ts';
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
import { machineWorld } from './world.ts';

export const start: Command = {
  name: 'start',
  summary: 'serve strictly: signatures verified, keys sealed, everything audited',
  flags: [
    ...listenFlags,
    { name: 'data', value: 'DIR', help: `the data folder (${defaultDataDir})` },
    { name: 'processes', value: 'N', help: 'how many processes serve; each is a node (1)' },
    {
      name: 'seal',
      value: 'KIND',
      help: "what seals a new folder's root key: keyfile or passphrase (keyfile)",
    },
    ...sealFlags,
    quotasFlag,
  ],
  run: runStart,
};

const mostProcesses = 64;

async function runStart(input: CommandInput): Promise<number> {
  const { flags } = input;
  const at = listenAt(flags);
  const processes = flags.whole('processes', { min: 1, max: mostProcesses, otherwise: 1 });
  const dataDir = flags.text('data') ?? defaultDataDir;
  const quotas = quotasOf(flags, processes);
  const world = machineWorld();
  if (cluster.isWorker) return runWorker({ at, dataDir, quotas });
  const folder = await openFolder(dataDir, input, world);
  try {
    const node = await openStrictNode({
      dataDir,
      rootKey: folder.rootKey,
      index: 1,
      alone: processes === 1,
      isFirst: true,
      isNew: folder.isNew,
      quotas,
    });
    const made = await node.firstAccount(async (key) => writeRootCredentials(dataDir, key));
    const welcome = (port: number) =>
      input.out(welcomeText({ input, at, dataDir, folder, made, port }));
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
  readonly quotas: QuotaOptions | undefined;
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
    quotas: options.quotas,
  });
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
  quotas,
}: {
  readonly at: ListenAt;
  readonly dataDir: string;
  readonly quotas: QuotaOptions | undefined;
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
    quotas,
  });
  const listener = await openPort(at, { handler: node.handler, log: logLine });
  order.serving(listener.port);
  await order.stopped;
  await listener.close();
  await node.close();
  order.leave();
  return exit.done;
}

function welcomeText(options: {
  readonly input: CommandInput;
  readonly at: ListenAt;
  readonly dataDir: string;
  readonly folder: OpenFolder;
  readonly made: AccessKeyRecord | undefined;
  readonly port: number;
}): string {
  const { input, at, dataDir, folder, made, port } = options;
  const endpoint = endpointOf(at, port);
  const file = rootCredentialsOf(dataDir);
  const lines = [`Sealhold serves on ${endpoint}, data in ${dataDir}.`, ''];
  if (made === undefined) {
    const kept = readIfThere(file) !== undefined;
    lines.push(
      kept
        ? `The root access key is in ${file}:\n  export AWS_ENDPOINT_URL=${endpoint} AWS_SHARED_CREDENTIALS_FILE=${file}`
        : `The root access key is no longer in ${file}; use the copy that you keep.`,
      '',
    );
    return lines.join('\n');
  }
  lines.push(
    `This is the first start: account ${made.account} and its root access key were made.`,
    `The key is also in ${file}, readable by you only. Paste these:`,
    '',
    `export AWS_ENDPOINT_URL=${endpoint}`,
    `export AWS_ACCESS_KEY_ID=${made.accessKeyId}`,
    `export AWS_SECRET_ACCESS_KEY=${made.secretAccessKey}`,
    '',
    explainSeal(dataDir, { flags: input.flags, seal: folder.seal }),
    '',
  );
  return lines.join('\n');
}
