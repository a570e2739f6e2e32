/** AddPermission, RemovePermission and GetPolicy: who else may invoke a function. */
import type { LambdaModel } from '../../model/lambda.generated.ts';
import type { Call, Found, Operations } from '../../operation.ts';
import { shownPolicy } from '../../policy/shown.ts';
import { newUuid } from '../../uuid.ts';
import {
  findFunction,
  type LambdaContext,
  requireFunction,
  requireQualified,
  type Subject,
} from './context.ts';
import {
  noPolicy,
  noPolicyToRemoveFrom,
  policyOfLatest,
  policyTooLong,
  principalInvalid,
  stalePolicy,
  statementExists,
  statementNotFound,
} from './errors.ts';
import { namedArn } from './names.ts';
import { type PolicyStatement, policyText, statementOf, statementsIn } from './policy-statement.ts';
import type { FunctionRecord, PolicyRecord } from './records.ts';

/** Lambda's quota. */
const mostBytes = 20 * 1024;

export function permissionOperations(context: LambdaContext) {
  const { records } = context;
  return {
    AddPermission: {
      readOnly: false,
      find: (input, call): Promise<Found<Subject>> =>
        findFunction(context, input, call, { conditions: permissionConditions(input) }),
      run: (input, call, subject: Subject) => addPermission(context, call, input, subject),
    },
    RemovePermission: {
      readOnly: false,
      find: (input, call) => findFunction(context, input, call),
      run: (input, call, subject: Subject) => {
        const entry = requireFunction(subject);
        const policy = policyAt(entry.value, subject);
        if (policy === undefined) throw noPolicyToRemoveFrom();
        if (isStale(policy, input.RevisionId)) throw stalePolicy();
        const statements = statementsIn(policy.text);
        const left = statements.filter(({ Sid }) => Sid !== input.StatementId);
        if (left.length === statements.length) throw statementNotFound(input.StatementId);
        const { principalIds } = policy;
        const changed = withStatements(entry.value, subject, {
          statements: left,
          principalIds,
          call,
        });
        call.stage(records.functions.replace(entry, changed));
      },
    },
    GetPolicy: {
      readOnly: true,
      find: (input, call) => findFunction(context, input, call),
      run: async (_input, _call, subject: Subject) => {
        const { record } = await requireQualified(context, subject);
        const policy = policyAt(record, subject);
        if (policy === undefined) throw noPolicy();
        const Policy = await shownPolicy(policy, context.ports.arnOf);
        return { Policy, RevisionId: policy.revisionId };
      },
    },
  } satisfies Operations<LambdaModel, 'AddPermission' | 'RemovePermission' | 'GetPolicy'>;
}

type AddInput = LambdaModel['AddPermission']['input'];

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html */
function permissionConditions(input: AddInput) {
  const values = new Map<string, string | undefined>([
    ['lambda:principal', input.Principal],
    ['lambda:functionurlauthtype', input.FunctionUrlAuthType],
  ]);
  return (name: string) => values.get(name);
}

async function addPermission(
  context: LambdaContext,
  call: Call,
  input: AddInput,
  subject: Subject,
): Promise<{ Statement: string }> {
  const entry = requireFunction(subject);
  if (subject.named.qualifier === '$LATEST') throw policyOfLatest();
  await requireQualified(context, subject);
  const policy = policyAt(entry.value, subject);
  if (isStale(policy, input.RevisionId)) throw stalePolicy();
  const { statements, principalIds: known } = await withCurrentNames(context, policy);
  if (statements.some(({ Sid }) => Sid === input.StatementId))
    throw statementExists(input.StatementId);
  const { partition } = subject.named;
  const statement = statementOf(input, { arn: namedArn(subject.named), partition });
  const principalIds = { ...known, ...(await idOf(context, statement)) };
  const changed = withStatements(entry.value, subject, {
    statements: [...statements, statement],
    principalIds,
    call,
  });
  call.stage(context.records.functions.replace(entry, changed));
  return { Statement: JSON.stringify(statement) };
}

/** So that a new statement can name whoever has an ARN now that an older one named somebody by. */
async function withCurrentNames(
  { ports }: LambdaContext,
  policy: PolicyRecord | undefined,
): Promise<{
  readonly statements: readonly PolicyStatement[];
  readonly principalIds: PolicyRecord['principalIds'];
}> {
  if (policy === undefined) return { statements: [], principalIds: {} };
  const principalIds: Record<string, string> = {};
  for (const [arn, id] of Object.entries(policy.principalIds)) {
    const now = await ports.arnOf({ arn, id });
    if (now !== undefined) principalIds[now] = id;
  }
  return { statements: statementsIn(await shownPolicy(policy, ports.arnOf)), principalIds };
}

/** One of the same name that is made later is a stranger. @throws ApiError for who isn't there */
async function idOf(
  { ports }: LambdaContext,
  { Principal }: PolicyStatement,
): Promise<PolicyRecord['principalIds']> {
  const arn = typeof Principal === 'string' ? undefined : Principal.AWS;
  if (arn === undefined || !/^arn:[^:]+:iam::\d{12}:(user|role)\//.test(arn)) return {};
  const id = await ports.uniqueIdOf(arn);
  if (id === undefined) throw principalInvalid();
  return { [arn]: id };
}

const policyAt = (record: FunctionRecord, { named }: Subject): PolicyRecord | undefined =>
  record.policies[named.qualifier ?? ''];

const isStale = (policy: PolicyRecord | undefined, revisionId: string | undefined): boolean =>
  revisionId !== undefined && revisionId !== policy?.revisionId;

/** A policy without statements is none. @throws ApiError PolicyLengthExceededException */
function withStatements(
  record: FunctionRecord,
  { named }: Subject,
  {
    statements,
    principalIds,
    call,
  }: {
    readonly statements: readonly PolicyStatement[];
    readonly principalIds: PolicyRecord['principalIds'];
    readonly call: Call;
  },
): FunctionRecord {
  const { [named.qualifier ?? '']: _, ...others } = record.policies;
  if (statements.length === 0) return { ...record, policies: others };
  const text = policyText(statements);
  const sizeBytes = Buffer.byteLength(text);
  if (sizeBytes > mostBytes) throw policyTooLong(sizeBytes, mostBytes);
  const policy = { text, principalIds, revisionId: newUuid(call.world) };
  return { ...record, policies: { ...others, [named.qualifier ?? '']: policy } };
}
