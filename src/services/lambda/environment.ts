/**
 * A function's environment variables: encrypted by KMS under the function's ARN as context, under
 * the customer's key or Lambda's own, and decrypted for who may see them and for the function.
 */
import { ApiError } from '../../api-error.ts';
import { reservedVariables } from '../../functions/environment.ts';
import type { EnvironmentResponse } from '../../model/lambda.generated.ts';
import type { Call } from '../../operation.ts';
import {
  environmentNotDecrypted,
  environmentNotReadable,
  environmentTooLarge,
  keyNotUsable,
  nulInVariables,
  reservedVariablesUsed,
} from './errors.ts';
import type { LambdaPorts } from './ports.ts';
import type { SealedEnvironment } from './records.ts';
import type { RoleSession } from './role.ts';

export type Variables = Readonly<Record<string, string>>;

/** Lambda's quota, of the JSON text. */
const mostBytes = 4096;

const lambdasKey = 'alias/aws/lambda';

/** Whose variables they are: what they are bound to. */
export interface Owner {
  /** Of the function, without a qualifier. */
  readonly arn: string;
  readonly role: string;
  readonly kmsKeyArn: string | undefined;
}

const contextOf = (arn: string) => ({ 'aws:lambda:FunctionArn': arn });

/**
 * Encrypts as the caller, who must be allowed to use the key; a customer's key gets a grant for
 * the execution role. Undefined when there is nothing to encrypt.
 * @throws ApiError InvalidParameterValueException
 */
export async function sealEnvironment(
  call: Call,
  variables: Variables,
  { arn, role, kmsKeyArn }: Owner,
): Promise<SealedEnvironment | undefined> {
  const names = Object.keys(variables);
  if (names.length === 0) return undefined;
  const taken = names.filter((name) => reservedVariables.has(name)).sort();
  if (taken.length > 0) throw reservedVariablesUsed(taken);
  if (Object.values(variables).some((value) => value.includes('\0'))) throw nulInVariables();
  const text = JSON.stringify(variables);
  const plaintext = Buffer.from(text);
  if (plaintext.length > mostBytes) throw environmentTooLarge(text);
  try {
    const EncryptionContext = contextOf(arn);
    const { CiphertextBlob } = (await call.invoke('kms', 'Encrypt', {
      KeyId: kmsKeyArn ?? lambdasKey,
      Plaintext: plaintext,
      EncryptionContext,
    })) as { CiphertextBlob: Uint8Array };
    const ciphertext = Buffer.from(CiphertextBlob).toString('base64');
    if (kmsKeyArn === undefined) return { ciphertext };
    const { GrantId } = (await call.invoke('kms', 'CreateGrant', {
      KeyId: kmsKeyArn,
      GranteePrincipal: role,
      RetiringServicePrincipal: 'lambda.amazonaws.com',
      Operations: ['Decrypt'],
      Constraints: { EncryptionContextEquals: EncryptionContext },
    })) as { GrantId: string };
    return { ciphertext, grant: { id: GrantId, keyArn: kmsKeyArn } };
  } catch (error) {
    if (error instanceof ApiError) throw keyNotUsable(error);
    throw error;
  } finally {
    plaintext.fill(0);
  }
}

const decryptInput = (sealed: SealedEnvironment, arn: string) => ({
  CiphertextBlob: Buffer.from(sealed.ciphertext, 'base64'),
  EncryptionContext: contextOf(arn),
});

function variablesIn(output: unknown): Variables {
  const bytes = Buffer.from((output as { Plaintext: Uint8Array }).Plaintext);
  const variables = JSON.parse(bytes.toString()) as Variables;
  bytes.fill(0);
  return variables;
}

/** Decrypts as the caller. @throws ApiError AccessDeniedException */
export async function openEnvironment(
  call: Call,
  sealed: SealedEnvironment | undefined,
  arn: string,
): Promise<Variables> {
  if (sealed === undefined) return {};
  try {
    return variablesIn(await call.invoke('kms', 'Decrypt', decryptInput(sealed, arn)));
  } catch (error) {
    if (error instanceof ApiError) throw environmentNotReadable(error);
    throw error;
  }
}

/** What the caller sees: the variables, or why not. Undefined where there are none. */
export async function shownEnvironment(
  call: Call,
  sealed: SealedEnvironment | undefined,
  arn: string,
): Promise<EnvironmentResponse | undefined> {
  if (sealed === undefined) return undefined;
  try {
    return { Variables: await openEnvironment(call, sealed, arn) };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { Error: { ErrorCode: error.code, Message: error.message } };
  }
}

/** Decrypts as the execution role, for a process that starts. @throws ApiError KMS…Exception */
export async function environmentFor(
  { perform }: LambdaPorts,
  sealed: SealedEnvironment | undefined,
  facts: { readonly arn: string; readonly region: string; readonly session: RoleSession },
): Promise<Variables> {
  if (sealed === undefined) return {};
  const { arn, region, session } = facts;
  try {
    return variablesIn(
      await perform({
        principal: session.principal,
        via: ['lambda.amazonaws.com'],
        region,
        service: 'kms',
        operation: 'Decrypt',
        input: decryptInput(sealed, arn),
      }),
    );
  } catch (error) {
    if (error instanceof ApiError) throw environmentNotDecrypted(error);
    throw error;
  }
}
