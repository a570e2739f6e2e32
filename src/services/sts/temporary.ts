/** What all operations that give temporary credentials do at their end. */
import type { Credentials } from '../../model/sts.generated.ts';
import type { Call, Principal, Session } from '../../operation.ts';
import { mfaFailed, tokenTooLarge } from './errors.ts';
import type { StsPorts } from './ports.ts';

/** Longest token that AWS gives, in characters. */
const longestToken = 4_096;

/** From the whole second on, since that is how both times are told. */
export function lifetime(
  { now }: Call,
  durationSeconds: number,
): Pick<Session, 'createdAt' | 'expiresAt'> {
  const createdAt = Math.floor(now / 1000) * 1000;
  return { createdAt, expiresAt: createdAt + durationSeconds * 1000 };
}

export interface Issued {
  readonly Credentials: Credentials;
  /** In characters, and in percent of the longest that there are. */
  readonly SessionTokenSize: number;
  readonly SessionTokenUtilization: number;
}

export function issue(
  { sessions }: Pick<StsPorts, 'sessions'>,
  claims: {
    readonly principal: Omit<Principal, 'accessKeyId'> & { readonly session: Session };
    readonly endsWith?: string;
  },
  minimumChars: number | undefined,
): Issued {
  const { accessKeyId, secretAccessKey, sessionToken } = sessions.issue(claims, minimumChars);
  const SessionTokenSize = sessionToken.length;
  if (SessionTokenSize > longestToken) throw tokenTooLarge();
  return {
    Credentials: {
      AccessKeyId: accessKeyId,
      SecretAccessKey: secretAccessKey,
      SessionToken: sessionToken,
      Expiration: claims.principal.session.expiresAt,
    },
    SessionTokenSize,
    SessionTokenUtilization: Math.ceil((SessionTokenSize * 100) / longestToken),
  };
}

/** Whoever says that they have a second factor must have it. */
export function refuseMfa(input: {
  readonly SerialNumber?: string | undefined;
  readonly TokenCode?: string | undefined;
}): void {
  if (input.SerialNumber !== undefined || input.TokenCode !== undefined) throw mfaFailed();
}
