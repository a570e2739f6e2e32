/** PutParameter: a new parameter, or a new version of one that is there. */
import type {
  PutParameterRequest,
  PutParameterResult,
  SsmModel,
} from '../../model/ssm.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import type { Write } from '../../store/engine.ts';
import type { SsmContext } from './context.ts';
import { alreadyExists, tagsWithOverwrite, typeNeeded, versionLabelled } from './errors.ts';
import { changeEvent } from './events.ts';
import { circumstances, findNamed, type Named, ownerOf, resourceOf } from './finder.ts';
import { overwritten, type Parameter, type Tier, type Version } from './parameter.ts';
import { parseNewName } from './parameter-name.ts';
import { planned, versionOfPlan } from './planned-version.ts';
import { historyId, type ParameterEntry, parameterId } from './records.ts';
import { encryptValue } from './secure-string.ts';
import { defaultTier } from './service-settings.ts';
import { checkedTags } from './tag-rules.ts';
import { decideTier } from './tier.ts';
import { checkValue } from './value-rules.ts';
import { whenHere } from './when.ts';

export function putOperations(ssm: SsmContext) {
  return {
    PutParameter: {
      readOnly: false,
      find: (input, call) =>
        whenHere(
          findNamed(ssm.records, parseNewName(input.Name, ownerOf(call)), call),
          (named) => ({
            resource: resourceOf(named),
            subject: named,
            ...circumstances(input, named.entry, 'put'),
          }),
        ),
      run: (input, call, named: Named) => putParameter(ssm, input, call, named),
    },
  } satisfies Operations<SsmModel, 'PutParameter'>;
}

async function putParameter(
  ssm: SsmContext,
  input: PutParameterRequest,
  call: Call,
  named: Named,
): Promise<PutParameterResult> {
  const { entry } = named;
  checkRequest(input, entry);
  const tags = checkedTags(input.Tags ?? []);
  if (tags.length > 0)
    call.authorize('ssm:AddTagsToResource', resourceOf(named), circumstances(input, entry));
  const { javaPattern } = ssm.ports;
  const plan = planned(input, entry?.value, { path: named.name.path, now: call.now, javaPattern });
  const tier = await decideTier(ssm, {
    requested: input.Tier,
    preset: await defaultTier(ssm, named.owner),
    existing: entry?.value.current.tier,
    needs: plan.needs,
    owner: named.owner,
  });
  const value =
    plan.keyId === undefined
      ? input.Value
      : await encryptValue({ arn: named.arn, value: input.Value, keyId: plan.keyId, tier }, call);
  const version = versionOfPlan(plan, {
    tier,
    value,
    version: (entry?.value.current.version ?? 0) + 1,
    modifiedAt: call.now,
    modifiedBy: call.principal.arn,
  });
  const parameter =
    entry === undefined
      ? { ...createdFrom(named, version), tags }
      : overwritten(entry.value, version);
  call.stage(
    entry === undefined ? inserted(ssm, parameter) : await replaced(ssm, entry, parameter),
    await counted(ssm, named, parameter),
    ssm.ports.emit(changeEvent(parameter, entry === undefined ? 'Create' : 'Update', call.now)),
  );
  return { Version: version.version, Tier: tier };
}

/** @throws ApiError for what is wrong whatever the value is, then for the value. */
function checkRequest(input: PutParameterRequest, entry: ParameterEntry | undefined): void {
  const overwrites = input.Overwrite === true;
  if (overwrites && (input.Tags ?? []).length > 0) throw tagsWithOverwrite();
  checkValue(input.Value);
  if (entry === undefined && input.Type === undefined) throw typeNeeded();
  if (entry !== undefined && !overwrites) throw alreadyExists();
}

function createdFrom({ owner, arn, name }: Named, current: Version): Parameter {
  return {
    ...owner,
    arn,
    name: name.written,
    path: name.path,
    current,
    oldestVersion: current.version,
    labels: [],
    tags: [],
  };
}

const inserted = ({ records }: SsmContext, parameter: Parameter): readonly Write[] =>
  records.parameters.insert(parameterId(parameter, parameter.path), parameter);

/** The version that was current joins the history, and the oldest leaves it when it is full. */
async function replaced(
  { records }: SsmContext,
  entry: ParameterEntry,
  parameter: Parameter,
): Promise<readonly Write[]> {
  const { history, parameters } = records;
  const { current, oldestVersion, labels, name } = entry.value;
  const writes = [
    ...parameters.replace(entry, parameter),
    ...history.insert(historyId(entry.id, current.version), current),
  ];
  if (parameter.oldestVersion === oldestVersion) return writes;
  if (labels.some(({ version }) => version === oldestVersion))
    throw versionLabelled(name, oldestVersion);
  const oldest = await history.get(historyId(entry.id, oldestVersion));
  return oldest === undefined ? writes : [...writes, ...history.remove(oldest)];
}

/** @throws ApiError ParameterLimitExceeded when the account has as many of the tier as it may. */
async function counted(
  { counts }: SsmContext,
  { owner, entry }: Named,
  { current }: Parameter,
): Promise<readonly Write[]> {
  const before = entry?.value.current.tier;
  if (before === current.tier) return [];
  await counts.requireRoom(owner, current.tier);
  const one = (tier: Tier) => Number(current.tier === tier) - Number(before === tier);
  return counts.change(owner, { standard: one('Standard'), advanced: one('Advanced') });
}
