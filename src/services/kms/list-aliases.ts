/**
 * ListAliases: a key's aliases, or all of the account and Region with those that AWS predefines.
 */
import type {
  AliasListEntry,
  ListAliasesRequest,
  ListAliasesResponse,
} from '../../model/kms.generated.ts';
import type { Call } from '../../operation.ts';
import { managedAliasNames } from './aws-managed.ts';
import type { KmsContext } from './context.ts';
import { ownerOf } from './key-finder.ts';
import { aliasArn } from './key-id.ts';
import { requireState } from './key-state.ts';
import { decodeMarker, pageTail } from './marker.ts';
import { type Alias, aliasesOfKey, keysPrefix } from './records.ts';

const defaultLimit = 50;
/** The model allows more; the API reference says 100 (ListAliases, Limit). */
const maxLimit = 100;

/** A part of a list in the order of names; `next` is the name that it goes on after. */
interface Part {
  readonly entries: readonly AliasListEntry[];
  readonly next: string | undefined;
}

export async function listAliases(
  kms: KmsContext,
  input: ListAliasesRequest,
  call: Call,
): Promise<ListAliasesResponse> {
  const after = decodeMarker('aliases', input.Marker);
  const limit = Math.min(input.Limit ?? defaultLimit, maxLimit);
  const part =
    input.KeyId === undefined
      ? await allAliases(kms, { after, limit }, call)
      : await aliasesOfOne(kms, { keyId: input.KeyId, after, limit }, call);
  return { Aliases: part.entries, ...pageTail('aliases', part.next) };
}

async function aliasesOfOne(
  kms: KmsContext,
  { keyId, after, limit }: { keyId: string; after: string | undefined; limit: number },
  call: Call,
): Promise<Part> {
  const { value: key } = await kms.finder.findByKeyId(keyId, call);
  requireState(key, 'ListAliases');
  const prefix = aliasesOfKey(key);
  const page = await kms.records.aliases.pageBy('key', {
    key: prefix,
    ...(after === undefined ? {} : { after: `${prefix}${after}` }),
    limit,
  });
  return {
    entries: page.entries.map(({ value }) => listed(value, call)),
    next: page.next?.slice(prefix.length),
  };
}

/** Merges the stored aliases with the predefined ones that no key has yet. */
async function allAliases(
  kms: KmsContext,
  { after, limit }: { after: string | undefined; limit: number },
  call: Call,
): Promise<Part> {
  const prefix = keysPrefix(ownerOf(call));
  const page = await kms.records.aliases.page({
    prefix,
    ...(after === undefined ? {} : { after: `${prefix}${after}` }),
    limit,
  });
  const stored = new Map(page.entries.map(({ value }) => [value.name, value]));
  const end = page.next?.slice(prefix.length);
  const unused = managedAliasNames.filter(
    (name) =>
      (after === undefined || name > after) &&
      (end === undefined || name <= end) &&
      !stored.has(name),
  );
  // Alias names are ASCII, so the order of texts is the store's.
  const names = [...stored.keys(), ...unused].sort();
  const shown = names.slice(0, limit);
  return {
    entries: shown.map((name) => {
      const alias = stored.get(name);
      return alias === undefined ? predefined(name, call) : listed(alias, call);
    }),
    next: names.length > limit || end !== undefined ? shown.at(-1) : undefined,
  };
}

const listed = (alias: Alias, call: Call): AliasListEntry => ({
  AliasName: alias.name,
  AliasArn: aliasArn(ownerOf(call), alias.name),
  TargetKeyId: alias.keyId,
  CreationDate: alias.createdAt,
  LastUpdatedDate: alias.updatedAt,
});

const predefined = (name: string, call: Call): AliasListEntry => ({
  AliasName: name,
  AliasArn: aliasArn(ownerOf(call), name),
});
