/**
 * The grammar of CloudFormation's dynamic references. Pure.
 * (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html)
 */

export type DynamicReference =
  | {
      readonly service: 'ssm' | 'ssm-secure';
      /** With `:version` where one is given, as GetParameters takes it. */
      readonly name: string;
    }
  | {
      readonly service: 'secretsmanager';
      readonly secretId: string;
      readonly jsonKey: string | undefined;
      readonly versionStage: string | undefined;
      readonly versionId: string | undefined;
    };

export interface Found {
  /** `{{resolve:ssm:name}}` */
  readonly written: string;
  /** Where it begins in the text. */
  readonly at: number;
  /** A text: why it refers to nothing. */
  readonly reference: DynamicReference | string;
}

/** Longer than any reference can be: an ARN, a JSON key and a version. */
const maxLength = 4_096;
/** What has a brace or a line's end in it is no reference; each start ends at the next brace. */
const form = new RegExp(`\\{\\{resolve:([^{}\\r\\n]{0,${maxLength}})\\}\\}`, 'g');

/** All references of a text, in order. Linear in its length. */
export function dynamicReferences(text: string): readonly Found[] {
  return [...text.matchAll(form)].map((match) => ({
    written: match[0],
    at: match.index,
    reference: parse(match[1] as string),
  }));
}

function parse(inside: string): DynamicReference | string {
  const colon = inside.indexOf(':');
  const service = colon < 0 ? inside : inside.slice(0, colon);
  const rest = colon < 0 ? '' : inside.slice(colon + 1);
  if (service === 'ssm' || service === 'ssm-secure') return parseParameter(service, rest);
  if (service === 'secretsmanager') return parseSecret(rest);
  return 'A reference begins with ssm, ssm-secure or secretsmanager';
}

function parseParameter(service: 'ssm' | 'ssm-secure', name: string): DynamicReference | string {
  if (/^[a-zA-Z0-9_.\-/]+(:\d+)?$/.test(name)) return { service, name };
  return 'A parameter is a name, or a name, a colon and the number of a version';
}

/** An ARN's own colons come first. */
const secretForm = /^((?:arn:[^:]*:secretsmanager:[^:]*:[^:]*:secret:)?[^:]+)(?::(.*))?$/;

function parseSecret(text: string): DynamicReference | string {
  const [, secretId, rest = ''] = secretForm.exec(text) ?? [];
  if (secretId === undefined) return 'A secret is named by its name or its ARN';
  const [member, jsonKey, versionStage, versionId, ...more] = rest.split(':').map(orNone);
  if (member !== undefined && member !== 'SecretString')
    return 'Of a secret only its SecretString can be resolved';
  if (more.length > 0)
    return 'A reference ends with SecretString:json-key:version-stage:version-id';
  if (versionStage !== undefined && versionId !== undefined)
    return 'A reference has a version stage or a version id, not both';
  return { service: 'secretsmanager', secretId, jsonKey, versionStage, versionId };
}

/** An empty part counts as none. */
const orNone = (part: string): string | undefined => (part === '' ? undefined : part);
