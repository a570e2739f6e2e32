/**
 * What a target is sent of an event: the event, a part of it, a text that its owner gave, or a
 * template filled with parts of it. Pure.
 * (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html)
 */
import type { InputTransformer, Target } from '../../model/events.generated.ts';
import { isNumberAsWritten, parsed, readJson } from './event-json.ts';
import { parseJsonPath, valueAt } from './json-path.ts';

export type InputRules = Pick<Target, 'Input' | 'InputPath' | 'InputTransformer'>;

/** What the predefined variables tell. */
export interface InputFacts {
  /** JSON text. */
  readonly event: string;
  readonly ruleArn: string;
  readonly ruleName: string;
  /** As the event's time is written. */
  readonly ingestionTime: string;
}

/** Undefined: the template made no JSON of this event. */
export function targetInput(rules: InputRules, facts: InputFacts): string | undefined {
  if (rules.Input !== undefined) return rules.Input;
  if (rules.InputTransformer !== undefined) return filled(rules.InputTransformer, facts);
  if (rules.InputPath === undefined) return facts.event;
  const path = parseJsonPath(rules.InputPath);
  const part = path === undefined ? undefined : valueAt(readJson(facts.event), path);
  return JSON.stringify(part ?? null);
}

const placeholder = /<([A-Za-z0-9_.-]+)>/g;

type Event = Readonly<Record<string, unknown>>;
type Predefined = (facts: InputFacts, event: Event) => unknown;
const predefined: ReadonlyMap<string, Predefined> = new Map<string, Predefined>([
  ['aws.events.rule-arn', ({ ruleArn }) => ruleArn],
  ['aws.events.rule-name', ({ ruleName }) => ruleName],
  ['aws.events.event.ingestion-time', ({ ingestionTime }) => ingestionTime],
  ['aws.events.event.json', (_facts, event) => event],
  ['aws.events.event', ({ ingestionTime }, event) => withoutDetail(event, ingestionTime)],
]);

function withoutDetail(event: Event, ingestionTime: string): unknown {
  const { id, account, source, region, resources, version, 'detail-type': detailType } = event;
  return { id, account, detailType, time: ingestionTime, source, region, resources, version };
}

/** The first placeholder of a template that nothing is known for. */
export function unknownName({
  InputPathsMap: paths = {},
  InputTemplate: template,
}: InputTransformer): string | undefined {
  for (const [, name = ''] of template.matchAll(placeholder))
    if (!Object.hasOwn(paths, name) && !predefined.has(name)) return name;
  return undefined;
}

function filled(
  { InputPathsMap: paths = {}, InputTemplate: template }: InputTransformer,
  facts: InputFacts,
): string | undefined {
  const event = readJson(facts.event) as Event;
  const find = (name: string): unknown => {
    const path = Object.hasOwn(paths, name) ? parseJsonPath(paths[name] as string) : undefined;
    return path === undefined ? predefined.get(name)?.(facts, event) : valueAt(event, path);
  };
  const isText = template.trimStart().startsWith('"');
  const text = substituted(template, find, isText ? insideText : insideJson);
  return isText || parsed(text) !== undefined ? text : undefined;
}

/** Each placeholder gives way to its value: in a string to text, elsewhere to JSON. */
function substituted(
  template: string,
  find: (name: string) => unknown,
  insideString: (value: unknown) => string,
): string {
  let text = '';
  let isInString = false;
  let at = 0;
  for (const match of template.matchAll(placeholder)) {
    const before = template.slice(at, match.index);
    isInString = endsInString(before, isInString);
    const value = find(match[1] as string);
    text +=
      before +
      (isInString ? insideString(value) : JSON.stringify(value === undefined ? '' : value));
    at = match.index + match[0].length;
  }
  return text + template.slice(at);
}

function endsInString(text: string, begunInString: boolean): boolean {
  let isInString = begunInString;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') isInString = !isInString;
  }
  return isInString;
}

const insideText = (value: unknown): string => JSON.stringify(plain(value)).slice(1, -1);

/** Lists and objects without quotes, as AWS prints them in a text. */
function plain(value: unknown): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return value;
  if (isScalar(value)) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(plain).join(',')}]`;
  const members = Object.entries(value as Event).map(([name, each]) => `${name}:${plain(each)}`);
  return `{${members.join(',')}}`;
}

/** A list or an object between quotes leaves no JSON: AWS doesn't send that, nor do we. */
const insideJson = (value: unknown): string =>
  isScalar(value) ? insideText(value) : JSON.stringify(value);

const isScalar = (value: unknown): boolean =>
  typeof value !== 'object' || value === null || isNumberAsWritten(value);
