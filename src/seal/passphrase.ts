/**
 * Where a passphrase comes from: the environment, a file, or the terminal, where it isn't shown.
 */
import { readFileSync } from 'node:fs';
import type { ReadStream, WriteStream } from 'node:tty';
import { SealError } from './seal-error.ts';

export const passphraseVariable = 'SEALHOLD_PASSPHRASE';
const leastCharacters = 8;

export interface PassphraseSources {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** A file that holds it in its first line. */
  readonly file?: string;
  /** Asked when neither of the others is there; without one that is an error. */
  readonly terminal?: Terminal;
  /** Asks twice, and refuses a short one. Default false. */
  readonly isNew?: boolean;
}

/** What is asked for on a terminal. */
export interface Terminal {
  readonly input: Pick<
    ReadStream,
    'isTTY' | 'setRawMode' | 'on' | 'off' | 'resume' | 'pause' | 'setEncoding'
  >;
  readonly output: Pick<WriteStream, 'write'>;
}

/** Asks when called, so that nobody is asked for what isn't needed. Throws SealError. */
export function passphraseFrom(sources: PassphraseSources): () => Promise<string> {
  return async () => {
    const passphrase = await find(sources);
    if (passphrase === '') throw new SealError('The passphrase is empty.');
    if (sources.isNew === true && [...passphrase].length < leastCharacters) {
      throw new SealError(`A new passphrase needs at least ${leastCharacters} characters.`);
    }
    return passphrase;
  };
}

async function find({ environment, file, terminal, isNew }: PassphraseSources): Promise<string> {
  const given = environment[passphraseVariable];
  if (given !== undefined) return given;
  if (file !== undefined) return firstLine(file);
  if (terminal?.input.isTTY !== true) {
    throw new SealError(
      `A passphrase is needed: set ${passphraseVariable}, name a file that holds it, or start on a terminal.`,
    );
  }
  const passphrase = await ask(terminal, isNew === true ? 'New passphrase: ' : 'Passphrase: ');
  if (isNew !== true) return passphrase;
  if ((await ask(terminal, 'Once more: ')) === passphrase) return passphrase;
  throw new SealError('The two passphrases differ.');
}

function firstLine(file: string): string {
  try {
    return readFileSync(file, 'utf8').split(/\r?\n/, 1)[0]!;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SealError(`The passphrase file ${file} can't be read: ${reason}.`);
  }
}

const enter = /^[\r\n]$/;
const interrupts = new Set(['\u0003', '\u0004']);
const erases = new Set(['\u007f', '\b']);

/** In raw mode the terminal shows nothing by itself, and sends each key as it is pressed. */
function ask({ input, output }: Terminal, question: string): Promise<string> {
  output.write(question);
  const typed: string[] = [];
  return new Promise((resolve, reject) => {
    const finish = (settle: () => void): void => {
      input.off('data', onKeys);
      input.setRawMode(false);
      input.pause();
      output.write('\n');
      settle();
    };
    const onKeys = (keys: string): void => {
      for (const key of keys) {
        if (enter.test(key)) {
          finish(() => resolve(typed.join('')));
          return;
        }
        if (interrupts.has(key)) {
          finish(() => reject(new SealError('Interrupted.')));
          return;
        }
        if (erases.has(key)) typed.pop();
        else if (key >= ' ') typed.push(key);
      }
    };
    input.setEncoding('utf8');
    input.setRawMode(true);
    input.on('data', onKeys);
    input.resume();
  });
}
