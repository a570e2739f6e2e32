/** What Parameter Store stores, where, and by what it is found. */
import type { Collection, Entry, Store } from '../../store/store.ts';
import type { Parameter, Version } from './parameter.ts';
import { levelsOf, type Owner } from './parameter-name.ts';

export type ParameterEntry = Entry<Parameter>;

/** What an account has set in a Region, by setting id. */
export interface Setting {
  readonly value: string;
  readonly modifiedAt: number;
  readonly modifiedBy: string;
}

/** A part of the number of an account's parameters in a Region; parts may be below zero. */
export interface Count {
  readonly standard: number;
  readonly advanced: number;
}

export interface Records {
  readonly parameters: Collection<Parameter>;
  /** The versions before the current one. */
  readonly history: Collection<Version>;
  readonly settings: Collection<Setting>;
  readonly counts: Collection<Count>;
}

export function openRecords(store: Store): Records {
  return {
    parameters: store.collection<Parameter>({
      path: 'ssm/parameters',
      indexes: {
        level: (_id, { account, region, path }) => [
          `${levelPrefix({ account, region }, levelsOf(path))}${path}`,
        ],
        due: dueEntries,
        shared: (_id, parameter) =>
          (parameter.sharing?.listedFor ?? []).map(
            (account) =>
              `${sharedPrefix(account, parameter.region)}${parameter.account}/${parameter.path}`,
          ),
      },
    }),
    history: store.collection<Version>({ path: 'ssm/history' }),
    settings: store.collection<Setting>({ path: 'ssm/settings' }),
    counts: store.collection<Count>({ path: 'ssm/counts' }),
  };
}

/** Where the parameters of an account and Region begin. */
export const ownerPrefix = ({ account, region }: Owner): string => `${account}/${region}/`;

/** Index `level`: the parameters of so many levels. */
export const levelPrefix = (owner: Owner, levels: number): string =>
  `${ownerPrefix(owner)}${String(levels).padStart(2, '0')}/`;

/** Index `shared`: the parameters of others that an account may list. */
export const sharedPrefix = (account: string, region: string): string => `${region}/${account}/`;

export const parameterId = (owner: Owner, path: string): string => `${ownerPrefix(owner)}${path}`;

/** Versions of a parameter stand in their order; no name has a colon. */
export const historyPrefix = (parameterId: string): string => `${parameterId}:`;
export const historyId = (parameterId: string, version: number): string =>
  `${historyPrefix(parameterId)}${String(version).padStart(15, '0')}`;

/**
 * Milliseconds with leading zeros, so that the order of texts is that of times (until the year
 * 33658).
 */
const sortableTime = (ms: number): string => String(ms).padStart(15, '0');

/** One for each policy that is still to act. */
function dueEntries(id: string, { current }: Parameter): readonly string[] {
  return current.policies.flatMap(({ status, at }, i) =>
    status === 'Pending' ? [`${sortableTime(at)}/${id}:${i}`] : [],
  );
}

export const settingId = (owner: Owner, setting: string): string =>
  `${ownerPrefix(owner)}${setting.replace(/^\//, '')}`;
