/**
 * A resource's policy as it is shown: its principals are known by their unique ids, so a user that
 * was renamed stands there by its new ARN, and one that is gone by the id, which nobody else will
 * ever have
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html).
 */
import type { PrincipalIds } from './principal.ts';

/** The ARN that a user or role has now, whatever it had before; undefined when it is gone. */
export type ArnOf = (named: {
  readonly arn: string;
  readonly id: string;
}) => Promise<string | undefined>;

type Json = string | number | boolean | null | readonly Json[] | JsonObject;
type JsonObject = { readonly [name: string]: Json };

/** The text as it was saved, unless somebody in it has another name; then as `print` has it. */
export async function shownPolicy(
  { text, principalIds = {} }: { readonly text: string; readonly principalIds?: PrincipalIds },
  arnOf: ArnOf,
  print: (document: unknown) => string = JSON.stringify,
): Promise<string> {
  const names = new Map<string, string>();
  for (const [arn, id] of Object.entries(principalIds)) {
    const now = (await arnOf({ arn, id })) ?? id;
    if (now !== arn) names.set(arn, now);
  }
  return names.size === 0 ? text : print(withNames(JSON.parse(text), names));
}

function withNames(document: JsonObject, names: ReadonlyMap<string, string>): JsonObject {
  const statement = (one: Json): Json =>
    Object.fromEntries(
      Object.entries(one as JsonObject).map(([element, value]) => [
        element,
        /^(Not)?Principal$/.test(element) ? withNamesIn(value, names) : value,
      ]),
    );
  const { Statement } = document;
  return { ...document, Statement: each(Statement ?? [], statement) };
}

/** Only what stands under `AWS` are ARNs of users and roles. */
function withNamesIn(principal: Json, names: ReadonlyMap<string, string>): Json {
  if (typeof principal !== 'object' || principal === null || !('AWS' in principal))
    return principal;
  const renamed = (name: Json): Json => names.get(String(name)) ?? name;
  return { ...principal, AWS: each((principal as JsonObject).AWS as Json, renamed) };
}

const each = (value: Json, change: (one: Json) => Json): Json =>
  Array.isArray(value) ? value.map(change) : change(value);
