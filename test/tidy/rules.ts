/** The house rules that need more than a line: each looks at a tree and returns its complaints. */
import {
  type CallExpression,
  type NewExpression,
  type Node,
  SyntaxKind,
} from 'typescript/unstable/ast';
import { type Import, lineOf, production, type Source, type Tree, walk } from './tree.ts';

/** What a folder may import besides itself; see the table in tidy.test.ts. */
export type Architecture = Readonly<Record<string, readonly string[]>>;

export interface Ban {
  /**
   * Matched against the callee as it is written: `Date.now`, `eval`, `new Date()`, `new Date(…)`.
   */
  readonly call: RegExp;
  readonly instead: string;
  /** Paths where it is right. */
  readonly except: RegExp;
}

const ports: ReadonlyMap<string, string> = new Map([
  ['src/http/message.ts', 'message'],
  ['src/store/store.ts', 'ports'],
  ['src/store/engine.ts', 'ports'],
  ['src/world.ts', 'world'],
  ['src/api-error.ts', 'api-error'],
  ['src/operation.ts', 'operation'],
  ['src/region.ts', 'region'],
  ['src/uuid.ts', 'uuid'],
]);

/** The name that a file has in the architecture: its folder, or for the ports their own. */
export function areaOf(path: string): string {
  const [, first = '', second] = path.split('/');
  return ports.get(path) ?? (second === undefined ? 'composition' : first);
}

export function strayImports(tree: Tree, architecture: Architecture): string[] {
  return production(tree).flatMap((source) =>
    source.imports.flatMap((imported) => strayImport(source, imported, architecture)),
  );
}

function strayImport({ path }: Source, imported: Import, architecture: Architecture): string[] {
  const { target, line, typeOnly } = imported;
  if (target === undefined) return [];
  const place = `${path}:${line}`;
  if (!target.startsWith('src/')) return [`${place} src/ imports nothing from outside: ${target}`];
  const [from, to] = [areaOf(path), areaOf(target)];
  const allowed = architecture[from];
  if (allowed === undefined) return [`${place} '${from}' has no line in the architecture`];
  if (from === 'services' && to === 'services') {
    const isSibling = path.split('/')[2] !== target.split('/')[2];
    return isSibling ? [`${place} services call each other, they don't import: ${target}`] : [];
  }
  const fits = from === to || allowed.includes('*') || allowed.includes(to);
  if (fits || (typeOnly && allowed.includes(`type ${to}`))) return [];
  return [`${place} '${from}' may not import '${to}' (${target})`];
}

/** Each cycle once, as the path around it. Imports of types count: a knot of types is one too. */
export function importCycles(tree: Tree): string[] {
  const edges = new Map(
    production(tree).map(({ path, imports }) => [
      path,
      imports.flatMap(({ target, starts }) => (target === undefined || starts ? [] : [target])),
    ]),
  );
  const cycles: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) cycles.push([...trail.slice(start), path].join(' → '));
    if (start >= 0 || done.has(path)) return;
    for (const next of edges.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of edges.keys()) visit(path, []);
  return cycles;
}

export function bannedCalls(tree: Tree, bans: readonly Ban[]): string[] {
  return production(tree).flatMap(({ path, ast }) => {
    const complaints: string[] = [];
    walk(ast, (node) => {
      const written = writtenCall(node);
      if (written === undefined) return;
      for (const { call, instead, except } of bans) {
        if (!call.test(written) || except.test(path)) continue;
        complaints.push(`${path}:${lineOf(ast, node)} not ${written}; use ${instead}`);
      }
    });
    return complaints;
  });
}

/**
 * A member like `Date.now` or `process.env` wherever it stands, called or handed on; `eval`; `new
 * Date()`.
 */
function writtenCall(node: Node): string | undefined {
  if (node.kind === SyntaxKind.PropertyAccessExpression) return node.getText();
  if (node.kind === SyntaxKind.NewExpression) {
    const { expression, arguments: given } = node as NewExpression;
    return `new ${expression.getText()}(${given?.length ? '…' : ''})`;
  }
  if (node.kind !== SyntaxKind.CallExpression) return undefined;
  const { expression } = node as CallExpression;
  return expression.kind === SyntaxKind.Identifier ? expression.getText() : undefined;
}

const functionKinds: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.FunctionDeclaration,
  SyntaxKind.FunctionExpression,
  SyntaxKind.ArrowFunction,
  SyntaxKind.MethodDeclaration,
  SyntaxKind.Constructor,
  SyntaxKind.GetAccessor,
  SyntaxKind.SetAccessor,
]);

export function longFunctions(tree: Tree, maxLines: number): string[] {
  return tree.sources.flatMap(({ path, ast, isGenerated }) => {
    const complaints: string[] = [];
    walk(ast, (node) => {
      if (isGenerated || !functionKinds.has(node.kind) || isSuite(node)) return;
      const first = lineOf(ast, node);
      const lines = ast.getLineAndCharacterOfPosition(node.getEnd()).line + 2 - first;
      if (lines > maxLines) complaints.push(`${path}:${first} has a function of ${lines} lines`);
    });
    return complaints;
  });
}

/** The function around a suite is a heading, not a piece of work. */
function isSuite(node: Node): boolean {
  if (node.parent?.kind !== SyntaxKind.CallExpression) return false;
  return /^(describe|suite)\b/.test((node.parent as CallExpression).expression.getText());
}

const logs = /^(console|log|logger|process\.(stdout|stderr))\.\w+$/;
const secretName = /secret|plaintext|passphrase|password|privatekey|keymaterial|sessiontoken/i;

/** Looks at the names of what is logged; words inside quoted text say nothing secret. */
export function loggedSecrets(tree: Tree): string[] {
  return production(tree).flatMap(({ path, ast }) => {
    const complaints: string[] = [];
    const inspect = (node: Node) => {
      const isName = node.kind === SyntaxKind.Identifier && secretName.test(node.getText(ast));
      if (isName) complaints.push(`${path}:${lineOf(ast, node)} logs ${node.getText(ast)}`);
    };
    walk(ast, (node) => {
      if (node.kind !== SyntaxKind.CallExpression) return;
      const { expression, arguments: given } = node as CallExpression;
      if (!logs.test(expression.getText(ast))) return;
      for (const argument of given) walk(argument, inspect);
    });
    return complaints;
  });
}

/**
 * A file is used when code that isn't a test imports it, or something that isn't code
 * (package.json, bin/) names it; outside src/, for what is run by hand, its mention in a document
 * is enough. Tests are entries; `x.reference.ts` is what a test compares `x.ts` with.
 */
export function unusedFiles({ sources, texts }: Tree): string[] {
  const imported = new Set<string>();
  for (const source of sources) {
    for (const { target } of source.imports) {
      const countsAsUse = !source.isTest || !target?.startsWith('src/');
      if (target !== undefined && countsAsUse) imported.add(target);
    }
  }
  const named = (path: string) => {
    const isCode = path.startsWith('src/') ? /\.(ts|md)$/ : /\.ts$/;
    return [...texts].some(([place, text]) => !isCode.test(place) && text.includes(path));
  };
  return sources.flatMap(({ path }) => {
    const isEntry = /\.(test|reference)\.ts$/.test(path);
    const isUsed = imported.has(path) || named(path);
    return isEntry || isUsed ? [] : [`${path} is used by nothing`];
  });
}
