/** ListSecrets: pages, filters and order. */
import type {
  ListSecretsRequest,
  ListSecretsResponse,
  SecretsmanagerModel,
  SortByType,
} from '../../model/secretsmanager.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import type { SecretsContext } from './context.ts';
import { secretMembers, stagesMap } from './describe-secret.ts';
import { filtersOf } from './filters.ts';
import { foundNothing, placeOf } from './finder.ts';
import { decodeToken, encodeToken } from './next-token.ts';
import { type Records, type SecretEntry, secretsPrefix, sortableTime } from './records.ts';

export function listOperations(secrets: SecretsContext) {
  return {
    ListSecrets: {
      readOnly: true,
      find: foundNothing,
      run: (input, call) => listSecrets(secrets, input, call),
    },
  } satisfies Operations<SecretsmanagerModel, 'ListSecrets'>;
}

const defaultPage = 100;
const scanned = 500;

async function listSecrets(
  secrets: SecretsContext,
  input: ListSecretsRequest,
  call: Call,
): Promise<ListSecretsResponse> {
  const { entries, next } = await listedSecrets(secrets.records, call, input);
  const list = await Promise.all(
    entries.map(async (entry) => ({
      ...secretMembers(entry.value, (await secrets.accesses.of(entry))?.value),
      ...stagesMap('SecretVersionsToStages', entry.value),
    })),
  );
  return { SecretList: list, ...(next === undefined ? {} : { NextToken: next }) };
}

interface Listed {
  readonly entries: readonly SecretEntry[];
  readonly next: string | undefined;
}

/** A page of the caller's secrets in the Region. @throws ApiError InvalidNextTokenException */
export async function listedSecrets(
  records: Records,
  call: Call,
  input: ListSecretsRequest,
): Promise<Listed> {
  const { Filters, IncludePlannedDeletion, SortBy, SortOrder, NextToken } = input;
  const list = ['secrets', placeOf(call), Filters, IncludePlannedDeletion, SortBy, SortOrder];
  const after = decodeToken(list, NextToken);
  const passes = filtersOf(Filters);
  const isShown = ({ value }: SecretEntry): boolean =>
    (IncludePlannedDeletion === true || value.deletionDate === undefined) && passes(value);
  const query = { after, limit: input.MaxResults ?? defaultPage, isShown };
  const isInOrder = SortOrder !== 'desc' && (SortBy === undefined || SortBy === 'created-date');
  const { shown, next } = isInOrder
    ? await byCreation(records, call, query)
    : await sorted(records, call, { ...query, by: SortBy ?? 'created-date', order: SortOrder });
  return { entries: shown, next: next === undefined ? undefined : encodeToken(list, next) };
}

interface Query {
  readonly after: string | undefined;
  readonly limit: number;
  readonly isShown: (entry: SecretEntry) => boolean;
}

interface Shown {
  readonly shown: readonly SecretEntry[];
  readonly next: string | undefined;
}

const createdKey = ({ id, value }: SecretEntry): string =>
  `${secretsPrefix(value)}${sortableTime(value.createdAt)}/${id}`;

/** In the order of the index, which no page has to read more of than it shows. */
async function byCreation(
  { secrets }: Records,
  call: Call,
  { after, limit, isShown }: Query,
): Promise<Shown> {
  const shown: SecretEntry[] = [];
  let from = after;
  for (;;) {
    const page = await secrets.pageBy('created', {
      key: secretsPrefix(placeOf(call)),
      ...(from === undefined ? {} : { after: from }),
      limit: scanned,
    });
    for (const entry of page.entries) {
      if (!isShown(entry)) continue;
      // One more than fits shows that there is a next page.
      if (shown.length === limit) return { shown, next: createdKey(shown.at(-1) as SecretEntry) };
      shown.push(entry);
    }
    if (page.next === undefined) return { shown, next: undefined };
    from = page.next;
  }
}

/** Other orders are made of all that is shown. */
async function sorted(
  records: Records,
  call: Call,
  query: Query & { readonly by: SortByType; readonly order: ListSecretsRequest['SortOrder'] },
): Promise<Shown> {
  const all = await byCreation(records, call, {
    after: undefined,
    limit: Number.POSITIVE_INFINITY,
    isShown: query.isShown,
  });
  const keyed = await Promise.all(
    all.shown.map(async (entry) => ({ entry, key: await sortKey(records, entry, query.by) })),
  );
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  if (query.order === 'desc') keyed.reverse();
  const { after, limit, order } = query;
  const rest =
    after === undefined
      ? keyed
      : keyed.filter(({ key }) => (order === 'desc' ? key < after : key > after));
  const page = rest.slice(0, limit);
  return {
    shown: page.map(({ entry }) => entry),
    next: rest.length > limit ? page.at(-1)?.key : undefined,
  };
}

/** Unique, and in the order asked for. What was never read comes before what was. */
async function sortKey(
  { accesses }: Records,
  { id, value }: SecretEntry,
  by: SortByType,
): Promise<string> {
  switch (by) {
    case 'name':
      return value.name;
    case 'created-date':
      return `${sortableTime(value.createdAt)}/${id}`;
    case 'last-changed-date':
      return `${sortableTime(value.changedAt)}/${id}`;
    case 'last-accessed-date':
      return `${sortableTime((await accesses.get(id))?.value.day ?? 0)}/${id}`;
  }
}
