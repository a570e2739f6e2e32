/**
 * HSM clusters as KMS uses them: a process around each token's library, asked over a pipe, with a
 * time for each question. A library that hangs or dies is ended and started anew when it is next
 * needed, so a token that was away is there again by itself.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { World } from '../../world.ts';
import {
  done,
  failed,
  type HsmClusters,
  type HsmFailure,
  type HsmStore,
  type Outcome,
  type StoreCiphertext,
} from '../key-store.ts';
import type { Cluster, Clusters } from './clusters.ts';
import type { Answered, Asked, Question } from './token-messages.ts';

/** Loading a library and logging in: the first contact with a cluster can take long. */
const openTimeoutMs = ({ timeoutMs }: Cluster): number => Math.max(2_000, 4 * timeoutMs);
/** At most one start in so long: nothing hammers a token that is away. */
const restartMs = 1_000;
const closeTimeoutMs = 2_000;
const mostPending = 1_024;
const ivBytes = 12;
const tagBytes = 16;
const nothing = Buffer.alloc(0);

export function createHsmClusters(options: {
  readonly clusters: Clusters;
  readonly world: World;
  readonly log: (line: string) => void;
}): HsmClusters {
  const { clusters, world, log } = options;
  const find = (clusterId: string, account: string): Cluster | undefined => {
    const cluster = clusters.get(clusterId);
    const isTheirs = cluster?.account === undefined || cluster.account === account;
    return isTheirs ? cluster : undefined;
  };
  const sayOf = (clusterId: string) => (line: string) => log(`HSM cluster ${clusterId}: ${line}`);
  /** However many ask at a time, one process looks. */
  const looking = new Map<string, Promise<Outcome<undefined, HsmFailure>>>();
  return {
    find,
    look: (clusterId, account) => {
      const cluster = find(clusterId, account);
      if (cluster === undefined) return Promise.resolve(failed('TOKEN_ABSENT'));
      const underWay = looking.get(clusterId);
      if (underWay !== undefined) return underWay;
      const look = lookFor(cluster, sayOf(clusterId)).finally(() => looking.delete(clusterId));
      looking.set(clusterId, look);
      return look;
    },
    open: ({ clusterId, account, password }) =>
      new TokenClient({
        cluster: find(clusterId, account),
        password,
        world,
        log: sayOf(clusterId),
      }),
  };
}

async function lookFor(
  cluster: Cluster,
  log: (line: string) => void,
): Promise<Outcome<undefined, HsmFailure>> {
  const process = new TokenProcess(cluster, log);
  const opened = await process.open();
  process.end();
  return opened.kind === 'failed' ? opened : done(undefined);
}

interface ClientOptions {
  /** Undefined when the operator no longer names it: then it is as absent as its token. */
  readonly cluster: Cluster | undefined;
  readonly password: () => Promise<string>;
  readonly world: World;
  readonly log: (line: string) => void;
}

type Ready = Outcome<TokenProcess, HsmFailure>;

/** Trying these again by oneself would lock the user out. */
const untilToldAnew: ReadonlySet<HsmFailure> = new Set(['PASSWORD_WRONG', 'USER_LOCKED_OUT']);

