/**
 * What the house rules are checked on: files by path, with the syntax tree and the imports of code.
 */
import { globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  type CallExpression,
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
  /** Named as a file to run, not imported: a thread or a program. */
  readonly starts: boolean;
  readonly line: number;
}

/**
 * Every file of ours as text, by path; without what git ignores and vectors as they were published.
 */
export function readRepository(root: string): Map<string, string> {
  const patterns = ['*', '.*', '.ci/*', 'models/*.md', '{bench,bin,docs,src,test,tools}/**'];
  const exclude = ['node_modules', '.git', '.venv', 'dist', 'sealhold-data', 'test/**/data/*.json'];
  const paths = globSync(patterns, { cwd: root, exclude });
  const texts = new Map<string, string>();
  for (const path of paths.sort()) {
    const absolute = join(root, path);
    if (statSync(absolute).isFile()) texts.set(path, readFileSync(absolute, 'utf8'));
  }
  return texts;
}

/**
 * Parses several trees in one go. TypeScript 7's programming interface is still called unstable,
 * but it is the compiler's own parser, so nothing here guesses at syntax; a change of it breaks
 * this file and nothing else.
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
  walk(ast, (node) => {
    const isStatement = moduleStatements.has(node.parent?.kind);
    const specifier = isStatement ? textOf(node) : namedFile(node);
    if (specifier === undefined) return;
    const typeOnly = isStatement && /^(import|export)\s+type\b/.test(node.parent.getText(ast));
    // A text that isn't relative names a program to start, by its path from the root.
    const fromRoot = isStatement ? undefined : specifier;
    const target = specifier.startsWith('.') ? join(dirname(path), specifier) : fromRoot;
    const starts = !isStatement && !isImportCall(node.parent);
    imports.push({ specifier, target, typeOnly, starts, line: lineOf(ast, node) });
  });
  return imports;
}

const moduleStatements: ReadonlySet<SyntaxKind | undefined> = new Set([
  SyntaxKind.ImportDeclaration,
  SyntaxKind.ExportDeclaration,
]);

/**
 * Code is named outside import statements too: in `import('./x.ts')`, in `new URL('./x.ts',
 * import.meta.url)`, which is how threads are started, and with the extension of whoever asks,
 * since it may have been compiled.
 */
function namedFile(node: Node): string | undefined {
  if (node.kind === SyntaxKind.TemplateExpression) {
    const stem = /^`(\.[\w./-]+)\$\{extname\([^)]*\)\}`$/.exec(node.getText())?.[1];
    return stem === undefined ? undefined : `${stem}.ts`;
  }
  if (node.kind !== SyntaxKind.StringLiteral) return undefined;
  const text = textOf(node) ?? '';
  return isImportCall(node.parent) || /^\.{0,2}[\w/-]+[\w./-]*\.ts$/.test(text) ? text : undefined;
}

function isImportCall(node: Node): boolean {
  if (node.kind !== SyntaxKind.CallExpression) return false;
  return (node as CallExpression).expression.kind === SyntaxKind.ImportKeyword;
}

function textOf(node: Node): string | undefined {
  return (node as Node & { text?: string }).text;
}
