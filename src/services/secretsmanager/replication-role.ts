/**
 * The role by which values go to another account, where the primary names one: Secrets Manager
 * assumes it and asks KMS as that role, whoever changes the primary. Without one, who changes the
 * primary needs those rights.
 * (https://docs.aws.amazon.com/secretsmanager/latest/userguide/cross-account-replicate-permissions.html)
 */
import { ApiError } from '../../api-error.ts';
import type { Call } from '../../operation.ts';
import type { SecretsPorts } from './context.ts';
import type { KmsCaller } from './data-keys.ts';
import { replicationRoleNotAssumable, replicationRoleOfAnotherAccount } from './errors.ts';
import type { Secret } from './secret.ts';
import { serviceName, servicePrincipal } from './service-principal.ts';

type Primary = Pick<Secret, 'arn' | 'account' | 'region'>;

const sessionName = 'SecretsManagerReplication';
/** The shortest that STS gives. */
const sessionSeconds = 900;

/** Whether the caller may hand this role to Secrets Manager. @throws ApiError */
export function authorizePassingRole(call: Call, { account }: Primary, roleArn: string): void {
  if (!roleArn.startsWith(`arn:${call.partition}:iam::${account}:role/`))
    throw replicationRoleOfAnotherAccount();
  call.authorize(
    'iam:PassRole',
    { arn: roleArn, account },
    { conditions: (key) => (key === 'iam:passedtoservice' ? serviceName : undefined) },
  );
}

/** @throws ApiError where the role does not let Secrets Manager assume it. */
export async function asReplicationRole(
  { own, identify }: Pick<SecretsPorts, 'own' | 'identify'>,
  { partition }: Pick<Call, 'partition'>,
  { primary, roleArn }: { readonly primary: Primary; readonly roleArn: string },
): Promise<KmsCaller> {
  const asked = {
    principal: servicePrincipal(primary.account),
    region: primary.region,
    service: 'sts',
    operation: 'AssumeRole',
    input: { RoleArn: roleArn, RoleSessionName: sessionName, DurationSeconds: sessionSeconds },
    sourceArn: primary.arn,
  };
  const { Credentials } = (await own(asked).catch((error: unknown) => {
    throw error instanceof ApiError ? replicationRoleNotAssumable() : error;
  })) as { Credentials: { AccessKeyId: string; SessionToken: string } };
  const { AccessKeyId: accessKeyId, SessionToken: sessionToken } = Credentials;
  const principal = await identify({ accessKeyId, sessionToken });
  if (principal === undefined) throw new Error(`nobody is known by a new session of ${roleArn}`);
  return {
    principal,
    partition,
    invoke: (service, operation, input, { region = primary.region } = {}) =>
      own({ principal, region, service, operation, input, via: [serviceName] }),
  };
}
