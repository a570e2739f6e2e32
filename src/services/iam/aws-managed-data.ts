/**
 * What AWS's managed policies say. Data from the AWS Managed Policy Reference; unique ids that AWS
 * has not published are ours.
 * (https://docs.aws.amazon.com/aws-managed-policy/latest/reference/)
 */
import { readOnlyActions } from './read-only-actions.ts';

export interface ManagedData {
  readonly name: string;
  /** `/` unless told. */
  readonly path?: string;
  readonly policyId: string;
  readonly description: string;
  /** UTC */
  readonly created: string;
  /** As `created`, where the default version is not the first. */
  readonly updated?: string;
  readonly version: string;
  readonly statements: readonly object[];
}

interface Narrowed {
  readonly on?: string | readonly string[];
  readonly when?: object;
  readonly sid?: string;
}

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

/** One statement that allows actions, listed with blanks between them. */
function allow(actions: string, { on = '*', when, sid }: Narrowed = {}): object {
  return {
    ...(sid === undefined ? {} : { Sid: sid }),
    Effect: 'Allow',
    Action: words(actions),
    Resource: on,
    ...(when === undefined ? {} : { Condition: when }),
  };
}

const passTo = (service: string, operator = 'StringEquals'): object => ({
  [operator]: { 'iam:PassedToService': service },
});
const linkedTo = (service: string, operator = 'StringEquals'): object => ({
  [operator]: { 'iam:AWSServiceName': service },
});

const everything: readonly ManagedData[] = [
  {
    name: 'AdministratorAccess',
    policyId: 'ANPAIWMBCKSKIEE64ZLYK',
    description: 'Provides full access to AWS services and resources.',
    created: '2015-02-06T18:39:46Z',
    version: 'v1',
    statements: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
  },
  {
    name: 'PowerUserAccess',
    policyId: 'ANPAJYRXTHIB4FOVS3ZXS',
    description:
      'Provides full access to AWS services and resources, but does not allow management of Users and groups.',
    created: '2015-02-06T18:39:47Z',
    updated: '2026-02-12T17:59:14Z',
    version: 'v12',
    statements: [
      {
        Effect: 'Allow',
        NotAction: words('iam:* organizations:* account:*'),
        Resource: '*',
      },
      allow(`account:GetAccountInformation account:GetGovCloudAccountInformation
        account:GetPrimaryEmail account:ListRegions iam:CreateServiceLinkedRole
        iam:DeleteServiceLinkedRole iam:ListRoles organizations:DescribeEffectivePolicy
        organizations:DescribeOrganization`),
    ],
  },
  {
    name: 'ReadOnlyAccess',
    policyId: 'ANPAILL3HVNFSB6DCOWYQ',
    description: 'Provides read-only access to AWS services and resources.',
    created: '2015-02-06T18:39:48Z',
    updated: '2022-05-23T20:16:18Z',
    version: 'v87',
    statements: [allow(readOnlyActions)],
  },
];

const iam: readonly ManagedData[] = [
  {
    name: 'IAMFullAccess',
    policyId: 'ANPAI7XKCFMBPM3QQRRVQ',
    description: 'Provides full access to IAM via the AWS Management Console.',
    created: '2015-02-06T18:40:38Z',
    updated: '2019-06-21T19:40:00Z',
    version: 'v2',
    statements: [
      allow(`iam:* organizations:DescribeAccount organizations:DescribeOrganization
        organizations:DescribeOrganizationalUnit organizations:DescribePolicy
        organizations:ListChildren organizations:ListParents
        organizations:ListPoliciesForTarget organizations:ListRoots
        organizations:ListPolicies organizations:ListTargetsForPolicy`),
    ],
  },
  {
    name: 'IAMReadOnlyAccess',
    policyId: 'ANPAJKSO7NDY4T57MWDSQ',
    description: 'Provides read only access to IAM via the AWS Management Console.',
    created: '2015-02-06T18:40:39Z',
    updated: '2018-01-25T19:11:27Z',
    version: 'v4',
    statements: [
      allow(`iam:GenerateCredentialReport iam:GenerateServiceLastAccessedDetails iam:Get* iam:List*
        iam:SimulateCustomPolicy iam:SimulatePrincipalPolicy`),
    ],
  },
];

