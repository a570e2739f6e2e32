/**
 * Changing a secret together with its copies: whoever changes a secret stages `stageChange` rather
 * than its record alone. Copies are written in the same commit, so an answered change holds in
 * every Region; what KMS refuses for a copy leaves that copy as it was and its status Failed. Only
 * where another account's copy is just asked for, nothing is changed then.
 */
import { ApiError } from '../../api-error.ts';
import type { Call } from '../../operation.ts';
import type { Write } from '../../store/engine.ts';
import type { SecretsContext } from './context.ts';
import { encryptDataKey, type KmsCaller, openDataKey } from './data-keys.ts';
import { type Records, type SecretEntry, secretRecordId, valueRecordId } from './records.ts';
import { asReplicationRole } from './replication-role.ts';
import {
  type CrossAccountReplica,
  hasValue,
  type Replica,
  type Secret,
  type Version,
  versionOf,
} from './secret.ts';
import { parseArn, withRegion } from './secret-arn.ts';
import { sealValue } from './value.ts';
import { newValue, type OpenedValue, readValue, valueRemovals, wipe } from './values.ts';

/** Values that the call has in the clear anyway, by version number. */
export type ValuesInHand = ReadonlyMap<number, OpenedValue>;

const nothingInHand: ValuesInHand = new Map();

export const succeeded = 'Replication succeeded';

/**
 * Stages a secret's new state, and that of its copies. `before` undefined: it is new. Gives back
 * the state as it is stored, with how replication went.
 */
export async function stageChange(
  secrets: SecretsContext,
  call: Call,
  { before, changed, inHand = nothingInHand, overwritten = nowhere }: StagedChange,
): Promise<Secret> {
  const asked = { before: before?.value, changed, inHand, overwritten };
  const change = new Change(secrets, call, asked);
  const stored = await change.withCopies();
  const { records } = secrets;
  call.stage(
    before === undefined
      ? records.secrets.insert(secretRecordId(stored), stored)
      : records.secrets.replace(before, stored),
  );
  return stored;
}

export interface StagedChange {
  readonly before: SecretEntry | undefined;
  readonly changed: Secret;
  readonly inHand?: ValuesInHand;
  /** Regions where a copy takes the place of another secret of that name. */
  readonly overwritten?: ReadonlySet<string>;
}

const nowhere: ReadonlySet<string> = new Set();

class Change {
  readonly #secrets: SecretsContext;
  readonly #call: Call;
  readonly #changed: Secret;
  /** Which Regions had a copy before. */
  readonly #former: ReadonlyMap<string, Replica>;
  readonly #formerLink: Secret['crossAccountReplica'];
  readonly #isOfValues: boolean;
  readonly #inHand: ValuesInHand;
  readonly #overwritten: ReadonlySet<string>;
  /** Values that had to be read for a copy; wiped in the end. */
  readonly #read = new Map<number, OpenedValue>();

  constructor(
    secrets: SecretsContext,
    call: Call,
    asked: {
      readonly before: Secret | undefined;
      readonly changed: Secret;
      readonly inHand: ValuesInHand;
      readonly overwritten: ReadonlySet<string>;
    },
  ) {
    this.#secrets = secrets;
    this.#call = call;
    this.#changed = asked.changed;
    this.#former = new Map(asked.before?.replicas?.map((replica) => [replica.region, replica]));
    this.#formerLink = asked.before?.crossAccountReplica;
    this.#isOfValues = asked.before?.versions !== asked.changed.versions;
    this.#inHand = asked.inHand;
    this.#overwritten = asked.overwritten;
  }

