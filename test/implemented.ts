/** Which operations a node answers, read off its own tables. */
import { openAccess } from '../src/access/access.ts';
import { machineWorld } from '../src/cli/world.ts';
import type { ServiceModel } from '../src/model/schema.ts';
import { iamRecords } from '../src/services/iam/records.ts';
import { models, openServices } from '../src/services.ts';
import { createKeyring } from '../src/store/keyring.ts';
import { openStore } from '../src/store/open.ts';
import { integrityKeyOf } from '../src/store/root-key.ts';
import { openSqliteEngine } from '../src/store/sqlite/engine.ts';

export interface Implemented {
  readonly model: ServiceModel;
  readonly operation: string;
  /** Everyone may call it who signed. */
  readonly isOpen: boolean;
}

/** Nothing is called: only the tables are looked at. */
const noCall = async (): Promise<never> => {
  throw new Error('there is no server');
};

export async function implementedOperations(): Promise<readonly Implemented[]> {
  const world = machineWorld();
  const rootKey = world.randomBytes(32);
  const integrityKey = integrityKeyOf(rootKey);
  const engine = await openSqliteEngine({ file: ':memory:', world, integrityKey });
  const keyring = await createKeyring({ engine, rootKey, world });
  const store = openStore({ engine, keyring, world });
  const iam = iamRecords(store);
  const access = openAccess({ store, iam, world });
  const firstAccount = async () => undefined;
  const { tables } = await openServices({
    store,
    iam,
    world,
    access,
    firstAccount,
    quotas: undefined,
    own: noCall,
    commit: noCall,
  });
  await store.close();
  return [...tables].flatMap(([service, table]) => {
    const model = models.get(service) as ServiceModel;
    return [...table].map(([operation, row]) => ({ model, operation, isOpen: row.open === true }));
  });
}