const kms: readonly ManagedData[] = [
  {
    name: 'AWSKeyManagementServicePowerUser',
    policyId: 'ANPAJNPP7PPPPMJRV2SA4',
    description: 'Provides access to AWS Key Management Service (KMS).',
    created: '2015-02-06T18:40:40Z',
    updated: '2017-03-07T00:55:11Z',
    version: 'v2',
    statements: [
      allow(`kms:CreateAlias kms:CreateKey kms:DeleteAlias kms:Describe* kms:GenerateRandom
        kms:Get* kms:List* kms:TagResource kms:UntagResource iam:ListGroups iam:ListRoles
        iam:ListUsers`),
    ],
  },
  {
    name: 'AWSKeyManagementServiceCustomKeyStoresServiceRolePolicy',
    path: '/aws-service-role/',
    policyId: 'ANPAMEPCNUMQZFD2WFV7E',
    description:
      'Enables access to AWS services and resources required for AWS KMS custom key stores',
    created: '2018-11-14T20:10:53Z',
    updated: '2023-11-10T19:03:34Z',
    version: 'v2',
    statements: [
      allow(`cloudhsm:Describe* ec2:CreateNetworkInterface ec2:AuthorizeSecurityGroupIngress
        ec2:CreateSecurityGroup ec2:DescribeSecurityGroups ec2:RevokeSecurityGroupEgress
        ec2:DeleteSecurityGroup ec2:DescribeVpcs ec2:DescribeNetworkAcls
        ec2:DescribeNetworkInterfaces`),
    ],
  },
  {
    name: 'AWSKeyManagementServiceMultiRegionKeysServiceRolePolicy',
    path: '/aws-service-role/',
    policyId: 'ANPAOA3FYNVRIVKTH6IMH',
    description:
      'Enables access to AWS services and resources required for AWS KMS multi-Region keys',
    created: '2021-06-16T15:37:37Z',
    version: 'v1',
    statements: [allow('kms:SynchronizeMultiRegionKey')],
  },
];

