/** `sealhold dev`: the same program opened up for tests: any access key, a clock that moves, state in memory. */
import type { MovableWorld } from '../clock.ts';
import type { HttpHandler } from '../http/message.ts';
import { openNode, type SealholdNode } from '../server.ts';
import { type Command, type CommandInput, exit, UsageError } from './command.ts';
import { eraseData, openFolder } from './data.ts';
import { endpointOf, listenAt, listenFlags, logLine, openPort, untilStopped } from './serve.ts';
import { machineWorld } from './world.ts';

export const dev: Command = {
  name: 'dev',
  summary: 'serve openly for tests: any access key, a clock that moves, state in memory',
  flags: [
    ...listenFlags,
    { name: 'data', value: 'DIR', help: 'keep the state in this folder (default: in memory)' },
    {
      name: 'account',
      value: 'N',
      help: 'the account of access keys that name none (000000000000)',
    },
  ],
  run: runDev,
};

async function runDev(input: CommandInput): Promise<number> {
  const { flags, out } = input;
  const at = listenAt(flags);
  const account = flags.text('account') ?? '000000000000';
  if (!/^\d{12}$/.test(account)) throw new UsageError('--account takes twelve digits.');
  const world = machineWorld();
  const service = await openResettable({ input, world, account });
  const listener = await openPort(at, { handler: service.handler, log: logLine });
  const endpoint = endpointOf(at, listener.port);
  out(welcome(endpoint, flags.text('data')));
  await untilStopped();
  await listener.close();
  await service.close();
  return exit.done;
}

interface Resettable {
  readonly handler: HttpHandler;
  close(): Promise<void>;
}

/** A node that can be replaced by an empty one while requests wait. */
async function openResettable(options: {
  readonly input: CommandInput;
  readonly world: MovableWorld;
  readonly account: string;
}): Promise<Resettable> {
  const { input, world, account } = options;
  const dataDir = input.flags.text('data');
  const folder = dataDir === undefined ? undefined : await openFolder(dataDir, input, world);
  const rootKey = folder?.rootKey ?? world.randomBytes(32);
  const open = (isNew: boolean): Promise<SealholdNode> =>
    openNode({
      mode: 'dev',
      dataDir,
      isNew,
      rootKey,
      laneName: 'node-1',
      alone: true,
      world,
      defaultAccount: account,
      log: logLine,
      reset,
    });
  // Requests take the node that is current when they arrive; while it is replaced they wait for the next one.
  let current: Promise<SealholdNode>;
  let underWay = 0;
  let quiet: () => void = () => undefined;
  const replace = async (old: SealholdNode): Promise<SealholdNode> => {
    while (underWay > 0)
      await new Promise<void>((resolve) => {
        quiet = resolve;
      });
    await old.close();
    if (dataDir !== undefined) eraseData(dataDir);
    world.setOffsetMs(0);
    return open(true);
  };
  let resetting: Promise<SealholdNode> | undefined;
  async function reset(): Promise<void> {
    resetting ??= current.then(replace).finally(() => {
      resetting = undefined;
    });
    current = resetting;
    // Requests for a reset are under way themselves; the replacement must not wait for them.
    underWay--;
    quiet();
    try {
      await resetting;
    } finally {
      underWay++;
    }
  }
  current = open(folder?.isNew ?? true);
  await current;
  const handler: HttpHandler = async (request) => {
    const node = await current;
    underWay++;
    try {
      return await node.handler(request);
    } finally {
      underWay--;
      quiet();
    }
  };
  return {
    handler,
    close: async () => {
      await (await current).close();
      folder?.lock.release();
    },
  };
}

function welcome(endpoint: string, dataDir: string | undefined): string {
  return [
    `Sealhold dev mode on ${endpoint}: any access key gets in. For tests only.`,
    dataDir === undefined
      ? 'State is in memory and ends with this process.'
      : `State is in ${dataDir}.`,
    '',
    `export AWS_ENDPOINT_URL=${endpoint}`,
    'export AWS_ACCESS_KEY_ID=test',
    'export AWS_SECRET_ACCESS_KEY=test',
    '',
  ].join('\n');
}
