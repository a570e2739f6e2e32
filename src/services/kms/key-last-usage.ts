/** GetKeyLastUsage: what is known of the last use of a key, as AWS tells it. */
import type { GetKeyLastUsageResponse, KmsModel } from '../../model/kms.generated.ts';
import type { Operations } from '../../operation.ts';
import type { KmsContext } from './context.ts';
import { type Key, keyRecordId } from './key.ts';
import type { Uses } from './key-uses.ts';
import type { KeyEntry } from './records.ts';

export function lastUseOperations(kms: KmsContext) {
  return {
    GetKeyLastUsage: {
      readOnly: true,
      find: kms.finder.namedByKeyId,
      run: (_input, _call, { value: key }: KeyEntry) => lastUsage(kms.uses, key),
    },
  } satisfies Operations<KmsModel, 'GetKeyLastUsage'>;
}

async function lastUsage(uses: Uses, key: Key): Promise<GetKeyLastUsageResponse> {
  const use = (await uses.records.read(keyRecordId(key)))?.last;
  return {
    KeyId: key.keyId,
    // Empty, not absent, for a key that nobody has used since.
    KeyLastUsage:
      use === undefined
        ? {}
        : {
            Operation: use.operation,
            Timestamp: use.at,
            CloudTrailEventId: use.eventId,
            KmsRequestId: use.requestId,
          },
    TrackingStartDate: uses.since,
    KeyCreationDate: key.createdAt,
  };
}
