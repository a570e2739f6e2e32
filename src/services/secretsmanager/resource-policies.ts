/**
 * PutResourcePolicy, GetResourcePolicy, DeleteResourcePolicy, ListResourcePolicies and
 * ValidateResourcePolicy. What makes a policy acceptable is in policy-check.ts.
 */
import { ApiError } from '../../api-error.ts';
import type {
  GetResourcePolicyResponse,
  ListResourcePoliciesRequest,
  ListResourcePoliciesResponse,
  PutResourcePolicyRequest,
  SecretsmanagerModel,
  ValidateResourcePolicyRequest,
  ValidateResourcePolicyResponse,
} from '../../model/secretsmanager.generated.ts';
import type { Call, Found, Operations } from '../../operation.ts';
import { shownPolicy } from '../../policy/shown.ts';
import { conditionsOf } from './condition-keys.ts';
import type { SecretsContext } from './context.ts';
import { defaultPolicyName, managedPolicy, managedPolicyName } from './cross-account-policy.ts';
import {
  policyLocksOut,
  policyMalformed,
  policyNameNotWritable,
  policyNotFound,
  policyPrincipalUnsupported,
  policyPublic,
} from './errors.ts';
import { changeable, everything, existing, live, secretResource } from './finder.ts';
import { decodeToken, encodeToken } from './next-token.ts';
import { isPublic, namedPrincipals, policyFault } from './policy-check.ts';
import type { SecretEntry } from './records.ts';
import { stageChange } from './replicas.ts';
import type { Secret } from './secret.ts';
import type { MaybePromise } from './when.ts';

export function policyOperations(secrets: SecretsContext) {
  const find = secrets.finder.named;
  return {
    PutResourcePolicy: {
      readOnly: false,
      find,
      run: async (input, call, found: SecretEntry | undefined) => {
        checkWritable(input.PolicyName);
        const entry = changeable(found);
        checkPolicy(input, call, entry.value);
        const policyPrincipals = await uniqueIds(secrets, input.ResourcePolicy);
        await stagePolicy(secrets, call, entry, { policy: input.ResourcePolicy, policyPrincipals });
        return { ...named(entry.value), PolicyName: defaultPolicyName };
      },
    },
    GetResourcePolicy: {
      readOnly: true,
      find,
      run: (input, _call, found: SecretEntry | undefined) =>
        getPolicy(secrets, input.PolicyName ?? defaultPolicyName, live(found).value),
    },
    DeleteResourcePolicy: {
      readOnly: false,
      find,
      run: async (input, call, found: SecretEntry | undefined) => {
        checkWritable(input.PolicyName);
        const entry = changeable(found);
        const none = { policy: undefined, policyPrincipals: undefined };
        await stagePolicy(secrets, call, entry, none);
        return { ...named(entry.value), PolicyName: defaultPolicyName };
      },
    },
    ListResourcePolicies: {
      readOnly: true,
      find,
      run: (input, _call, found: SecretEntry | undefined) => listPolicies(input, live(found).value),
    },
    ValidateResourcePolicy: {
      readOnly: true,
      find: (input, call): MaybePromise<Found<SecretEntry | undefined>> => {
        const { SecretId } = input;
        if (SecretId !== undefined) return find({ ...input, SecretId }, call);
        return { resource: everything(call), subject: undefined };
      },
      run: (input, call, found: SecretEntry | undefined) => validatePolicy(input, call, found),
    },
  } satisfies Operations<
    SecretsmanagerModel,
    | 'PutResourcePolicy'
    | 'GetResourcePolicy'
    | 'DeleteResourcePolicy'
    | 'ListResourcePolicies'
    | 'ValidateResourcePolicy'
  >;
}

async function getPolicy(
  secrets: SecretsContext,
  name: string,
  secret: Secret,
): Promise<GetResourcePolicyResponse> {
  const text =
    name === defaultPolicyName
      ? await shownSecretPolicy(secrets, secret)
      : policyNamed(secret, name);
  if (text === undefined && name !== defaultPolicyName) throw policyNotFound(name);
  return {
    ...named(secret),
    ...(text === undefined ? {} : { ResourcePolicy: text }),
    PolicyName: name,
  };
}

const named = ({ arn, name }: Secret) => ({ ARN: arn, Name: name });

const policyNamed = (secret: Secret, name: string): string | undefined =>
  name === managedPolicyName
    ? managedPolicy(secret)
    : name === defaultPolicyName
      ? secret.policy
      : undefined;

function checkWritable(name: string | undefined): void {
  if (name !== undefined && name !== defaultPolicyName) throw policyNameNotWritable(name);
}

