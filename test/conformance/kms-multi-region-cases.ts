/** What was asked in the recorded cases of multi-Region keys. */
import assert from 'node:assert/strict';
import { type Ask, type Case, newKey, recordable } from './case.ts';

const away = 'ap-southeast-1';
const another = 'us-west-2';

const describe = async (ask: Ask, KeyId: string | undefined, region?: string) =>
  recordable(await ask('DescribeKey', { KeyId }, region));

/** The recorder waited for the replica too. */
async function untilEnabled(ask: Ask, KeyId: string | undefined, region: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const { KeyMetadata } = (await ask('DescribeKey', { KeyId }, region)).body;
    if ((KeyMetadata as { KeyState: string }).KeyState === 'Enabled') return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail('the replica was not enabled within 5 s');
}

export const multiRegionCases: ReadonlyMap<string, Case> = new Map<string, Case>([
  [
    'test_replicate_key',
    async (ask) => {
      const { KeyId } = await newKey(ask, {
        MultiRegion: true,
        Description: 'test replicated key',
      });
      const before = await describe(ask, KeyId, away);
      const replicated = recordable(await ask('ReplicateKey', { KeyId, ReplicaRegion: away }));
      await untilEnabled(ask, KeyId, away);
      return {
        'describe-key-from-different-region': before,
        'replicate-key': {
          ...replicated,
          ReplicaPolicy: JSON.parse(replicated.ReplicaPolicy as string),
        },
        'describe-key-from-region': await describe(ask, KeyId),
        'describe-replicated-key': await describe(ask, KeyId, away),
      };
    },
  ],
  [
    'test_replicate_replica_key_should_fail',
    async (ask) => {
      const { KeyId } = await newKey(ask, { MultiRegion: true });
      await ask('ReplicateKey', { KeyId, ReplicaRegion: away });
      return {
        'fail-replicate-non-primary-key': recordable(
          await ask('ReplicateKey', { KeyId, ReplicaRegion: another }, away),
        ),
      };
    },
  ],
]);
