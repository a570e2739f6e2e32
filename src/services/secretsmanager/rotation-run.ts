/**
 * Who rotates: claims what is due, invokes the function step by step, and writes down how it went.
 * A claim is a lease in the job's record, renewed while a step runs: of all nodes one is at a
 * rotation, and where it dies another goes on at the step that it was at.
 */
import { ApiError } from '../../api-error.ts';
import type { Write } from '../../store/engine.ts';
import { newUuid } from '../../uuid.ts';
import type { SecretsContext } from './context.ts';
import type { DueChange } from './due.ts';
import { type SecretsEvent, secretEvent } from './event.ts';
import { detached } from './labels.ts';
import { FunctionFailed, invokeFunction } from './lambda.ts';
import type { JobEntry, SecretEntry } from './records.ts';
import { copyWrites } from './replicas.ts';
import { newJob, withPending } from './rotate-secret.ts';
import {
  firstStep,
  leaseMs,
  type RotationJob,
  retryAt,
  rotationRequestId,
  stepAfter,
} from './rotation-job.ts';
import { rescheduled, rotated } from './rotation-schedule.ts';
import { current, holderOf, pending, type Secret, versionOf } from './secret.ts';
import { valueRemovals } from './values.ts';

/** So often a change of a secret that others change too is tried. */
const maxTries = 20;
const maxReattempts = 1_000;
/** What Lambda answers while a function serves as many as it may. */
const busyCodes = new Set(['TooManyRequestsException', 'ThrottlingException']);
const busyPatienceMs = 10 * 60_000;

export class Rotations {
  readonly #secrets: Omit<SecretsContext, 'reattempt'>;
  /** This node, in the jobs that it holds. */
  readonly #holder: string;
  /** Records of the secrets whose rotations this node is at. */
  readonly #active = new Set<string>();
  readonly #reattempts = new Set<string>();

  constructor(secrets: Omit<SecretsContext, 'reattempt'>) {
    this.#secrets = secrets;
    this.#holder = newUuid(secrets.world);
  }

