/** Reads URL-encoded parameters (`Tags.member.1.Key=a`) into a tree, within bounds. */

/** A parameter's value and the parameters whose names go on below it. */
export interface ParamNode {
  value: string | undefined;
  readonly children: Map<string, ParamNode>;
}

/**
 * Far above any request of AWS's SDKs (`SimulateCustomPolicy` is the widest), far below what could
 * hurt.
 */
export const paramLimits = { count: 4096, depth: 16 } as const;

export function emptyNode(): ParamNode {
  return { value: undefined, children: new Map() };
}

/**
 * Adds the parameters of a query string or form body. Returns false when it breaks the syntax or a
 * bound; the tree is then of no use.
 */
export function readParams(text: string, root: ParamNode): boolean {
  return readPairs(text)?.every(([name, value]) => place(root, name, value)) ?? false;
}

/** The pairs in order, decoded; undefined when they break the syntax or a bound. */
export function readPairs(text: string): Array<[name: string, value: string]> | undefined {
  const pairs = text.split('&', paramLimits.count + 1);
  if (pairs.length > paramLimits.count) return undefined;
  const read: Array<[name: string, value: string]> = [];
  for (const pair of pairs) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decode(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? '' : decode(pair.slice(equals + 1));
    if (name === undefined || value === undefined) return undefined;
    read.push([name, value]);
  }
  return read;
}

/** The last value of a name wins. */
function place(root: ParamNode, name: string, value: string): boolean {
  const steps = name.split('.', paramLimits.depth + 1);
  if (steps.length > paramLimits.depth) return false;
  let node = root;
  for (const step of steps) {
    let child = node.children.get(step);
    if (child === undefined) {
      child = emptyNode();
      node.children.set(step, child);
    }
    node = child;
  }
  node.value = value;
  return true;
}

/** Undefined when the percent-encoding or the UTF-8 under it is broken. */
function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}