const secretsAndParameters: readonly ManagedData[] = [
  {
    name: 'SecretsManagerReadWrite',
    policyId: 'ANPAI3VG7CI5BIQZQ6G2E',
    description:
      'Provides read/write access to AWS Secrets Manager via the AWS Management Console. Note: this exludes IAM actions, so combine with IAMFullAccess if rotation configuration is required.',
    created: '2018-04-04T18:05:29Z',
    updated: '2026-08-25T23:37:10Z',
    version: 'v6',
    statements: [
      allow(
        `secretsmanager:* cloudformation:CreateChangeSet cloudformation:DescribeChangeSet
        cloudformation:DescribeStackResource cloudformation:DescribeStacks
        cloudformation:ExecuteChangeSet docdb-elastic:GetCluster docdb-elastic:ListClusters
        ec2:DescribeSecurityGroups ec2:DescribeSubnets ec2:DescribeVpcs kms:DescribeKey
        kms:ListAliases kms:ListKeys lambda:ListFunctions rds:DescribeDBClusters
        rds:DescribeDBInstances redshift:DescribeClusters redshift-serverless:ListWorkgroups
        redshift-serverless:GetNamespace tag:GetResources`,
        { sid: 'BasePermissions' },
      ),
      allow(
        `lambda:AddPermission lambda:CreateFunction lambda:GetFunction lambda:InvokeFunction
        lambda:UpdateFunctionConfiguration`,
        { sid: 'LambdaPermissions', on: 'arn:aws:lambda:*:*:function:SecretsManager*' },
      ),
      allow('serverlessrepo:CreateCloudFormationChangeSet serverlessrepo:GetApplication', {
        sid: 'SARPermissions',
        on: 'arn:aws:serverlessrepo:*:*:applications/SecretsManager*',
      }),
      allow('s3:GetObject', {
        sid: 'S3Permissions',
        on: [
          'arn:aws:s3:::awsserverlessrepo-changesets*',
          'arn:aws:s3:::secrets-manager-rotation-apps-*/*',
        ],
      }),
      allow('cloudformation:TagResource cloudformation:UntagResource', {
        sid: 'CloudFormationTagOnCreate',
        when: {
          StringEquals: { 'cloudformation:CreateAction': ['CreateChangeSet', 'ExecuteChangeSet'] },
        },
      }),
    ],
  },
  {
    name: 'AmazonSSMFullAccess',
    policyId: 'ANPAJA7V6HI4ISQFMDYAG',
    description: 'Provides full access to Amazon SSM.',
    created: '2015-05-29T17:39:47Z',
    updated: '2019-11-20T20:08:56Z',
    version: 'v4',
    statements: [
      allow(`cloudwatch:PutMetricData ds:CreateComputer ds:DescribeDirectories
        ec2:DescribeInstanceStatus logs:* ssm:* ec2messages:*`),
      allow('iam:CreateServiceLinkedRole', {
        on: 'arn:aws:iam::*:role/aws-service-role/ssm.amazonaws.com/AWSServiceRoleForAmazonSSM*',
        when: linkedTo('ssm.amazonaws.com', 'StringLike'),
      }),
      allow('iam:DeleteServiceLinkedRole iam:GetServiceLinkedRoleDeletionStatus', {
        on: 'arn:aws:iam::*:role/aws-service-role/ssm.amazonaws.com/AWSServiceRoleForAmazonSSM*',
      }),
      allow(`ssmmessages:CreateControlChannel ssmmessages:CreateDataChannel
        ssmmessages:OpenControlChannel ssmmessages:OpenDataChannel`),
    ],
  },
  {
    name: 'AmazonSSMReadOnlyAccess',
    policyId: 'ANPAJODSKQGGJTHRYZ5FC',
    description: 'Provides read only access to Amazon SSM.',
    created: '2015-05-29T17:44:09Z',
    version: 'v1',
    statements: [allow('ssm:Describe* ssm:Get* ssm:List*')],
  },
];

