/**
 * The rows of the operation table with what decides on them: each key's policy, tags and grants,
 * and KMS's condition keys. So no row has to think of it, and none can forget.
 */
import type { GrantOperation } from '../../model/kms.generated.ts';
import type {
  Call,
  Circumstances,
  Found,
  GrantFound,
  GrantStory,
  Operation,
  OperationTable,
} from '../../operation.ts';
import { type Conditioned, conditionsOf } from './condition-keys.ts';
import type { KmsContext } from './context.ts';
import type { EncryptionContext } from './envelope.ts';
import { type GrantTerms, type GrantUse, grantsAllow, whyNot } from './grant.ts';
import { grantCaller } from './grant-principal.ts';
import type { Key } from './key.ts';
import { keyResource } from './key-finder.ts';
import type { Recipient } from './recipient.ts';
import { aliasesOfKey, type KeyEntry } from './records.ts';
import { type MaybePromise, whenHere } from './when.ts';

type Row = Operation<unknown, unknown>;
type Members = Readonly<Record<string, unknown>>;

export function governed(rows: OperationTable, kms: KmsContext): OperationTable {
  return new Map([...rows].map(([name, row]) => [name, governedRow(row, kms)]));
}

function governedRow(row: Row, kms: KmsContext): Row {
  const { find } = row;
  if (find === undefined) return row;
  return {
    ...row,
    find: (input, call) =>
      whenHere(find(input, call), (found) =>
        whenHere(circumstancesOf(kms, found, { input: input as Members, call }), (governing) => ({
          ...governing,
          // What a row says itself counts.
          ...found,
        })),
      ),
  };
}

interface Asked {
  readonly input: Members;
  readonly call: Call;
}

function circumstancesOf(
  kms: KmsContext,
  { subject }: Found<unknown>,
  { input, call }: Asked,
): MaybePromise<Circumstances> {
  const isReEncrypt = call.operation === 'ReEncrypt';
  const key = keyOf(subject);
  const named = text(isReEncrypt ? input.SourceKeyId : input.KeyId);
  const isSameKey = isReEncrypt && sameKeys(subject);
  const half = isReEncrypt ? { half: 'Source' as const, isSameKey } : {};
  const operation = isReEncrypt ? 'ReEncryptFrom' : call.operation;
  const recipient = recipientOf(subject);
  return circumstances(kms, { call, input, key, named, recipient, ...half }, operation, subject);
}

/** The circumstances of the second decision of a ReEncrypt. */
export function destinationCircumstances(
  kms: KmsContext,
  asked: { readonly input: object; readonly call: Call; readonly key: Key; isSameKey: boolean },
): MaybePromise<Circumstances> {
  const { call, key, isSameKey } = asked;
  const input = asked.input as Members;
  const named = text(input.DestinationKeyId);
  const conditioned = { call, input, key, named, half: 'Destination', isSameKey } as const;
  return circumstances(kms, conditioned, 'ReEncryptTo', undefined);
}

