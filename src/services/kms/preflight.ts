/**
 * What speaks against deleting a key: everything here that names it, depends on it, or has used it.
 * Nothing is decided, only told; what nobody can know (ciphertexts that lie elsewhere) is said so.
 */
import { usageLagMs } from '../../usage/usage.ts';
import type { UseRows } from '../../usage/use-rows.ts';
import type { KmsContext } from './context.ts';
import { type Dependent, dependentsIn } from './dependents.ts';
import { grantsPrefix } from './grant-records.ts';
import { type Key, keyRecordId } from './key.ts';
import type { KeyUses } from './key-uses.ts';
import { isPrimary } from './multi-region-key.ts';
import { aliasesOfKey, type KeyEntry } from './records.ts';
import { relatedKeys } from './related-keys.ts';

/** Times are texts of ISO 8601 in UTC. */
export interface Preflight {
  readonly key: KeyFacts;
  /** Uses are known since then; what the last seconds brought to other nodes may be missing. */
  readonly tracking: { readonly since: string; readonly lagSeconds: number };
  readonly lastUse: LastUseFacts | null;
  readonly principals: Users;
  readonly encryptionContexts: Users;
  /** What the encryption contexts say of resources of AWS services. */
  readonly dependents: readonly Dependent[];
  readonly materials: readonly MaterialFacts[];
  readonly aliases: readonly string[];
  readonly grants: { readonly count: number; readonly first: readonly GrantFacts[] };
  readonly relatedKeys: ReadonlyArray<{ readonly arn: string; readonly state: string }>;
  /** What to look at before the key goes, in words; empty when nothing is known against it. */
  readonly objections: readonly string[];
}

interface KeyFacts {
  readonly arn: string;
  readonly description: string;
  readonly spec: string;
  readonly usage: string;
  readonly origin: string;
  readonly manager: string;
  readonly state: string;
  readonly createdAt: string;
  readonly deletionDate?: string;
}
interface LastUseFacts {
  readonly operation: string;
  readonly at: string;
  readonly eventId: string;
  readonly requestId: string;
}
interface Users {
  /** The latest first. */
  readonly rows: readonly User[];
  /** Those that are too many to be kept by name. */
  readonly others?: { readonly names: number; readonly uses: number; readonly lastAt: string };
}
interface User {
  readonly name: string;
  readonly lastAt: string;
  readonly lastOperation: string;
  readonly uses: Readonly<Record<string, number>>;
}
export interface MaterialFacts {
  readonly id: string;
  readonly state: string;
  readonly isHere: boolean;
  readonly ciphertextsMade: number;
  readonly ciphertextsOpened: number;
  readonly lastMadeAt: string | null;
  readonly lastOpenedAt: string | null;
}
interface GrantFacts {
  readonly id: string;
  readonly grantee: string;
  readonly operations: readonly string[];
}

export const isoTime = (ms: number): string => new Date(ms).toISOString();

const shownGrants = 20;

/** `quietMs`: how long a key must not have been used to raise no objection. */
export async function preflight(
  kms: KmsContext,
  { value: key }: KeyEntry,
  { now, quietMs }: { readonly now: number; readonly quietMs: number },
): Promise<Preflight> {
  const uses = await kms.uses.records.read(keyRecordId(key));
  const [aliases, grants, related] = await Promise.all([
    aliasNames(kms, key),
    grantFacts(kms, key),
    relatedKeys(kms.records, key),
  ]);
  const report: Omit<Preflight, 'objections'> = {
    key: keyFacts(key),
    tracking: { since: isoTime(kms.uses.since), lagSeconds: usageLagMs / 1_000 },
    lastUse: uses === undefined ? null : { ...uses.last, at: isoTime(uses.last.at) },
    principals: usersOf(uses?.principals),
    encryptionContexts: usersOf(uses?.contexts),
    dependents: dependentsIn(uses?.contexts),
    materials: materialFacts(key, uses),
    aliases,
    grants,
    relatedKeys: related.map(({ value }) => ({ arn: value.arn, state: value.state })),
  };
  const times = { now, quietMs, since: kms.uses.since, lastAt: uses?.last.at };
  return { ...report, objections: objectionsOf(key, report, times) };
}