const lambda: readonly ManagedData[] = [
  {
    name: 'AWSLambda_FullAccess',
    policyId: 'ANPAQS4IDD4B5WFDZUWEQ',
    description:
      'Grants full access to AWS Lambda service, AWS Lambda console features, and other related AWS services.',
    created: '2020-11-17T21:14:08Z',
    updated: '2026-02-11T22:18:56Z',
    version: 'v5',
    statements: [
      allow(`cloudformation:DescribeStacks cloudformation:ListStackResources
        cloudwatch:ListMetrics cloudwatch:GetMetricData ec2:DescribeSecurityGroups
        ec2:DescribeSubnets ec2:DescribeVpcs kms:DescribeKey kms:ListAliases iam:GetPolicy
        iam:GetPolicyVersion iam:GetRole iam:GetRolePolicy iam:ListAttachedRolePolicies
        iam:ListRolePolicies iam:ListRoles lambda:* logs:DescribeLogGroups
        states:DescribeStateMachine states:ListStateMachines tag:GetResources
        xray:GetTraceSummaries xray:BatchGetTraces`),
      allow('iam:PassRole', { when: passTo('lambda.amazonaws.com') }),
      allow(
        `logs:DescribeLogStreams logs:GetLogEvents logs:FilterLogEvents logs:StartLiveTail
        logs:StopLiveTail`,
        { on: 'arn:aws:logs:*:*:log-group:/aws/lambda/*' },
      ),
      allow('iam:CreateServiceLinkedRole', {
        on: 'arn:aws:iam::*:role/aws-service-role/lambda.amazonaws.com/AWSServiceRoleForLambda',
        when: linkedTo('lambda.amazonaws.com'),
      }),
    ],
  },
  {
    name: 'AWSLambda_ReadOnlyAccess',
    policyId: 'ANPA2EOBZM7MNMAHGINRY',
    description:
      'Grants read-only access to AWS Lambda service, AWS Lambda console features, and other related AWS services.',
    created: '2020-11-17T21:10:02Z',
    updated: '2023-07-27T17:32:05Z',
    version: 'v2',
    statements: [
      allow(`cloudformation:DescribeStacks cloudformation:ListStacks
        cloudformation:ListStackResources cloudwatch:GetMetricData cloudwatch:ListMetrics
        ec2:DescribeSecurityGroups ec2:DescribeSubnets ec2:DescribeVpcs kms:ListAliases
        iam:GetPolicy iam:GetPolicyVersion iam:GetRole iam:GetRolePolicy
        iam:ListAttachedRolePolicies iam:ListRolePolicies iam:ListRoles logs:DescribeLogGroups
        lambda:Get* lambda:List* states:DescribeStateMachine states:ListStateMachines
        tag:GetResources xray:GetTraceSummaries xray:BatchGetTraces`),
      allow(
        `logs:DescribeLogStreams logs:GetLogEvents logs:FilterLogEvents logs:StartQuery
        logs:StopQuery logs:DescribeQueries logs:GetLogGroupFields logs:GetLogRecord
        logs:GetQueryResults`,
        { on: 'arn:aws:logs:*:*:log-group:/aws/lambda/*' },
      ),
    ],
  },
  {
    name: 'AWSLambdaBasicExecutionRole',
    path: '/service-role/',
    policyId: 'ANPAJNCQGXC42545SKXIK',
    description: 'Provides write permissions to CloudWatch Logs.',
    created: '2015-04-09T15:03:43Z',
    version: 'v1',
    statements: [allow('logs:CreateLogGroup logs:CreateLogStream logs:PutLogEvents')],
  },
  {
    name: 'AWSLambdaRole',
    path: '/service-role/',
    policyId: 'ANPAJX4DPCRGTC4NFDUXI',
    description: 'Default policy for AWS Lambda service role.',
    created: '2015-02-06T18:41:28Z',
    version: 'v1',
    statements: [allow('lambda:InvokeFunction', { on: ['*'] })],
  },
  {
    name: 'AWSLambdaExecute',
    policyId: 'ANPAJE5FX7FQZSU5XAKGO',
    description: 'Provides Put, Get access to S3 and full access to CloudWatch Logs.',
    created: '2015-02-06T18:40:46Z',
    version: 'v1',
    statements: [
      allow('logs:*', { on: 'arn:aws:logs:*:*:*' }),
      allow('s3:GetObject s3:PutObject', { on: 'arn:aws:s3:::*' }),
    ],
  },
];

