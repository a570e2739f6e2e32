/**
 * The house rules as a test: which folder may import which, what nobody may call and what to call
 * instead, budgets, names and leftovers. Each rule also runs on a planted violation, so that none
 * can fall asleep.
 */
import assert from 'node:assert/strict';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import {
  type Architecture,
  areaOf,
  type Ban,
  bannedCalls,
  importCycles,
  loggedSecrets,
  longFunctions,
  strayImports,
  unusedFiles,
} from './tidy/rules.ts';
import { lineOf, parse, production, readRepository, type Tree } from './tidy/tree.ts';

/**
 * The architecture: what a folder of src/ may import besides itself. `ports` are store/store.ts and
 * store/engine.ts, `message` is http/message.ts, `services` is any one service. After `type` stands
 * what may be imported for its types only.
 */
const mayImport: Architecture = {
  world: [],
  region: [],
  uuid: ['world'],
  'api-error': [],
  model: [],
  policy: [],
  access: ['operation', 'policy', 'ports', 'world', 'services'],
  message: [],
  ports: [],
  operation: ['world', 'ports'],
  crypto: ['world'],
  http: ['message', 'world'],
  wire: ['model', 'message', 'api-error'],
  identity: ['message', 'api-error', 'world', 'operation', 'ports', 'crypto'],
  store: ['ports', 'world', 'crypto'],
  usage: ['ports', 'world'],
  schedule: [],
  paging: ['ports', 'world', 'crypto'],
  functions: ['world'],
  seal: ['ports', 'world', 'crypto', 'store'],
  audit: ['model', 'operation', 'ports', 'world', 'crypto', 'api-error', 'uuid', 'type message'],
  'key-stores': ['message', 'world', 'crypto', 'identity'],
  services: [
    'model',
    'operation',
    'policy',
    'usage',
    'schedule',
    'paging',
    'functions',
    'crypto',
    'ports',
    'api-error',
    'world',
    'region',
    'uuid',
    'type key-stores',
  ],
  jobs: ['ports', 'world', 'operation'],
  admin: ['message', 'api-error', 'world', 'operation', 'ports', 'policy', 'identity', 'jobs'],
  // main.ts, pipeline.ts and what lies beside them put the rest together; each command starts from
  // there.
  composition: ['*'],
  cli: ['*'],
};

/** Built-in modules that only these folders import. */
const reserved: Readonly<Record<string, { only: readonly string[]; instead: string }>> = {
  'node:crypto': { only: ['crypto', 'identity'], instead: 'the functions of src/crypto/' },
  'node:sqlite': { only: ['store'], instead: "the store's port" },
  'node:child_process': {
    only: ['cli', 'functions', 'key-stores'],
    instead: 'nothing: a server starts functions and the libraries of HSMs only',
  },
};

/** Where the machine's clock and chance become a World; and a function's own process. */
const theWorld = /^src\/(cli\/world|functions\/runtime\/node)\.ts$/;
/** Where a process may be asked what it was given, and ended. */
const theEdge = /^src\/(main\.ts|cli\/|functions\/runtime\/|key-stores\/pkcs11\/token-process)/;

/** What reads a clock, draws chance or touches the process, and is the edge's alone. */
const bans: readonly Ban[] = [
  { call: /^Date\.now$/, instead: 'world.now()', except: theWorld },
  { call: /^new Date\(\)$/, instead: 'new Date(world.now())', except: theWorld },
  {
    call: /^(performance\.now|process\.(hrtime|uptime))$/,
    instead: 'world.monotonic()',
    except: theWorld,
  },
  { call: /^Math\.random$/, instead: 'world.randomBytes()', except: /^$/ },
  {
    call: /^(globalThis\.)?crypto\.(randomUUID|getRandomValues|subtle)$/,
    instead: 'world.randomBytes() or src/crypto/',
    except: /^$/,
  },
  {
    call: /^process\.(env|argv)$/,
    instead: 'an option that main.ts hands in',
    except: theEdge,
  },
  {
    call: /^process\.exit$/,
    instead: 'throw and let main.ts decide',
    except: theEdge,
  },
  {
    call: /^console\.\w+$/,
    instead: 'the log that main.ts hands in',
    except: theEdge,
  },
  { call: /^(eval|new Function\(.*\))$/, instead: 'closures', except: /^$/ },
];

