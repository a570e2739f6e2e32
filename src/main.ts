/**
 * The command line. Commands are loaded when they are called, so that each starts as fast as it
 * can.
 */
import { type Command, exit, runCommand, type Surroundings } from './cli/command.ts';

type Loaded = () => Promise<Command>;

const loaders: ReadonlyMap<string, Loaded> = new Map<string, Loaded>([
  ['start', async () => (await import('./cli/start.ts')).start],
  ['dev', async () => (await import('./cli/dev.ts')).dev],
  ['xks', async () => (await import('./cli/xks.ts')).xks],
  ['seal change', async () => (await import('./cli/seal.ts')).sealChange],
  ['keys preflight', async () => (await import('./cli/keys.ts')).keysPreflight],
  ['keys inventory', async () => (await import('./cli/keys.ts')).keysInventory],
  ['costs', async () => (await import('./cli/keys.ts')).costs],
  ['accounts create', async () => (await import('./cli/accounts.ts')).accountsCreate],
  ['accounts list', async () => (await import('./cli/accounts.ts')).accountsList],
  ['explain', async () => (await import('./cli/explain.ts')).explain],
  ['root rotate', async () => (await import('./cli/root.ts')).rootRotate],
  ['who-can', async () => (await import('./cli/who-can.ts')).whoCan],
  ['exec', async () => (await import('./cli/exec.ts')).exec],
  ['resolve', async () => (await import('./cli/resolve.ts')).resolve],
  ['logs', async () => (await import('./cli/logs.ts')).logs],
  ['trail verify', async () => (await import('./cli/trail.ts')).trailVerify],
  ['trail tail', async () => (await import('./cli/trail.ts')).trailTail],
]);

async function main(argv: readonly string[]): Promise<number> {
  const named = [...loaders].find(([name]) => name.split(' ').every((word, i) => argv[i] === word));
  // Help and mistakes need all of them.
  const commands = await Promise.all(
    (named === undefined ? [...loaders] : [named]).map(([, load]) => load()),
  );
  const surroundings: Surroundings = {
    env: process.env,
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
  };
  return runCommand(commands, argv, surroundings);
}

// A reader that leaves early (`sealhold trail tail | head`) is no failure.
process.stdout.on('error', () => process.exit(exit.done));

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`sealhold: ${expected(error) ? error.message : describe(error)}\n`);
  process.exitCode = exit.failed;
}
// Nothing that a command left behind (timers, sockets, threads) may keep it from ending.
process.exit();

/**
 * Failures with a text for people: a store or trail that refuses, a seal that doesn't open, a
 * folder in
 * use.
 */
function expected(error: unknown): error is Error {
  const names = [
    'StoreUnavailable',
    'StoreDamaged',
    'TrailUnavailable',
    'TrailDamaged',
    'SealError',
    'DataFolderInUse',
  ];
  return error instanceof Error && names.includes(error.name);
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