function circumstances(
  kms: KmsContext,
  asked: Conditioned,
  operation: string,
  subject: unknown,
): MaybePromise<Circumstances> {
  const { key, call, named } = asked;
  if (key === undefined) return { conditions: conditionsOf(asked) };
  const grant = isGrantOperation(operation)
    ? (identityAllows: boolean) => grantFor(kms, { asked, key, operation, subject, identityAllows })
    : undefined;
  const explainGrants = () => grantStories(kms, { asked, key, operation, subject });
  const whole = (aliases: readonly string[] | undefined): Circumstances => ({
    conditions: conditionsOf({ ...asked, aliases }),
    ...(grant === undefined ? {} : { grant, explainGrants }),
    concealedAs:
      named === undefined ? 'the resource associated with this ciphertext' : 'this resource',
  });
  return call.mentions('kms:resourcealiases')
    ? aliasNamesOf(kms, key).then(whole)
    : whole(undefined);
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : undefined;

async function aliasNamesOf({ records }: KmsContext, key: Key): Promise<readonly string[]> {
  const names: string[] = [];
  let after: string | undefined;
  do {
    const page = await records.aliases.pageBy('key', {
      key: aliasesOfKey(key),
      ...(after === undefined ? {} : { after }),
      limit: 500,
    });
    names.push(...page.entries.map(({ value }) => value.name));
    after = page.next;
  } while (after !== undefined);
  return names;
}

/** The operations of grants; RetireGrant is decided by the grant that is retired. */
const grantOperations: Readonly<Record<Exclude<GrantOperation, 'RetireGrant'>, true>> = {
  Decrypt: true,
  Encrypt: true,
  GenerateDataKey: true,
  GenerateDataKeyWithoutPlaintext: true,
  ReEncryptFrom: true,
  ReEncryptTo: true,
  Sign: true,
  Verify: true,
  GetPublicKey: true,
  CreateGrant: true,
  DescribeKey: true,
  GenerateDataKeyPair: true,
  GenerateDataKeyPairWithoutPlaintext: true,
  GenerateMac: true,
  VerifyMac: true,
  DeriveSharedSecret: true,
  Encapsulate: true,
  Decapsulate: true,
};

const isGrantOperation = (name: string): name is keyof typeof grantOperations =>
  Object.hasOwn(grantOperations, name);

interface GrantQuestion {
  readonly asked: Conditioned;
  readonly key: Key;
  readonly operation: keyof typeof grantOperations;
  readonly subject: unknown;
  readonly identityAllows: boolean;
}

function grantFor(kms: KmsContext, question: GrantQuestion): MaybePromise<GrantFound> {
  const { asked, key, identityAllows } = question;
  const caller = grantCaller(asked.call.principal, identityAllows);
  const tokens = asked.input.GrantTokens as readonly string[] | undefined;
  return whenHere(kms.grants.concerning(key, caller, tokens), (grants) => {
    const found = grantsAllow({ caller, use: useOf(question) }, grants);
    return found === undefined ? undefined : { id: found.grantId };
  });
}

async function grantStories(
  kms: KmsContext,
  question: Omit<GrantQuestion, 'identityAllows' | 'operation'> & { readonly operation: string },
): Promise<readonly GrantStory[]> {
  const { asked, key, operation } = question;
  if (!isGrantOperation(operation)) return [];
  const caller = grantCaller(asked.call.principal, false);
  const tokens = asked.input.GrantTokens as readonly string[] | undefined;
  const grants = await kms.grants.concerning(key, caller, tokens);
  const use = useOf({ ...question, operation, identityAllows: false });
  return grants
    .slice(0, 100)
    .map((grant) => ({ grantId: grant.grantId, why: whyNot(grant, { caller, use }) }));
}

function useOf({ asked, operation, subject }: GrantQuestion): GrantUse {
  const { call, input, half } = asked;
  const { sourceArn } = call;
  if (operation === 'CreateGrant') {
    const { terms } = subject as { readonly terms: GrantTerms };
    return { operation, child: terms, sourceArn };
  }
  const context = input[`${half ?? ''}EncryptionContext`] as EncryptionContext | undefined;
  return { operation, context, sourceArn };
}

/** Whom the rows with a Recipient have verified. */
const recipientOf = (subject: unknown): Recipient | undefined =>
  (subject as { readonly recipient?: Recipient } | undefined)?.recipient;

/** What the rows' `find` hands on: a key entry, or something that holds one under these names. */
function keyOf(subject: unknown): Key | undefined {
  if (typeof subject !== 'object' || subject === null) return undefined;
  const { value, entry, source, target, key } = subject as {
    readonly value?: Key;
    readonly entry?: KeyEntry;
    readonly source?: { readonly entry: KeyEntry };
    readonly target?: KeyEntry;
    readonly key?: KeyEntry;
  };
  return (
    (value?.keyId === undefined ? undefined : value) ??
    entry?.value ??
    source?.entry.value ??
    target?.value ??
    key?.value
  );
}

function sameKeys(subject: unknown): boolean {
  const { source, destination } = subject as {
    readonly source: { readonly entry: KeyEntry };
    readonly destination?: KeyEntry;
  };
  return source.entry.value.arn === destination?.value.arn;
}

/**
 * A further decision on a key beyond the row's own. `input`: the request's members, which its
 * condition keys are read from.
 * @throws ApiError AccessDeniedException.
 */
export async function authorizeOnKey(
  kms: KmsContext,
  asked: {
    readonly call: Call;
    readonly action: string;
    readonly key: Key;
    readonly input: object;
  },
): Promise<void> {
  const { call, action, key } = asked;
  const input = asked.input as Members;
  const governing = await circumstances(
    kms,
    { call, input, key, named: key.arn },
    action.slice('kms:'.length),
    undefined,
  );
  await call.authorizeWithGrants(action, keyResource(key), governing);
}
