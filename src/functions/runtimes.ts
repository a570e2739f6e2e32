/** Which program runs a runtime's functions. */
import { execFile } from 'node:child_process';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CannotRun, type FunctionSpec } from './spec.ts';

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
}

/** The folder with the programs that drive functions. */
export const runtimeDir = join(import.meta.dirname, 'runtime');

/** `nodejs24.x` → `nodejs`; undefined for a runtime that is not run here. */
export function familyOf(runtime: string): 'nodejs' | 'python' | 'provided' | undefined {
  if (/^nodejs\d/.test(runtime)) return 'nodejs';
  if (/^python3\./.test(runtime)) return 'python';
  return /^provided(\.|$)/.test(runtime) ? 'provided' : undefined;
}

/** Finds programs; asks the machine once. */
export interface Runtimes {
  /** Throws CannotRun where the machine has no program for it. */
  readonly commandFor: (spec: FunctionSpec, taskRoot: string) => Promise<Command>;
}

/** `env`: the server's own, by which the machine's Python is found. */
export function openRuntimes(env: Readonly<Record<string, string | undefined>>): Runtimes {
  let python: Promise<string> | undefined;
  return {
    commandFor: async ({ runtime, memoryBytes }, taskRoot) => {
      switch (familyOf(runtime)) {
        case 'nodejs':
          return nodeCommand(memoryBytes);
        case 'python':
          python ??= findPython(env);
          return { program: await python, args: ['-u', join(runtimeDir, 'python.py')] };
        case 'provided':
          return { program: join(taskRoot, 'bootstrap'), args: [] };
        default:
          throw new CannotRun(`Functions of the runtime ${runtime} are not run here.`);
      }
    },
  };
}

/** The Node that runs this server. Its heap ends before the function's memory does. */
function nodeCommand(memoryBytes: number): Command {
  const heapMegabytes = Math.floor(memoryBytes / (1024 * 1024));
  const script = new URL(`./runtime/node${extname(import.meta.filename)}`, import.meta.url);
  const args = [`--max-old-space-size=${heapMegabytes}`, fileURLToPath(script)];
  return { program: process.execPath, args };
}

/** The interpreter itself: `python3` may be a script that needs the server's environment. */
async function findPython(env: Readonly<Record<string, string | undefined>>): Promise<string> {
  const ask = ['-c', 'import sys; sys.stdout.write(sys.executable)'];
  try {
    const { stdout } = await promisify(execFile)('python3', ask, { env, timeout: 10_000 });
    return stdout;
  } catch {
    throw new CannotRun('This machine has no python3, which Python functions need. Install it.');
  }
}
