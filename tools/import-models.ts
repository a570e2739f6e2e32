/**
 * Takes over AWS's API models from a botocore package into models/, without their prose.
 *
 *     node tools/import-models.ts 1.44.5           downloads that version with pip
 *     node tools/import-models.ts --wheel FILE     takes a package that is already here
 *
 * Afterwards `npm run generate` brings src/model/ up to date and the compiler says what has changed
 * for us.
 */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';

/** The services we implement: our name, which is AWS's signing name, and botocore's folder. */
const services: ReadonlyMap<string, string> = new Map([
  ['events', 'events'],
  ['iam', 'iam'],
  ['iam-toolbox', 'iam-toolbox'],
  ['kms', 'kms'],
  ['lambda', 'lambda'],
  ['logs', 'logs'],
  ['secretsmanager', 'secretsmanager'],
  ['servicequotas', 'service-quotas'],
  ['ssm', 'ssm'],
  ['sts', 'sts'],
]);

const modelsFolder = new URL('../models/', import.meta.url).pathname;

/** Members of a model that are text for readers; the rest are facts. */
const prose = new Set([
  'documentation',
  'documentationUrl',
  'deprecatedMessage',
  'deprecatedSince',
  'examples',
]);

function main(): void {
  const { values, positionals } = parseArgs({
    options: { wheel: { type: 'string' } },
    allowPositionals: true,
  });
  const version = positionals[0];
  if ((values.wheel === undefined) === (version === undefined)) {
    console.error('Say either a botocore version (1.44.5) or --wheel FILE.');
    process.exit(2);
  }
  const folder = mkdtempSync(join(tmpdir(), 'sealhold-models-'));
  try {
    const wheel = values.wheel ?? download(String(version), folder);
    execFileSync('python3', ['-m', 'zipfile', '-e', wheel, folder]);
    importFrom(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function download(version: string, folder: string): string {
  const command = ['-m', 'pip', 'download', '--no-deps', '--dest', folder, `botocore==${version}`];
  execFileSync('python3', command, { stdio: ['ignore', 'inherit', 'inherit'] });
  const wheel = readdirSync(folder).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) throw new Error(`pip brought no wheel of botocore ${version}`);
  return join(folder, wheel);
}

function importFrom(folder: string): void {
  const info = readdirSync(folder).find((name) => /^botocore-.*\.dist-info$/.test(name));
  if (info === undefined) throw new Error('This is not a botocore wheel: it has no dist-info.');
  const source = info.replace('-', ' ').replace('.dist-info', '');
  for (const [service, botocoreName] of services) {
    const versions = join(folder, 'botocore/data', botocoreName);
    const latest = readdirSync(versions).sort().at(-1) ?? '';
    const packed = readFileSync(join(versions, latest, 'service-2.json.gz'));
    const model = withoutProse(JSON.parse(gunzipSync(packed).toString('utf8')));
    const text = JSON.stringify({ source, ...(model as object) }, undefined, 1);
    writeFileSync(join(modelsFolder, `${service}.json`), `${text}\n`);
  }
  copyFileSync(join(folder, info, 'LICENSE.txt'), join(modelsFolder, 'LICENSE'));
  console.log(
    `models/ now holds ${[...services.keys()].join(', ')} of ${source}. Next: npm run generate`,
  );
}

/** A member of a structure may be called `documentation` too; its value is an object and stays. */
function withoutProse(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutProse);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(
    ([name, member]) => !(prose.has(name) && typeof member !== 'object'),
  );
  return Object.fromEntries(kept.map(([name, member]) => [name, withoutProse(member)]));
}

main();
