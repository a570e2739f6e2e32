/**
 * Secrets Manager's condition keys: what a request and its secret say to policies
 * (https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html).
 * A key whose member the request leaves out is absent, save the version stage, which has a default.
 */
import type { Call, ConditionKeys } from '../../operation.ts';
import { foldCase } from '../../policy/context.ts';
import { current, type Secret } from './secret.ts';

/** What the keys of one decision are read from. */
export interface Conditioned {
  readonly call: Call;
  /** The members of the request, by AWS's names; what they hold was validated by the model. */
  readonly input: Readonly<Record<string, unknown>>;
  /** Undefined for what acts on no one secret, and for one that isn't there. */
  readonly secret: Secret | undefined;
}

type Value = string | readonly string[] | undefined;
type Row = readonly [operations: RegExp, value: (asked: Conditioned) => Value];

const text = (value: unknown): string | undefined =>
  value === undefined ? undefined : String(value);
const member =
  (name: string) =>
  ({ input }: Conditioned): string | undefined =>
    text(input[name]);

const all = /^/;
const creating = /^(CreateSecret|UpdateSecret)$/;
const replicating = /^(CreateSecret|ReplicateSecretToRegions)$/;

/** By lower-case name: for which operations a key has a value, and which. */
const rows: ReadonlyMap<string, Row> = new Map<string, Row>([
  ['secretsmanager:secretid', [all, ({ secret }) => secret?.arn]],
  ['secretsmanager:name', [/^CreateSecret$/, member('Name')]],
  ['secretsmanager:description', [creating, member('Description')]],
  ['secretsmanager:kmskeyid', [creating, member('KmsKeyId')]],
  ['secretsmanager:kmskeyarn', [creating, (asked) => keyArn(asked)]],
  ['secretsmanager:type', [creating, member('Type')]],
  ['secretsmanager:versionid', [/^GetSecretValue$/, member('VersionId')]],
  [
    'secretsmanager:versionstage',
    [/^(GetSecretValue|UpdateSecretVersionStage)$/, (asked) => versionStage(asked)],
  ],
  ['secretsmanager:recoverywindowindays', [/^DeleteSecret$/, member('RecoveryWindowInDays')]],
  [
    'secretsmanager:forcedeletewithoutrecovery',
    [/^DeleteSecret$/, member('ForceDeleteWithoutRecovery')],
  ],
  ['secretsmanager:blockpublicpolicy', [/^PutResourcePolicy$/, member('BlockPublicPolicy')]],
  ['secretsmanager:policyname', [/^(Get|Put|Delete)ResourcePolicy$/, member('PolicyName')]],
  ['secretsmanager:rotationlambdaarn', [/^RotateSecret$/, member('RotationLambdaARN')]],
  ['secretsmanager:rotateimmediately', [/^RotateSecret$/, member('RotateImmediately')]],
  [
    'secretsmanager:modifyrotationrules',
    [/^RotateSecret$/, ({ input }) => String(input.RotationRules !== undefined)],
  ],
  [
    'secretsmanager:externalsecretrotationrolearn',
    [/^RotateSecret$/, member('ExternalSecretRotationRoleArn')],
  ],
  ['secretsmanager:addreplicaregions', [replicating, (asked) => replicaRegions(asked)]],
  [
    'secretsmanager:forceoverwritereplicasecret',
    [replicating, member('ForceOverwriteReplicaSecret')],
  ],
  ['secretsmanager:secretprimaryregion', [all, ({ secret }) => primaryRegionOf(secret)]],
  [
    'secretsmanager:resource/allowrotationlambdaarn',
    [all, ({ secret }) => secret?.rotation?.lambdaArn],
  ],
  ['secretsmanager:resource/type', [all, ({ secret }) => secret?.type]],
  ['aws:tagkeys', [all, (asked) => tagKeys(asked)]],
]);

const resourceTag = 'secretsmanager:resourcetag/';
const requestTag = 'aws:requesttag/';

export function conditionsOf(asked: Conditioned): ConditionKeys {
  return (key) => {
    const row = rows.get(key);
    if (row !== undefined) {
      const [operations, value] = row;
      return operations.test(asked.call.operation) ? value(asked) : undefined;
    }
    if (key.startsWith(resourceTag)) return secretTag(asked, key.slice(resourceTag.length));
    if (key.startsWith(requestTag)) return requestedTag(asked, key.slice(requestTag.length));
    return undefined;
  };
}

function primaryRegionOf(secret: Secret | undefined): string | undefined {
  if (secret === undefined) return undefined;
  return secret.replicaOf ?? (secret.replicas === undefined ? undefined : secret.region);
}

/** An alias stands for itself: what it points to is KMS's. */
function keyArn({ call, input }: Conditioned): string | undefined {
  const id = text(input.KmsKeyId);
  if (id === undefined || id === '' || id.startsWith('arn:')) return id === '' ? undefined : id;
  const resource = id.startsWith('alias/') ? id : `key/${id}`;
  return `arn:${call.partition}:kms:${call.region}:${call.principal.account}:${resource}`;
}

function versionStage({ call, input }: Conditioned): string | undefined {
  const given = text(input.VersionStage);
  if (given !== undefined || call.operation !== 'GetSecretValue') return given;
  return input.VersionId === undefined ? current : undefined;
}

function replicaRegions({ input }: Conditioned): readonly string[] | undefined {
  const added = input.AddReplicaRegions as readonly { readonly Region?: string }[] | undefined;
  return added?.flatMap(({ Region }) => (Region === undefined ? [] : [Region]));
}

/**
 * Tag keys are compared without regard to case in conditions, and only there: of tags that differ
 * by case only all values count.
 */
function secretTag({ secret }: Conditioned, lowerCaseKey: string): Value {
  return taggedValue(secret?.tags?.filter(({ key }) => foldCase(key) === lowerCaseKey) ?? []);
}

const taggedValue = (tags: ReadonlyArray<{ readonly value: string }>): Value =>
  tags.length > 1 ? tags.map(({ value }) => value) : tags[0]?.value;

interface WireTag {
  readonly Key?: string;
  readonly Value?: string;
}
const tagsOf = ({ input }: Conditioned): readonly WireTag[] =>
  (input.Tags ?? []) as readonly WireTag[];

function tagKeys(asked: Conditioned): readonly string[] | undefined {
  const keys = [
    ...tagsOf(asked).flatMap(({ Key }) => (Key === undefined ? [] : [Key])),
    ...((asked.input.TagKeys ?? []) as readonly string[]),
  ];
  return keys.length === 0 ? undefined : keys;
}

function requestedTag(asked: Conditioned, lowerCaseKey: string): Value {
  const tags = tagsOf(asked).filter(({ Key = '' }) => foldCase(Key) === lowerCaseKey);
  return taggedValue(tags.map(({ Value: value = '' }) => ({ value })));
}