function keyFacts(key: Key): KeyFacts {
  const { arn, description, spec, usage, origin, manager, state } = key;
  return {
    arn,
    description,
    spec,
    usage,
    origin,
    manager,
    state,
    createdAt: isoTime(key.createdAt),
    ...(key.deletionDate === undefined ? {} : { deletionDate: isoTime(key.deletionDate) }),
  };
}

function usersOf(table: UseRows | undefined): Users {
  const rows = Object.entries(table?.rows ?? {})
    .sort(([, a], [, b]) => b.lastAt - a.lastAt)
    .map(([name, row]) => ({ ...row, name, lastAt: isoTime(row.lastAt) }));
  const { others } = table ?? {};
  return others === undefined
    ? { rows }
    : { rows, others: { ...others, lastAt: isoTime(others.lastAt) } };
}

/** The key's generations, oldest first, then what is counted of materials that it no longer has. */
export function materialFacts(key: Key, uses: KeyUses | undefined): readonly MaterialFacts[] {
  const counted = uses?.materials ?? {};
  const of = (id: string, state: string, isHere: boolean): MaterialFacts => {
    const { made = 0, opened = 0, lastMadeAt = 0, lastOpenedAt = 0 } = counted[id] ?? {};
    return {
      id,
      state,
      isHere,
      ciphertextsMade: made,
      ciphertextsOpened: opened,
      lastMadeAt: lastMadeAt === 0 ? null : isoTime(lastMadeAt),
      lastOpenedAt: lastOpenedAt === 0 ? null : isoTime(lastOpenedAt),
    };
  };
  const own = new Set(key.generations.map(({ id }) => id));
  const gone = Object.keys(counted).filter((id) => !own.has(id));
  return [
    ...key.generations.map(({ id, state, importState }) =>
      of(id, state, importState !== 'PENDING_IMPORT'),
    ),
    ...gone.map((id) => of(id, 'GONE', false)),
  ];
}

async function aliasNames({ records }: KmsContext, key: Key): Promise<readonly string[]> {
  const page = await records.aliases.pageBy('key', { key: aliasesOfKey(key), limit: 1_000 });
  return page.entries.map(({ value }) => value.name);
}

async function grantFacts({ records }: KmsContext, key: Key): Promise<Preflight['grants']> {
  const prefix = grantsPrefix(key);
  const [page, counts] = await Promise.all([
    records.grants.page({ prefix, limit: shownGrants }),
    records.grantCounts.page({ prefix, limit: 16 }),
  ]);
  return {
    count: counts.entries.reduce((sum, { value }) => sum + value.count, 0),
    first: page.entries.map(({ value }) => ({
      id: value.grantId,
      grantee: value.grantee.name,
      operations: value.operations,
    })),
  };
}

interface Times {
  readonly now: number;
  readonly quietMs: number;
  readonly since: number;
  readonly lastAt: number | undefined;
}

const dayMs = 86_400_000;
const daysOf = (ms: number): string => {
  const days = Math.floor(ms / dayMs);
  return days === 1 ? '1 day' : `${days} days`;
};
const counted = (count: number, what: string): string =>
  `${count} ${what}${count === 1 ? '' : what.endsWith('s') ? 'es' : 's'}`;

function objectionsOf(
  key: Key,
  report: Omit<Preflight, 'objections'>,
  { now, quietMs, since, lastAt }: Times,
): readonly string[] {
  const objections: string[] = [];
  if (key.manager === 'AWS') objections.push('It is an AWS managed key, which is never deleted.');
  if (lastAt !== undefined && now - lastAt < quietMs)
    objections.push(
      `It was used ${daysOf(Math.max(0, now - lastAt))} ago (${report.lastUse?.operation}), within the last ${daysOf(quietMs)}.`,
    );
  const knownFor = now - Math.max(since, key.createdAt);
  if (lastAt === undefined && knownFor < quietMs)
    objections.push(`Its uses are known for ${daysOf(Math.max(0, knownFor))} only.`);
  const { aliases, grants, relatedKeys: related, dependents } = report;
  if (aliases.length > 0) objections.push(`${counted(aliases.length, 'alias')} would go with it.`);
  if (grants.count > 0) objections.push(`${counted(grants.count, 'grant')} would go with it.`);
  if (isPrimary(key) && related.length > 0)
    objections.push(`${counted(related.length, 'replica')} must be deleted first.`);
  if (dependents.length > 0)
    objections.push(
      `${counted(dependents.length, 'resource')} of AWS services used it for their data.`,
    );
  return objections;
}
