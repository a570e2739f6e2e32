/** Writing and reading the values of versions: what of it is KMS's is asked of KMS each time. */
import type { Call } from '../../operation.ts';
import type { Write } from '../../store/engine.ts';
import type { Entry } from '../../store/store.ts';
import type { SecretsContext } from './context.ts';
import {
  type KmsCaller,
  newDataKey,
  openDataKey,
  type Protected,
  refuseDefaultKeyAcrossAccounts,
} from './data-keys.ts';
import { type Records, valueRecordId } from './records.ts';
import { hasValue, type Secret, type Version } from './secret.ts';
import {
  openValue,
  type Plaintext,
  type SealedDataKey,
  type SealedValue,
  sealValue,
} from './value.ts';
import { type MaybePromise, whenHere } from './when.ts';

/** A value in the clear with its data key. Whoever has it wipes it. */
export interface OpenedValue {
  readonly value: Plaintext;
  readonly dataKey: Buffer;
  /** The data key as it is stored. */
  readonly sealedKeys: readonly SealedDataKey[];
}

export function wipe({ value, dataKey }: OpenedValue): void {
  value.bytes.fill(0);
  dataKey.fill(0);
}

/** What is written for a new value, and what its version says of it. */
export interface NewValue {
  readonly keys: readonly string[];
  readonly writes: readonly Write[];
  /** What was encrypted, to be wiped. */
  readonly opened: OpenedValue;
}

type Owner = Protected & Pick<Secret, 'id'>;

/** Encrypts a value under a data key of its own. @throws ApiError of KMS, see data-keys.ts. */
export async function newValue(
  { records }: Pick<SecretsContext, 'records'>,
  call: Call,
  asked: {
    readonly secret: Owner;
    readonly version: Pick<Version, 'id' | 'number'>;
    readonly value: Plaintext;
  },
): Promise<NewValue> {
  const { secret, version, value } = asked;
  const { plaintext, sealed: dataKey } = await newDataKey(call, secret, version.id);
  const place = { arn: secret.arn, versionId: version.id };
  const sealed: SealedValue = {
    kind: value.kind,
    dataKeys: [dataKey],
    sealed: sealValue(plaintext, value, place, call.world),
  };
  return {
    keys: [dataKey.key],
    writes: records.values.insert(valueRecordId(secret, version.number), sealed),
    opened: { value, dataKey: plaintext, sealedKeys: [dataKey] },
  };
}

/** The record of a version's value, at once when it is cached. */
export function storedValue(
  { values }: Records,
  secret: Secret,
  version: Version,
): MaybePromise<Entry<SealedValue>> {
  const id = valueRecordId(secret, version.number);
  const cached = values.peek(id);
  if (cached !== undefined) return cached;
  return values.get(id).then((entry) => {
    if (entry === undefined)
      throw new Error(`Version ${version.number} of ${secret.arn} has no value`);
    return entry;
  });
}

/**
 * Opens the value of a version for whom KMS lets; at once when everything is at hand.
 * @throws ApiError of KMS, and for aws/secretsmanager across accounts.
 */
export function readValue(
  { records }: Pick<SecretsContext, 'records'>,
  caller: KmsCaller,
  secret: Secret,
  version: Version,
): MaybePromise<OpenedValue> {
  refuseDefaultKeyAcrossAccounts(caller, secret, version.keys);
  const place = { arn: secret.arn, versionId: version.id, region: secret.region };
  return whenHere(storedValue(records, secret, version), ({ value: sealed }) =>
    whenHere(openDataKey(caller, place, sealed.dataKeys), (dataKey) => ({
      value: openValue(dataKey, sealed, place),
      dataKey,
      sealedKeys: sealed.dataKeys,
    })),
  );
}

/** The writes that take the values of versions away. */
export async function valueRemovals(
  { values }: Records,
  secret: Pick<Secret, 'id'>,
  versions: readonly Version[],
): Promise<readonly Write[]> {
  const stored = await Promise.all(
    versions.filter(hasValue).map(({ number }) => values.get(valueRecordId(secret, number))),
  );
  return stored.flatMap((entry) => (entry === undefined ? [] : values.remove(entry)));
}
