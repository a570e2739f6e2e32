/** Finds the operation of a REST request by its method and path, through one tree of all routes. */
import type { OperationModel, ServiceModel } from '../model/schema.ts';

export interface Route {
  readonly model: ServiceModel;
  readonly operation: OperationModel;
}

/** A route and what its labels say, decoded. */
export interface RouteMatch extends Route {
  readonly labels: ReadonlyMap<string, string>;
}

/** `path` is the target without its query, undecoded. Undefined when it is nobody's. */
export type FindRoute = (method: string, path: string) => RouteMatch | undefined;

/** What may follow a part of a path. Fixed words go before labels. */
interface Branch {
  readonly words: Map<string, Branch>;
  label: Branch | undefined;
  /** By method: what ends here. */
  readonly ends: Map<string, End>;
  /** By method: a last label that takes all the rest. */
  readonly rests: Map<string, End>;
}

interface End extends Route {
  /** Names of the labels, in the order of the path. */
  readonly names: readonly string[];
}

/** Throws when two operations answer to one method and path. */
export function compileRoutes(models: Iterable<ServiceModel>): FindRoute {
  const root = newBranch();
  for (const model of models) {
    for (const operation of model.operations.values()) plant(root, { model, operation });
  }
  return (method, path) => {
    if (!path.startsWith('/')) return undefined;
    const parts = path.slice(1).split('/');
    // AWS takes a path with a slash too many at its end, and SDKs have sent one.
    if (parts.length > 1 && parts.at(-1) === '') parts.pop();
    const taken: string[] = [];
    const end = follow({ method, parts, taken }, root, 0);
    return end === undefined ? undefined : read(end, taken);
  };
}

function newBranch(): Branch {
  return { words: new Map(), label: undefined, ends: new Map(), rests: new Map() };
}

function plant(root: Branch, route: Route): void {
  const { http } = route.operation;
  if (http === undefined) return;
  const names: string[] = [];
  let branch = root;
  let ends = root.ends;
  for (const part of http.path.slice(1).split('/')) {
    const [, name, plus] = /^\{([^}+]+)(\+?)\}$/.exec(part) ?? [];
    if (name !== undefined) names.push(name);
    if (plus === '+') ends = branch.rests;
    else {
      branch = grow(branch, name === undefined ? part : undefined);
      ends = branch.ends;
    }
  }
  if (ends.has(http.method)) throw new Error(`Two operations answer ${http.method} ${http.path}`);
  ends.set(http.method, { ...route, names });
}

/** The branch below for a fixed word, or for a label. */
function grow(branch: Branch, word: string | undefined): Branch {
  if (word === undefined) {
    branch.label ??= newBranch();
    return branch.label;
  }
  const next = branch.words.get(word) ?? newBranch();
  branch.words.set(word, next);
  return next;
}

interface Walk {
  readonly method: string;
  readonly parts: readonly string[];
  /** What labels have taken on the way, undecoded. */
  readonly taken: string[];
}

/** Goes no deeper than the routes do, whatever the request's path is. */
function follow(walk: Walk, branch: Branch, at: number): End | undefined {
  const { method, parts, taken } = walk;
  const part = parts[at];
  if (part === undefined) return branch.ends.get(method);
  const word = branch.words.get(part);
  const byWord = word === undefined ? undefined : follow(walk, word, at + 1);
  if (byWord !== undefined) return byWord;
  const before = taken.length;
  if (branch.label !== undefined && part !== '') {
    taken.push(part);
    const byLabel = follow(walk, branch.label, at + 1);
    if (byLabel !== undefined) return byLabel;
    taken.length = before;
  }
  const rest = branch.rests.get(method);
  if (rest !== undefined) taken.push(parts.slice(at).join('/'));
  return rest;
}

/** Undefined when the percent-encoding or the UTF-8 under it is broken. */
function read({ model, operation, names }: End, taken: readonly string[]): RouteMatch | undefined {
  const labels = new Map<string, string>();
  try {
    for (const [i, name] of names.entries())
      labels.set(name, decodeURIComponent(taken[i] as string));
  } catch {
    return undefined;
  }
  return { model, operation, labels };
}
