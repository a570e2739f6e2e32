/**
 * What EventBridge is told of KMS keys
 * (https://docs.aws.amazon.com/kms/latest/developerguide/kms-events.html).
 */
import type { EventBridge } from './services/events/index.ts';
import type { DueChange, DueWork, KmsEvent } from './services/kms/due.ts';
import type { Write } from './store/engine.ts';

const detailTypes: Readonly<Partial<Record<KmsEvent['eventName'], string>>> = {
  RotateKey: 'KMS CMK Rotation',
  DeleteExpiredKeyMaterial: 'KMS Imported Key Material Expiration',
  DeleteKey: 'KMS CMK Deletion',
};

/** The due work of KMS, each change with what it tells in the same commit. */
export const toldToEvents = (
  work: readonly DueWork[],
  { emit }: Pick<EventBridge, 'emit'>,
): readonly DueWork[] =>
  work.map(({ kind, due }) => ({
    kind,
    due: async (now, limit) =>
      (await due(now, limit)).map((change) => ({
        ...change,
        writes: [...change.writes, ...eventWrites(change, now, emit)],
      })),
  }));

function eventWrites(
  { event }: DueChange,
  time: number,
  emit: EventBridge['emit'],
): readonly Write[] {
  const detailType = event && detailTypes[event.eventName];
  if (event === undefined || detailType === undefined) return [];
  return event.resources.flatMap(({ arn }) => {
    const [, partition = '', , , , key = ''] = arn.split(':');
    const { account, region } = event;
    const detail = { 'key-id': key.replace('key/', '') };
    const told = { source: 'aws.kms', detailType, resources: [arn], detail };
    return emit({ ...told, partition, account, region, time });
  });
}
