/**
 * What happens to values when the key of a secret is changed: the data keys of the versions in use
 * are encrypted under the new key too, and stay under the former ones, so that nobody is locked out
 * (https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_update-encryption-key.html).
 */
import { ApiError } from '../../api-error.ts';
import type { Call } from '../../operation.ts';
import type { SecretsContext } from './context.ts';
import { encryptDataKey, openDataKey } from './data-keys.ts';
import { current, hasValue, pending, previous, type Secret, type Version } from './secret.ts';
import type { SealedDataKey } from './value.ts';
import { storedValue } from './values.ts';

const inUse = new Set([current, pending, previous]);

/**
 * The secret under its new key, its values staged. A version whose data key the caller may not
 * decrypt, or not encrypt with the new key, stays as it is.
 */
export async function reencrypted(
  secrets: SecretsContext,
  call: Call,
  before: Secret,
  changed: Secret,
): Promise<Secret> {
  const versions: Version[] = [];
  for (const version of changed.versions) {
    const isUsed = hasValue(version) && version.stages.some((stage) => inUse.has(stage));
    versions.push(
      isUsed ? await underNewKey(secrets, call, { before, changed, version }) : version,
    );
  }
  return { ...changed, versions };
}

async function underNewKey(
  { records }: SecretsContext,
  call: Call,
  asked: { readonly before: Secret; readonly changed: Secret; readonly version: Version },
): Promise<Version> {
  const { before, version } = asked;
  const stored = await storedValue(records, before, version);
  const sealed = await sealedAgain(call, asked, stored.value.dataKeys);
  if (sealed === undefined) return version;
  const dataKeys = [sealed, ...stored.value.dataKeys.filter(({ key }) => key !== sealed.key)];
  call.stage(records.values.replace(stored, { ...stored.value, dataKeys }));
  return { ...version, keys: dataKeys.map(({ key }) => key) };
}

/** Undefined: the caller may not. */
async function sealedAgain(
  call: Call,
  asked: { readonly changed: Secret; readonly version: Version },
  dataKeys: readonly SealedDataKey[],
): Promise<SealedDataKey | undefined> {
  const { changed, version } = asked;
  const place = { arn: changed.arn, versionId: version.id, region: changed.region };
  try {
    const plaintext = await openDataKey(call, place, dataKeys);
    try {
      return await encryptDataKey(call, changed, { versionId: version.id, plaintext });
    } finally {
      plaintext.fill(0);
    }
  } catch (error) {
    if (error instanceof ApiError && error.code !== 'InternalServiceError') return undefined;
    throw error;
  }
}
