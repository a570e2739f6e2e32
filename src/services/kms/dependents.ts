/**
 * Resources of AWS services, as the encryption contexts tell that these services use (each
 * service's page under "How AWS services use AWS KMS", KMS Developer Guide). Pure.
 */
import type { UseRows } from '../../usage/use-rows.ts';

export interface Dependent {
  /** `S3`, as people call the service. */
  readonly service: string;
  readonly resource: string;
  /** ISO 8601. */
  readonly lastAt: string;
}

const serviceOf: ReadonlyMap<string, string> = new Map([
  ['aws:s3:arn', 'S3'],
  ['aws:ebs:id', 'EBS'],
  ['aws:dynamodb:tableName', 'DynamoDB'],
  ['aws:lambda:FunctionArn', 'Lambda'],
  ['PARAMETER_ARN', 'Systems Manager Parameter Store'],
  ['SecretARN', 'Secrets Manager'],
]);

/** Each resource once, the last used first. */
export function dependentsIn(contexts: UseRows | undefined): readonly Dependent[] {
  const found = new Map<string, Dependent>();
  const inOrder = Object.entries(contexts?.rows ?? {}).sort(([, a], [, b]) => b.lastAt - a.lastAt);
  for (const [text, { lastAt }] of inOrder) {
    for (const [name, resource] of Object.entries(pairsOf(text))) {
      const service = serviceOf.get(name);
      const known = `${service} ${resource}`;
      if (service === undefined || found.has(known)) continue;
      found.set(known, { service, resource, lastAt: new Date(lastAt).toISOString() });
    }
  }
  return [...found.values()];
}

/** Contexts that were cut are no JSON any more. */
function pairsOf(text: string): Readonly<Record<string, string>> {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