  async withCopies(): Promise<Secret> {
    const { replicas, crossAccountReplica } = this.#changed;
    if (replicas === undefined && crossAccountReplica === undefined) return this.#changed;
    try {
      const statuses: Replica[] = [];
      for (const replica of replicas ?? []) statuses.push(await this.#inRegion(replica));
      const linked = await this.#inAccount();
      return {
        ...this.#changed,
        ...(replicas === undefined ? {} : { replicas: statuses }),
        ...(linked === undefined ? {} : { crossAccountReplica: linked }),
      };
    } finally {
      for (const opened of this.#read.values()) wipe(opened);
    }
  }

  async #inRegion(replica: Replica): Promise<Replica> {
    const { records } = this.#secrets;
    const id = secretRecordId({ ...this.#changed, region: replica.region });
    const there = await records.secrets.get(id);
    const isCopy = there !== undefined && isCopyOf(there.value, this.#changed);
    // Another secret of that name stays, unless the request asked to overwrite it.
    if (there !== undefined && !isCopy && !this.#overwritten.has(replica.region)) return replica;
    const wantsValues = this.#isOfValues || this.#former.get(replica.region) !== replica;
    if (there === undefined && !wantsValues) return replica;
    const copy = copyOf(this.#changed, replica, isCopy ? there.value : newCopy(this.#call));
    try {
      const { versions, writes } = wantsValues
        ? await this.#copiedVersions(copy, (version) => this.#freshly(copy, version))
        : { versions: copy.versions, writes: [] };
      const stored = { ...copy, versions };
      this.#call.stage(
        writes,
        there === undefined
          ? records.secrets.insert(id, stored)
          : records.secrets.replace(there, stored),
        there === undefined || isCopy ? [] : await leftovers(records, there),
      );
      return wantsValues ? { ...replica, status: 'InSync', message: succeeded } : replica;
    } catch (error) {
      return { ...replica, status: 'Failed', message: failure(error) };
    }
  }

  /** Values and labels go to the other account, and nothing else. */
  async #inAccount(): Promise<Secret['crossAccountReplica']> {
    const { crossAccountReplica: link } = this.#changed;
    if (link === undefined || !this.#isOfValues) return link;
    const { records } = this.#secrets;
    const place = parseArn(link.arn);
    const entry = await records.secrets.get(secretRecordId(place));
    const isAskedFor = link !== this.#formerLink;
    if (entry === undefined || !isLinked(entry.value, this.#changed, isAskedFor))
      return { ...link, status: 'Detached', message: undefined };
    const copy = entry.value;
    let replicator: KmsCaller | undefined;
    try {
      const { versions, nextNumber, writes } = await this.#copiedVersions(copy, async (version) => {
        replicator ??= await this.#replicator(link);
        return this.#underItsDataKey(copy, version, replicator);
      });
      const crossAccountPrimary = { arn: this.#changed.arn, status: 'InSync' as const };
      const changedAt = this.#call.now;
      const stored = { ...copy, versions, nextNumber, changedAt, crossAccountPrimary };
      this.#call.stage(writes, records.secrets.replace(entry, stored));
      return { ...link, status: 'InSync', message: undefined };
    } catch (error) {
      if (isAskedFor) throw error;
      const message = failure(error);
      const crossAccountPrimary = { arn: this.#changed.arn, status: 'Failed' as const, message };
      this.#call.stage(records.secrets.replace(entry, { ...copy, crossAccountPrimary }));
      return { ...link, status: 'Failed', message };
    }
  }

  /**
   * The versions of a copy: those that it has, with the labels of the primary, and those with
   * labels that it lacks. What the primary has forgotten goes.
   */
  async #copiedVersions(
    copy: Secret,
    encrypt: (version: Version) => Promise<Encrypted>,
  ): Promise<{
    readonly versions: readonly Version[];
    readonly nextNumber: number;
    readonly writes: readonly Write[];
  }> {
    const writes: Write[] = [];
    const versions: Version[] = [];
    for (const version of this.#changed.versions) {
      const had = versionOf(copy, version.id);
      if (had !== undefined && (hasValue(had) || !hasValue(version))) {
        versions.push({ ...had, stages: version.stages });
      } else if (hasValue(version) && (had !== undefined || version.stages.length > 0)) {
        const encrypted = await encrypt(version);
        writes.push(...encrypted.writes);
        versions.push({ ...version, keys: encrypted.keys });
      } else if (version.stages.length > 0) versions.push(version);
    }
    const gone = copy.versions.filter(({ id }) => !versions.some((kept) => kept.id === id));
    writes.push(...(await valueRemovals(this.#secrets.records, copy, gone)));
    return { versions, nextNumber: this.#changed.nextNumber, writes };
  }

  /** In another Region: under a data key of that Region. */
  async #freshly(copy: Secret, version: Version): Promise<Encrypted> {
    const { value } = await this.#opened(version);
    const made = await newValue(this.#secrets, this.#call, { secret: copy, version, value });
    made.opened.dataKey.fill(0);
    return made;
  }

  /**
   * In another account: its key encrypts the data key that there is, so `kms:Encrypt` is enough.
   */
  async #underItsDataKey(
    copy: Secret,
    version: Version,
    replicator: KmsCaller,
  ): Promise<Encrypted> {
    const { value, dataKey } = await this.#openedBy(replicator, version);
    const asked = { versionId: version.id, plaintext: dataKey };
    const sealedKey = await encryptDataKey(replicator, copy, asked);
    const place = { arn: copy.arn, versionId: version.id };
    const sealed = sealValue(dataKey, value, place, this.#call.world);
    const record = { kind: value.kind, dataKeys: [sealedKey], sealed };
    const { values } = this.#secrets.records;
    return {
      keys: [sealedKey.key],
      writes: values.insert(valueRecordId(copy, version.number), record),
    };
  }

  async #replicator({ roleArn }: CrossAccountReplica): Promise<KmsCaller> {
    if (roleArn === undefined) return this.#call;
    return asReplicationRole(this.#secrets, this.#call, { primary: this.#changed, roleArn });
  }

  #opened(version: Version): Promise<OpenedValue> {
    return this.#openedBy(this.#call, version);
  }

  /** A role needs its own right to what the call has in hand. */
  async #openedBy(caller: KmsCaller, version: Version): Promise<OpenedValue> {
    const known = this.#inHand.get(version.number) ?? this.#read.get(version.number);
    if (known !== undefined) {
      if (caller === this.#call) return known;
      const { arn, region } = this.#changed;
      const place = { arn, region, versionId: version.id };
      (await openDataKey(caller, place, known.sealedKeys)).fill(0);
      return known;
    }
    const opened = await readValue(this.#secrets, caller, this.#changed, version);
    this.#read.set(version.number, opened);
    return opened;
  }
}

/** What a secret leaves behind when another takes its record. */
async function leftovers(records: Records, { id, value }: SecretEntry): Promise<readonly Write[]> {
  const [values, accesses, job] = await Promise.all([
    valueRemovals(records, value, value.versions),
    records.accesses.get(id),
    records.jobs.get(id),
  ]);
  return [
    ...values,
    ...(accesses === undefined ? [] : records.accesses.remove(accesses)),
    ...(job === undefined ? [] : records.jobs.remove(job)),
  ];
}

interface Encrypted {
  readonly keys: readonly string[];
  readonly writes: readonly Write[];
}

/** @throws what is no answer of ours or of KMS. */
function failure(error: unknown): string {
  if (!(error instanceof ApiError) || error.code === 'InternalServiceError') throw error;
  return `Replication failed: ${error.message}`;
}

export const isCopyOf = (copy: Secret, primary: Secret): boolean =>
  copy.replicaOf === primary.region && copy.arn === withRegion(primary.arn, copy.region);

/**
 * Whether both sides say so: a secret that its owner has set free is nobody's copy. What was
 * detached may be associated anew.
 */
const isLinked = (
  { arn, crossAccountPrimary }: Secret,
  primary: Secret,
  isAskedFor = false,
): boolean =>
  arn === primary.crossAccountReplica?.arn &&
  crossAccountPrimary?.arn === primary.arn &&
  (isAskedFor || crossAccountPrimary.status !== 'Detached');

/** What a replica is of itself, and a new one begins with. */
type Own = Pick<Secret, 'id' | 'createdAt' | 'versions'>;

/** A replica's record as its primary has it, with its own key and the values that it has. */
function copyOf(primary: Secret, { region, kmsKeyId }: Replica, own: Own): Secret {
  const { replicas: _, crossAccountReplica: __, rotation, ...shared } = primary;
  const { id, createdAt, versions } = own;
  return {
    ...shared,
    id,
    region,
    arn: withRegion(primary.arn, region),
    createdAt,
    kmsKeyId,
    versions,
    replicaOf: primary.region,
    rotation: rotation === undefined ? undefined : { ...rotation, dueAt: undefined },
  };
}

const newCopy = (call: Call): Own => ({
  id: call.world.randomBytes(16).toString('hex'),
  createdAt: call.now,
  versions: [],
});

/**
 * The writes that tell the copies of a change for which nobody calls: labels, and in Regions what
 * else is shared. It brings no values, for which a caller's right to KMS would be needed.
 */
export async function copyWrites(records: Records, changed: Secret): Promise<readonly Write[]> {
  const { replicas = [], crossAccountReplica: link } = changed;
  const writes: Write[] = [];
  for (const replica of replicas) {
    const id = secretRecordId({ ...changed, region: replica.region });
    const entry = await records.secrets.get(id);
    if (entry === undefined || !isCopyOf(entry.value, changed)) continue;
    const { versions, removals } = await relabelled(records, entry.value, changed.versions);
    const copy = copyOf(changed, replica, { ...entry.value, versions });
    writes.push(...removals, ...records.secrets.replace(entry, copy));
  }
  const other =
    link === undefined ? undefined : await records.secrets.get(secretRecordId(parseArn(link.arn)));
  if (other === undefined || !isLinked(other.value, changed)) return writes;
  const { versions, removals } = await relabelled(records, other.value, changed.versions);
  const { nextNumber } = changed;
  writes.push(
    ...removals,
    ...records.secrets.replace(other, { ...other.value, versions, nextNumber }),
  );
  return writes;
}

async function relabelled(records: Records, copy: Secret, primary: readonly Version[]) {
  const versions = primary.flatMap((version): readonly Version[] => {
    const had = versionOf(copy, version.id);
    if (had !== undefined) return [{ ...had, stages: version.stages }];
    return hasValue(version) || version.stages.length === 0 ? [] : [version];
  });
  const gone = copy.versions.filter(({ id }) => !versions.some((kept) => kept.id === id));
  return { versions, removals: await valueRemovals(records, copy, gone) };
}
