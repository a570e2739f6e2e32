/** The execution role: what a function may do, by credentials that Lambda asks STS for. */
import { ApiError } from '../../api-error.ts';
import type { RoleCredentials } from '../../functions/spec.ts';
import type { Call, Principal } from '../../operation.ts';
import { roleGone, roleNotAssumable, roleOfAnotherAccount } from './errors.ts';
import { functionArn, roleOf } from './names.ts';
import type { LambdaPorts } from './ports.ts';
import type { Place } from './records.ts';

export interface RoleSession {
  readonly credentials: RoleCredentials;
  readonly principal: Principal;
}

const lambdaService = 'lambda.amazonaws.com';

/** Lambda itself, acting for a function of this account. */
export const lambdaPrincipal = (account: string): Principal => ({
  type: 'AWSService',
  account,
  arn: lambdaService,
  principalId: lambdaService,
  accessKeyId: '',
  serviceName: lambdaService,
});

/**
 * Whether the caller may hand this role to Lambda, and Lambda may assume it.
 * @throws ApiError AccessDeniedException, InvalidParameterValueException
 */
export async function checkRole(
  ports: LambdaPorts,
  call: Call,
  facts: { readonly role: string; readonly place: Place; readonly functionName: string },
): Promise<void> {
  const { account } = roleOf(facts.role);
  if (account !== facts.place.account) throw roleOfAnotherAccount();
  call.authorize(
    'iam:PassRole',
    { arn: facts.role, account },
    { conditions: (key) => (key === 'iam:passedtoservice' ? lambdaService : undefined) },
  );
  await assume(ports, facts).catch((error: unknown) => {
    throw error instanceof ApiError ? roleNotAssumable() : error;
  });
}

/** For a process that starts. @throws ApiError AccessDeniedException */
export async function roleSession(
  ports: LambdaPorts,
  facts: { readonly role: string; readonly place: Place; readonly functionName: string },
): Promise<RoleSession> {
  const credentials = await assume(ports, facts).catch((error: unknown) => {
    throw error instanceof ApiError ? roleGone(error) : error;
  });
  const principal = await ports.identify(credentials);
  if (principal === undefined) throw new Error(`nobody is known by a new session of ${facts.role}`);
  return { credentials, principal };
}

const sessionSeconds = 3600;

async function assume(
  { perform }: LambdaPorts,
  {
    role,
    place,
    functionName,
  }: { readonly role: string; readonly place: Place; readonly functionName: string },
): Promise<RoleCredentials> {
  const { Credentials } = (await perform({
    principal: lambdaPrincipal(place.account),
    region: place.region,
    service: 'sts',
    operation: 'AssumeRole',
    input: {
      RoleArn: role,
      RoleSessionName: functionName,
      DurationSeconds: sessionSeconds,
    },
    sourceArn: functionArn(place, functionName),
  })) as {
    Credentials: {
      AccessKeyId: string;
      SecretAccessKey: string;
      SessionToken: string;
      Expiration: number;
    };
  };
  return {
    accessKeyId: Credentials.AccessKeyId,
    secretAccessKey: Credentials.SecretAccessKey,
    sessionToken: Credentials.SessionToken,
    expiresAt: Credentials.Expiration,
  };
}
