/**
 * Compares an answer with a recorded one. Recordings hold placeholders for what varies:
 * `<key-id:1>`, `datetime`, and a member's own name in kebab case for a blob (`"CiphertextBlob":
 * "ciphertext-blob"`). A placeholder with a number stands for the same value wherever it occurs in
 * a case.
 */
export interface Matched {
  /** Paths and what differs; empty when the answers agree. */
  readonly differences: string[];
  /** Differences that are explained, by their reason. */
  readonly explained: string[];
}

/**
 * Members that AWS added after the recording, by operation answers that the recordings show without
 * them.
 */
const addedSince = new Set([
  'KeyMaterialId',
  'SourceKeyMaterialId',
  'DestinationKeyMaterialId',
  'SessionTokenSize',
  'SessionTokenUtilization',
  'PolicyName',
]);

const kebab = (name: string): string => name.replace(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase();

export function compare(
  recorded: unknown,
  actual: unknown,
  bound: Map<string, string> = new Map(),
): Matched {
  const found: Matched = { differences: [], explained: [] };
  walk({ recorded, actual, path: '', name: '' }, bound, found);
  return found;
}

interface Pair {
  readonly recorded: unknown;
  readonly actual: unknown;
  readonly path: string;
  readonly name: string;
}

function walk(pair: Pair, bound: Map<string, string>, found: Matched): void {
  const { recorded, actual, path, name } = pair;
  if (Array.isArray(recorded)) {
    if (!Array.isArray(actual) || actual.length !== recorded.length) {
      found.differences.push(
        `${path}: ${JSON.stringify(actual)} is not ${JSON.stringify(recorded)}`,
      );
      return;
    }
    for (const [i, item] of recorded.entries())
      walk({ recorded: item, actual: actual[i], path: `${path}[${i}]`, name }, bound, found);
  } else if (typeof recorded === 'object' && recorded !== null) {
    walkObject(pair, bound, found);
  } else if (typeof recorded === 'string') {
    walkString(recorded, pair, bound, found);
  } else if (recorded !== actual) {
    found.differences.push(`${path}: ${JSON.stringify(actual)} is not ${JSON.stringify(recorded)}`);
  }
}

function walkObject(
  { recorded, actual, path }: Pair,
  bound: Map<string, string>,
  found: Matched,
): void {
  if (typeof actual !== 'object' || actual === null) {
    found.differences.push(`${path}: ${JSON.stringify(actual)} is not an object`);
    return;
  }
  const expected = recorded as Record<string, unknown>;
  const given = actual as Record<string, unknown>;
  for (const name of Object.keys(expected))
    walk(
      { recorded: expected[name], actual: given[name], path: `${path}.${name}`, name },
      bound,
      found,
    );
  for (const name of Object.keys(given)) {
    if (name in expected) continue;
    if (addedSince.has(name)) found.explained.push(`${name} came after the recording`);
    else found.differences.push(`${path}.${name}: is not in the recorded answer`);
  }
}

function walkString(
  recorded: string,
  { actual, path, name }: Pair,
  bound: Map<string, string>,
  found: Matched,
): void {
  if (/^<?datetime>?$/.test(recorded) && typeof actual === 'number') return;
  if (recorded === kebab(name) && typeof actual === 'string' && actual.length > 0) return;
  if (typeof actual === 'string') {
    if (matchesTemplate(recorded, actual, bound)) return;
    if (enumGrew(recorded, actual)) {
      found.explained.push('AWS has added enum values since the recording');
      return;
    }
  }
  found.differences.push(`${path}: ${JSON.stringify(actual)} is not ${JSON.stringify(recorded)}`);
}

/**
 * `<x:1>`, `<key-arn>`, `<region>` and the recording's account number stand for text that is the
 * same
 * throughout.
 */
function matchesTemplate(template: string, actual: string, bound: Map<string, string>): boolean {
  const names: string[] = [];
  const source = template
    .split(/(<[a-z0-9-]+(?::\d+)?>|111111111111)/)
    .map((part, i) => {
      if (i % 2 === 0) return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
      names.push(part);
      return '(.+?)';
    })
    .join('');
  const match = new RegExp(`^${source}$`, 's').exec(actual);
  if (match === null) return false;
  return names.every((placeholder, i) => {
    const value = match[i + 1] as string;
    const before = bound.get(placeholder);
    // Without a number a placeholder names a kind (`<mac>`, `<signature>`), not one value.
    if (before === undefined || !/:\d|region|partition|1111/.test(placeholder)) {
      bound.set(placeholder, value);
      return true;
    }
    return before === value;
  });
}

/** The same sentence, and the recorded values stand in it in the recorded order. */
function enumGrew(recorded: string, actual: string): boolean {
  const parts = /^(.*enum value set: \[)(.*)\]$/s;
  const [, before, values] = parts.exec(recorded) ?? [];
  const [, beforeNow, valuesNow] = parts.exec(actual) ?? [];
  if (before === undefined || before !== beforeNow) return false;
  const old = (values as string).split(', ');
  const now = (valuesNow as string).split(', ');
  return (
    now.length > old.length &&
    JSON.stringify(now.filter((v) => old.includes(v))) === JSON.stringify(old)
  );
}
