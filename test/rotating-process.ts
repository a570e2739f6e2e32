/**
 * A process of its own with Secrets Manager on a database file, for tests with several and with
 * crashes. It rotates what is due until it is told to end, and says each step that it invokes.
 *
 *     node test/rotating-process.ts '{"file": …, "trail": {…}, "rootKey": …, "offsetMs": 0}'
 */
import { openSecrets, type RotationEvent, rotating } from './open-secrets.ts';

export interface ProcessOptions {
  readonly file: string;
  readonly trail: { readonly dir: string; readonly lane: string };
  /** 64 hex digits. */
  readonly rootKey: string;
  /** How far its clock is from the machine's. */
  readonly offsetMs: number;
  /** The step in which the function never returns. */
  readonly hangsAt?: RotationEvent['Step'];
}

const options = JSON.parse(process.argv[2] as string) as ProcessOptions;
const clock = {
  get now() {
    return Date.now() + options.offsetMs;
  },
  set now(_) {
    throw new Error('This clock is not to be moved');
  },
};
const node = await openSecrets({
  ...{ file: options.file, trail: options.trail, clock },
  rootKey: Buffer.from(options.rootKey, 'hex'),
});
const rotate = rotating(node);
node.functions.set('rotate', async (event) => {
  console.log(`step ${event.Step} ${event.SecretId}`);
  if (event.Step === options.hangsAt) await new Promise(() => setInterval(() => {}, 1_000));
  await rotate(event);
});
console.log('ready');
// The runner alone keeps no process alive.
setInterval(() => {}, 60_000);
process.once('SIGTERM', async () => {
  await node.close();
  for (const fault of node.faults) console.log(`fault ${fault}`);
  process.exit(node.faults.length === 0 ? 0 : 1);
});
