/**
 * The dead-letter file: events that could not be delivered, one JSON object a line, under
 * `DATA/dead-letters/`. It is for people to read, so it is not sealed. Each node has a file of its
 * own, which makes way for a new one when it is full: the one before it stays, older ones go.
 */
import { mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { DeadLetter } from './services/events/context.ts';
import type { World } from './world.ts';

const maxBytes = 16 * 1024 * 1024;

export interface DeadLetters {
  /** Resolves when the letter is on the disk. */
  readonly keep: (letter: DeadLetter) => Promise<void>;
}

/** `dataDir` undefined: there is no file, and only the log tells. */
export function openDeadLetters(options: {
  readonly dataDir: string | undefined;
  readonly name: string;
  readonly world: World;
  readonly log: (line: string) => void;
}): DeadLetters {
  const { dataDir, name, world, log } = options;
  let last = Promise.resolve();
  return {
    keep: (letter) => {
      log(
        inWords(letter, dataDir === undefined ? 'It is lost.' : 'It is in the dead-letter file.'),
      );
      if (dataDir === undefined) return Promise.resolve();
      const folder = join(dataDir, 'dead-letters');
      const line = lineOf(letter, world.now());
      const kept = last.then(() => append({ folder, file: join(folder, `${name}.jsonl`), line }));
      last = kept.catch(() => undefined);
      return kept;
    },
  };
}

const inWords = (
  { ruleArn, targetArn, errorCode, errorMessage }: DeadLetter,
  end: string,
): string =>
  `An event for ${ruleArn} could not be delivered to ${targetArn}: ${errorCode}: ${errorMessage.replace(/\.?$/, '.')} ${end}`;

/** With the names that AWS gives the attributes of a message in a dead-letter queue. */
function lineOf(letter: DeadLetter, now: number): string {
  const told = {
    time: new Date(now).toISOString(),
    RULE_ARN: letter.ruleArn,
    TARGET_ARN: letter.targetArn,
    ERROR_CODE: letter.errorCode,
    ERROR_MESSAGE: letter.errorMessage,
    EXHAUSTED_RETRY_CONDITION: letter.exhaustedRetryCondition,
    RETRY_ATTEMPTS: letter.retryAttempts,
  };
  return `${JSON.stringify(told).slice(0, -1)},"event":${letter.event}}\n`;
}

async function append({
  folder,
  file,
  line,
}: {
  readonly folder: string;
  readonly file: string;
  readonly line: string;
}): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const opened = await open(file, 'a', 0o600);
  let sizeBytes: number;
  try {
    await opened.write(line);
    await opened.datasync();
    sizeBytes = (await opened.stat()).size;
  } finally {
    await opened.close();
  }
  if (sizeBytes >= maxBytes) await rename(file, file.replace(/\.jsonl$/, '.old.jsonl'));
}
