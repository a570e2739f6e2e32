/** `sealhold logs FUNCTION`: what a function has printed, and what was printed about it. */
import { callLogs } from './client.ts';
import { type Command, CommandFailure, type CommandInput, exit } from './command.ts';

export const logs: Command = {
  name: 'logs',
  summary: 'print what a Lambda function has logged',
  words: ['FUNCTION'],
  flags: [
    { name: 'last', value: 'N', help: 'the last N lines (100)' },
    { name: 'filter', value: 'TERMS', help: 'only lines with these terms, as in CloudWatch Logs' },
    { name: 'group', help: 'FUNCTION is the name of a log group' },
    { name: 'follow', help: 'go on with the lines that come' },
  ],
  run: runLogs,
};

interface Event {
  readonly logStreamName: string;
  readonly timestamp: number;
  readonly message: string;
  readonly eventId: string;
}

const lookEveryMs = 1_000;

async function runLogs(input: CommandInput): Promise<number> {
  const { flags, words, out } = input;
  const name = words[0] as string;
  const logGroupName = flags.has('group') ? name : `/aws/lambda/${functionName(name)}`;
  const last = flags.whole('last', { min: 1, max: 10_000, otherwise: 100 });
  const show = (event: Event): void =>
    out(flags.has('json') ? `${JSON.stringify(event)}\n` : `${lineOf(event)}\n`);
  const find = (more: object) =>
    eventsOf(input, { logGroupName, filterPattern: flags.text('filter') ?? '', ...more });
  const events = (await find({ startFromHead: false, limit: last })).reverse();
  for (const event of events) show(event);
  if (!flags.has('follow')) return exit.done;
  const seen = new Set(events.map(keyOf));
  let startTime = events.at(-1)?.timestamp ?? 0;
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    for (const event of await find({ startTime })) {
      if (seen.has(keyOf(event))) continue;
      seen.add(keyOf(event));
      show(event);
      startTime = event.timestamp;
    }
  }
}

/** Of a function's ARN its name. */
const functionName = (given: string): string =>
  /:function:([^:]+)/.exec(given)?.[1] ?? given.split(':')[0] ?? given;

const keyOf = ({ logStreamName, eventId }: Event): string => `${logStreamName} ${eventId}`;

/**
 * A message of several lines came as one, its line ends turned to carriage returns. Other control
 * characters are a terminal's, and whoever writes functions has no business with that.
 */
const lineOf = ({ timestamp, message }: Event): string =>
  `${new Date(timestamp).toISOString()} ${message.replaceAll('\r', '\n').replace(control, '\ufffd')}`;

const control = /(?![\n\t])\p{Cc}/gu;

async function eventsOf(input: CommandInput, asked: object): Promise<Event[]> {
  try {
    const { events } = await callLogs('FilterLogEvents', asked, input);
    return events as Event[];
  } catch (error) {
    if (error instanceof CommandFailure && error.message.includes('log group does not exist'))
      throw new CommandFailure('This function has logged nothing, or there is none of this name.');
    throw error;
  }
}
