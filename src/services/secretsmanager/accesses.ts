/**
 * When a secret and its versions were last read, to the day, as AWS keeps it. The first reading of
 * a day writes it in its own commit; the others of that day write nothing.
 */
import type { Call } from '../../operation.ts';
import type { Entry } from '../../store/store.ts';
import type { AccessRecord, Records, SecretEntry } from './records.ts';
import type { Version } from './secret.ts';
import { type MaybePromise, whenHere } from './when.ts';

export interface Accesses {
  /** Stages that a version was read now; at once when nothing is to be written. */
  readonly note: (call: Call, entry: SecretEntry, version: Version) => MaybePromise<void>;
  /** Undefined: never read. */
  readonly of: (entry: Pick<SecretEntry, 'id'>) => Promise<Entry<AccessRecord> | undefined>;
}

const dayMs = 86_400_000;

export function openAccesses({ accesses }: Records): Accesses {
  return {
    of: ({ id }) => accesses.get(id),
    note: (call, { id }, { number }) => {
      const day = call.now - (call.now % dayMs);
      const known = accesses.peek(id);
      if (known?.value.day === day && known.value.versions[number] === day) return undefined;
      // One request may read a secret several times. Of several versions it notes the first: the
      // others are in the same record, and noted when they are read again.
      const noted = `secretsmanager access ${id}`;
      if (call.made.has(noted)) return undefined;
      call.made.set(noted, true);
      return whenHere(accesses.get(id), (entry) => {
        const before = entry?.value;
        if (before?.day === day && before.versions[number] === day) return;
        const value = { day, versions: { ...before?.versions, [number]: day } };
        call.stage(
          entry === undefined ? accesses.insert(id, value) : accesses.replace(entry, value),
        );
      });
    },
  };
}
