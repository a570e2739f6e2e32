/** Names and ARNs of secrets, and what a request may call one. Pure. */
import { invalidName, secretNotFound } from './errors.ts';

export interface Place {
  readonly account: string;
  readonly region: string;
  readonly partition: string;
}

/** What a SecretId names. */
export interface SecretName {
  readonly account: string;
  readonly name: string;
  /** The whole ARN that the secret must have; undefined: its name is enough. */
  readonly arn?: string;
  /** As the request has it. */
  readonly written: string;
}

/** With `!`, which only AWS's own services may put into a name. */
const nameForm = /^[A-Za-z0-9/_+=.@!-]+$/;
const arnForm = /^arn:([a-z0-9-]+):secretsmanager:([a-z0-9-]+):(\d{12}):secret:(.+)$/;
const suffixForm = /-[A-Za-z0-9]{6}$/;

/**
 * `via`: the services through which the request came. The last of them may put its own mark before
 * a name: `events!connection/…`.
 * @throws ApiError ValidationException for a name that the caller can't give.
 */
export function checkNewName(name: string, via: readonly string[]): void {
  const mark = `${via.at(-1)?.split('.')[0]}!`;
  const own = via.length > 0 && name.startsWith(mark) ? name.slice(mark.length) : name;
  if (!nameForm.test(own) || own.includes('!')) throw invalidName();
}

/**
 * Reads a friendly name, a whole ARN, or an ARN without its last six characters. What ends in a
 * hyphen and six characters counts as whole, even where they belong to the name (recorded).
 * @throws ApiError ValidationException; ResourceNotFoundException for an ARN of another Region.
 */
export function parseSecretId(written: string, place: Place): SecretName {
  if (!written.startsWith('arn:')) {
    if (!nameForm.test(written)) throw invalidName();
    return { account: place.account, name: written, written };
  }
  const [, partition, region, account, rest] = arnForm.exec(written) ?? [];
  if (account === undefined || rest === undefined || !nameForm.test(rest)) throw invalidName();
  if (partition !== place.partition || region !== place.region) throw secretNotFound();
  if (!suffixForm.test(rest)) return { account, name: rest, written };
  return { account, name: rest.slice(0, -suffixChars - 1), arn: written, written };
}

const suffixChars = 6;

export const secretArn = (place: Place, name: string, suffix: string): string =>
  `arn:${place.partition}:secretsmanager:${place.region}:${place.account}:secret:${name}-${suffix}`;

/**
 * What policies are asked about where there is no such secret (yet): `name-*` and `name-??????`
 * match it, the ARN of one secret doesn't.
 */
export const unknownSecretArn = (place: Place, name: string): string =>
  secretArn(place, name, '??????');

const suffixAlphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Six letters or digits, all equally likely. */
export function newSuffix(randomBytes: (sizeBytes: number) => Buffer): string {
  const fair = 256 - (256 % suffixAlphabet.length);
  let suffix = '';
  while (suffix.length < suffixChars)
    for (const byte of randomBytes(suffixChars * 2))
      if (byte < fair && suffix.length < suffixChars)
        suffix += suffixAlphabet[byte % suffixAlphabet.length];
  return suffix;
}
