/**
 * One process that runs a function, one invocation at a time, from its start to its end. Whatever
 * ends it ends all that it has started, and if this server dies, so do they.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { World } from '../world.ts';
import type { InvocationLog } from './invocation-log.ts';
import { readLines } from './output.ts';
import { killSession } from './process-table.ts';
import type { Ending } from './report.ts';
import { openRuntimeApi, type RuntimeApi } from './runtime-api.ts';
import type { Command } from './runtimes.ts';
import type { Invocation } from './spec.ts';

export interface ProcessOptions {
  readonly command: Command;
  /** Told the address of the Runtime API. */
  readonly environment: (runtimeApi: string) => Readonly<Record<string, string>>;
  readonly folder: string;
  readonly fileBytes: number;
  /** The OS user that it runs as; undefined: this server's. */
  readonly uid: number | undefined;
  readonly log: InvocationLog;
  readonly world: World;
}

/** How an invocation, or the start, ended as far as the process is concerned. */
export type Outcome =
  | { readonly kind: 'answered' | 'reported'; readonly payload: Buffer }
  | { readonly kind: 'ended'; readonly ending: Ending }
  /** It ended before it took the invocation. */
  | { readonly kind: 'not-taken' };

type Phase = 'starting' | 'idle' | 'busy' | 'answered' | 'gone';

/**
 * The program becomes the leader of a session of its own, and a shell waits in it for the end of
 * our pipe: it ends the whole process group when we close it, or die. Functions leave the processor
 * to this server when both want it, leave no core dumps, and write files of a bounded size only.
 */
const launcher = `
exec 2>&1 3<&0 </dev/null
ulimit -c 0
ulimit -f "$1"
shift
( (read -r _ <&3; kill -KILL 0) >/dev/null 2>&1 & )
exec 3<&-
exec nice -n 10 "$@"
`;

const fileBlockBytes = 512;

export class FunctionProcess {
  readonly #options: ProcessOptions;
  readonly #child: ChildProcess;
  readonly #api: RuntimeApi;
  readonly #token: string;
  /** What the phase waits for. */
  #settle: ((outcome: Outcome) => void) | undefined;
  #phase: Phase = 'starting';
  /** An invocation that is given out as soon as the process asks. */
  #pending: (() => void) | undefined;
  #ending: Ending | undefined;
  /** Resolves when it has ended, with what ended it. */
  readonly ended: Promise<Ending>;
  /** Resolves when all that it has started is gone too. */
  readonly gone: Promise<void>;
  mostBytes = 0;
  /** Whether it ended while no invocation was under way. */
  endedIdle = false;

  /** Resolves once the program runs; it is not ready yet. Rejects when it can't be started. */
  static async start(options: ProcessOptions): Promise<FunctionProcess> {
    const token = options.world.randomBytes(24).toString('hex');
    let self: FunctionProcess | undefined;
    const answer = (outcome: Outcome): void => {
      if (self !== undefined) self.#answer(outcome);
    };
    const api = await openRuntimeApi(token, {
      onNext: () => {
        if (self !== undefined) self.#ready();
      },
      onResponse: (payload) => answer({ kind: 'answered', payload }),
      onError: (payload) => answer({ kind: 'reported', payload }),
      onInitError: (payload) => answer({ kind: 'reported', payload }),
      onTooLarge: (sizeBytes) =>
        answer({ kind: 'ended', ending: { kind: 'too-large', sizeBytes } }),
    });
    try {
      const child = await launch(options, api.address);
      self = new FunctionProcess(options, { child, api, token });
      return self;
    } catch (error) {
      api.close();
      throw error;
    }
  }

