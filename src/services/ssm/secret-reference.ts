/**
 * Names that stand for secrets of Secrets Manager: `/aws/reference/secretsmanager/NAME`, with a
 * version id or a stage behind a colon. Read for the caller, who needs the rights to both.
 * (https://docs.aws.amazon.com/systems-manager/latest/userguide/integration-ps-secretsmanager.html)
 */
import { ApiError } from '../../api-error.ts';
import type { Parameter as ShownParameter } from '../../model/ssm.generated.ts';
import type { Call } from '../../operation.ts';
import { secretNeedsDecryption, secretNotFound } from './errors.ts';
import type { ParameterName } from './parameter-name.ts';
import { type MaybePromise, whenHere } from './when.ts';

const prefix = '/aws/reference/secretsmanager/';

export const isSecretReference = (name: string): boolean =>
  name.startsWith(prefix) && name.length > prefix.length;

/** What the request is decided on besides the secret itself. */
export function secretName(given: string): ParameterName {
  const { reference, selector } = split(given);
  return { owner: undefined, path: reference.slice(1), written: reference, selector };
}

interface Secret {
  readonly ARN: string;
  readonly Name: string;
  readonly VersionId: string;
  readonly SecretString?: string;
  readonly SecretBinary?: Buffer;
  readonly VersionStages: readonly string[];
  /** ms since 1970 */
  readonly CreatedDate: number;
}

export function readSecret(asked: {
  readonly call: Call;
  readonly given: string;
  readonly withDecryption: boolean | undefined;
}): MaybePromise<ShownParameter> {
  const { call, given, withDecryption } = asked;
  if (withDecryption !== true) throw secretNeedsDecryption();
  const { reference, selector } = split(given);
  return whenHere(getSecretValue(call, reference, selector), (secret) => ({
    Name: reference,
    Type: 'SecureString',
    Value: secret.SecretString ?? secret.SecretBinary?.toString('base64') ?? '',
    Version: 0,
    ...(selector === undefined ? {} : { Selector: `:${selector}` }),
    SourceResult: sourceResult(secret),
    LastModifiedDate: secret.CreatedDate,
    ARN: secret.ARN,
    DataType: 'text',
  }));
}

/** A name of a secret has no colon, so the first one begins the version. */
function split(given: string): { reference: string; selector: string | undefined } {
  const colon = given.indexOf(':');
  if (colon < 0) return { reference: given, selector: undefined };
  return { reference: given.slice(0, colon), selector: given.slice(colon + 1) };
}

const versionIdForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function getSecretValue(
  call: Call,
  reference: string,
  selector: string | undefined,
): MaybePromise<Secret> {
  const version =
    selector === undefined
      ? {}
      : versionIdForm.test(selector)
        ? { VersionId: selector }
        : { VersionStage: selector };
  const told = (error: unknown): never => {
    if (error instanceof ApiError && error.code === 'ResourceNotFoundException')
      throw secretNotFound(reference);
    throw error;
  };
  try {
    const input = { SecretId: reference.slice(prefix.length), ...version };
    const output = call.invoke('secretsmanager', 'GetSecretValue', input);
    return output instanceof Promise ? output.catch(told) : (output as Secret);
  } catch (error) {
    return told(error);
  }
}

/** With the names that real answers have: lower case first, but for `ARN`. */
const sourceResult = (secret: Secret): string =>
  JSON.stringify({
    ARN: secret.ARN,
    name: secret.Name,
    versionId: secret.VersionId,
    ...(secret.SecretString === undefined ? {} : { secretString: secret.SecretString }),
    ...(secret.SecretBinary === undefined
      ? {}
      : { secretBinary: secret.SecretBinary.toString('base64') }),
    versionStages: secret.VersionStages,
    createdDate: secret.CreatedDate,
  });
