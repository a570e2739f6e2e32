/**
 * What the server's own interface tells of keys beyond AWS's operations: what speaks against a
 * key's deletion, which material made and opened how many ciphertexts, what it would all cost.
 */
import { partitionOfRegion } from '../../region.ts';
import type { World } from '../../world.ts';
import type { KmsContext } from './context.ts';
import { type CostReport, costReport } from './cost-report.ts';
import { keyRecordId } from './key.ts';
import { type KeyName, parseKeyName } from './key-id.ts';
import type { KeyUses } from './key-uses.ts';
import { monthOf } from './ledger.ts';
import {
  isoTime,
  type MaterialFacts,
  materialFacts,
  type Preflight,
  preflight,
} from './preflight.ts';
import { aliasRecordId, type KeyEntry } from './records.ts';

/** Who asks, after it was seen that it is a root user. */
export interface Asker {
  readonly account: string;
  readonly region: string;
  /** Sees the keys of all accounts. */
  readonly isOperator: boolean;
}

export interface Inventory {
  readonly key: string;
  readonly state: string;
  /** Ciphertexts made before are in no counter. */
  readonly countedSince: string;
  readonly materials: readonly MaterialFacts[];
}

/** `key`: key id, alias name or an ARN of one. Undefined for a key that the asker can't see. */
export interface KmsInsight {
  preflight(
    asked: { readonly key: string; readonly quietMs: number },
    by: Asker,
  ): Promise<Preflight | undefined>;
  inventory(key: string, by: Asker): Promise<Inventory | undefined>;
  /** `month` as `2026-08`, the current one unless told; `account`: one payer alone. */
  costs(
    asked: { readonly month: string | undefined; readonly account: string | undefined },
    by: Asker,
  ): Promise<CostReport>;
  uses(keyRecordId: string): Promise<KeyUses | undefined>;
}

export function openInsight(kms: KmsContext, world: World): KmsInsight {
  return {
    async preflight({ key, quietMs }, by) {
      const entry = await findKey(kms, key, by);
      return entry && preflight(kms, entry, { now: world.now(), quietMs });
    },
    async inventory(key, by) {
      const entry = await findKey(kms, key, by);
      if (entry === undefined) return undefined;
      const uses = await kms.uses.records.read(entry.id);
      const { arn, state } = entry.value;
      const countedSince = isoTime(kms.uses.since);
      return { key: arn, state, countedSince, materials: materialFacts(entry.value, uses) };
    },
    costs: ({ month = monthOf(world.now()), account }, { isOperator, ...by }) =>
      costReport(kms, { month, account: isOperator ? account : by.account }),
    uses: (id) => kms.uses.records.read(id),
  };
}

const arnPlace = /^arn:([^:]*):kms:([^:]*):/;

/** An ARN is looked for in its own Region, everything else in that of the request. */
async function findKey(kms: KmsContext, text: string, by: Asker): Promise<KeyEntry | undefined> {
  const [, partition = partitionOfRegion(by.region), region = by.region] =
    arnPlace.exec(text) ?? [];
  let name: KeyName;
  try {
    name = parseKeyName(text, { partition, region });
  } catch {
    return undefined;
  }
  const account = name.account ?? by.account;
  if (account !== by.account && !by.isOperator) return undefined;
  const keyId =
    name.kind === 'key'
      ? name.keyId
      : (await kms.records.aliases.get(aliasRecordId({ account, region, name: name.name })))?.value
          .keyId;
  return keyId === undefined
    ? undefined
    : kms.records.keys.get(keyRecordId({ account, region, keyId }));
}
