/**
 * Trust policies and whom they name. A user or role that a policy names by ARN is trusted by its
 * unique id: one of the same name that is made later is a stranger.
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html)
 */
import { checkTrustPolicy } from './documents.ts';
import { malformedPolicy } from './errors.ts';
import { type IamRecords, type RoleRecord, recordId } from './records.ts';

type Entities = Pick<IamRecords, 'users' | 'roles'>;

/**
 * Checks a trust policy and gives the unique id of each user and role that it names.
 * @throws ApiError MalformedPolicyDocument or LimitExceeded.
 */
export async function trustedBy(
  records: Entities,
  document: string,
): Promise<RoleRecord['trusted']> {
  checkTrustPolicy(document);
  const trusted: Record<string, string> = {};
  for (const principal of awsPrincipals(document)) {
    if (/^(?:\*|\d{12}|arn:aws[a-z-]*:iam::\d{12}:root)$/.test(principal)) continue;
    // Sessions come and go; their role is looked at when one of them calls.
    if (/^arn:aws[a-z-]*:sts::\d{12}:(?:assumed-role|federated-user)\/.+$/.test(principal))
      continue;
    const id = await uniqueIdOf(records, principal);
    if (id === undefined)
      throw malformedPolicy(`Invalid principal in policy: "AWS":"${principal}"`);
    trusted[principal] = id;
  }
  return trusted;
}

/**
 * A trust policy as it is shown: a user that was renamed stands there by its new ARN, and a
 * principal that is gone by its unique id, which nobody else will ever have.
 */
export async function shownTrustPolicy(
  records: Entities,
  { trustPolicy, trusted }: RoleRecord,
): Promise<string> {
  let shown = trustPolicy;
  for (const [arn, id] of Object.entries(trusted)) {
    if ((await uniqueIdOf(records, arn)) === id) continue;
    const { entries } = await records.users.pageBy('id', { key: `${id}/`, limit: 1 });
    const now = entries[0]?.value.arn ?? id;
    shown = shown.replaceAll(JSON.stringify(arn), JSON.stringify(now));
  }
  return shown;
}

/** Undefined when no user or role has this ARN. */
export async function uniqueIdOf(
  { users, roles }: Entities,
  arn: string,
): Promise<string | undefined> {
  const match = /^arn:aws[a-z-]*:iam::(\d{12}):(user|role)\/(?:.*\/)?([^/]+)$/.exec(arn);
  if (match === null) return undefined;
  const [, account, type, name] = match as unknown as [string, string, string, string];
  const id = recordId(account, name);
  if (type === 'user') {
    const user = (await users.get(id))?.value;
    return user?.arn === arn ? user.userId : undefined;
  }
  const role = (await roles.get(id))?.value;
  return role?.arn === arn ? role.roleId : undefined;
}

type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** Principals of type AWS; the document has been checked. */
function awsPrincipals(document: string): readonly string[] {
  const { Statement } = JSON.parse(document) as { Statement: Json };
  return listOf(Statement).flatMap((statement) => {
    const { Principal, NotPrincipal } = statement as Record<string, Json>;
    return [Principal, NotPrincipal].flatMap((principal) =>
      typeof principal === 'object' && principal !== null && 'AWS' in principal
        ? listOf(principal.AWS as Json).map(String)
        : [],
    );
  });
}

const listOf = (value: Json): readonly Json[] => (Array.isArray(value) ? value : [value]) as Json[];
