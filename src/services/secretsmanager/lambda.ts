/**
 * Invoking a rotation function, as the service that Secrets Manager is: the function's own policy
 * must let it
 * (https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets-required-permissions-function.html).
 */
import type { SecretsPorts } from './context.ts';
import type { RotationJob } from './rotation-job.ts';
import type { Secret } from './secret.ts';
import { servicePrincipal } from './service-principal.ts';

type Invocation =
  | { readonly kind: 'DryRun' }
  | { readonly kind: 'step'; readonly job: RotationJob };

/**
 * Resolves when the function has returned without an error of its own.
 * @throws ApiError of Lambda; FunctionFailed.
 */
export async function invokeFunction(
  { own }: Pick<SecretsPorts, 'own'>,
  secret: Secret,
  invocation: Invocation,
): Promise<void> {
  const answer = (await own({
    principal: servicePrincipal(secret.account),
    region: secret.region,
    service: 'lambda',
    operation: 'Invoke',
    sourceArn: secret.arn,
    input: {
      FunctionName: secret.rotation?.lambdaArn,
      InvocationType: invocation.kind === 'DryRun' ? 'DryRun' : 'RequestResponse',
      ...(invocation.kind === 'DryRun' ? {} : { Payload: payloadOf(invocation.job) }),
    },
  })) as { readonly FunctionError?: string };
  if (answer.FunctionError !== undefined) throw new FunctionFailed();
}

/** The function returned an error. What it says stays with it: it may hold a secret. */
export class FunctionFailed extends Error {
  override name = 'FunctionFailed';
}

/** The event as the functions know it. */
const payloadOf = ({ step, secretArn, token, rotationToken }: RotationJob): Buffer =>
  Buffer.from(
    JSON.stringify({
      Step: step,
      SecretId: secretArn,
      ClientRequestToken: token,
      RotationToken: rotationToken,
    }),
  );