const trailAndEvents: readonly ManagedData[] = [
  {
    name: 'AWSCloudTrail_FullAccess',
    policyId: 'ANPAP6232OCMUY3MGX6IL',
    description: 'Provides full access to AWS CloudTrail.',
    created: '2021-02-22T19:01:00Z',
    version: 'v3',
    statements: [
      allow('sns:AddPermission sns:CreateTopic sns:SetTopicAttributes sns:GetTopicAttributes', {
        on: ['arn:aws:sns:*:*:aws-cloudtrail-logs*'],
      }),
      allow('sns:ListTopics'),
      allow('s3:CreateBucket s3:PutBucketPolicy s3:PutBucketPublicAccessBlock', {
        on: ['arn:aws:s3:::aws-cloudtrail-logs*'],
      }),
      allow('s3:ListAllMyBuckets s3:GetBucketLocation s3:GetBucketPolicy'),
      allow('cloudtrail:*'),
      allow('logs:CreateLogGroup', { on: ['arn:aws:logs:*:*:log-group:aws-cloudtrail-logs*'] }),
      allow('iam:ListRoles iam:GetRolePolicy iam:GetUser'),
      allow('iam:PassRole', { when: passTo('cloudtrail.amazonaws.com') }),
      allow('kms:CreateKey kms:CreateAlias kms:ListKeys kms:ListAliases'),
      allow('lambda:ListFunctions'),
      allow('dynamodb:ListGlobalTables dynamodb:ListTables'),
    ],
  },
  {
    name: 'AWSCloudTrail_ReadOnlyAccess',
    policyId: 'ANPARYFZBFYAV6CO3QYOL',
    description: 'Provides read only access to AWS CloudTrail.',
    created: '2022-06-14T17:19:05Z',
    version: 'v1',
    statements: [
      allow('cloudtrail:Get* cloudtrail:Describe* cloudtrail:List* cloudtrail:LookupEvents'),
    ],
  },
  {
    name: 'AmazonEventBridgeFullAccess',
    policyId: 'ANPAWOLQ2OCW45EWZ4B3G',
    description: 'Provides full access to Amazon EventBridge.',
    created: '2019-07-11T14:08:00Z',
    updated: '2022-12-01T17:00:46Z',
    version: 'v4',
    statements: [
      allow('events:* schemas:* scheduler:* pipes:*', { sid: 'EventBridgeActions' }),
      allow('iam:CreateServiceLinkedRole', {
        sid: 'IAMCreateServiceLinkedRoleForApiDestinations',
        on: 'arn:aws:iam::*:role/aws-service-role/AmazonEventBridgeApiDestinationsServiceRolePolicy',
        when: linkedTo('apidestinations.events.amazonaws.com'),
      }),
      allow('iam:CreateServiceLinkedRole', {
        sid: 'IAMCreateServiceLinkedRoleForAmazonEventBridgeSchemas',
        on: 'arn:aws:iam::*:role/aws-service-role/schemas.amazonaws.com/AWSServiceRoleForSchemas',
        when: linkedTo('schemas.amazonaws.com'),
      }),
      allow(
        `secretsmanager:CreateSecret secretsmanager:UpdateSecret secretsmanager:DeleteSecret
        secretsmanager:GetSecretValue secretsmanager:PutSecretValue`,
        {
          sid: 'SecretsManagerAccessForApiDestinations',
          on: 'arn:aws:secretsmanager:*:*:secret:events!*',
        },
      ),
      ...[
        ['EventBridge', 'events'],
        ['Scheduler', 'scheduler'],
        ['Pipes', 'pipes'],
      ].map(([title, service]) =>
        allow('iam:PassRole', {
          sid: `IAMPassRoleAccessFor${title}`,
          on: 'arn:aws:iam::*:role/*',
          when: passTo(`${service}.amazonaws.com`, 'StringLike'),
        }),
      ),
    ],
  },
  {
    name: 'AmazonEventBridgeReadOnlyAccess',
    policyId: 'ANPARZHLFYPCS2O7JL3FE',
    description: 'Provides read only access to Amazon EventBridge.',
    created: '2019-07-11T13:59:00Z',
    updated: '2022-12-01T17:02:48Z',
    version: 'v6',
    statements: [
      allow(`events:DescribeRule events:DescribeEventBus events:DescribeEventSource
        events:ListEventBuses events:ListEventSources events:ListRuleNamesByTarget
        events:ListRules events:ListTargetsByRule events:TestEventPattern
        events:DescribeArchive events:ListArchives events:DescribeReplay events:ListReplays
        events:DescribeConnection events:ListConnections events:DescribeApiDestination
        events:ListApiDestinations events:DescribeEndpoint events:ListEndpoints
        schemas:DescribeCodeBinding schemas:DescribeDiscoverer schemas:DescribeRegistry
        schemas:DescribeSchema schemas:ExportSchema schemas:GetCodeBindingSource
        schemas:GetDiscoveredSchema schemas:GetResourcePolicy schemas:ListDiscoverers
        schemas:ListRegistries schemas:ListSchemas schemas:ListSchemaVersions
        schemas:ListTagsForResource schemas:SearchSchemas scheduler:GetSchedule
        scheduler:GetScheduleGroup scheduler:ListSchedules scheduler:ListScheduleGroups
        scheduler:ListTagsForResource pipes:DescribePipe pipes:ListPipes
        pipes:ListTagsForResource`),
    ],
  },
];

export const awsManagedData: readonly ManagedData[] = [
  ...everything,
  ...iam,
  ...kms,
  ...secretsAndParameters,
  ...lambda,
  ...trailAndEvents,
];
