/** How requests name functions, and how ARNs do. Pure; the forms themselves are the model's. */
import { functionNotFound, functionsElsewhere, qualifiersDiffer } from './errors.ts';
import type { FunctionRecord, Place } from './records.ts';

/** A function as a request names it; nobody has looked whether there is one. */
export interface NamedFunction extends Place {
  readonly name: string;
  /** `$LATEST`, a version or an alias; undefined: none was named. */
  readonly qualifier: string | undefined;
}

/** Partition, Region, account, name and qualifier; all but the name may be left out. */
const form = new RegExp(
  '^(?:arn:(aws[a-zA-Z-]*):lambda:)?(?:([a-z0-9-]+-\\d):)?(?:(\\d{12}):)?' +
    '(?:function:)?([a-zA-Z0-9-_]+)(?::(.+))?$',
);

/**
 * Reads `name`, `name:qualifier`, `123456789012:function:name` and ARNs.
 * @throws ApiError ResourceNotFoundException for a function of another Region or partition,
 *   InvalidParameterValueException when the name and the request have different qualifiers.
 */
export function namedFunction(
  given: { readonly FunctionName: string; readonly Qualifier?: string | undefined },
  caller: Place,
): NamedFunction {
  const [, partition, region, account, name = given.FunctionName, inName] =
    form.exec(given.FunctionName) ?? [];
  if (region !== undefined && region !== caller.region)
    throw functionsElsewhere(region, caller.region);
  // Policies speak of ARNs: a function must not have a second one.
  if (partition !== undefined && partition !== caller.partition)
    throw functionNotFound(given.FunctionName);
  if (inName !== undefined && given.Qualifier !== undefined && inName !== given.Qualifier)
    throw qualifiersDiffer();
  return {
    partition: caller.partition,
    region: caller.region,
    account: account ?? caller.account,
    name,
    qualifier: given.Qualifier ?? inName,
  };
}

export function functionArn(place: Place, name: string, qualifier?: string): string {
  const { partition, region, account } = place;
  const arn = `arn:${partition}:lambda:${region}:${account}:function:${name}`;
  return qualifier === undefined ? arn : `${arn}:${qualifier}`;
}

/** With its qualifier, as the request named it. */
export const namedArn = (named: NamedFunction): string =>
  functionArn(named, named.name, named.qualifier);

export const recordArn = (record: FunctionRecord, qualifier?: string): string =>
  functionArn(record, record.name, qualifier);

/** A version's number or `$LATEST`; else the qualifier is an alias. */
export const isVersion = (qualifier: string): boolean => /^(\$LATEST|[0-9]+)$/.test(qualifier);

/** The account and name of a role's ARN, whose form the model has checked. */
export function roleOf(arn: string): { readonly account: string } {
  return { account: arn.split(':')[4] ?? '' };
}
