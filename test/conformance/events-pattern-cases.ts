/** The recorded patterns that AWS refuses: the message says what the pattern was. */
import { account, type EventsCase } from './events-recording.ts';

/** Of those whose messages don't. */
const patterns: Readonly<Record<string, object>> = {
  content_wildcard_complex_EXC: {
    EventBusArn: [
      { wildcard: 'arn:aws:events:us-east-1:*:event-bus/*' },
      { wildcard: '*a*a*a*a*a*a*a*a*a*a*a*a' },
    ],
  },
  content_ip_address_EXC: { detail: { sourceIPAddress: [{ cidr: 'bad-filter' }] } },
  content_ip_address_bad_mask_EXC: { detail: { sourceIPAddress: [{ cidr: '10.0.0.0/xx' }] } },
  content_ip_address_bad_ip_EXC: { detail: { sourceIPAddress: [{ cidr: 'xx.11.xx/8' }] } },
  content_ip_address_v6_bad_ip_EXC: {
    detail: { sourceIPAddress: [{ cidr: 'xxxx:db8:1234:1a00::/64' }] },
  },
};

const eventForm = {
  id: '1',
  'detail-type': 'a',
  source: 'b',
  account,
  time: '2024-01-01T00:00:00Z',
  region: 'us-east-1',
};

interface Recorded {
  readonly exception_message?: {
    readonly Error: { readonly Message: string; readonly MessageRaw: string };
  };
  readonly Error?: { readonly Message: string };
}

export function patternCase(
  short: string,
  parameters: string | undefined,
  content: object,
): EventsCase | undefined {
  if (/_payload$/.test(short)) return eventCase;
  if (!/^test_(event_pattern|invalid_json_event_pattern)$/.test(short)) return undefined;
  const [member = '', recorded] = Object.entries(content)[0] as [string, Recorded];
  const message = recorded.exception_message?.Error.MessageRaw ?? recorded.Error?.Message ?? '';
  return async ({ ask }) => {
    const EventPattern = patternIn(message, parameters ?? '');
    const Event = JSON.stringify(eventForm);
    const answer = (await ask('TestEventPattern', { EventPattern, Event })) as {
      Error: { Code: string; Message: string };
    };
    if (recorded.exception_message === undefined) return { [member]: answer };
    const { Code, Message } = answer.Error;
    const [short = ''] = Message.split('\n');
    const exception_message = {
      ...answer,
      Error: { Code, Message: short, MessageRaw: Message },
    };
    const exception_type = `<class 'botocore.errorfactory.${Code}'>`;
    return { [member]: { exception_message, exception_type } };
  };
}

function patternIn(message: string, name: string): string {
  const known = patterns[name];
  if (known !== undefined) return JSON.stringify(known);
  const last = message.slice(message.lastIndexOf('[Source'));
  const [, source] = /\[Source: \(String\)"([\s\S]*?)"; line: \d+, column: \d+\]$/.exec(last) ?? [];
  if (source === undefined) throw new Error(`${name}: no pattern in ${message}`);
  return source.replaceAll('<partition>', 'aws').replaceAll('<region>', 'us-east-1');
}

const payloads: readonly string[] = ['a plain text', '{"id": "1"}', '["a", "list"]'];

/** What is no event. */
const eventCase: EventsCase = async ({ ask }) => {
  const EventPattern = '{"source":["a"]}';
  const answers = await Promise.all(
    payloads.map((Event) => ask('TestEventPattern', { EventPattern, Event })),
  );
  const [first] = answers;
  if (answers.some((each) => JSON.stringify(each) !== JSON.stringify(first)))
    throw new Error('they are answered differently');
  return new Proxy({}, { get: () => first, ownKeys: () => [], has: () => true });
};