  reattempt(secretRecord: string): void {
    if (this.#reattempts.size < maxReattempts) this.#reattempts.add(secretRecord);
  }

  /** The rotations to begin or to go on with at `now`. */
  async due(now: number, limit: number): Promise<readonly DueChange[]> {
    const jobs = await this.#dueJobs(now, limit);
    if (jobs.length >= limit) return jobs.slice(0, limit);
    const secrets = await this.#dueSecrets(now, limit - jobs.length);
    return [...jobs, ...secrets, ...(await this.#asked(now))];
  }

  async #dueJobs(now: number, limit: number): Promise<readonly DueChange[]> {
    const { jobs } = this.#secrets.records;
    const { entries } = await jobs.pageBy('time', { key: '', limit });
    return entries
      .filter(({ id, value }) => value.at <= now && !this.#active.has(id))
      .map((entry) => this.#claim(entry, now));
  }

  async #dueSecrets(now: number, limit: number): Promise<readonly DueChange[]> {
    const { secrets } = this.#secrets.records;
    const { entries } = await secrets.pageBy('rotation', { key: '', limit });
    const due = entries.filter(({ value }) => (value.rotation?.dueAt ?? now + 1) <= now);
    return Promise.all(due.map((entry) => this.#begin(entry, now)));
  }

  /** Those that somebody asked for anew before it is their time. */
  async #asked(now: number): Promise<readonly DueChange[]> {
    const { secrets, jobs } = this.#secrets.records;
    const changes: DueChange[] = [];
    for (const id of this.#reattempts) {
      this.#reattempts.delete(id);
      if (this.#active.has(id)) continue;
      const [secret, job] = await Promise.all([secrets.get(id), jobs.get(id)]);
      if (job !== undefined && job.value.holder === undefined) changes.push(this.#claim(job, now));
      if (secret?.value.rotation?.isEnabled === true && job === undefined)
        changes.push(await this.#begin(secret, now));
    }
    return changes;
  }

  #claim(entry: JobEntry, now: number): DueChange {
    const job = entry.value;
    const held = { ...job, holder: this.#holder, at: now + leaseMs };
    return {
      id: job.secretArn,
      writes: this.#secrets.records.jobs.replace(entry, held),
      // What another node left in the middle has had its event.
      event: job.holder === undefined ? startedEvent(job, now) : undefined,
      perform: (stopped) => this.#perform(job.secretRecord, stopped),
    };
  }

  /** A rotation that its schedule begins: of what is pending already, or of a new version. */
  async #begin(entry: SecretEntry, now: number): Promise<DueChange> {
    const { records, world } = this.#secrets;
    const secret = entry.value;
    const left = isLeftPending(secret) ? holderOf(secret, pending) : undefined;
    const token = left?.id ?? newUuid(world);
    const changed =
      left !== undefined
        ? { ...secret, rotation: secret.rotation && { ...secret.rotation, dueAt: undefined } }
        : withPending(secret, { token, keys: [], now });
    const job = newJob(entry.id, secret, { token, kind: 'rotation', now, world });
    const held = { ...job, holder: this.#holder, at: now + leaseMs };
    return {
      id: secret.arn,
      writes: [
        ...records.secrets.replace(entry, changed),
        ...records.jobs.insert(entry.id, held),
        ...(await copyWrites(records, changed)),
      ],
      event: startedEvent(job, now),
      perform: (stopped) => this.#perform(entry.id, stopped),
    };
  }

  async #perform(id: string, stopped: AbortSignal): Promise<void> {
    if (this.#active.has(id)) return;
    this.#active.add(id);
    try {
      for (let goesOn = true; goesOn; ) goesOn = await this.#step(id, stopped);
    } finally {
      this.#active.delete(id);
    }
  }

  /** One step of a job that this node holds. False: it is over, or no longer ours. */
  async #step(id: string, stopped: AbortSignal): Promise<boolean> {
    const job = await this.#held(id);
    const secret = await this.#secrets.records.secrets.get(id);
    if (job === undefined) return false;
    if (!isRotating(secret?.value, job.value)) {
      await this.#end(id, (entry) => this.#abandoned(entry, job.value));
      return false;
    }
    const outcome = await this.#invoke(id, secret?.value as Secret, job.value, stopped);
    if (outcome === 'stopped') {
      await this.#change(id, (held, now) => ({ ...held, at: now }));
      return false;
    }
    if (outcome === 'failed') {
      await this.#fail(id, job.value);
      return false;
    }
    const next = stepAfter(job.value);
    if (next !== undefined)
      return this.#change(id, (held, now) => ({ ...held, step: next, at: now + leaseMs }));
    const after = await this.#secrets.records.secrets.get(id);
    if (job.value.kind === 'test') await this.#end(id, (e) => this.#testEnded(e, job.value, true));
    else if (isLeftPending(after?.value)) await this.#fail(id, job.value);
    else await this.#end(id, (entry) => this.#succeeded(entry, job.value));
    return false;
  }

  /** The job as it is now, if this node holds it. */
  async #held(id: string): Promise<JobEntry | undefined> {
    const entry = await this.#secrets.records.jobs.get(id);
    return entry?.value.holder === this.#holder ? entry : undefined;
  }

  /** False: the job was taken away, by CancelRotateSecret for one. */
  async #change(
    id: string,
    change: (job: RotationJob, now: number) => RotationJob,
  ): Promise<boolean> {
    const { records, commit, world } = this.#secrets;
    for (let tries = 0; tries < maxTries; tries++) {
      const entry = await this.#held(id);
      if (entry === undefined) return false;
      const writes = records.jobs.replace(entry, change(entry.value, world.now()));
      if ((await commit(writes, undefined)) === 'committed') return true;
    }
    return false;
  }

  /** Invokes the function, and holds on to the job meanwhile. */
  async #invoke(
    id: string,
    secret: Secret,
    job: RotationJob,
    stopped: AbortSignal,
  ): Promise<'done' | 'failed' | 'stopped'> {
    if (stopped.aborted) return 'stopped';
    let renewing: Promise<unknown> = Promise.resolve();
    const renew = setInterval(() => {
      renewing = this.#change(id, (held, now) => ({ ...held, at: now + leaseMs })).catch(() => {});
    }, leaseMs / 3);
    renew.unref();
    const invoked = this.#invokeWhenFree(secret, job, stopped);
    try {
      return await orStopped(invoked, stopped);
    } finally {
      clearInterval(renew);
      await renewing;
      // Nobody waits for it any more when the node stops.
      invoked.catch(() => {});
    }
  }

  /** Many secrets may share a function, which serves so many at a time: the others wait. */
  async #invokeWhenFree(
    secret: Secret,
    job: RotationJob,
    stopped: AbortSignal,
  ): Promise<'done' | 'failed' | 'stopped'> {
    const { world } = this.#secrets;
    const until = world.monotonic() + busyPatienceMs;
    for (let waitMs = 50; !stopped.aborted; waitMs = Math.min(waitMs * 2, 2_000)) {
      try {
        await invokeFunction(this.#secrets, secret, { kind: 'step', job });
        return 'done';
      } catch (error) {
        if (error instanceof FunctionFailed) return 'failed';
        if (!(error instanceof ApiError)) throw error;
        if (!busyCodes.has(error.code) || world.monotonic() > until) return 'failed';
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      setTimeout(resolve, waitMs * (0.5 + world.randomBytes(1).readUInt8() / 256));
      await promise;
    }
    return 'stopped';
  }

  /** The whole rotation is tried again later, and given up after some attempts. */
  async #fail(id: string, job: RotationJob): Promise<void> {
    const { records, world } = this.#secrets;
    if (job.kind === 'test') return this.#end(id, (entry) => this.#testEnded(entry, job, false));
    await this.#commitEnd(id, async (held) => {
      const now = world.now();
      const again = retryAt(job, now);
      const secret = await records.secrets.get(id);
      const event = failedEvent(job, secret?.value, now);
      if (again === undefined)
        return { writes: [...records.jobs.remove(held), ...(await this.#givenUp(secret))], event };
      const retried: RotationJob = {
        ...held.value,
        step: firstStep(job.kind),
        attempt: job.attempt + 1,
        at: again,
        holder: undefined,
      };
      return { writes: records.jobs.replace(held, retried), event };
    });
  }

  async #givenUp(secret: SecretEntry | undefined): Promise<readonly Write[]> {
    const { records, world } = this.#secrets;
    if (secret === undefined) return [];
    return records.secrets.replace(secret, rescheduled(secret.value, world.now()));
  }

  /** Ends a job together with what becomes of its secret. */
  #end(id: string, ending: (secret: SecretEntry | undefined) => Promise<Ending>): Promise<void> {
    const { records } = this.#secrets;
    return this.#commitEnd(id, async (held) => {
      const { writes, event } = await ending(await records.secrets.get(id));
      return { writes: [...records.jobs.remove(held), ...writes], event };
    });
  }

