/**
 * What ReadOnlyAccess allows: of AWS's list the services that this server has or that its users
 * meet beside them. The whole list has some two thousand actions of over three hundred services.
 * (https://docs.aws.amazon.com/aws-managed-policy/latest/reference/ReadOnlyAccess.html)
 */
export const readOnlyActions = `
  access-analyzer:GetAnalyzer access-analyzer:GetFinding access-analyzer:ListAnalyzers
  access-analyzer:ListFindings access-analyzer:ValidatePolicy
  acm-pca:Describe* acm-pca:Get* acm-pca:List*
  acm:Describe* acm:Get* acm:List*
  apigateway:GET
  application-autoscaling:Describe*
  athena:Batch* athena:Get* athena:List*
  autoscaling:Describe* autoscaling:GetPredictiveScalingForecast
  backup:Describe* backup:Get* backup:List*
  batch:Describe* batch:List*
  cloudformation:Describe* cloudformation:Detect* cloudformation:Estimate* cloudformation:Get*
  cloudformation:List*
  cloudfront:DescribeFunction cloudfront:Get* cloudfront:List*
  cloudhsm:Describe* cloudhsm:Get* cloudhsm:List*
  cloudtrail:Describe* cloudtrail:Get* cloudtrail:List* cloudtrail:LookupEvents
  cloudwatch:Describe* cloudwatch:Get* cloudwatch:List*
  codebuild:BatchGet* codebuild:List*
  codecommit:BatchGet* codecommit:Describe* codecommit:Get* codecommit:GitPull codecommit:List*
  codepipeline:Get* codepipeline:List*
  config:BatchGetAggregateResourceConfig config:BatchGetResourceConfig config:Deliver*
  config:Describe* config:Get* config:List* config:SelectAggregateResourceConfig
  config:SelectResourceConfig
  dynamodb:BatchGet* dynamodb:Describe* dynamodb:Get* dynamodb:List* dynamodb:PartiQLSelect
  dynamodb:Query dynamodb:Scan
  ec2:Describe* ec2:Get* ec2:SearchLocalGatewayRoutes ec2:SearchTransitGatewayRoutes
  ecr:BatchCheck* ecr:BatchGet* ecr:Describe* ecr:Get* ecr:List*
  ecs:Describe* ecs:List*
  eks:Describe* eks:List*
  elasticache:Describe* elasticache:List*
  elasticfilesystem:Describe* elasticfilesystem:List*
  elasticloadbalancing:Describe*
  events:Describe* events:List* events:Test*
  firehose:Describe* firehose:List*
  glacier:Describe* glacier:Get* glacier:List*
  guardduty:Get* guardduty:List*
  health:Describe*
  iam:Generate* iam:Get* iam:List* iam:Simulate*
  kafka:Describe* kafka:Get* kafka:List*
  kinesis:Describe* kinesis:Get* kinesis:List*
  kms:Describe* kms:Get* kms:List*
  lambda:Get* lambda:List*
  logs:Describe* logs:FilterLogEvents logs:Get* logs:ListTagsLogGroup logs:StartQuery
  logs:StopQuery logs:TestMetricFilter
  organizations:Describe* organizations:List*
  ram:Get* ram:List*
  rds:Describe* rds:Download* rds:List*
  redshift:Describe* redshift:GetReservedNodeExchangeOfferings redshift:View*
  resource-groups:Get* resource-groups:List* resource-groups:Search*
  route53:Get* route53:List* route53:Test*
  s3:DescribeJob s3:Get* s3:List*
  schemas:Describe* schemas:Get* schemas:List* schemas:Search*
  secretsmanager:Describe* secretsmanager:GetResourcePolicy secretsmanager:List*
  securityhub:Describe* securityhub:Get* securityhub:List*
  servicequotas:GetAssociationForServiceQuotaTemplate servicequotas:GetAWSDefaultServiceQuota
  servicequotas:GetRequestedServiceQuotaChange servicequotas:GetServiceQuota
  servicequotas:GetServiceQuotaIncreaseRequestFromTemplate
  servicequotas:ListAWSDefaultServiceQuotas servicequotas:ListRequestedServiceQuotaChangeHistory
  servicequotas:ListRequestedServiceQuotaChangeHistoryByQuota
  servicequotas:ListServiceQuotaIncreaseRequestsInTemplate servicequotas:ListServiceQuotas
  servicequotas:ListServices
  ses:Describe* ses:Get* ses:List*
  signer:DescribeSigningJob signer:GetSigningPlatform signer:GetSigningProfile
  signer:ListProfilePermissions signer:ListSigningJobs signer:ListSigningPlatforms
  signer:ListSigningProfiles signer:ListTagsForResource
  sns:Check* sns:Get* sns:List*
  sqs:Get* sqs:List* sqs:Receive*
  ssm:Describe* ssm:Get* ssm:List*
  sso:Describe* sso:Get* sso:List* sso:Search*
  states:Describe* states:GetExecutionHistory states:List*
  sts:GetAccessKeyInfo sts:GetCallerIdentity sts:GetSessionToken
  synthetics:Describe* synthetics:Get* synthetics:List*
  tag:DescribeReportCreation tag:Get*
  transfer:Describe* transfer:List* transfer:TestIdentityProvider
  trustedadvisor:Describe*
  waf:Get* waf:List* wafv2:CheckCapacity wafv2:Describe* wafv2:Get* wafv2:List*
  workspaces:Describe*
  xray:BatchGet* xray:Get*
`;
