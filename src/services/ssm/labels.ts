/** LabelParameterVersion and UnlabelParameterVersion. */
import type { SsmModel } from '../../model/ssm.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import type { SsmContext } from './context.ts';
import { parameterNotFound, tooManyLabels, versionNotFound } from './errors.ts';
import { changeEvent } from './events.ts';
import { findNamed, found, type Named } from './finder.ts';
import { labelled, labelsOf, maxLabels, unlabelled } from './parameter.ts';
import { parsePlainName } from './parameter-name.ts';
import type { ParameterEntry } from './records.ts';
import { whenHere } from './when.ts';

export function labelOperations(ssm: SsmContext) {
  const find = (input: { readonly Name: string }, call: Call) =>
    whenHere(findNamed(ssm.records, parsePlainName(input.Name), call), (named) => found(named, {}));
  return {
    LabelParameterVersion: {
      readOnly: false,
      find,
      run: (input, call, named: Named) => {
        const entry = present(named);
        const version = keptVersion(named, entry, input.ParameterVersion);
        const labels = [...new Set(input.Labels)];
        const valid = labels.filter(isLabel);
        if (valid.length > 0) {
          const parameter = labelled(entry.value, version, valid);
          if (labelsOf(parameter, version).length > maxLabels) throw tooManyLabels();
          call.stage(
            ssm.records.parameters.replace(entry, parameter),
            ssm.ports.emit(changeEvent(parameter, 'LabelParameterVersion', call.now)),
          );
        }
        const InvalidLabels = labels.filter((label) => !valid.includes(label));
        return { InvalidLabels, ParameterVersion: version };
      },
    },
    UnlabelParameterVersion: {
      readOnly: false,
      find,
      run: (input, call, named: Named) => {
        const entry = present(named);
        const version = keptVersion(named, entry, input.ParameterVersion);
        const attached = labelsOf(entry.value, version);
        const labels = [...new Set(input.Labels)];
        const RemovedLabels = labels.filter((label) => attached.includes(label));
        if (RemovedLabels.length > 0)
          call.stage(
            ssm.records.parameters.replace(entry, unlabelled(entry.value, version, RemovedLabels)),
          );
        return {
          RemovedLabels,
          InvalidLabels: labels.filter((label) => !RemovedLabels.includes(label)),
        };
      },
    },
  } satisfies Operations<SsmModel, 'LabelParameterVersion' | 'UnlabelParameterVersion'>;
}

function present({ entry }: Named): ParameterEntry {
  if (entry === undefined) throw parameterNotFound();
  return entry;
}

/** The version that is named; the current one where none is. */
function keptVersion(
  { name }: Named,
  { value: { current, oldestVersion } }: ParameterEntry,
  wanted = current.version,
): number {
  if (wanted < oldestVersion || wanted > current.version)
    throw versionNotFound(name.written, String(wanted));
  return wanted;
}

/**
 * Letters, digits and `.-_`, not beginning with a digit, `aws` or `ssm`
 * (https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-labels.html).
 */
const isLabel = (label: string): boolean =>
  /^[A-Za-z._-][A-Za-z0-9._-]{0,99}$/.test(label) && !/^(aws|ssm)/i.test(label);
