/**
 * Session policies: what narrows a session below what its role or user may, and the room that they
 * and session tags take in a token.
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session)
 */
import type { Session } from '../../operation.ts';
import { validateIdentityPolicy } from '../../policy/validate.ts';
import {
  invalidArn,
  malformedPolicy,
  packedPolicyTooLarge,
  packedTagsTooLarge,
  policyNotFound,
  tooManyPolicyArns,
} from './errors.ts';
import type { StsPorts } from './ports.ts';
import type { SessionTags } from './session-tags.ts';

/** The members of a request that name session policies. */
export interface PolicyMembers {
  readonly Policy?: string | undefined;
  readonly PolicyArns?: ReadonlyArray<{ readonly arn?: string }> | undefined;
}

export type SessionPolicies = Pick<Session, 'policies' | 'policyArns'>;

const mostPolicyArns = 10;

/** What of a request can be judged by itself. Blanks between a policy's words are not kept. */
export function sessionPoliciesOf({ Policy, PolicyArns = [] }: PolicyMembers): SessionPolicies {
  if (PolicyArns.length > mostPolicyArns) throw tooManyPolicyArns();
  const policyArns = PolicyArns.map(({ arn = '' }) => {
    if (!policyArn.test(arn)) throw invalidArn(arn);
    return arn;
  });
  const fault = Policy === undefined ? undefined : validateIdentityPolicy(Policy);
  if (fault !== undefined) throw malformedPolicy(fault);
  return {
    ...(Policy === undefined ? {} : { policies: [withoutBlanks(Policy)] }),
    ...(policyArns.length === 0 ? {} : { policyArns }),
  };
}

const policyArn = /^arn:aws[a-z-]*:iam::(?:\d{12}|aws):policy\/(?:.*\/)?[\w+=,.@-]+$/;

/** Managed ones must be there, and be AWS's own or the account's of the role or user. */
export async function requirePolicies(
  { hasPolicy }: Pick<StsPorts, 'hasPolicy'>,
  { policyArns = [] }: SessionPolicies,
  account: string,
): Promise<void> {
  for (const arn of policyArns) {
    const owner = arn.split(':', 5)[4];
    if ((owner !== account && owner !== 'aws') || !(await hasPolicy(arn)))
      throw policyNotFound(arn);
  }
}

/** Keeps what stands in strings. The text is JSON. */
function withoutBlanks(json: string): string {
  return json.replace(/("(?:[^"\\]|\\.)*")|\s+/g, '$1');
}

/**
 * AWS packs policies and tags in a way that it doesn't tell, into room that it doesn't tell either.
 * Measured: nine tags of 252 characters fill 498 %, so a tag takes three bytes more than its text
 * and there are 460; the one policy of AWS's own example, of 117 characters, fills 6 %, which is a
 * fourth of its length.
 */
const allottedBytes = 460;
const tagBytes = 3;
const policyPacking = 4;

/**
 * Percent of the room that a session's policies and tags take, inherited ones too. Undefined: there
 * are none. Throws PackedPolicyTooLarge.
 */
export function packedPolicySize(
  { policies = [], policyArns = [] }: SessionPolicies,
  { given, inherited }: SessionTags,
): number | undefined {
  const texts = [...policies, ...policyArns];
  const tags = [...given, ...inherited];
  if (texts.length + tags.length === 0) return undefined;
  const policyBytes = texts.map((text) => Math.ceil(Buffer.byteLength(text) / policyPacking));
  const bytesOfTags = tags.map(
    ({ Key, Value }) => Buffer.byteLength(Key) + Buffer.byteLength(Value) + tagBytes,
  );
  const bytes = [...policyBytes, ...bytesOfTags].reduce((sum, each) => sum + each, 0);
  const percent = Math.floor((bytes * 100) / allottedBytes);
  if (percent <= 100) return percent;
  throw texts.length === 0 ? packedTagsTooLarge(percent) : packedPolicyTooLarge(percent);
}
