/** `sealhold resolve`: a text with the values that its dynamic references stand for. */
import { readFileSync } from 'node:fs';
import { callSealhold } from './client.ts';
import { type Command, CommandFailure, type CommandInput, exit } from './command.ts';

export const resolve: Command = {
  name: 'resolve',
  summary: 'print a text with the values of its {{resolve:…}} references',
  words: ['FILE'],
  flags: [],
  run: async (input) => {
    const answer = await callSealhold('ResolveReferences', { Text: await textOf(input) }, input);
    input.out(input.flags.has('json') ? `${JSON.stringify(answer)}\n` : String(answer.Text));
    return exit.done;
  },
};

/** `-` is what comes in. */
async function textOf({ words }: CommandInput): Promise<string> {
  const file = words[0] as string;
  try {
    const bytes = file === '-' ? await standardInput() : readFileSync(file);
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'it is not UTF-8 text' : code;
    throw new CommandFailure(`${file} can't be read: ${why}.`);
  }
}

async function standardInput(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  return Buffer.concat(chunks);
}
