/** The forms in which a request names a key: key id, key ARN, alias name, alias ARN. Pure. */
import { aliasesNotSupported, invalidArn, invalidKeyId, invalidKeyIdInArn } from './errors.ts';

export type KeyName =
  | {
      readonly kind: 'key';
      /** As keys are stored: a UUID in lower case, or `mrk-` and 32 lower-case hex digits. */
      readonly keyId: string;
      /** As the caller wrote it; NotFoundException repeats it so. */
      readonly written: string;
      /** The account of an ARN; undefined means the caller's. */
      readonly account: string | undefined;
    }
  | {
      readonly kind: 'alias';
      /** `alias/app` */
      readonly name: string;
      readonly account: string | undefined;
    };

/** Where the request was sent: an ARN of another partition or Region names nothing here. */
export interface Place {
  readonly partition: string;
  readonly region: string;
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const multiRegion = /^mrk-[0-9a-f]{32}$/;
const arn = /^arn:([^:]*):([^:]*):([^:]*):([^:]*):(key|alias)\/(.+)$/s;
/**
 * What an alias can be called: the model's pattern without the colon, which the service refuses.
 */
const aliasName = /^alias\/[a-zA-Z0-9/_-]+$/;
export const isAliasName = (name: string): boolean => aliasName.test(name);
const accountId = /^\d{12}$/;

/**
 * The key id as stored, or undefined when the text is no key id. UUIDs are matched in either case.
 */
export function normalizeKeyId(text: string): string | undefined {
  if (uuid.test(text)) return text.toLowerCase();
  return multiRegion.test(text) ? text : undefined;
}

/**
 * Reads what a `KeyId` parameter names.
 * @throws ApiError NotFoundException in AWS's forms when it names nothing that could exist in this
 * Region.
 */
export function parseKeyName(text: string, place: Place): KeyName {
  const keyId = normalizeKeyId(text);
  if (keyId !== undefined) return { kind: 'key', keyId, written: text, account: undefined };
  if (text.startsWith('alias/')) return { kind: 'alias', name: text, account: undefined };
  if (text.startsWith('arn:')) return parseArn(text, place);
  throw invalidKeyId(text);
}

function parseArn(text: string, place: Place): KeyName {
  const [, partition, service, region, account = '', type, rest = ''] = arn.exec(text) ?? [];
  if (service !== 'kms' || !accountId.test(account)) throw invalidArn(text);
  if (partition !== place.partition) throw invalidArn(`${partition}`);
  if (region !== place.region) throw invalidArn(`${region}`);
  if (type === 'alias') return { kind: 'alias', name: `alias/${rest}`, account };
  const keyId = normalizeKeyId(rest);
  if (keyId === undefined) throw invalidKeyIdInArn(rest);
  return { kind: 'key', keyId, written: rest, account };
}

/**
 * The same for the operations that take no alias.
 * @throws ApiError InvalidArnException for an alias in either form, before anything is looked up.
 */
export function parseKeyOnlyName(text: string, place: Place): KeyName & { readonly kind: 'key' } {
  if (isAliasForm(text)) throw aliasesNotSupported();
  const name = parseKeyName(text, place);
  if (name.kind === 'alias') throw aliasesNotSupported();
  return name;
}

/** Whether the text has the form of an alias, in whatever Region or account. */
export function isAliasForm(text: string): boolean {
  return text.startsWith('alias/') || /^arn:[^:]*:kms:[^:]*:[^:]*:alias\//.test(text);
}

interface Owner extends Place {
  readonly account: string;
}
export const keyArn = (owner: Owner, keyId: string): string =>
  `arn:${owner.partition}:kms:${owner.region}:${owner.account}:key/${keyId}`;
/** `name` with its `alias/`. */
export const aliasArn = (owner: Owner, name: string): string =>
  `arn:${owner.partition}:kms:${owner.region}:${owner.account}:${name}`;

/** 32 hex digits as a UUID is written. */
export const uuidText = (hex: string): string =>
  hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

/** A multi-Region key id from 16 random bytes. */
export const multiRegionIdFrom = (random: Buffer): string => `mrk-${random.toString('hex')}`;
