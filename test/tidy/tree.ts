/** What the house rules are checked on: files by path, with the syntax tree and the imports of code. */
import { globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  type ExportDeclaration,
  type ImportDeclaration,
  type Node,
  type SourceFile,
  SyntaxKind,
} from 'typescript/unstable/ast';
import { createVirtualFileSystem } from 'typescript/unstable/fs';
import { API } from 'typescript/unstable/sync';

/** One repository, or a planted piece of one. */
export interface Tree {
  readonly texts: ReadonlyMap<string, string>;
  readonly sources: readonly Source[];
}

export interface Source {
  /** From the root, `/`-separated: `src/wire/claim.ts`. */
  readonly path: string;
  readonly text: string;
  readonly ast: SourceFile;
  readonly imports: readonly Import[];
  /** Generated code answers to its generator, not to budgets. */
  readonly isGenerated: boolean;
  /** Tests may look everywhere and fix the clock. */
  readonly isTest: boolean;
}

export interface Import {
  readonly specifier: string;
  /** The path from the root, when it is one of our files. */
  readonly target: string | undefined;
  readonly typeOnly: boolean;
  readonly line: number;
}

/** Every file of ours as text, by path; without what git ignores and vectors as they were published. */
export function readRepository(root: string): Map<string, string> {
  const patterns = ['*', '.*', '{bench,bin,docs,src,test,tools}/**'];
  const paths = globSync(patterns, {
    cwd: root,
    exclude: ['node_modules', '.git', '.venv', 'dist', 'sealhold-data', 'test/vectors/data'],
  });
  const texts = new Map<string, string>();
  for (const path of paths.sort()) {
    const absolute = join(root, path);
    if (statSync(absolute).isFile()) texts.set(path, readFileSync(absolute, 'utf8'));
  }
  return texts;
}

/**
 * Parses several trees in one go. TypeScript 7's programming interface is still called unstable, but
 * it is the compiler's own parser, so nothing here guesses at syntax; a change of it breaks this file
 * and nothing else.
 */
export function parse(trees: readonly ReadonlyMap<string, string>[]): Tree[] {
  const files: Record<string, string> = {};
  trees.forEach((texts, index) => {
    for (const [path, text] of texts) if (path.endsWith('.ts')) files[`/${index}/${path}`] = text;
  });
  const compilerOptions = { noResolve: true, noLib: true, types: [], module: 'esnext' };
  const project = JSON.stringify({ compilerOptions, files: Object.keys(files) });
  const fs = createVirtualFileSystem({ ...files, '/tsconfig.json': project });
  const api = new API({ cwd: '/', fs });
  try {
    const snapshot = api.updateSnapshot({ openProjects: ['/tsconfig.json'] });
    const program = snapshot.getProject('/tsconfig.json')?.program;
    return trees.map((texts, index) => ({
      texts,
      sources: [...texts.keys()].flatMap((path) => {
        const ast = path.endsWith('.ts') ? program?.getSourceFile(`/${index}/${path}`) : undefined;
        return ast === undefined ? [] : [toSource(path, ast)];
      }),
    }));
  } finally {
    api.close();
  }
}

/** Ours, hand-written or not, without tests: what the running program is made of. */
export function production(tree: Tree): Source[] {
  return tree.sources.filter(({ path, isTest }) => path.startsWith('src/') && !isTest);
}

export function lineOf(ast: SourceFile, node: Node): number {
  return ast.getLineAndCharacterOfPosition(node.getStart(ast)).line + 1;
}

/** Visits a node and everything below it. */
export function walk(node: Node, visit: (node: Node) => void): void {
  visit(node);
  node.forEachChild((child) => walk(child, visit));
}

function toSource(path: string, ast: SourceFile): Source {
  return {
    path,
    text: ast.text,
    ast,
    imports: importsOf(path, ast),
    isGenerated: path.endsWith('.generated.ts'),
    isTest: path.endsWith('.test.ts') || path.startsWith('test/'),
  };
}

function importsOf(path: string, ast: SourceFile): Import[] {
  const imports: Import[] = [];
  const add = (node: Node, specifier: string, typeOnly: boolean) => {
    const target = specifier.startsWith('.') ? join(dirname(path), specifier) : undefined;
    imports.push({ specifier, target, typeOnly, line: lineOf(ast, node) });
  };
  for (const statement of ast.statements) {
    const declaration = statement as ImportDeclaration | ExportDeclaration;
    const isImport = statement.kind === SyntaxKind.ImportDeclaration;
    if (!isImport && statement.kind !== SyntaxKind.ExportDeclaration) continue;
    const specifier = textOf(declaration.moduleSpecifier);
    const typeOnly = /^(import|export)\s+type\b(?!\s*(,|from))/.test(statement.getText(ast));
    if (specifier !== undefined) add(statement, specifier, typeOnly);
  }
  walk(ast, (node) => {
    const argument = dynamicImport(node);
    if (argument !== undefined) add(node, argument, false);
  });
  return imports;
}

/** `import('./x.ts')`, and `new URL('./x.ts', import.meta.url)`, which is how workers are named. */
function dynamicImport(node: Node): string | undefined {
  if (node.kind !== SyntaxKind.CallExpression && node.kind !== SyntaxKind.NewExpression) return;
  const call = node as Node & { expression: Node; arguments?: readonly Node[] };
  const isImport = call.expression.kind === SyntaxKind.ImportKeyword;
  const isUrl = call.expression.getText() === 'URL' && call.arguments?.[1] !== undefined;
  const text = isImport || isUrl ? textOf(call.arguments?.[0]) : undefined;
  return isUrl && !text?.endsWith('.ts') ? undefined : text;
}

function textOf(node: Node | undefined): string | undefined {
  return (node as (Node & { text?: string }) | undefined)?.text;
}
