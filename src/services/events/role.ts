/** Roles that rules and targets name: who may hand them over, and acting as one. */
import { ApiError } from '../../api-error.ts';
import type { Call, Principal } from '../../operation.ts';
import type { EventsPorts, Question } from './context.ts';
import { type RuleName, ruleArn } from './names.ts';

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
export function authorizePass(call: Call, roleArn: string, forArn: string): void {
  const account = roleArn.split(':')[4] ?? '';
  call.authorize(
    'iam:PassRole',
    { arn: roleArn, account },
    {
      conditions: (key) => {
        if (key === 'iam:passedtoservice') return service;
        return key === 'iam:associatedresourcearn' ? forArn : undefined;
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
  /**
   * Whether the role may do this. A session that may not is begun anew once: the role may be
   * another one of the same name by now.
   */
  readonly isAllowed: (role: AskedRole, question: Omit<Question, 'principal'>) => Promise<boolean>;
}

interface AskedRole {
  readonly arn: string;
  readonly rule: RuleName;
}

/** Sessions are kept as long as they last. */
export function openRoleSessions(
  ports: Pick<EventsPorts, 'perform' | 'identify' | 'isAllowed' | 'world'>,
): RoleSessions {
  const kept = new Map<string, Session>();
  const begin = async (asked: AskedRole): Promise<Principal | undefined> => {
    const session = await assume(ports, asked);
    if (session === undefined) return undefined;
    if (kept.size >= maxSessions) kept.clear();
    kept.set(keyOf(asked), session);
    return session.principal;
  };
  return {
    isAllowed: async (asked, question) => {
      const may = async (principal: Principal | undefined): Promise<boolean> =>
        principal !== undefined && ports.isAllowed({ ...question, principal });
      const known = kept.get(keyOf(asked));
      if (known !== undefined && known.expiresAt - spareMs > ports.world.now())
        if (await may(known.principal)) return true;
      return may(await begin(asked));
    },
  };
}

const keyOf = ({ arn, rule }: AskedRole): string => `${arn} ${ruleArn(rule)}`;

async function assume(
  { perform, identify }: Pick<EventsPorts, 'perform' | 'identify'>,
  { arn, rule }: AskedRole,
): Promise<Session | undefined> {
  try {
    const { Credentials } = (await perform({
      principal: eventsPrincipal(rule.bus.account),
      region: rule.bus.region,
      service: 'sts',
      operation: 'AssumeRole',
      input: { RoleArn: arn, RoleSessionName: rule.name, DurationSeconds: sessionSeconds },
      sourceArn: ruleArn(rule),
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
