/**
 * AWS managed keys: what each service's key is called, says and allows, and how one comes to be.
 * They appear when first named. Nobody changes them: their policy lets the account read only.
 * (https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#aws-managed-cmk)
 */
import type { Call } from '../../operation.ts';
import type { Write } from '../../store/engine.ts';
import { newUuid } from '../../uuid.ts';
import { firstGeneration, type Key, keyRecordId } from './key.ts';
import { keyArn } from './key-id.ts';
import { managedPeriodDays, scheduleFrom } from './key-rotation.ts';
import type { Materials } from './material.ts';
import { printPolicy } from './policy-document.ts';
import { aliasRecordId, type KeyEntry, type Records } from './records.ts';

export interface ManagedKey {
  /** What the alias ends in: `s3` of `alias/aws/s3`. */
  readonly name: string;
  /** What stands in "Default key that protects my … when no other key is defined". */
  readonly protects: string;
  readonly policyId: string;
  /** What the statement's Sid calls the service. */
  readonly title: string;
  /** The service's name in kms:ViaService. */
  readonly via: string;
  readonly useActions: readonly string[];
  readonly metadataActions: readonly string[];
}

const use = ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*'];
const plain = [...use, 'kms:DescribeKey'];
const granting = [...use, 'kms:CreateGrant', 'kms:DescribeKey'];
const listing = [...use, 'kms:CreateGrant', 'kms:ListGrants', 'kms:DescribeKey'];
const snsUse = [
  'kms:Decrypt',
  'kms:GenerateDataKey*',
  'kms:CreateGrant',
  'kms:ListGrants',
  'kms:DescribeKey',
];
const read = ['kms:Describe*', 'kms:Get*', 'kms:List*'];
const readRevoke = [...read, 'kms:RevokeGrant'];

const openSearch = 'Amazon OpenSearch Service (successor to Amazon Elasticsearch Service) data';

type Row = readonly [
  name: string,
  policyNumber: number,
  title: string,
  useActions: readonly string[],
  protects: string,
  via?: string,
];

/** The rows down to `sns` were read from AWS; the others follow the same pattern. */
// biome-ignore format: a table
const rows: readonly Row[] = [
  ['s3',                2, 'S3',                    plain,    'S3 objects'],
  ['ssm',               1, 'SSM',                   plain,    'SSM parameters'],
  ['ebs',               2, 'EBS',                   granting, 'EBS volumes', 'ec2'],
  ['rds',               2, 'RDS',                   listing,  'RDS database volumes'],
  ['lambda',            0, 'AWS Lambda',            granting, 'Lambda functions'],
  ['kafka',             1, 'Kafka',                 listing,  'Kafka data'],
  ['es',                2, 'OpenSearch Service',    granting, openSearch],
  ['secretsmanager',    2, 'AWS Secrets Manager',   granting, 'Secrets Manager data'],
  ['sns',               1, 'SNS',                   snsUse,   'SNS data'],
  ['acm',               1, 'ACM',                   granting, 'ACM data'],
  ['backup',            1, 'Backup',                granting, 'Backup data'],
  ['dynamodb',          1, 'DynamoDB',              granting, 'DynamoDB data'],
  ['elasticfilesystem', 1, 'EFS',                   granting, 'EFS data'],
  ['glue',              1, 'Glue',                  granting, 'Glue data'],
  ['kinesis',           1, 'Kinesis',               granting, 'Kinesis data'],
  ['kinesisvideo',      1, 'Kinesis Video Streams', granting, 'Kinesis Video data'],
  ['lightsail',         1, 'Lightsail',             granting, 'Lightsail signing keys'],
  ['redshift',          1, 'Redshift',              granting, 'Redshift data'],
  ['sqs',               1, 'SQS',                   granting, 'SQS messages'],
  ['xray',              1, 'X-Ray',                 granting, 'X-Ray data'],
];

const managedKeys: ReadonlyMap<string, ManagedKey> = new Map(
  rows.map(([name, policyNumber, title, useActions, protects, via]) => [
    `alias/aws/${name}`,
    {
      name,
      protects,
      title,
      // Lambda's policy alone has no number.
      policyId: policyNumber === 0 ? 'auto-awslambda' : `auto-${name}-${policyNumber}`,
      useActions,
      // Who may make grants may revoke them.
      metadataActions: useActions.includes('kms:CreateGrant') ? readRevoke : read,
      via: via ?? name,
    },
  ]),
);

