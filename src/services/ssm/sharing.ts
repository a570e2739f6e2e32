/**
 * What a policy that shares a parameter may say: named accounts, users and roles may read, and
 * nothing else. Pure.
 * (https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-shared-parameters.html)
 */
import { policyMalformed } from './errors.ts';

/** What the managed permissions of AWS RAM for parameters hold. */
const shareable: ReadonlySet<string> = new Set([
  'ssm:describeparameters',
  'ssm:getparameter',
  'ssm:getparameters',
  'ssm:getparameterhistory',
]);
const listing = 'ssm:describeparameters';
const maxCharacters = 10_240;

type Json = Readonly<Record<string, unknown>>;

export interface Shares {
  /** Accounts for which the policy shows the parameter in lists, whatever a request is like. */
  readonly listedFor: readonly string[];
  /** ARNs of the users and roles that it names. */
  readonly entities: readonly string[];
}

/**
 * What a policy for the parameter with this ARN says. Reads themselves are decided by the policy
 * engine. `fault`: see `Ports.policyFault`.
 * @throws ApiError MalformedResourcePolicyDocumentException
 */
export function readShares(
  text: string,
  { arn, fault }: { readonly arn: string; readonly fault: (text: string) => string | undefined },
): Shares {
  if (text.length > maxCharacters) throw policyMalformed('The policy is too long.');
  const wrong = fault(text);
  if (wrong !== undefined) throw policyMalformed(wrong);
  const { Statement } = JSON.parse(text) as Json;
  const statements = listOf(Statement) as readonly Json[];
  if (statements.length === 0) throw policyMalformed('The policy has no statement.');
  const listedFor = new Set<string>();
  const entities = new Set<string>();
  for (const statement of statements) {
    checkStatement(statement, arn);
    const isListing = stringsOf(statement.Action).some((each) => each.toLowerCase() === listing);
    for (const principal of principalsOf(statement)) {
      if (/^arn:[a-z-]+:iam::\d{12}:(user|role)\//.test(principal)) entities.add(principal);
      if (isListing && statement.Condition === undefined) listedFor.add(accountOf(principal));
    }
  }
  return { listedFor: [...listedFor].sort(), entities: [...entities] };
}

function checkStatement(statement: Json, arn: string): void {
  if (statement.Effect !== 'Allow')
    throw policyMalformed('A parameter is shared by statements that allow.');
  const actions = stringsOf(statement.Action);
  if (actions.length === 0 || !actions.every((action) => shareable.has(action.toLowerCase())))
    throw policyMalformed(
      'The actions of a shared parameter are ssm:DescribeParameters, ssm:GetParameter, ssm:GetParameters and ssm:GetParameterHistory.',
    );
  const resources = stringsOf(statement.Resource);
  if (resources.length === 0 || !resources.every((resource) => resource === arn))
    throw policyMalformed(`The resource of the policy must be ${arn}.`);
  const principals = principalsOf(statement);
  if (principals.length === 0 || !principals.every(isNamed))
    throw policyMalformed('The principals must be accounts, or users and roles in them, by name.');
}

const listOf = (value: unknown): readonly unknown[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

const stringsOf = (value: unknown): readonly string[] =>
  listOf(value).filter((item) => typeof item === 'string');

/** Those of `AWS`; another kind makes the list empty. */
function principalsOf({ Principal }: Json): readonly string[] {
  if (typeof Principal !== 'object' || Principal === null) return [];
  const { AWS, ...others } = Principal as Json;
  return Object.keys(others).length > 0 ? [] : stringsOf(AWS);
}

const principalForm = /^(?:(\d{12})|arn:[a-z-]+:(?:iam|sts)::(\d{12}):[^*?]+)$/;
const isNamed = (principal: string): boolean => principalForm.test(principal);

function accountOf(principal: string): string {
  const [, plain, ofArn] = principalForm.exec(principal) ?? [];
  return plain ?? ofArn ?? '';
}
