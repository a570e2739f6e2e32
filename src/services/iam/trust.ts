/**
 * Trust policies and whom they name. A user or role that a policy names by ARN is trusted by its
 * unique id: one of the same name that is made later is a stranger.
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html)
 */
import { shownPolicy } from '../../policy/shown.ts';
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

/** A trust policy as it is shown. */
export const shownTrustPolicy = (
  records: Entities,
  { trustPolicy: text, trusted: principalIds }: RoleRecord,
): Promise<string> => shownPolicy({ text, principalIds }, (named) => arnOf(records, named));

/** The ARN that a user or role has now, whatever it had before; undefined when it is gone. */
export async function arnOf(
  records: Entities,
  { arn, id }: { readonly arn: string; readonly id: string },
): Promise<string | undefined> {
  if ((await uniqueIdOf(records, arn)) === id) return arn;
  // Roles keep their names.
  const { entries } = await records.users.pageBy('id', { key: `${id}/`, limit: 1 });
  return entries[0]?.value.arn;
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