  constructor(
    options: ProcessOptions,
    parts: { readonly child: ChildProcess; readonly api: RuntimeApi; readonly token: string },
  ) {
    this.#options = options;
    this.#child = parts.child;
    this.#api = parts.api;
    this.#token = parts.token;
    const { stdout, stdin } = parts.child;
    if (stdout !== null) readLines(stdout, (line) => options.log.print(line));
    stdin?.on('error', () => undefined);
    this.ended = new Promise((resolve) => {
      parts.child.once('exit', (code, signal) => {
        resolve(this.#leave(code ?? signal ?? 0));
      });
    });
    this.gone = this.ended.then(() => this.#sweep());
  }

  get session(): number {
    return this.#child.pid as number;
  }

  get isGone(): boolean {
    return this.#phase === 'gone';
  }

  /** Idle, or about to be. */
  get isFree(): boolean {
    return (this.#phase === 'idle' || this.#phase === 'answered') && this.#settle === undefined;
  }

  /** Resolves when it asks for its first invocation, or undefined when that is what happened. */
  untilReady(withinMs: number): Promise<Outcome | undefined> {
    if (this.#phase === 'idle') return Promise.resolve(undefined);
    return this.#await(withinMs, (resolve) => {
      this.#pending = () => resolve(undefined);
    });
  }

  /** `payload` is JSON. The time begins when the process takes it. */
  invoke(invocation: Invocation, timeoutMs: number): Promise<Outcome> {
    const give = (): void => {
      this.#phase = 'busy';
      const deadlineMs = this.#options.world.machineNow() + timeoutMs;
      this.#api.deliver(invocation, deadlineMs);
    };
    return this.#await(timeoutMs, () => {
      if (this.#phase === 'idle') give();
      else this.#pending = give;
    }) as Promise<Outcome>;
  }

  /** Ends it and all that it has started; resolves when it is gone. */
  end(ending: Ending): Promise<void> {
    this.#ending ??= ending;
    if (this.#phase !== 'gone') {
      killSession(this.session, this.#token);
      this.#child.stdin?.destroy();
    }
    return this.gone;
  }

  #await(
    withinMs: number,
    begin: (resolve: (outcome: Outcome | undefined) => void) => void,
  ): Promise<Outcome | undefined> {
    return new Promise((resolve) => {
      const timer = setTimeout(
        () => void this.end({ kind: 'timed-out', afterMs: withinMs }),
        withinMs,
      );
      const done = (outcome: Outcome | undefined): void => {
        clearTimeout(timer);
        this.#settle = undefined;
        this.#pending = undefined;
        resolve(outcome);
      };
      this.#settle = done;
      if (this.#phase === 'gone') done({ kind: 'ended', ending: this.#ending as Ending });
      else begin(done);
    });
  }

  #ready(): void {
    this.#phase = 'idle';
    // Given out once: the process may ask again before the last answer has been handed on.
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.();
  }

  #answer(outcome: Outcome): void {
    if (this.#phase === 'gone') return;
    if (this.#phase === 'busy') this.#phase = 'answered';
    const settle = this.#settle;
    // What it printed before it answered is read by then: both lay ready at once.
    setImmediate(() => setImmediate(() => settle?.(outcome)));
  }

  #leave(how: number | NodeJS.Signals): Ending {
    const ending = this.#ending ?? { kind: 'exited', how };
    this.#ending = ending;
    const wasTaken = this.#phase !== 'answered';
    this.endedIdle = this.#phase === 'idle' || this.#phase === 'answered';
    this.#phase = 'gone';
    this.#api.close();
    this.#child.stdin?.destroy();
    const settle = this.#settle;
    const outcome: Outcome = wasTaken ? { kind: 'ended', ending } : { kind: 'not-taken' };
    // What it printed last is read by then.
    setImmediate(() => setImmediate(() => settle?.(outcome)));
    return ending;
  }

  /** What it has left behind goes too, and what that has started meanwhile. */
  async #sweep(): Promise<void> {
    for (let round = 0; round < mostSweeps; round++) {
      if (!killSession(this.session, this.#token)) return;
      await new Promise((resolve) => setTimeout(resolve, sweepMs));
    }
  }
}

const mostSweeps = 100;
const sweepMs = 20;

/** Resolves when the program has been started. */
function launch(options: ProcessOptions, runtimeApi: string): Promise<ChildProcess> {
  const { command, folder, uid } = options;
  const blocks = String(Math.floor(options.fileBytes / fileBlockBytes));
  const words = ['-c', launcher, 'sh', blocks, command.program, ...command.args];
  const child = spawn('/bin/sh', words, {
    cwd: folder,
    env: { ...options.environment(runtimeApi) },
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  return new Promise((resolve, reject) => {
    child.once('spawn', () => resolve(child));
    child.once('error', reject);
  });
}
