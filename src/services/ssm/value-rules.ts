/** What a value must be like: its size by tier, its pattern, its data type. */
import { createContext, Script } from 'node:vm';
import type { ParameterType } from '../../model/ssm.generated.ts';
import { type DataType, dataTypes } from './data-type.ts';
import {
  dataTypeMismatch,
  dataTypeNotForType,
  dataTypeUnknown,
  patternInvalid,
  patternMismatch,
  patternTooSlow,
  valueBeyondModel,
  valueEmpty,
  valueNests,
} from './errors.ts';

/** Bytes of UTF-8: a standard SecureString must fit into one call of KMS. */
export const standardBytes = 4_096;
export const advancedBytes = 8_192;
const modelCharacters = 32_768;

/** @throws ApiError ValidationException for what no tier takes. */
export function checkValue(value: string): void {
  if (value === '') throw valueEmpty();
  if (value.length > modelCharacters) throw valueBeyondModel();
  const opening = value.indexOf('{{');
  if (opening >= 0 && value.indexOf('}}', opening + 2) >= 0) throw valueNests();
}

export const itemsOf = (value: string, type: ParameterType): readonly string[] =>
  type === 'StringList' ? value.split(',') : [value];

/** @throws ApiError ValidationException */
export function checkedDataType(name: string): DataType {
  const dataType = dataTypes.get(name);
  if (dataType === undefined) throw dataTypeUnknown(name);
  return dataType;
}

/** @throws ApiError ValidationException */
export function checkDataType(
  dataType: DataType,
  given: { readonly value: string; readonly type: ParameterType; readonly path: string },
): void {
  if (!dataType.types.includes(given.type)) throw dataTypeNotForType(dataType.name, given.type);
  if (!itemsOf(given.value, given.type).every((item) => dataType.takes(item, given.path)))
    throw dataTypeMismatch(dataType.name);
}

/** How long a caller's pattern may run, in all. */
const patternMs = 50;

/**
 * A pattern is the caller's own and may be one that takes for ever: it runs where it can be
 * stopped.
 */
const everyMatches = new Script('values.every((value) => pattern.test(value))');
const place: { pattern: RegExp | undefined; values: readonly string[] } = {
  pattern: undefined,
  values: [],
};
createContext(place);

/**
 * Holds a value, or each item of a list, against a pattern. `compile`: see `Ports.javaPattern`.
 * @throws ApiError InvalidAllowedPatternException, ParameterPatternMismatchException
 */
export function checkPattern(
  pattern: string,
  given: { readonly value: string; readonly type: ParameterType },
  compile: (pattern: string) => RegExp,
): void {
  try {
    place.pattern = compile(pattern);
  } catch {
    throw patternInvalid(pattern);
  }
  place.values = itemsOf(given.value, given.type);
  let isMatch: unknown;
  try {
    isMatch = everyMatches.runInContext(place, { timeout: patternMs });
  } catch {
    throw patternTooSlow();
  } finally {
    place.pattern = undefined;
    place.values = [];
  }
  if (isMatch !== true) throw patternMismatch(pattern);
}
