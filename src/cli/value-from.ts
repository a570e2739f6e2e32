/**
 * What a variable of a command's environment is to hold, in the forms of ECS's `valueFrom`. Pure.
 * (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html)
 */

export type ValueFrom =
  | {
      readonly kind: 'secret';
      readonly secretId: string;
      readonly jsonKey: string | undefined;
      readonly versionStage: string | undefined;
      readonly versionId: string | undefined;
      /** Of the ARN. */
      readonly region: string | undefined;
    }
  | {
      readonly kind: 'parameter';
      /** With `:version` or `:label` where one is given. */
      readonly name: string;
      readonly region: string | undefined;
    };

export interface Variable {
  readonly name: string;
  readonly from: ValueFrom;
}

/**
 * Reads `NAME=VALUE`. `otherwise`: what a value is that is no ARN. A text says what is wrong with
 * it.
 */
export function parseVariable(given: string, otherwise: ValueFrom['kind']): Variable | string {
  const equals = given.indexOf('=');
  const name = given.slice(0, Math.max(equals, 0));
  const value = given.slice(equals + 1);
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || value === '')
    return `'${given}' is not NAME=VALUE with the name of a variable and what it is to hold.`;
  const from = parseValueFrom(value, otherwise);
  return typeof from === 'string' ? `'${given}': ${from}` : { name, from };
}

const arnForm = /^arn:[^:]+:([^:]+):([^:]*):[^:]*:/;

function parseValueFrom(value: string, otherwise: ValueFrom['kind']): ValueFrom | string {
  const [, service, region] = arnForm.exec(value) ?? [];
  if (service === undefined)
    return otherwise === 'secret'
      ? parseSecret(value.split(':'), undefined)
      : { kind: 'parameter', name: value, region: undefined };
  if (service === 'ssm') return { kind: 'parameter', name: value, region: region || undefined };
  if (service !== 'secretsmanager')
    return 'an ARN must be of a secret (secretsmanager) or a parameter (ssm).';
  const parts = value.split(':');
  const arn = parts.slice(0, 7).join(':');
  return parseSecret([arn, ...parts.slice(7)], region || undefined);
}

function parseSecret(parts: readonly string[], region: string | undefined): ValueFrom | string {
  const [secretId, jsonKey, versionStage, versionId, ...more] = parts.map(
    (part) => part || undefined,
  );
  if (secretId === undefined || more.length > 0)
    return 'a secret is a name or an ARN, which :json-key:version-stage:version-id may follow.';
  if (versionStage !== undefined && versionId !== undefined)
    return 'a secret has a version stage or a version id, not both.';
  return { kind: 'secret', secretId, jsonKey, versionStage, versionId, region };
}