class TokenClient implements HsmStore {
  readonly #options: ClientOptions;
  #ready: Promise<Ready> | undefined;
  #startedAt = Number.NEGATIVE_INFINITY;
  /** Why the last start failed; told until the next one. */
  #failure: HsmFailure = 'UNREACHABLE';
  #starting: TokenProcess | undefined;
  #isClosed = false;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  async connect(): Promise<Outcome<undefined, HsmFailure>> {
    const ready = await this.#whenReady();
    return ready.kind === 'failed' ? ready : done(undefined);
  }

  async createKey(key: string): Promise<Outcome<undefined, HsmFailure>> {
    const made = await this.#ask({ kind: 'create', key });
    return made.kind === 'failed' ? made : done(undefined);
  }

  async removeKey(key: string): Promise<Outcome<undefined, HsmFailure>> {
    const gone = await this.#ask({ kind: 'remove', key });
    return gone.kind === 'failed' ? gone : done(undefined);
  }

  randomBytes(sizeBytes: number): Promise<Outcome<Buffer, HsmFailure>> {
    return this.#ask({ kind: 'random', sizeBytes });
  }

  async encrypt(
    key: string,
    { plaintext, aad }: { readonly plaintext: Buffer; readonly aad: Buffer },
  ): Promise<Outcome<StoreCiphertext, HsmFailure>> {
    const iv = this.#options.world.randomBytes(ivBytes);
    const sealed = await this.#ask({ kind: 'encrypt', key, iv, aad, plaintext });
    if (sealed.kind === 'failed') return sealed;
    const end = sealed.value.length - tagBytes;
    if (end !== plaintext.length) return failed('INTERNAL');
    const ciphertext = sealed.value.subarray(0, end);
    return done({ iv, tag: sealed.value.subarray(end), metadata: nothing, ciphertext });
  }

  decrypt(
    key: string,
    { iv, tag, ciphertext, aad }: StoreCiphertext & { readonly aad: Buffer },
  ): Promise<Outcome<Buffer, HsmFailure>> {
    const sealed = Buffer.concat([ciphertext, tag]);
    return this.#ask({ kind: 'decrypt', key, iv, aad, sealed });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#starting?.end();
    const ready = await this.#ready;
    if (ready?.kind === 'done') await ready.value.close();
  }

  async #ask(question: Question): Promise<Outcome<Buffer, HsmFailure>> {
    const ready = await this.#whenReady();
    if (ready.kind === 'failed') return ready;
    const answer = await ready.value.ask(question, ready.value.cluster.timeoutMs);
    if (answer.kind === 'failed' && answer.failure === 'UNREACHABLE') this.#drop(ready.value);
    return answer;
  }

  #drop(process: TokenProcess): void {
    process.end();
    const dropped = this.#ready;
    void dropped?.then((ready) => {
      if (ready.kind === 'done' && ready.value === process && this.#ready === dropped)
        this.#ready = undefined;
    });
  }

  #whenReady(): Promise<Ready> {
    if (this.#ready !== undefined) return this.#ready;
    const now = this.#options.world.monotonic();
    if (this.#isClosed) return Promise.resolve(failed('UNREACHABLE'));
    if (now - this.#startedAt < restartMs) return Promise.resolve(failed(this.#failure));
    this.#startedAt = now;
    const ready = this.#logIn();
    this.#ready = ready;
    void ready.then((outcome) => {
      if (outcome.kind === 'done') return;
      this.#failure = outcome.failure;
      if (!untilToldAnew.has(outcome.failure)) this.#ready = undefined;
    });
    return ready;
  }

  async #logIn(): Promise<Ready> {
    const { cluster, log, password } = this.#options;
    if (cluster === undefined) return failed('TOKEN_ABSENT');
    const process = new TokenProcess(cluster, log);
    this.#starting = process;
    const opened = await process.open();
    const pin = opened.kind === 'done' ? await password() : '';
    const question = { kind: 'login', pin } as const;
    const outcome =
      opened.kind === 'done' ? await process.ask(question, openTimeoutMs(cluster)) : opened;
    this.#starting = undefined;
    if (outcome.kind === 'done') return done(process);
    process.end();
    return outcome;
  }
}

/** One life of the process around a library. */
class TokenProcess {
  readonly cluster: Cluster;
  readonly #child: ChildProcess;
  readonly #log: (line: string) => void;
  readonly #pending = new Map<number, (answer: Outcome<Buffer, HsmFailure>) => void>();
  #lastId = 0;
  #isOver = false;

  constructor(cluster: Cluster, log: (line: string) => void) {
    this.cluster = cluster;
    this.#log = log;
    // `.ts` when run from source, `.js` in the package.
    const file = new URL(`./token-process${extname(import.meta.filename)}`, import.meta.url);
    this.#child = fork(fileURLToPath(file), {
      // Nothing of this process's own environment or flags: the first may hold secrets.
      env: cluster.environment,
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    this.#child.on('message', (answer: Answered) => this.#settle(answer));
    this.#child.on('error', () => this.end());
    this.#child.on('exit', () => this.#over());
    this.#child.unref();
    this.#child.channel?.unref();
  }

  /** Loads the library and finds the token. */
  open(): Promise<Outcome<Buffer, HsmFailure>> {
    const { library, token: label, sessions } = this.cluster;
    const question = { kind: 'open', library, label, sessions } as const;
    return this.ask(question, openTimeoutMs(this.cluster));
  }

  ask(question: Question, timeoutMs: number): Promise<Outcome<Buffer, HsmFailure>> {
    if (this.#isOver || this.#pending.size >= mostPending)
      return Promise.resolve(failed('UNREACHABLE'));
    const id = ++this.#lastId;
    const asked: Asked = { id, ...question };
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#log(`no answer to '${question.kind}' within ${timeoutMs} ms; its process is ended`);
        this.end();
      }, timeoutMs);
      this.#pending.set(id, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      this.#child.send(asked, (error) => {
        if (error !== null) this.end();
      });
    });
  }

  #settle(answer: Answered): void {
    const settle = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    if ('failure' in answer) {
      const { failure, detail } = answer;
      if (failure !== 'CIPHERTEXT_REFUSED') this.#log(`${failure} (${detail})`);
      settle?.(failed(failure));
      return;
    }
    const { bytes } = answer;
    const value =
      bytes === undefined ? nothing : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    settle?.(done(value));
  }

  /** Ends it at once, whatever its library is doing. */
  end(): void {
    this.#child.kill('SIGKILL');
    this.#over();
  }

  /** Lets the library log out first. */
  async close(): Promise<void> {
    await this.ask({ kind: 'close' }, closeTimeoutMs);
    this.end();
  }

  #over(): void {
    this.#isOver = true;
    for (const settle of this.#pending.values()) settle(failed('UNREACHABLE'));
    this.#pending.clear();
  }
}
