/**
 * `sealhold keys preflight`, `sealhold keys inventory` and `sealhold costs`: what a running server
 * knows of keys beyond AWS's operations.
 */
import { parseDuration } from '../admin/duration.ts';
import type { CostReport } from '../services/kms/cost-report.ts';
import type { Inventory } from '../services/kms/insight.ts';
import type { MaterialFacts, Preflight } from '../services/kms/preflight.ts';
import { callServer } from './client.ts';
import { type Command, type CommandInput, exit, UsageError } from './command.ts';

export const keysPreflight: Command = {
  name: 'keys preflight',
  summary: 'what speaks against deleting a key; exit status 3 when anything does',
  flags: [
    {
      name: 'quiet-for',
      value: 'SPAN',
      help: 'how long it must not have been used to raise no objection (90d)',
    },
  ],
  words: ['KEY'],
  run: async (input) => {
    const quiet = input.flags.text('quiet-for') ?? '90d';
    if ((parseDuration(quiet) ?? -1) < 0)
      throw new UsageError(`--quiet-for takes a span such as 90d or 12h, not '${quiet}'.`);
    const query = new URLSearchParams({ key: keyOf(input), quiet });
    const report = await asked<Preflight>(`kms/preflight?${query}`, input);
    tell(input, report, preflightText);
    return report.objections.length === 0 ? exit.done : exit.objections;
  },
};

export const keysInventory: Command = {
  name: 'keys inventory',
  summary: 'how many ciphertexts each material of a key made and opened',
  flags: [],
  words: ['KEY'],
  run: async (input) => {
    const query = new URLSearchParams({ key: keyOf(input) });
    tell(input, await asked<Inventory>(`kms/inventory?${query}`, input), inventoryText);
    return exit.done;
  },
};

export const costs: Command = {
  name: 'costs',
  summary: "what a month's requests and the keys would cost at AWS, by account, key and principal",
  flags: [
    { name: 'month', value: 'YYYY-MM', help: 'another month than this one, in UTC' },
    { name: 'account', value: 'N', help: 'one account alone' },
  ],
  run: async (input) => {
    const query = new URLSearchParams();
    for (const name of ['month', 'account']) {
      const value = input.flags.text(name);
      if (value !== undefined) query.set(name, value);
    }
    tell(input, await asked<CostReport>(`kms/costs?${query}`, input), costsText);
    return exit.done;
  },
};

const keyOf = ({ words }: CommandInput): string => words[0] as string;

async function asked<T>(path: string, input: CommandInput): Promise<T> {
  const response = await callServer({ method: 'GET', path }, input);
  return (await response.json()) as T;
}

function tell<T>({ flags, out }: CommandInput, report: T, text: (report: T) => string): void {
  out(flags.has('json') ? `${JSON.stringify(report)}\n` : text(report));
}

function preflightText(report: Preflight): string {
  const { key, lastUse, tracking, aliases, grants, relatedKeys, objections } = report;
  const lines = [
    `${key.arn}  ${key.state}`,
    [key.spec, key.usage, key.origin, `made ${key.createdAt}`].join(', '),
    ...(key.description === '' ? [] : [key.description]),
    lastUse === null
      ? `Not used since ${tracking.since}, when uses were first noted.`
      : `Last used ${lastUse.at}: ${lastUse.operation}, event ${lastUse.eventId}.`,
    ...usersText('Used by', report.principals),
    ...usersText('With the encryption contexts', report.encryptionContexts),
    ...listed(
      'For the data of',
      report.dependents.map(
        ({ service, resource, lastAt }) => `${lastAt}  ${service}  ${resource}`,
      ),
    ),
    ...listed('Materials, with what they made and opened', report.materials.map(materialText)),
    ...listed('Aliases', aliases),
    ...listed(
      `Grants: ${grants.count}`,
      grants.first.map(
        ({ id, grantee, operations }) => `${id}  ${grantee}  ${operations.join(' ')}`,
      ),
    ),
    ...listed(
      'Related keys',
      relatedKeys.map(({ arn, state }) => `${arn}  ${state}`),
    ),
    objections.length === 0 ? 'Nothing is known against deleting it.' : 'Against deleting it:',
    ...objections.map((text) => `  - ${text}`),
    'What lies elsewhere under its ciphertexts, nobody can know.',
  ];
  return `${lines.join('\n')}\n`;
}

function usersText(title: string, { rows, others }: Preflight['principals']): string[] {
  const lines = rows.map(({ name, lastAt, uses }) => {
    const counts = Object.entries(uses).map(([operation, count]) => `${operation} ${count}`);
    return `${lastAt}  ${name}  ${counts.join(', ')}`;
  });
  if (others !== undefined)
    lines.push(`${others.lastAt}  ${others.names} others  ${others.uses} uses`);
  return listed(title, lines);
}

const listed = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [`${title}:`, ...lines.map((line) => `  ${line}`)];

function materialText(material: MaterialFacts): string {
  const { id, state, isHere, ciphertextsMade, ciphertextsOpened, lastOpenedAt } = material;
  const opened = lastOpenedAt === null ? '' : `, the last ${lastOpenedAt}`;
  const missing = isHere ? '' : '  (its bytes are not here)';
  return `${id}  ${state}  made ${ciphertextsMade}, opened ${ciphertextsOpened}${opened}${missing}`;
}

const inventoryText = ({ key, state, countedSince, materials }: Inventory): string =>
  [
    `${key}  ${state}`,
    `Counted since ${countedSince}:`,
    ...materials.map((material) => `  ${materialText(material)}`),
    '',
  ].join('\n');

const usd = (dollars: number): string => `$${dollars.toFixed(6).replace(/0{1,4}$/, '')}`;

function costsText({ month, accounts, keys, otherKeys }: CostReport): string {
  const lines = [`${month}, at AWS's prices:`];
  for (const cost of accounts)
    lines.push(
      `${cost.account}  ${usd(cost.totalUsd)}`,
      `  requests ${usd(cost.requestsUsd)}, less ${usd(cost.freeTierUsd)} that are free; ` +
        `${cost.keys} keys ${usd(cost.keysUsd)} a month`,
    );
  for (const { key, region, requestsUsd, keyUsd, principals, otherRequests } of keys) {
    lines.push(`${key ?? `no key, ${region}`}  requests ${usd(requestsUsd)}, key ${usd(keyUsd)}`);
    for (const each of principals) {
      const counts = Object.entries(each.requests).map(([name, count]) => `${name} ${count}`);
      lines.push(`  ${usd(each.usd)}  ${each.principal}  ${counts.join(', ')}`);
    }
    if (otherRequests > 0) lines.push(`  others  ${otherRequests} requests`);
  }
  if (otherKeys > 0) lines.push(`and ${otherKeys} more keys`);
  return `${lines.join('\n')}\n`;
}
