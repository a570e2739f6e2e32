/**
 * What a request calls a parameter: a name or an ARN, with or without a selector. Pure.
 * (https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-parameter-name-constraints.html)
 * The slash before a name of one level may be left out, so a parameter is known here by its path:
 * the name without that slash.
 */
import {
  malformedName,
  malformedPath,
  nameTooLong,
  notFullyQualified,
  reservedName,
  reservedPrefix,
  tooManyLevels,
} from './errors.ts';

export interface Owner {
  readonly account: string;
  readonly region: string;
}

export interface ParameterName {
  /** Of the ARN; undefined for a name, which is the caller's own. */
  readonly owner: Owner | undefined;
  /** `app/db/password` */
  readonly path: string;
  /** As the request wrote it, without the selector. */
  readonly written: string;
  /** A version number or a label, without the colon before it. */
  readonly selector: string | undefined;
}

/** With the ARN before it (Parameter Store, "Creating parameters": naming constraints). */
const maxArnLength = 1011;
const maxLevels = 15;

const subPath = /^[A-Za-z0-9_.-]+$/;
const arnForm = /^arn:[a-z-]+:ssm:([a-z0-9-]{1,32}):(\d{12}):parameter(\/[^:]*)(?::([^:]*))?$/;

export const parameterArn = (
  { account, region, partition }: Owner & { readonly partition: string },
  path: string,
): string => `arn:${partition}:ssm:${region}:${account}:parameter/${path}`;

/** How many levels a path has: `a/b` has two. */
export function levelsOf(path: string): number {
  let levels = 1;
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) levels++;
  return levels;
}

/**
 * The name of a parameter to read: a name or an ARN, both with a selector if the request has one.
 * @throws ApiError ValidationException
 */
export function parseParameterName(given: string): ParameterName {
  const text = given.trim();
  if (!text.startsWith('arn:')) {
    const colon = text.indexOf(':');
    if (colon < 0) return { owner: undefined, ...named(text), selector: undefined };
    const selector = checkedSelector(text.slice(colon + 1));
    return { owner: undefined, ...named(text.slice(0, colon)), selector };
  }
  const [, region, account, name, selector] = arnForm.exec(text) ?? [];
  if (region === undefined || account === undefined || name === undefined) throw malformedName();
  return {
    owner: { account, region },
    ...named(name),
    selector: selector === undefined ? undefined : checkedSelector(selector),
  };
}

/** As `parseParameterName`, for what takes names only. @throws ApiError ValidationException */
export function parsePlainName(given: string): ParameterName {
  return { owner: undefined, ...named(given.trim()), selector: undefined };
}

/**
 * The name of a parameter to write.
 * @throws ApiError ValidationException; HierarchyLevelLimitExceededException;
 * AccessDeniedException for names that AWS keeps.
 */
export function parseNewName(
  given: string,
  owner: Owner & { readonly partition: string },
): ParameterName {
  const text = given.trim();
  refuseReserved(text);
  if (text.includes('/') && !text.startsWith('/')) throw notFullyQualified();
  const { written, path } = named(text);
  if (levelsOf(path) > maxLevels) throw tooManyLevels();
  if (parameterArn(owner, path).length > maxArnLength) throw nameTooLong(written);
  return { owner: undefined, written, path, selector: undefined };
}

function named(written: string): { readonly written: string; readonly path: string } {
  const path = written.startsWith('/') ? written.slice(1) : written;
  const isHierarchical = path.includes('/');
  if (isHierarchical && !written.startsWith('/')) throw malformedName();
  if (!(isHierarchical ? path.split('/').every((part) => subPath.test(part)) : subPath.test(path)))
    throw malformedName();
  return { written, path };
}

function checkedSelector(selector: string): string {
  if (selector === '' || selector.length > 100 || selector.includes(':')) throw malformedName();
  return selector;
}

function refuseReserved(name: string): void {
  const isHierarchical = name.indexOf('/', 1) > 0;
  if (!/^\/?(aws|ssm)/i.test(name)) return;
  if (!isHierarchical) throw reservedPrefix();
  if (/^\/aws/i.test(name)) throw reservedName(name);
  throw malformedName();
}

/**
 * The path of a hierarchy to list, without slashes around it; empty for `/`, which holds
 * everything.
 * @throws ApiError ValidationException
 */
export function parseHierarchy(given: string): string {
  if (!given.startsWith('/')) throw malformedPath();
  const path = given.replace(/^\/|\/$/g, '');
  if (path === '' && given.length > 1) throw malformedPath();
  if (path !== '' && !path.split('/').every((part) => subPath.test(part))) throw malformedPath();
  return path;
}
