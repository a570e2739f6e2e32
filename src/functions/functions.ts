/**
 * Runs functions as processes of this machine: the data plane of Lambda. It knows no records and
 * decides nothing about who may invoke what; it is handed what a function is, and runs it.
 */
import type { World } from '../world.ts';
import { type CodeStore, openCodeStore } from './code-store.ts';
import { environmentOf } from './environment.ts';
import { FunctionProcess, type Outcome } from './function-process.ts';
import { InvocationLog, type LogSink } from './invocation-log.ts';
import { Pool, type PoolBounds, poolBounds, type Taken, type Worker } from './pool.ts';
import {
  type Ending,
  endingLine,
  endingPayload,
  endLine,
  idleEndingLine,
  reportLine,
  startLine,
} from './report.ts';
import { openRuntimes, type Runtimes, runtimeDir } from './runtimes.ts';
import { CannotRun, type FunctionSpec, type Invocation, type InvocationResult } from './spec.ts';
import { BadZip } from './zip.ts';

export interface FunctionsOptions {
  readonly world: World;
  /** Where functions reach this server; asked for when a process starts. */
  readonly endpoint: () => string;
  readonly endpointCertificate: string | undefined;
  /** The server's environment, by which programs are found. Functions don't get it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The OS user that functions run as; undefined: this server's. */
  readonly uid: number | undefined;
  readonly logs: LogSink;
  readonly bounds?: Partial<PoolBounds>;
  /** What a function may take before its first invocation; Lambda's 10 s unless told. */
  readonly initMs?: number;
}

export interface Functions {
  /** Rejects only with what the spec's own functions reject with. */
  readonly invoke: (spec: FunctionSpec, invocation: Invocation) => Promise<InvocationResult>;
  /** The functions with this ARN have changed or gone: their processes are of no more use. */
  readonly retire: (arn: string) => void;
  readonly close: () => Promise<void>;
}

/** Starts nothing before the first invocation. */
export function openFunctions(options: FunctionsOptions): Functions {
  const runner = new Runner(options);
  return {
    invoke: (spec, invocation) => runner.invoke(spec, invocation),
    retire: (arn) => runner.retire(arn),
    close: () => runner.close(),
  };
}

const lambdasInitMs = 10_000;

/** What a process that is being started needs besides its function. */
interface Started {
  readonly log: InvocationLog;
  readonly beganMs: number;
}

class Runner {
  readonly #options: FunctionsOptions;
  readonly #runtimes: Runtimes;
  readonly #pool: Pool;
  readonly #started = new WeakMap<Worker, Started>();
  #code: Promise<CodeStore> | undefined;

