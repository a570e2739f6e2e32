/** Roles that rules and targets name: who may hand them over, and acting as one. */
import { ApiError } from '../../api-error.ts';
import type { Call, Principal } from '../../operation.ts';
import type { EventsPorts } from './context.ts';

const service = 'events.amazonaws.com';

/** EventBridge itself, acting for an account. */
export const eventsPrincipal = (account: string): Principal => ({
  type: 'AWSService',
  account,
  arn: service,
  principalId: service,
  accessKeyId: '',
  serviceName: service,
});

/** Whether the caller may hand this role to EventBridge. @throws ApiError AccessDeniedException */
export function authorizePass(call: Call, roleArn: string, ruleArn: string): void {
  const account = roleArn.split(':')[4] ?? '';
  call.authorize(
    'iam:PassRole',
    { arn: roleArn, account },
    {
      conditions: (key) => {
        if (key === 'iam:passedtoservice') return service;
        return key === 'iam:associatedresourcearn' ? ruleArn : undefined;
      },
    },
  );
}

interface Session {
  readonly principal: Principal;
  readonly expiresAt: number;
}

const sessionSeconds = 3600;
/** A session that ends sooner is not begun with. */
const spareMs = 60_000;
const maxSessions = 1_000;

export interface RoleSessions {
  /** Whoever acts by the role; undefined: EventBridge may not assume it. */
  readonly of: (role: {
    readonly arn: string;
    readonly account: string;
    readonly region: string;
    readonly ruleName: string;
    readonly ruleArn: string;
  }) => Promise<Principal | undefined>;
}

type Asked = Parameters<RoleSessions['of']>[0];

/** Sessions are kept as long as they last. */
export function openRoleSessions(
  ports: Pick<EventsPorts, 'perform' | 'identify' | 'world'>,
): RoleSessions {
  const kept = new Map<string, Session>();
  return {
    of: async (asked) => {
      const key = `${asked.arn} ${asked.ruleArn}`;
      const known = kept.get(key);
      if (known !== undefined && known.expiresAt - spareMs > ports.world.now())
        return known.principal;
      kept.delete(key);
      const session = await assume(ports, asked);
      if (session === undefined) return undefined;
      if (kept.size >= maxSessions) kept.clear();
      kept.set(key, session);
      return session.principal;
    },
  };
}

async function assume(
  { perform, identify }: Pick<EventsPorts, 'perform' | 'identify'>,
  { arn, account, region, ruleName, ruleArn }: Asked,
): Promise<Session | undefined> {
  try {
    const { Credentials } = (await perform({
      principal: eventsPrincipal(account),
      region,
      service: 'sts',
      operation: 'AssumeRole',
      input: { RoleArn: arn, RoleSessionName: ruleName, DurationSeconds: sessionSeconds },
      sourceArn: ruleArn,
    })) as {
      Credentials: { AccessKeyId: string; SessionToken: string; Expiration: number };
    };
    const { AccessKeyId: accessKeyId, SessionToken: sessionToken } = Credentials;
    const principal = await identify({ accessKeyId, sessionToken });
    return principal && { principal, expiresAt: Credentials.Expiration };
  } catch (error) {
    if (error instanceof ApiError && !isPassing(error)) return undefined;
    throw error;
  }
}

/** What may be gone the next time. */
const passing = /^(Throttling|TooManyRequests|Internal|Service)/;
export const isPassing = ({ code }: ApiError): boolean => passing.test(code);