  /** Others change the secret at the same time: what is decided is decided anew on a conflict. */
  async #commitEnd(id: string, decide: (held: JobEntry) => Promise<Ending>): Promise<void> {
    for (let tries = 0; tries < maxTries; tries++) {
      const held = await this.#held(id);
      if (held === undefined) return;
      const { writes, event } = await decide(held);
      if ((await this.#secrets.commit(writes, event)) === 'committed') return;
    }
    throw new Error(`The end of the rotation of ${id} could not be written.`);
  }

  async #succeeded(secret: SecretEntry | undefined, job: RotationJob): Promise<Ending> {
    if (secret === undefined) return { writes: [], event: undefined };
    const { records, world } = this.#secrets;
    const now = world.now();
    const versions = detached(secret.value.versions, [pending]);
    const changed = rotated({ ...secret.value, versions, changedAt: now }, now);
    return {
      writes: [
        ...records.secrets.replace(secret, changed),
        ...(await copyWrites(records, changed)),
      ],
      event: secretEvent('RotationSucceeded', changed, now, { requestId: rotationRequestId(job) }),
    };
  }

  /** The version that was tested goes, whatever came of it. */
  async #testEnded(
    secret: SecretEntry | undefined,
    job: RotationJob,
    isPassed: boolean,
  ): Promise<Ending> {
    if (secret === undefined) return { writes: [], event: undefined };
    const { records, world } = this.#secrets;
    const tested = secret.value.versions.filter(({ id }) => id === job.token);
    const versions = secret.value.versions.filter(({ id }) => id !== job.token);
    const changed = rescheduled({ ...secret.value, versions }, world.now());
    const now = world.now();
    return {
      writes: [
        ...records.secrets.replace(secret, changed),
        ...(await valueRemovals(records, changed, tested)),
        ...(await copyWrites(records, changed)),
      ],
      event: isPassed
        ? secretEvent('TestRotationSucceeded', changed, now, { requestId: rotationRequestId(job) })
        : failedEvent(job, changed, now),
    };
  }

  async #abandoned(secret: SecretEntry | undefined, job: RotationJob): Promise<Ending> {
    if (secret === undefined) return { writes: [], event: undefined };
    const { records, world } = this.#secrets;
    const now = world.now();
    return {
      writes: records.secrets.replace(secret, rescheduled(secret.value, now)),
      event: secretEvent('RotationAbandoned', secret.value, now, {
        requestId: rotationRequestId(job),
      }),
    };
  }
}

