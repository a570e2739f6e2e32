/**
 * Writes into README.md what the code knows better: which of AWS's operations answer.
 *
 *     node tools/generate-docs.ts            writes it
 *     node tools/generate-docs.ts --check    exits 1 when README.md is stale
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openAccess } from '../src/access/access.ts';
import { machineWorld } from '../src/cli/world.ts';
import type { ServiceModel } from '../src/model/schema.ts';
import type { OperationTable } from '../src/operation.ts';
import { iamRecords } from '../src/services/iam/records.ts';
import { models, openServices } from '../src/services.ts';
import { createKeyring } from '../src/store/keyring.ts';
import { openStore } from '../src/store/open.ts';
import { integrityKeyOf } from '../src/store/root-key.ts';
import { openSqliteEngine } from '../src/store/sqlite/engine.ts';

const titles: ReadonlyMap<string, string> = new Map([
  ['iam', 'IAM'],
  ['iam-toolbox', 'IAM Toolbox'],
  ['events', 'EventBridge'],
  ['kms', 'KMS'],
  ['secretsmanager', 'Secrets Manager'],
  ['lambda', 'Lambda'],
  ['logs', 'CloudWatch Logs'],
  ['servicequotas', 'Service Quotas'],
  ['ssm', 'Systems Manager Parameter Store'],
  ['sts', 'STS'],
]);
const begin = '<!-- coverage -->';
const end = '<!-- /coverage -->';

/** The tables as the server has them, on a store in memory. */
async function operationTables(): Promise<ReadonlyMap<string, OperationTable>> {
  const world = machineWorld();
  const rootKey = world.randomBytes(32);
  const engine = await openSqliteEngine({
    file: ':memory:',
    world,
    integrityKey: integrityKeyOf(rootKey),
    mustExist: false,
    onDamage: (error) => {
      throw error;
    },
  });
  const store = openStore({
    engine,
    keyring: await createKeyring({ engine, rootKey, world }),
    world,
  });
  const iam = iamRecords(store);
  const { tables } = await openServices({
    store,
    iam,
    world,
    access: openAccess({ store, iam, world }),
    firstAccount: async () => undefined,
    quotas: undefined,
    own: nothingRuns,
    commit: nothingRuns,
  });
  await store.close();
  return tables;
}

const nothingRuns = async (): Promise<never> => {
  throw new Error('The tables are only listed.');
};

/**
 * One line for a service: what answers, and what doesn't yet. Throws for a row that AWS doesn't
 * know.
 */
function line(model: ServiceModel, table: OperationTable): string {
  const title = titles.get(model.service) ?? model.service;
  const stray = [...table.keys()].filter((name) => !model.operations.has(name));
  if (stray.length > 0) throw new Error(`${title} has no operation ${stray.join(', ')}.`);
  const all = [...model.operations.keys()].sort();
  const present = all.filter((name) => table.has(name));
  const missing = all.filter((name) => !table.has(name));
  const count = `${present.length} of ${all.length}`;
  return `| ${title} | ${count} | ${present.join(', ')} | ${missing.join(', ') || '–'} |`;
}

/** Throws when the marks aren't there, each once and in order. */
function replaceBetweenMarks(text: string, content: string): string {
  const [before, rest, ...more] = text.split(begin);
  const [, after, ...again] = (rest ?? '').split(end);
  if (before === undefined || after === undefined || more.length + again.length > 0)
    throw new Error(`README.md needs ${begin} and ${end} once each, in this order.`);
  return `${before}${begin}\n${content}\n${end}${after}`;
}

const tables = await operationTables();
const heading = ['| service | operations | answer | not yet |', '|---|---|---|---|'];
// Sealhold's own operations are not AWS's.
const ofAws = [...models].filter(([name]) => name !== 'sealhold');
const lines = ofAws.map(([name, model]) => line(model, tables.get(name) ?? new Map()));
const readme = join(import.meta.dirname, '..', 'README.md');
const written = readFileSync(readme, 'utf8');
const generated = replaceBetweenMarks(written, [...heading, ...lines].join('\n'));
if (process.argv.includes('--check') && written !== generated) {
  console.error("README.md's coverage table is stale. Run: npm run generate");
  process.exitCode = 1;
} else if (written !== generated) {
  writeFileSync(readme, generated);
}
