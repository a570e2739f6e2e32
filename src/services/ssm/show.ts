/**
 * Parameters and their versions as the operations show them, and which version a selector means.
 */
import type {
  ParameterHistory,
  ParameterMetadata,
  Parameter as ShownParameter,
} from '../../model/ssm.generated.ts';
import type { Call } from '../../operation.ts';
import type { SsmContext } from './context.ts';
import { labelNotFound, versionNotFound } from './errors.ts';
import { labelsOf, type Parameter, type Version, versionLabelled } from './parameter.ts';
import type { ParameterName } from './parameter-name.ts';
import { historyId, type ParameterEntry } from './records.ts';
import { decryptValue } from './secure-string.ts';
import { type MaybePromise, whenHere } from './when.ts';

/**
 * The version that a selector means; the current one without a selector.
 * @throws ApiError ParameterVersionNotFound
 */
export function selectVersion(
  ssm: SsmContext,
  entry: ParameterEntry,
  { selector, written }: Pick<ParameterName, 'selector' | 'written'>,
): MaybePromise<Version> {
  if (selector === undefined) return entry.value.current;
  const isNumber = /^\d{1,15}$/.test(selector);
  const number = isNumber ? Number(selector) : versionLabelled(entry.value, selector);
  const missing = () => (isNumber ? versionNotFound : labelNotFound)(written, selector);
  if (number === undefined) throw missing();
  return whenHere(versionOf(ssm, entry, number), (version) => {
    if (version === undefined) throw missing();
    return version;
  });
}

/** Undefined for a version that is not kept, or never was. */
export function versionOf(
  { records }: SsmContext,
  { id, value: { current, oldestVersion } }: ParameterEntry,
  number: number,
): MaybePromise<Version | undefined> {
  if (number === current.version) return current;
  if (number < oldestVersion || number > current.version) return undefined;
  const stored = historyId(id, number);
  return whenHere(
    records.history.peek(stored) ?? records.history.get(stored),
    (entry) => entry?.value,
  );
}

/** `shownAs`: the name, where the request's stands for it. */
export function shownParameter(
  parameter: Parameter,
  version: Version,
  asked: {
    readonly call: Call;
    readonly withDecryption: boolean | undefined;
    readonly shownAs?: string;
    readonly selector?: string | undefined;
  },
): MaybePromise<ShownParameter> {
  const { selector } = asked;
  return whenHere(shownValue(parameter, version, asked), (value) => ({
    Name: asked.shownAs ?? parameter.name,
    Type: version.type,
    Value: value,
    Version: version.version,
    ...(selector === undefined ? {} : { Selector: `:${selector}` }),
    LastModifiedDate: version.modifiedAt,
    ARN: parameter.arn,
    DataType: version.dataType,
  }));
}

function shownValue(
  { arn }: Parameter,
  version: Version,
  { call, withDecryption }: { readonly call: Call; readonly withDecryption: boolean | undefined },
): MaybePromise<string> {
  if (version.type !== 'SecureString' || withDecryption !== true) return version.value;
  return decryptValue(arn, version, call);
}

export function shownMetadata(parameter: Parameter): ParameterMetadata {
  return {
    Name: parameter.name,
    ARN: parameter.arn,
    ...commonMembers(parameter.current),
  };
}

export function shownHistory(
  parameter: Parameter,
  version: Version,
  asked: { readonly call: Call; readonly withDecryption: boolean | undefined },
): MaybePromise<ParameterHistory> {
  return whenHere(shownValue(parameter, version, asked), (Value) => ({
    Name: parameter.name,
    ...commonMembers(version),
    Value,
    Labels: labelsOf(parameter, version.version),
  }));
}

/** What metadata and history have in common. */
function commonMembers(version: Version) {
  const { keyId, description, allowedPattern } = version;
  return {
    Type: version.type,
    ...(keyId === undefined ? {} : { KeyId: keyId }),
    LastModifiedDate: version.modifiedAt,
    LastModifiedUser: version.modifiedBy,
    ...(description === undefined ? {} : { Description: description }),
    ...(allowedPattern === undefined ? {} : { AllowedPattern: allowedPattern }),
    Version: version.version,
    Tier: version.tier,
    Policies: version.policies.map(({ type, text, status }) => ({
      PolicyText: text,
      PolicyType: type,
      PolicyStatus: status,
    })),
    DataType: version.dataType,
  };
}
