/** What a command of the command line is, how its words are read, and how it speaks. */
import { parseArgs } from 'node:util';

export interface Flag {
  readonly name: string;
  /** What stands for the value in the help, undefined for a switch. */
  readonly value?: string;
  /** It may stand more than once. */
  readonly repeats?: true;
  readonly help: string;
}

export interface Command {
  /** `trail verify` */
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly Flag[];
  /** Names of words without dashes, in order; `[NAME]` is optional. */
  readonly words?: readonly string[];
  /** Name of what must stand behind `--`, one word or more that are not ours: `COMMAND`. */
  readonly behind?: string;
  /** Returns the exit status. */
  readonly run: (input: CommandInput) => Promise<number>;
}

export interface CommandInput {
  readonly flags: Flags;
  readonly words: readonly string[];
  /** The words behind `--`, of a command that takes them. */
  readonly behind: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/** What a command is given besides its own words. */
export type Surroundings = Pick<CommandInput, 'env' | 'out' | 'err'>;

export interface Flags {
  text(name: string): string | undefined;
  /** Of a flag that repeats. */
  texts(name: string): readonly string[];
  has(name: string): boolean;
  /** Throws UsageError when it isn't a whole number within the bounds. */
  whole(name: string, bounds: { min: number; max: number; otherwise: number }): number;
}

/**
 * The caller's words can't be acted on; the text says which word and what would do. Exit status
 * 2.
 */
export class UsageError extends Error {
  override name = 'UsageError';
}
/** What was asked could not be done; the text says why and what to do. Exit status 1. */
export class CommandFailure extends Error {
  override name = 'CommandFailure';
}

/**
 * Exit statuses, as most tools have them: 0 done, 1 could not, 2 asked wrongly; 3 is done, and what
 * was looked for was found.
 */
export const exit = { done: 0, failed: 1, usage: 2, objections: 3 } as const;

const common: readonly Flag[] = [
  { name: 'json', help: 'print the answer as JSON, for scripts' },
  { name: 'help', help: 'print this help' },
];

/** Runs the command that the words name; prints help or a usage error where they name none. */
export async function runCommand(
  commands: readonly Command[],
  argv: readonly string[],
  surroundings: Surroundings,
): Promise<number> {
  const command = commandOf(commands, argv);
  if (command === undefined) return noCommand(commands, argv, surroundings);
  try {
    const { own, behind } = splitWords(command, argv.slice(command.name.split(' ').length));
    const { flags, words } = readWords(command, own);
    if (flags.has('help')) {
      surroundings.out(`${helpOf(command)}\n`);
      return exit.done;
    }
    if (command.behind !== undefined && behind.length === 0)
      throw new UsageError(`${command.behind} is missing; it stands behind --.`);
    return await command.run({ ...surroundings, flags, words, behind });
  } catch (error) {
    if (error instanceof UsageError) {
      surroundings.err(`sealhold ${command.name}: ${error.message}\n`);
      surroundings.err(`'sealhold ${command.name} --help' lists what it takes.\n`);
      return exit.usage;
    }
    if (error instanceof CommandFailure) {
      surroundings.err(`sealhold ${command.name}: ${error.message}\n`);
      return exit.failed;
    }
    throw error;
  }
}

function commandOf(commands: readonly Command[], argv: readonly string[]): Command | undefined {
  return commands.find((c) => c.name.split(' ').every((word, i) => argv[i] === word));
}

function noCommand(
  commands: readonly Command[],
  argv: readonly string[],
  { out, err }: Pick<CommandInput, 'out' | 'err'>,
): number {
  const asked = argv[0];
  if (asked === undefined || asked === '--help' || asked === '-h' || asked === 'help') {
    out(`${overview(commands)}\n`);
    return asked === undefined ? exit.usage : exit.done;
  }
  err(`sealhold: there is no command '${argv.slice(0, 2).join(' ')}'.\n\n${overview(commands)}\n`);
  return exit.usage;
}

function overview(commands: readonly Command[]): string {
  const width = Math.max(...commands.map((c) => c.name.length));
  const lines = commands.map((c) => `  ${c.name.padEnd(width)}  ${c.summary}`);
  return [
    "Sealhold: keys and secrets you hold yourself, on AWS's own wire.",
    '',
    'Usage: sealhold COMMAND [options]',
    '',
    ...lines,
    '',
    "'sealhold COMMAND --help' tells more.",
  ].join('\n');
}

function helpOf(command: Command): string {
  const flags = [...command.flags, ...common];
  const left = flags.map((f) => `--${f.name}${f.value === undefined ? '' : ` ${f.value}`}`);
  const width = Math.max(...left.map((text) => text.length));
  const words = (command.words ?? []).map((w) => ` ${w}`).join('');
  const behind = command.behind === undefined ? '' : ` -- ${command.behind} [ARGUMENT…]`;
  return [
    `sealhold ${command.name}: ${command.summary}`,
    '',
    `Usage: sealhold ${command.name}${words} [options]${behind}`,
    '',
    ...flags.map((f, i) => `  ${(left[i] as string).padEnd(width)}  ${f.help}`),
  ].join('\n');
}

/** Of a command that takes words of others: its own ones, and those behind the first `--`. */
function splitWords({ behind }: Command, argv: readonly string[]) {
  const dashes = behind === undefined ? -1 : argv.indexOf('--');
  if (dashes < 0) return { own: argv, behind: [] };
  return { own: argv.slice(0, dashes), behind: argv.slice(dashes + 1) };
}

function readWords(
  command: Command,
  argv: readonly string[],
): { flags: Flags; words: readonly string[] } {
  const options: Record<string, { type: 'string' | 'boolean'; multiple: boolean }> = {};
  for (const { name, value, repeats = false } of [...command.flags, ...common])
    options[name] = { type: value === undefined ? 'boolean' : 'string', multiple: repeats };
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      options,
      allowPositionals: (command.words ?? []).length > 0,
    });
    const wantsHelp = values.help === true;
    const words = wantsHelp ? positionals : checkWords(command, positionals);
    return { flags: flagsOf(values), words };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError((error as Error).message);
  }
}

function checkWords(command: Command, words: readonly string[]): readonly string[] {
  const expected = command.words ?? [];
  const missing = expected.find((name, i) => !name.startsWith('[') && words[i] === undefined);
  if (missing !== undefined) throw new UsageError(`${missing} is missing.`);
  if (words.length > expected.length)
    throw new UsageError(`'${words[expected.length]}' is one word too many.`);
  return words;
}

function flagsOf(values: Readonly<Record<string, unknown>>): Flags {
  const text = (name: string): string | undefined => {
    const value = values[name];
    return typeof value === 'string' ? value : undefined;
  };
  return {
    text,
    texts: (name) => (values[name] ?? []) as readonly string[],
    has: (name) => values[name] !== undefined && values[name] !== false,
    whole: (name, { min, max, otherwise }) => {
      const value = text(name);
      if (value === undefined) return otherwise;
      const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
      if (!(number >= min && number <= max))
        throw new UsageError(
          `--${name} takes a whole number from ${min} to ${max}, not '${value}'.`,
        );
      return number;
    },
  };
}
