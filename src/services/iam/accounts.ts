/** Makes accounts: a number, its root user, and the root user's first access key. */
import type { Write } from '../../store/engine.ts';
import type { World } from '../../world.ts';
import type { AccessKeyRecord, IamRecords } from './records.ts';

export interface NewAccount {
  readonly accessKey: AccessKeyRecord;
  readonly writes: readonly Write[];
}

/** The parts of an access key, made where chance is allowed. */
export type MintAccessKey = (account: string) => { accessKeyId: string; secretAccessKey: string };

/** Decides a new account; whoever asked commits the writes. */
export function newAccount(
  records: IamRecords,
  options: { readonly world: World; readonly mint: MintAccessKey },
): NewAccount {
  const { world, mint } = options;
  const account = newAccountNumber(world);
  const createdAt = world.now();
  const accessKey: AccessKeyRecord = {
    ...mint(account),
    account,
    owner: 'Root',
    status: 'Active',
    createdAt,
  };
  return {
    accessKey,
    writes: [
      ...records.accounts.insert(account, { account, createdAt }),
      ...records.accessKeys.insert(accessKey.accessKeyId, accessKey),
    ],
  };
}

/**
 * Twelve digits that don't begin with 0: some tools read an account number as a number and would
 * lose
 * it.
 */
function newAccountNumber(world: World): string {
  const span = 900_000_000_000;
  return String(100_000_000_000 + (world.randomBytes(6).readUIntBE(0, 6) % span));
}