/** The aliases that every account has, used or not, in order. */
export const managedAliasNames: readonly string[] = [...managedKeys.keys()].sort();

/** Whether it lies in the names that only AWS may give. */
export const isReservedAlias = (name: string): boolean => name.startsWith('alias/aws/');

interface Owner {
  readonly account: string;
  readonly region: string;
  readonly partition: string;
}

function useStatements(managed: ManagedKey, { account, region }: Owner) {
  const { title } = managed;
  const sid =
    `Allow access through ${title} for all principals in the account ` +
    `that are authorized to use ${title}`;
  const statement = (Sid: string, Action: readonly string[], Condition: object) => ({
    Sid,
    Effect: 'Allow',
    Principal: { AWS: '*' },
    Action,
    Resource: '*',
    Condition,
  });
  const equals = {
    'kms:CallerAccount': account,
    'kms:ViaService': `${managed.via}.${region}.amazonaws.com`,
  };
  if (managed.name !== 'secretsmanager')
    return [statement(sid, managed.useActions, { StringEquals: equals })];
  // Replication of secrets makes data keys from other Regions.
  const sealing = managed.useActions.filter((action) => action !== 'kms:GenerateDataKey*');
  return [
    statement(sid, sealing, { StringEquals: equals }),
    statement(`${sid}-dk`, ['kms:GenerateDataKey*'], {
      StringEquals: { 'kms:CallerAccount': account },
      StringLike: { 'kms:ViaService': 'secretsmanager.*.amazonaws.com' },
    }),
  ];
}

/** The key policy of an AWS managed key, as GetKeyPolicy prints it. */
export function managedPolicy(managed: ManagedKey, owner: Owner): string {
  const statements: object[] = [
    ...useStatements(managed, owner),
    {
      Sid: 'Allow direct access to key metadata to the account',
      Effect: 'Allow',
      Principal: { AWS: `arn:${owner.partition}:iam::${owner.account}:root` },
      Action: managed.metadataActions,
      Resource: '*',
    },
  ];
  if (managed.name === 'es')
    statements.push({
      Sid: 'Allow OpenSearch service principals to describe the key directly',
      Effect: 'Allow',
      Principal: { Service: 'es.amazonaws.com' },
      Action: read,
      Resource: '*',
    });
  return printPolicy({ Version: '2012-10-17', Id: managed.policyId, Statement: statements });
}

/**
 * What an account that names a predefined alias for the first time gets: key, material and alias.
 */
export interface NewManagedKey {
  readonly entry: KeyEntry;
  readonly writes: ReadonlyArray<readonly Write[]>;
}

/** Makes the key of a predefined alias; undefined when AWS has none of that name. */
export async function createManagedKey(
  name: string,
  call: Call,
  { records, materials }: { readonly records: Records; readonly materials: Materials },
): Promise<NewManagedKey | undefined> {
  const managed = managedKeys.get(name);
  if (managed === undefined) return undefined;
  const { region, partition, now } = call;
  const account = call.principal.account;
  const keyId = newUuid(call.world);
  const spec = 'SYMMETRIC_DEFAULT';
  const made = await materials.create({ account, keyId, spec, now });
  const key: Key = {
    account,
    region,
    keyId,
    arn: keyArn({ account, region, partition }, keyId),
    createdAt: now,
    description: `Default key that protects my ${managed.protects} when no other key is defined`,
    spec,
    usage: 'ENCRYPT_DECRYPT',
    origin: 'AWS_KMS',
    manager: 'AWS',
    state: 'Enabled',
    generations: firstGeneration(made.material.owner.materialId),
    rotation: scheduleFrom(now, managedPeriodDays),
    policy: managedPolicy(managed, { account, region, partition }),
    tags: [],
  };
  const alias = { account, region, name, keyId, createdAt: now, updatedAt: now };
  const id = keyRecordId(key);
  return {
    // Not stored yet, so it has no version; nothing replaces an AWS managed key.
    entry: { id, version: 0, value: key },
    writes: [
      made.writes,
      records.keys.insert(id, key),
      records.aliases.insert(aliasRecordId(alias), alias),
    ],
  };
}
