/**
 * `sealhold dev`: the same program opened up for tests: any access key, a clock that moves, state
 * in
 * memory.
 */
import type { MovableWorld } from '../clock.ts';
import { openNode } from '../server.ts';
import { attestationFlag, attestationRootsOf } from './attestation.ts';
import { type Command, type CommandInput, exit, UsageError } from './command.ts';
import { eraseData, openFolder } from './data.ts';
import { fixturesFlag, fixturesOf } from './fixtures.ts';
import { type FunctionsChoice, functionsFlags, functionsOf } from './functions.ts';
import { httpTargetsFlag, httpTargetsOf } from './http-targets.ts';
import { keyStoreFlags, keyStoresOf } from './key-stores.ts';
import { oidcIssuerFlag, oidcIssuersOf } from './oidc-issuers.ts';
import { quotasFlag, quotasOf } from './quotas.ts';
import { type ReplaceableNode, replaceableNode } from './replaceable-node.ts';
import { endpointOf, listenAt, listenFlags, logLine, openPort, untilStopped } from './serve.ts';
import { devWelcome } from './welcome.ts';
import { machineWorld } from './world.ts';

export const dev: Command = {
  name: 'dev',
  summary: 'serve openly for tests: any access key, a clock that moves, state in memory',
  flags: [
    ...listenFlags(),
    { name: 'data', value: 'DIR', help: 'keep the state in this folder (default: in memory)' },
    {
      name: 'account',
      value: 'N',
      help: 'the account of access keys that name none (000000000000)',
    },
    quotasFlag,
    oidcIssuerFlag,
    attestationFlag,
    fixturesFlag,
    ...functionsFlags('process'),
    httpTargetsFlag('any'),
    ...keyStoreFlags,
  ],
  run: runDev,
};

async function runDev(input: CommandInput): Promise<number> {
  const { flags, out } = input;
  const at = listenAt(flags);
  const account = flags.text('account') ?? '000000000000';
  if (!/^\d{12}$/.test(account)) throw new UsageError('--account takes twelve digits.');
  const world = machineWorld();
  const functions = functionsOf(input, { at, usual: 'process' });
  const service = await openResettable(input, { world, account, functions });
  const listener = await openPort(at, { handler: service.handler, log: logLine });
  functions.serving(listener.port);
  const endpoint = endpointOf(at, listener.port);
  out(devWelcome({ endpoint, dataDir: flags.text('data') }, flags));
  await untilStopped();
  await listener.close();
  await service.close();
  return exit.done;
}

/** Opens the node, or with --data the folder and the node in it. */
async function openResettable(
  input: CommandInput,
  {
    world,
    account,
    functions,
  }: {
    readonly world: MovableWorld;
    readonly account: string;
    readonly functions: FunctionsChoice;
  },
): Promise<ReplaceableNode> {
  const dataDir = input.flags.text('data');
  const quotas = quotasOf(input.flags, 1);
  const oidcIssuers = oidcIssuersOf(input.flags);
  const attestationRoots = attestationRootsOf(input.flags);
  const fixtures = fixturesOf(input.flags, account);
  const keyStores = keyStoresOf(input.flags);
  const reach = httpTargetsOf(input.flags, 'any');
  const folder = dataDir === undefined ? undefined : await openFolder(dataDir, input, world);
  const rootKey = folder?.rootKey ?? world.randomBytes(32);
  return replaceableNode({
    isNew: folder?.isNew ?? true,
    open: (isNew, reset) =>
      openNode({
        mode: 'dev',
        dataDir,
        isNew,
        rootKey,
        laneName: 'node-1',
        alone: true,
        isFirst: true,
        leads: true,
        world,
        defaultAccount: account,
        log: logLine,
        quotas,
        oidcIssuers,
        attestationRoots,
        fixtures,
        functions: functions.setting,
        keyStores,
        reach,
        reset,
      }),
    empty: () => {
      if (dataDir !== undefined) eraseData(dataDir);
      world.setOffsetMs(0);
    },
    closed: () => folder?.lock.release(),
  });
}
