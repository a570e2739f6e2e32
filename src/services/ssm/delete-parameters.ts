/** DeleteParameter and DeleteParameters; how a parameter goes, with all that it had. */
import type { SsmModel } from '../../model/ssm.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import type { Write } from '../../store/engine.ts';
import type { SsmContext } from './context.ts';
import { parameterNotFound } from './errors.ts';
import { changeEvent } from './events.ts';
import { circumstances, findNamed, found, type Named, resourceOf } from './finder.ts';
import { maxVersions, type Parameter } from './parameter.ts';
import { parsePlainName } from './parameter-name.ts';
import { historyPrefix, type ParameterEntry } from './records.ts';
import { whenHere } from './when.ts';

export function deleteOperations(ssm: SsmContext) {
  return {
    DeleteParameter: {
      readOnly: false,
      find: (input, call) =>
        whenHere(findNamed(ssm.records, parsePlainName(input.Name), call), (named) =>
          found(named, {}),
        ),
      run: async (_input, call, { entry }: Named) => {
        if (entry === undefined) throw parameterNotFound();
        call.stage(...(await deletion(ssm, [entry], call.now)));
        return {};
      },
    },
    DeleteParameters: {
      readOnly: false,
      run: (input, call) => deleteParameters(ssm, input.Names, call),
    },
  } satisfies Operations<SsmModel, 'DeleteParameter' | 'DeleteParameters'>;
}

async function deleteParameters(ssm: SsmContext, names: readonly string[], call: Call) {
  const found = new Map<string, Named>();
  for (const given of new Set(names)) {
    const named = await findNamed(ssm.records, parsePlainName(given), call);
    call.authorize('ssm:DeleteParameters', resourceOf(named), circumstances({}, named.entry));
    found.set(given, named);
  }
  const DeletedParameters: string[] = [];
  const InvalidParameters: string[] = [];
  // One parameter may be named twice, with its slash and without.
  const entries = new Map<string, ParameterEntry>();
  for (const [given, { entry }] of found) {
    (entry === undefined ? InvalidParameters : DeletedParameters).push(given);
    if (entry !== undefined) entries.set(entry.id, entry);
  }
  if (entries.size > 0) call.stage(...(await deletion(ssm, [...entries.values()], call.now)));
  return { DeletedParameters, InvalidParameters };
}

/**
 * The writes by which parameters of one owner go: records, history, counts, and what EventBridge is
 * told.
 */
export async function deletion(
  ssm: SsmContext,
  entries: readonly ParameterEntry[],
  now: number,
): Promise<ReadonlyArray<readonly Write[]>> {
  const writes: (readonly Write[])[] = [];
  const gone = { standard: 0, advanced: 0 };
  for (const entry of entries) {
    writes.push(ssm.records.parameters.remove(entry), await historyRemoval(ssm, entry));
    writes.push(ssm.ports.emit(changeEvent(entry.value, 'Delete', now)));
    gone[tierKey(entry.value)]--;
  }
  const owner = entries[0]?.value;
  if (owner !== undefined) writes.push(await ssm.counts.change(owner, gone));
  return writes;
}

const tierKey = ({ current }: Parameter): 'standard' | 'advanced' =>
  current.tier === 'Standard' ? 'standard' : 'advanced';

async function historyRemoval(
  { records }: SsmContext,
  { id, value }: ParameterEntry,
): Promise<readonly Write[]> {
  if (value.current.version === value.oldestVersion) return [];
  const { entries } = await records.history.page({
    prefix: historyPrefix(id),
    limit: maxVersions,
  });
  return entries.flatMap((entry) => records.history.remove(entry));
}