const functionLines = 70;
const fileLines = 500;
const lineColumns = 100;
const forbiddenName = /(^|[-.])(utils?|helpers?|common|misc|manager|service|dal)$/;
// Built from parts, so that this file doesn't hold what it looks for.
const leftover = new RegExp(`\\b(${['FIX', 'ME'].join('')}|${['TO', 'DO'].join('')})\\b`);
const registryHost = /\bregistry\.\w+\.(org|com)\b|\bfiles\.\w+hosted\.org\b/;

const rules: Readonly<Record<string, (tree: Tree) => string[]>> = {
  'folders import only what the architecture allows': (tree) => strayImports(tree, mayImport),

  'reserved modules stay where they belong': (tree) =>
    production(tree).flatMap(({ path, imports }) =>
      imports.flatMap(({ specifier, line }) => {
        const rule = reserved[specifier];
        if (rule === undefined || rule.only.includes(areaOf(path))) return [];
        return [`${path}:${line} imports ${specifier}; use ${rule.instead}`];
      }),
    ),

  'packages are declared and built-in modules named with node:': (tree) => {
    const declared = runtimeDependencies(tree);
    return production(tree).flatMap(({ path, imports }) =>
      imports.flatMap(({ specifier, line, target }) => {
        if (!specifier.startsWith('node:') && builtinModules.includes(specifier))
          return [`${path}:${line} write node:${specifier}`];
        const name = /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
        const fits = target !== undefined || name.startsWith('node:') || declared.includes(name);
        return fits ? [] : [`${path}:${line} ${name} is no dependency in package.json`];
      }),
    );
  },

  'no import cycles': importCycles,

  'only the edge touches clock, chance and process': (tree) => bannedCalls(tree, bans),

  'exports are named': ({ sources }) =>
    sources.flatMap(({ path, ast }) =>
      ast.statements.flatMap((statement) => {
        const text = statement.getText(ast);
        const isStar = /^export\s*(type\s*)?\*(?!\s*as\b)/.test(text);
        const isDefault = path.startsWith('src/') && /^export\s+default\b/.test(text);
        const fault = isStar ? 'export names, not *' : isDefault ? 'give the export a name' : '';
        return fault === '' ? [] : [`${path}:${lineOf(ast, statement)} ${fault}`];
      }),
    ),

  [`functions have at most ${functionLines} lines`]: (tree) => longFunctions(tree, functionLines),

  [`files have at most ${fileLines} lines`]: ({ sources }) =>
    sources.flatMap(({ path, text, isGenerated }) => {
      const lines = text.trimEnd().split('\n').length;
      return isGenerated || lines <= fileLines ? [] : [`${path} has ${lines} lines`];
    }),

  [`lines have at most ${lineColumns} columns`]: (tree) =>
    lines(tree).flatMap(({ place, line }) => {
      // A link, a quoted text and an instruction to Biome can't be broken.
      const unbreakable = /https?:\/\/\S{40,}|(['"`])(?:(?!\1).){60,}\1|biome-ignore/.test(line);
      const fits = line.length <= lineColumns || unbreakable;
      return fits ? [] : [`${place} has ${line.length} columns`];
    }),

  'nothing is left over': (tree) =>
    lines(tree).flatMap(({ place, line }) =>
      leftover.test(line) ? [`${place} do it now, or open an issue`] : [],
    ),

  'names say what a thing is': ({ sources }) =>
    sources.flatMap(({ path }) =>
      path
        .replace(/(\.\w+)+$/, '')
        .split('/')
        .filter((segment) => forbiddenName.test(segment))
        .map((segment) => `${path}: '${segment}' says nothing; name the thing`),
    ),

  'every file is used': unusedFiles,

  'a file begins with a sentence that says what it is': ({ sources }) =>
    sources.flatMap(({ path, text }) => {
      if (path.endsWith('.test.ts')) return [];
      const opening = /^(?:#!.*\n)?(\/\*[\s\S]*?\*\/|(?:\/\/.*\n)+)/.exec(text)?.[1] ?? '';
      return /\w.{15,}[.:]/s.test(opening) ? [] : [`${path} begins without one`];
    }),

  'no host of a package registry is named': ({ texts }) =>
    [...texts].flatMap(([path, text]) => {
      const host = registryHost.exec(text)?.[0];
      const resolved = path === 'package-lock.json' && text.includes('"resolved"');
      return host || resolved ? [`${path} names ${host ?? 'resolved addresses'}`] : [];
    }),

  'every runtime dependency has its line in docs/decisions': (tree) => {
    const decisions = [...tree.texts]
      .filter(([path]) => path.startsWith('docs/decisions/'))
      .map(([, text]) => text)
      .join('\n');
    return runtimeDependencies(tree)
      .filter((name) => !decisions.includes(`\`${name}\``))
      .map((name) => `docs/decisions/ doesn't say why \`${name}\``);
  },

  'nothing secret is logged': loggedSecrets,
};

function runtimeDependencies({ texts }: Tree): string[] {
  const { dependencies, optionalDependencies } = JSON.parse(texts.get('package.json') ?? '{}');
  return Object.keys({ ...dependencies, ...optionalDependencies });
}

function lines({ sources }: Tree): { place: string; line: string }[] {
  return sources
    .filter(({ isGenerated }) => !isGenerated)
    .flatMap(({ path, text }) =>
      text.split('\n').map((line, index) => ({ place: `${path}:${index + 1}`, line })),
    );
}

/** A rule, a file that breaks it and a piece of what must be said about it. */
type Plant = readonly [rule: string, files: Readonly<Record<string, string>>, complaint: string];

const begin = '/** Something that is said about this file. */\n';
const plants: readonly Plant[] = [
  ['folders import', { 'src/wire/a.ts': "import { b } from '../store/b.ts'" }, "'wire' may not"],
  ['folders import', { 'src/wire/a.ts': "const b = await import('../audit/b.ts')" }, 'src/wire/a'],
  ['folders import', { 'src/policy/a.ts': "import type { W } from '../world.ts'" }, "'policy' may"],
  [
    'folders import',
    { 'src/services/kms/a.ts': "import {} from '../sts/b.ts'" },
    'call each other',
  ],
  [
    'folders import',
    { 'src/audit/a.ts': "import { type D, e } from '../http/message.ts'" },
    "may not import 'message'",
  ],
  ['folders import', { 'src/new/a.ts': "import {} from '../world.ts'" }, 'no line in the archi'],
  [
    'folders import',
    { 'src/wire/a.ts': "import {} from '../../test/b.ts'" },
    'nothing from outside',
  ],
  ['reserved', { 'src/audit/a.ts': "import { createHash } from 'node:crypto'" }, 'src/crypto/'],
  ['packages are', { 'src/wire/a.ts': "import left from '@left/pad/x.js'" }, '@left/pad is no'],
  ['packages are', { 'src/wire/a.ts': "import { join } from 'path'" }, 'node:path'],
  [
    'no import cycles',
    { 'src/http/a.ts': "import './b.ts'", 'src/http/b.ts': "export { a } from './a.ts'" },
    'src/http/a.ts → src/http/b.ts → src/http/a.ts',
  ],
  ['only the edge', { 'src/jobs/a.ts': 'export const t = Date.now()' }, 'world.now()'],
  ['only the edge', { 'src/jobs/a.ts': 'export const clock = Date.now' }, 'world.now()'],
  ['only the edge', { 'src/jobs/a.ts': 'export const t = new Date()' }, 'world.now()'],
  ['only the edge', { 'src/jobs/a.ts': 'export const t = performance.now()' }, 'world.monotonic()'],
  ['only the edge', { 'src/crypto/a.ts': 'export const r = Math.random()' }, 'world.randomBytes'],
  ['only the edge', { 'src/jobs/a.ts': 'export const r = crypto.randomUUID()' }, 'randomBytes'],
  ['only the edge', { 'src/store/a.ts': 'export const p = process.env.HOME' }, 'main.ts hands in'],
  ['only the edge', { 'src/jobs/a.ts': "console.log('x')" }, 'the log'],
  ['only the edge', { 'src/http/a.ts': 'process.exit(1)' }, 'main.ts decide'],
  ['only the edge', { 'src/wire/a.ts': "new Function('a', 'return a')" }, 'closures'],
  ['exports are', { 'src/wire/a.ts': "export * from './b.ts'" }, 'not *'],
  ['exports are', { 'src/wire/a.ts': 'export default 1' }, 'a name'],
  ['functions have', { 'src/wire/a.ts': `function f() {${'\n'.repeat(70)}}` }, 'of 71 lines'],
  ['functions have', { 'src/wire/a.ts': `const f = { m() {${'\n'.repeat(70)}} }` }, 'of 71 lines'],
  ['files have', { 'src/wire/a.ts': '1;\n'.repeat(501) }, '501 lines'],
  ['lines have', { 'src/wire/a.ts': `${begin}let a = ${'1 + '.repeat(30)}1` }, 'a.ts:2 has 129'],
  ['nothing is left', { 'src/wire/a.ts': `// ${['TO', 'DO'].join('')}: all` }, 'a.ts:1'],
  ['names say', { 'src/wire/utils.ts': '' }, "'utils'"],
  ['names say', { 'src/key-manager/a.test.ts': '' }, "'key-manager'"],
  ['names say', { 'src/wire/kms-service.ts': '' }, "'kms-service'"],
  [
    'every file',
    { 'src/wire/a.ts': begin, 'src/wire/a.test.ts': "import './a.ts'" },
    'a.ts is used',
  ],
  ['a file begins', { 'src/wire/a.ts': 'export const a = 1' }, 'without one'],
  ['a file begins', { 'src/wire/a.ts': '// biome-ignore\nexport const a = 1' }, 'without one'],
  ['no host', { 'package-lock.json': '{"resolved": "x"}' }, 'resolved addresses'],
  ['no host', { 'docs/a.md': `see ${['registry', 'npmjs', 'org'].join('.')}` }, 'docs/a.md'],
  ['every runtime', { 'package.json': '{"dependencies": {"left-pad": "1"}}' }, '`left-pad`'],
  [
    'nothing secret',
    { 'src/main.ts': 'console.log("key", { key: pair.secretAccessKey })' },
    'logs secret',
  ],
  ['nothing secret', { 'src/main.ts': 'process.stderr.write(passphrase)' }, 'logs passphrase'],
];

/** What looks like a violation and is none: no rule may complain. */
const innocent = {
  'src/main.ts': `${begin}import { a } from './wire/a.ts';
import './cli/world.ts';
export const w = a(process.argv);
console.log('the secret access key is in the file', w.path);\n`,
  'src/cli/world.ts': `${begin}export const now = [Date.now(), new Date(), performance.now()];\n`,
  'src/wire/a.ts': `${begin}import type { M } from '../model/m.ts';
// Date.now() and Math.random() stand in a comment only.
export const a = (m: M) => [m, new Date(m), 'Date.now()', /console.log/, \`process.env \${m}\`];
export const link = 'https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html#API_ReEncrypt_Errors';\n`,
  'src/store/b.ts': `${begin}new Worker(new URL('./c.ts', import.meta.url));\n`,
  'src/store/c.ts': `${begin}new Worker(\`./b\${extname(import.meta.filename)}\`);\n`,
  'src/model/m.ts': `${begin}export type M = number;\n`,
  'src/wire/a.test.ts': `import { a } from './a.ts';
import { x } from '../services/kms/x.ts';
describe('long suite', () => {${'\n'.repeat(80)}a(Math.random(), x)});\n`,
  'bin/sealhold': 'exec node src/main.ts',
};

const [repository, clean, ...planted] = parse([
  readRepository(join(import.meta.dirname, '..')),
  new Map(Object.entries(innocent)),
  ...plants.map(([, files]) => new Map(Object.entries(files))),
]) as [Tree, Tree, ...Tree[]];

describe('the repository keeps the house rules', () => {
  for (const [name, rule] of Object.entries(rules)) {
    test(name, () => assert.deepEqual(rule(repository), []));
  }
});

describe('a planted violation is caught', () => {
  plants.forEach(([start, files, complaint], index) => {
    const [name, rule] = Object.entries(rules).find(([key]) => key.startsWith(start)) ?? [];
    test(`${name}: ${Object.values(files)[0]?.slice(0, 60)}`, () => {
      const complaints = rule?.(planted[index] as Tree) ?? [];
      assert.ok(
        complaints.some((text) => text.includes(complaint)),
        complaints.join('\n') || 'none',
      );
    });
  });

  test('every rule has been planted against', () => {
    const unproved = Object.keys(rules).filter(
      (name) => !plants.some(([start]) => name.startsWith(start)),
    );
    assert.deepEqual(unproved, []);
  });

  test('what only looks like a violation passes', () => {
    for (const [name, rule] of Object.entries(rules)) assert.deepEqual(rule(clean), [], name);
  });
});