interface Ending {
  readonly writes: readonly Write[];
  readonly event: SecretsEvent | undefined;
}

/** Whether the job is still about this secret, and its version still to become current. */
function isRotating(secret: Secret | undefined, job: RotationJob): boolean {
  if (secret === undefined || secret.id !== job.secretId) return false;
  if (secret.deletionDate !== undefined || secret.rotation?.isEnabled !== true) return false;
  const stages = versionOf(secret, job.token)?.stages ?? [];
  return stages.includes(pending) || stages.includes(current);
}

/** AWS's measure of success: AWSPENDING is on the current version, or nowhere. */
function isLeftPending(secret: Secret | undefined): boolean {
  const left = secret === undefined ? undefined : holderOf(secret, pending);
  return left !== undefined && !left.stages.includes(current);
}

/** What comes first: the work's result, or the end of the node. */
async function orStopped<T>(work: Promise<T>, signal: AbortSignal): Promise<T | 'stopped'> {
  const stop = Promise.withResolvers<'stopped'>();
  const listen = (): void => stop.resolve('stopped');
  signal.addEventListener('abort', listen, { once: true });
  try {
    return await Promise.race([work, stop.promise]);
  } finally {
    signal.removeEventListener('abort', listen);
  }
}

/** The secret of a job as far as events need it. */
function ownerOf({ secretArn, secretRecord }: RotationJob) {
  const [account = '', region = ''] = secretRecord.split('/');
  return { account, region, arn: secretArn };
}

const startedEvent = (job: RotationJob, now: number): SecretsEvent =>
  secretEvent(job.kind === 'test' ? 'TestRotationStarted' : 'RotationStarted', ownerOf(job), now, {
    requestId: rotationRequestId(job),
  });

const failedEvent = (job: RotationJob, secret: Secret | undefined, now: number): SecretsEvent =>
  secretEvent(job.kind === 'test' ? 'TestRotationFailed' : 'RotationFailed', ownerOf(job), now, {
    requestId: rotationRequestId(job),
    errorMessage: `Error when executing lambda ${secret?.rotation?.lambdaArn ?? ''} during ${job.step} step`,
  });
