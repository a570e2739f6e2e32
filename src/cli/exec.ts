/**
 * `sealhold exec`: becomes another command whose environment holds secrets and parameters. They are
 * in no file and on no command line, and no process stays behind that knows them: exit status,
 * signals and terminal are the command's own.
 */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { jsonMember } from '../services/sealhold/secret-json.ts';
import { callJson } from './client.ts';
import { type Command, CommandFailure, type CommandInput, UsageError } from './command.ts';
import { parseVariable, type ValueFrom, type Variable } from './value-from.ts';

export const exec: Command = {
  name: 'exec',
  summary: 'run a command with secrets and parameters in its environment',
  flags: [
    {
      name: 'secret',
      value: 'NAME=SECRET',
      repeats: true,
      help: 'name or ARN, as ECS takes it: SECRET[:json-key:version-stage:version-id]',
    },
    {
      name: 'parameter',
      value: 'NAME=PARAMETER',
      repeats: true,
      help: 'name, path or ARN of a parameter, decrypted; with :version or :label',
    },
  ],
  behind: 'COMMAND',
  run: runExec,
};

/** As env(1) has them. */
const notExecutable = 126;
const notFound = 127;

async function runExec(input: CommandInput): Promise<number> {
  const { flags, behind, env, err } = input;
  const variables = [
    ...flags.texts('secret').map((given) => variableOf(given, 'secret')),
    ...flags.texts('parameter').map((given) => variableOf(given, 'parameter')),
  ];
  refuseTwice(variables);
  const [command = '', ...words] = behind;
  const found = findProgram(command, env);
  if (found.path === undefined) {
    err(`sealhold exec: ${command}: ${found.why}\n`);
    return found.why === 'not found' ? notFound : notExecutable;
  }
  const values = await valuesOf(variables, input);
  return become(found.path, [command, ...words], { ...ownEnvironment(env), ...values }, err);
}

function variableOf(given: string, kind: ValueFrom['kind']): Variable {
  const variable = parseVariable(given, kind);
  if (typeof variable === 'string') throw new UsageError(variable);
  return variable;
}

function refuseTwice(variables: readonly Variable[]): void {
  const names = variables.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new UsageError(`${twice} is given twice.`);
}

type Values = Readonly<Record<string, string>>;

/** Reads each secret once, so that variables from one secret are from one version of it. */
async function valuesOf(variables: readonly Variable[], input: CommandInput): Promise<Values> {
  const read = new Map<string, Promise<string>>();
  const values = variables.map(async ({ name, from }) => {
    const request = requestFor(from);
    const key = JSON.stringify(request);
    const reading = read.get(key) ?? readValue(request, input);
    read.set(key, reading);
    try {
      return [name, placed(await reading, from)] as const;
    } catch (error) {
      if (!(error instanceof CommandFailure)) throw error;
      throw new CommandFailure(`${name}: ${error.message}`);
    }
  });
  return Object.fromEntries(await Promise.all(values));
}

function requestFor(from: ValueFrom) {
  const { region } = from;
  if (from.kind === 'parameter') {
    const to = { service: 'ssm', target: 'AmazonSSM.GetParameter', region };
    return { to, asked: { Name: from.name, WithDecryption: true } };
  }
  const { secretId: SecretId, versionStage: VersionStage, versionId: VersionId } = from;
  const to = { service: 'secretsmanager', target: 'secretsmanager.GetSecretValue', region };
  return { to, asked: { SecretId, VersionStage, VersionId } };
}

async function readValue(
  { to, asked }: ReturnType<typeof requestFor>,
  input: CommandInput,
): Promise<string> {
  const answer = await callJson(to, asked, input);
  const parameter = answer.Parameter as { readonly Value: string } | undefined;
  const value = parameter?.Value ?? answer.SecretString;
  if (typeof value !== 'string')
    throw new CommandFailure('The secret is binary; a variable holds text.');
  return value;
}

function placed(value: string, from: ValueFrom): string {
  const member =
    from.kind === 'secret' && from.jsonKey !== undefined
      ? jsonMember(value, from.jsonKey)
      : ({ kind: 'found', text: value } as const);
  if (member.kind === 'none') throw new CommandFailure(`${member.why}.`);
  if (member.text.includes('\0'))
    throw new CommandFailure('The value has a zero character, which no variable can hold.');
  return member.text;
}

type Program =
  | { readonly path: string; readonly why?: undefined }
  | { readonly path?: undefined; readonly why: 'not found' | 'not a program that may be run' };

/** As a shell finds it: by PATH unless its name has a slash. */
function findProgram(command: string, env: CommandInput['env']): Program {
  const folders = command.includes('/') ? [''] : (env.PATH ?? '').split(delimiter);
  let why: Exclude<Program['why'], undefined> = 'not found';
  for (const folder of folders) {
    const path = command.includes('/') ? command : join(folder || '.', command);
    const kind = programKind(path);
    if (kind === 'program') return { path };
    if (kind === 'other') why = 'not a program that may be run';
  }
  return { why };
}

function programKind(path: string): 'program' | 'other' | 'nothing' {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return 'nothing';
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile() ? 'program' : 'other';
  } catch {
    return 'other';
  }
}

/** The caller's environment, without what `bin/sealhold` added for us. */
function ownEnvironment(env: CommandInput['env']): Values {
  const ourCache = join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'sealhold');
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      value === undefined || (name === 'NODE_COMPILE_CACHE' && value === ourCache)
        ? []
        : [[name, value] as const],
    ),
  );
}

/** Signals that Node ignores; one that is listened to is at its default again in what follows. */
const ignoredSignals = ['SIGPIPE', 'SIGXFSZ'] as const;

/** Comes back only where the command can't be started. */
function become(
  path: string,
  words: readonly string[],
  env: Values,
  err: CommandInput['err'],
): number {
  for (const signal of ignoredSignals) process.on(signal, () => {});
  try {
    process.execve?.(path, words, env);
  } catch (error) {
    err(`sealhold exec: ${path} could not be started: ${(error as NodeJS.ErrnoException).code}\n`);
    return notExecutable;
  }
  throw new CommandFailure('This machine has no execve.');
}
