/**
 * Several processes on one store and port. The parent holds the folder's lock, hands each child the
 * root key through their pipe, replaces a child that dies, and ends them all when it is told to
 * stop. Children end with their parent.
 */
import cluster, { type Worker } from 'node:cluster';
import type { World } from '../world.ts';
import { CommandFailure, exit } from './command.ts';

type ToChild =
  | { readonly kind: 'begin'; readonly index: number; readonly rootKey: string }
  | { readonly kind: 'stop' };
type ToParent = { readonly kind: 'ready' } | { readonly kind: 'serving'; readonly port: number };

/** A child that dies sooner than this after its start would die again. */
const soonMs = 5_000;
const mostSoonDeaths = 3;

export async function runNodes(options: {
  readonly count: number;
  readonly rootKey: Buffer;
  readonly onServing: (port: number) => void;
  readonly stopped: Promise<void>;
  readonly world: World;
  readonly log: (line: string) => void;
}): Promise<number> {
  const { count, rootKey, log, world } = options;
  const serving = new Set<number>();
  let stopping = false;
  let soonDeaths = 0;
  const over = new Promise<number>((resolve) => {
    const begin = (index: number): void => {
      const begun = world.monotonic();
      const child = cluster.fork();
      child.on('message', (message: ToParent) => {
        if (message.kind === 'ready')
          child.send({
            kind: 'begin',
            index,
            rootKey: rootKey.toString('base64'),
          } satisfies ToChild);
        else if (serving.add(index).size === count) options.onServing(message.port);
      });
      child.on('exit', (code, signal) => {
        if (stopping) {
          if (children().length === 0) resolve(exit.done);
          return;
        }
        log(`Node ${index} ended (${signal ?? code}).`);
        soonDeaths = world.monotonic() - begun < soonMs ? soonDeaths + 1 : 0;
        if (soonDeaths <= mostSoonDeaths) begin(index);
        else endAll(resolve);
      });
    };
    const endAll = (end: (status: number) => void): void => {
      stopping = true;
      log('Nodes keep ending at their start; giving up.');
      for (const child of children()) child.process.kill('SIGTERM');
      end(exit.failed);
    };
    for (let index = 1; index <= count; index++) begin(index);
    void options.stopped.then(() => {
      stopping = true;
      for (const child of children()) child.send({ kind: 'stop' } satisfies ToChild);
      if (children().length === 0) resolve(exit.done);
    });
  });
  return over;
}

const children = (): Worker[] =>
  Object.values(cluster.workers ?? {}).filter((w): w is Worker => w !== undefined && !w.isDead());

export interface Orders {
  /** 1, 2, 3 … */
  readonly index: number;
  readonly rootKey: Buffer;
  serving(port: number): void;
  readonly stopped: Promise<void>;
  /** Lets the process end. */
  leave(): void;
}

/**
 * A child's side: waits for what the parent wants of it. Throws CommandFailure when the parent goes
 * away.
 */
export async function orders(): Promise<Orders> {
  let begin: (order: ToChild & { kind: 'begin' }) => void = () => undefined;
  let stop: () => void = () => undefined;
  const begun = new Promise<ToChild & { kind: 'begin' }>((resolve) => {
    begin = resolve;
  });
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
  });
  process.on('message', (message: ToChild) => (message.kind === 'begin' ? begin(message) : stop()));
  // A signal to the whole group reaches the children too: they wait for the parent's word.
  process.on('SIGTERM', () => undefined);
  process.on('SIGINT', () => undefined);
  process.on('disconnect', () => process.exit(exit.failed));
  if (process.send === undefined) throw new CommandFailure('a node is started by its parent only');
  process.send({ kind: 'ready' } satisfies ToParent);
  const { index, rootKey } = await begun;
  return {
    index,
    rootKey: Buffer.from(rootKey, 'base64'),
    serving: (port) => process.send?.({ kind: 'serving', port } satisfies ToParent),
    stopped,
    leave: () => process.exit(exit.done),
  };
}
