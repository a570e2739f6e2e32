/**
 * When access keys and roles were last used: every authenticated request is noted in memory and
 * saved later.
 */
import type { Principal } from '../../operation.ts';
import type { Write } from '../../store/engine.ts';
import type { Store } from '../../store/store.ts';
import { MergedRecords } from '../../usage/merged-records.ts';
import { type IamRecords, type RoleRecord, recordId } from './records.ts';

export interface LastUse {
  /** ms since 1970 */
  readonly at: number;
  /** `kms` */
  readonly service: string;
  readonly region: string;
}

export interface LastUses {
  readonly records: MergedRecords<LastUse>;
  /** Undefined: never, as far as is known. */
  ofKey(accessKeyId: string): Promise<LastUse | undefined>;
  ofRole(role: RoleRecord): Promise<LastUse | undefined>;
  /** The writes that forget a key's or a role's last use, which go with its deletion. */
  forgetKey(accessKeyId: string): Promise<readonly Write[]>;
  forgetRole(role: RoleRecord): Promise<readonly Write[]>;
}

export function openLastUses(store: Store, iam: IamRecords): LastUses {
  const records = new MergedRecords<LastUse>({
    store,
    collection: store.collection<LastUse>({ path: 'iam/last-uses' }),
    merge: (one, other) => (other.at >= one.at ? other : one),
    isAbout: (id) => isThere(iam, id),
  });
  return {
    records,
    ofKey: (accessKeyId) => records.read(keyUse(accessKeyId)),
    ofRole: (role) => records.read(roleUse(role)),
    forgetKey: (accessKeyId) => records.removal(keyUse(accessKeyId)),
    forgetRole: (role) => records.removal(roleUse(role)),
  };
}

/** To be called for each request whose signature was right. */
export function noteUse(uses: LastUses, principal: Principal, use: LastUse): void {
  const { session, account, accessKeyId } = principal;
  if (session === undefined) uses.records.gather(keyUse(accessKeyId), use);
  else if (session.role !== undefined)
    uses.records.gather(
      roleUse({ account, name: session.role.name, roleId: session.role.id }),
      use,
    );
}

const keyUse = (accessKeyId: string): string => `key/${accessKeyId}`;

/** With the unique id: a role of the same name that is made later was never used. */
const roleUse = ({ account, name, roleId }: Pick<RoleRecord, 'account' | 'name' | 'roleId'>) =>
  `role/${recordId(account, name)}/${roleId}`;

async function isThere({ accessKeys, roles }: IamRecords, id: string): Promise<boolean> {
  const [type, ...rest] = id.split('/');
  if (type === 'key') return (await accessKeys.get(rest[0] as string)) !== undefined;
  const [account, name, roleId] = rest as [string, string, string];
  return (await roles.get(`${account}/${name}`))?.value.roleId === roleId;
}