  constructor(options: FunctionsOptions) {
    this.#options = options;
    this.#runtimes = openRuntimes(options.env);
    this.#pool = new Pool({
      bounds: { ...poolBounds, ...options.bounds },
      start: (spec) => this.#start(spec),
      now: () => options.world.now(),
    });
  }

  async invoke(spec: FunctionSpec, invocation: Invocation): Promise<InvocationResult> {
    for (;;) {
      const taken = await this.#take(spec);
      if (taken.kind !== 'taken') return taken;
      const result = await this.#run(taken.worker, invocation, taken.isNew);
      if (result !== undefined) return result;
    }
  }

  async #take(
    spec: FunctionSpec,
  ): Promise<Taken | Exclude<InvocationResult, { readonly log: string }>> {
    try {
      return await this.#pool.take(spec);
    } catch (error) {
      if (error instanceof CannotRun) return { kind: 'cannot-run', text: error.message };
      if (error instanceof BadZip) return { kind: 'bad-code', text: error.message };
      throw error;
    }
  }

  retire(arn: string): void {
    this.#pool.retire(arn);
  }

  async close(): Promise<void> {
    await this.#pool.close();
    await (await this.#code)?.close();
  }

  async #start(spec: FunctionSpec): Promise<Worker> {
    const beganMs = this.#options.world.monotonic();
    this.#code ??= openCodeStore(this.#options.uid);
    const code = await this.#code;
    const folder = await code.folderOf(spec);
    const command = await this.#runtimes.commandFor(spec, folder);
    const { variables, credentials } = await spec.setting();
    const { log, stream } = this.#openLog(spec);
    const scratchDir = await code.scratch();
    const surroundings = {
      ...{ spec, credentials, variables, logStream: stream, taskRoot: folder, runtimeDir },
      ...{ ...this.#outside(), scratchDir },
    };
    const environment = (runtimeApi: string) => environmentOf({ ...surroundings, runtimeApi });
    const { uid, world } = this.#options;
    const fileBytes = spec.storageBytes;
    const discard = () => code.discard(scratchDir).catch(() => undefined);
    try {
      const options = { command, environment, folder, fileBytes, uid, log, world };
      const process = await FunctionProcess.start(options);
      void process.gone.then(discard).then(() => this.#tidy(code));
      void process.ended.then((ending) => noteIdleEnding(process, log, ending));
      const worker: Worker = { process, spec, scratchDir, expiresAt: credentials.expiresAt };
      this.#started.set(worker, { log, beganMs });
      return worker;
    } catch (error) {
      await discard();
      // The message may quote the environment.
      const why = (error as NodeJS.ErrnoException).code ?? 'unknown';
      throw new CannotRun(`The function's process can't start: ${why}.`);
    }
  }

  #tidy(code: CodeStore): Promise<void> {
    return code.tidy((codeId) => this.#pool.usesCode(codeId)).catch(() => undefined);
  }

  #openLog(spec: FunctionSpec): { readonly log: InvocationLog; readonly stream: string } {
    const { world, logs } = this.#options;
    const stream = streamName(spec, world);
    const place = { functionArn: spec.arn, group: spec.logGroup, stream };
    return { stream, log: new InvocationLog(place, { sink: logs, now: () => world.now() }) };
  }

  #outside(): { endpoint: string; endpointCertificate: string | undefined; path: string } {
    const { endpoint, endpointCertificate } = this.#options;
    return { endpoint: endpoint(), endpointCertificate, path: functionPath };
  }

  /** Undefined when the process ended before it took the invocation. */
  async #run(
    worker: Worker,
    invocation: Invocation,
    isNew: boolean,
  ): Promise<InvocationResult | undefined> {
    const { process, spec } = worker;
    const { log, beganMs } = this.#started.get(worker) as Started;
    const { world } = this.#options;
    if (isNew) log.note(`INIT_START Runtime Version: ${spec.runtime}`);
    else log.begin();
    const initMs = Math.max(this.#options.initMs ?? lambdasInitMs, spec.timeoutMs);
    const early = isNew ? await process.untilReady(initMs) : undefined;
    const initTookMs = isNew ? world.monotonic() - beganMs : undefined;
    const { requestId } = invocation;
    log.note(startLine(requestId, spec));
    const begunMs = world.monotonic();
    const outcome = early ?? (await process.invoke(invocation, spec.timeoutMs));
    if (outcome.kind === 'not-taken') return undefined;
    const tookMs = world.monotonic() - begunMs;
    if (early !== undefined) await process.end({ kind: 'retired' });
    return this.#report(worker, { requestId, outcome, tookMs, initMs: initTookMs });
  }

  #report(
    worker: Worker,
    facts: {
      readonly requestId: string;
      readonly outcome: Exclude<Outcome, { kind: 'not-taken' }>;
      readonly tookMs: number;
      readonly initMs: number | undefined;
    },
  ): InvocationResult {
    const { requestId, outcome, tookMs, initMs: initTookMs } = facts;
    const { process, spec } = worker;
    const { log } = this.#started.get(worker) as Started;
    const ending = outcome.kind === 'ended' ? outcome.ending : undefined;
    if (ending !== undefined) log.note(endingLine(requestId, ending));
    const status =
      ending === undefined ? undefined : ending.kind === 'timed-out' ? 'timeout' : 'error';
    log.note(endLine(requestId));
    log.note(
      reportLine(requestId, {
        spec,
        tookMs,
        initMs: initTookMs,
        mostBytes: process.mostBytes,
        ...(status === undefined ? {} : { status }),
      }),
    );
    const tail = log.tail();
    log.flush();
    this.#pool.give(worker);
    return outcome.kind === 'answered'
      ? { kind: 'answered', payload: outcome.payload, log: tail }
      : { kind: 'failed', payload: payloadOf(outcome, requestId), log: tail };
  }
}

function noteIdleEnding(process: FunctionProcess, log: InvocationLog, ending: Ending): void {
  const line = process.endedIdle ? idleEndingLine(ending) : undefined;
  if (line !== undefined) log.note(line);
  log.flush();
}

const payloadOf = (outcome: Exclude<Outcome, { kind: 'not-taken' }>, requestId: string): Buffer =>
  outcome.kind === 'ended' ? endingPayload(requestId, outcome.ending) : outcome.payload;

/** Where a function's process finds programs; the server's own path is not its business. */
const functionPath = '/usr/local/bin:/usr/bin:/bin:/opt/bin';

/** `2026/01/31/[$LATEST]` and 32 hexadecimal digits, as Lambda calls them. */
function streamName({ version }: FunctionSpec, world: World): string {
  const day = new Date(world.now()).toISOString().slice(0, 10).replaceAll('-', '/');
  return `${day}/[${version}]${world.randomBytes(16).toString('hex')}`;
}
