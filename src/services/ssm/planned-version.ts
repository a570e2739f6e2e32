/**
 * What a PutParameter asks for, put together with what the parameter has already: members that an
 * update leaves out stay as they are. Pure.
 */
import type { ParameterType, PutParameterRequest } from '../../model/ssm.generated.ts';
import { type DataType, dataTypes } from './data-type.ts';
import { dataTypeFixed, keyIdNotForType, typeNeeded } from './errors.ts';
import type { Parameter, Version } from './parameter.ts';
import { afterChange, type ParameterPolicy, parsePolicies } from './parameter-policy.ts';
import { defaultKeyId } from './secure-string.ts';
import { checkDataType, checkedDataType, checkPattern } from './value-rules.ts';

/** What only the advanced tier has, as far as a request wants it. */
export interface Needs {
  readonly valueBytes: number;
  readonly policies: boolean;
  /** Undefined for one that every tier has. */
  readonly dataType: string | undefined;
}

export interface Plan {
  readonly type: ParameterType;
  readonly dataType: DataType;
  /** Of a SecureString. */
  readonly keyId: string | undefined;
  readonly description: string | undefined;
  readonly allowedPattern: string | undefined;
  readonly policies: readonly ParameterPolicy[];
  readonly needs: Needs;
}

/** @throws ApiError for a value, a pattern, a data type or policies that don't go together. */
export function planned(
  input: PutParameterRequest,
  existing: Parameter | undefined,
  facts: {
    readonly path: string;
    readonly now: number;
    readonly javaPattern: (pattern: string) => RegExp;
  },
): Plan {
  const current = existing?.current;
  const type = input.Type ?? current?.type;
  if (type === undefined) throw typeNeeded();
  const dataType = dataTypeOf(input, current);
  const allowedPattern = emptyAsNone(input.AllowedPattern) ?? keptPattern(input, current);
  const value = { value: input.Value, type, path: facts.path };
  checkDataType(dataType, value);
  if (allowedPattern !== undefined) checkPattern(allowedPattern, value, facts.javaPattern);
  const policies = policiesOf(input, current, facts.now);
  return {
    type,
    dataType,
    keyId: keyIdOf(input, type, current),
    description: input.Description ?? current?.description,
    allowedPattern,
    policies,
    needs: {
      valueBytes: Buffer.byteLength(input.Value),
      policies: policies.length > 0,
      dataType: dataType.needsAdvanced ? dataType.name : undefined,
    },
  };
}

const emptyAsNone = (text: string | undefined): string | undefined =>
  text === '' ? undefined : text;

const keptPattern = (input: PutParameterRequest, current: Version | undefined) =>
  input.AllowedPattern === undefined ? current?.allowedPattern : undefined;

function dataTypeOf(input: PutParameterRequest, current: Version | undefined): DataType {
  const name = emptyAsNone(input.DataType) ?? current?.dataType ?? 'text';
  const dataType = checkedDataType(name);
  if (current === undefined || current.dataType === name) return dataType;
  if (dataType.isFixed || dataTypes.get(current.dataType)?.isFixed === true)
    throw dataTypeFixed(current.dataType, name);
  return dataType;
}

function keyIdOf(
  { KeyId }: PutParameterRequest,
  type: ParameterType,
  current: Version | undefined,
): string | undefined {
  if (type === 'SecureString') return KeyId ?? current?.keyId ?? defaultKeyId;
  if (KeyId !== undefined) throw keyIdNotForType();
  return undefined;
}

function policiesOf(
  { Policies }: PutParameterRequest,
  current: Version | undefined,
  now: number,
): readonly ParameterPolicy[] {
  if (Policies !== undefined) return parsePolicies(Policies, now);
  return afterChange(current?.policies ?? [], now);
}

/** The version that comes of a plan. `value`: the text, or the ciphertext in base64. */
export function versionOfPlan(
  plan: Plan,
  made: Pick<Version, 'tier' | 'value' | 'version' | 'modifiedAt' | 'modifiedBy'>,
): Version {
  const { type, dataType, keyId, description, allowedPattern, policies } = plan;
  return {
    ...made,
    type,
    dataType: dataType.name,
    policies,
    ...(keyId === undefined ? {} : { keyId }),
    ...(description === undefined ? {} : { description }),
    ...(allowedPattern === undefined ? {} : { allowedPattern }),
  };
}
