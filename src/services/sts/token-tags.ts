/**
 * What an issuer's token may say of the session: tags and a source identity.
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_adding-assume-role-idp)
 */
import { tokenNotAccepted } from './errors.ts';
import type { WebTokenClaims } from './ports.ts';
import type { WireTag } from './session-tags.ts';

const tagsClaim = 'https://aws.amazon.com/tags';
const sourceIdentityClaim = 'https://aws.amazon.com/source_identity';
const mostTags = 50;

export interface TokenTags {
  readonly Tags: readonly WireTag[];
  readonly TransitiveTagKeys: readonly string[];
  readonly sourceIdentity: string | undefined;
}

/** Bounded as the members of AssumeRole are. Throws InvalidIdentityToken. */
export function tagsInToken(claims: WebTokenClaims): TokenTags {
  const { principal_tags: tags = {}, transitive_tag_keys: keys = [] } = objectOf(
    claims[tagsClaim] ?? {},
  );
  const Tags = Object.entries(objectOf(tags)).map(([key, value]) => ({
    Key: need(isTagKey(key), key),
    Value: tagValue(value),
  }));
  const TransitiveTagKeys = listOf(keys).map((key) => need(isTagKey(key), key as string));
  need(Tags.length <= mostTags && TransitiveTagKeys.length <= mostTags, true);
  const sourceIdentity = claims[sourceIdentityClaim];
  if (sourceIdentity !== undefined) need(isSourceIdentity(sourceIdentity), true);
  return { Tags, TransitiveTagKeys, sourceIdentity: sourceIdentity as string | undefined };
}

/** AWS's form is a list of one. */
function tagValue(value: unknown): string {
  const [only, ...more] = listOf(value);
  return need(more.length === 0 && isTagValue(only), only as string);
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return need(
    typeof value === 'object' && value !== null && !Array.isArray(value),
    value as Record<string, unknown>,
  );
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);

function need<T>(isRight: boolean, value: T): T {
  if (!isRight) throw tokenNotAccepted();
  return value;
}

/** As the members of AssumeRole are checked. */
const isTagKey = checkOf(/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u);
const isTagValue = checkOf(/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u);
const isSourceIdentity = checkOf(/^[\w+=,.@-]{2,64}$/);

function checkOf(form: RegExp): (value: unknown) => boolean {
  return (value) => typeof value === 'string' && form.test(value);
}