/** @throws ApiError MalformedPolicyDocumentException or PublicPolicyException */
function checkPolicy(input: PutResourcePolicyRequest, call: Call, secret: Secret): void {
  const { ResourcePolicy: text, BlockPublicPolicy } = input;
  const fault = policyFault(text);
  if (fault === 'principal') throw policyPrincipalUnsupported();
  if (fault === 'syntax') throw policyMalformed();
  if (BlockPublicPolicy === true && isPublic(text)) throw policyPublic();
  if (locksOut(call, input, { ...secret, policy: text })) throw policyLocksOut();
}

/** Whether the caller could not take the policy back any more. */
function locksOut(call: Call, input: object, secret: Secret): boolean {
  const conditions = conditionsOf({ call, input: { ...input }, secret });
  const refused = (action: string): ApiError | undefined => {
    try {
      call.authorize(`secretsmanager:${action}`, secretResource(secret), { conditions });
      return undefined;
    } catch (error) {
      if (error instanceof ApiError) return error;
      throw error;
    }
  };
  if (refused('PutResourcePolicy') !== undefined) return true;
  // Who never could delete it isn't locked out of that by the policy, unless it says so.
  return /explicit deny in a resource-based policy/.test(
    refused('DeleteResourcePolicy')?.message ?? '',
  );
}

async function stagePolicy(
  secrets: SecretsContext,
  call: Call,
  entry: SecretEntry,
  policy: Pick<Secret, 'policy' | 'policyPrincipals'>,
): Promise<void> {
  if (entry.value.policy === undefined && policy.policy === undefined) return;
  const changed = { ...entry.value, ...policy };
  await stageChange(secrets, call, { before: entry, changed });
}

/** @throws ApiError MalformedPolicyDocumentException for users and roles that aren't there. */
async function uniqueIds(
  { principals }: SecretsContext,
  policy: string,
): Promise<Secret['policyPrincipals']> {
  const named = namedPrincipals(policy);
  if (principals === undefined || named.length === 0) return undefined;
  const ids: Record<string, string> = {};
  for (const arn of named) {
    const id = await principals.uniqueIdOf(arn);
    if (id === undefined) throw policyPrincipalUnsupported();
    ids[arn] = id;
  }
  return ids;
}

/** As GetResourcePolicy shows it. */
async function shownSecretPolicy(
  { principals }: SecretsContext,
  { policy: text, policyPrincipals: principalIds = {} }: Secret,
): Promise<string | undefined> {
  if (text === undefined || principals === undefined) return text;
  return shownPolicy({ text, principalIds }, principals.arnOf);
}

/** `default` first, then by name. */
function listPolicies(
  { MaxResults, NextToken }: ListResourcePoliciesRequest,
  secret: Secret,
): ListResourcePoliciesResponse {
  const list = ['policies', secret.id];
  const after = decodeToken(list, NextToken);
  const names = [defaultPolicyName, managedPolicyName].filter(
    (name) => policyNamed(secret, name) !== undefined,
  );
  const rest = names.slice(after === undefined ? 0 : names.indexOf(after) + 1);
  const page = rest.slice(0, MaxResults ?? 100);
  const last = page.at(-1);
  return {
    ResourcePolicies: page.map((name) => ({ PolicyName: name })),
    ...(last === undefined || page.length === rest.length
      ? {}
      : { NextToken: encodeToken(list, last) }),
  };
}

/** AWS's names for its checks are not known. */
const checks = {
  syntax: ['SYNTAX', policyMalformed],
  principal: ['PRINCIPAL', policyPrincipalUnsupported],
  public: ['BROAD_ACCESS', policyPublic],
  lockOut: ['LOCKOUT', policyLocksOut],
} as const;

function validatePolicy(
  input: ValidateResourcePolicyRequest,
  call: Call,
  found: SecretEntry | undefined,
): ValidateResourcePolicyResponse {
  const { SecretId, ResourcePolicy: text } = input;
  const secret = SecretId === undefined ? undefined : existing(found).value;
  const conditions = conditionsOf({ call, input: { ...input }, secret });
  const resource = secret === undefined ? everything(call) : secretResource(secret);
  call.authorize('secretsmanager:PutResourcePolicy', resource, { conditions });
  const fault = policyFault(text);
  const failed =
    fault !== undefined
      ? [checks[fault]]
      : [
          ...(isPublic(text) ? [checks.public] : []),
          ...(secret !== undefined && locksOut(call, input, { ...secret, policy: text })
            ? [checks.lockOut]
            : []),
        ];
  return {
    PolicyValidationPassed: failed.length === 0,
    ValidationErrors: failed.map(([CheckName, error]) => ({
      CheckName,
      ErrorMessage: error().message,
    })),
  };
}
