/**
 * A node:test reporter for people and scripts: failures in full as they happen, then what was
 * skipped and why, what was slow, and one last line: `N passed, N failed`, with `, N skipped` where
 * some were. Counted are the tests at the leaves, not the suites and parents around them.
 */
import { relative } from 'node:path';
import type { TestEvent } from 'node:test/reporters';
import { inspect } from 'node:util';

type Finish = Extract<TestEvent, { type: 'test:pass' | 'test:fail' }>;

interface Tally {
  passed: number;
  failed: number;
  readonly skipped: string[];
  readonly slow: { readonly line: string; readonly durationMs: number }[];
}

const slowestShown = 5;
const slowFromMs = 100;

/** Turns the runner's events into text. node:test calls the default export of a reporter module. */
export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const tally: Tally = { passed: 0, failed: 0, skipped: [], slow: [] };
  const lastNesting = new Map<string, number>();
  for await (const event of events) {
    if (event.type === 'test:stdout' || event.type === 'test:stderr') yield event.data.message;
    // The runner's own totals are diagnostics too, but of no file.
    if (event.type === 'test:diagnostic' && event.data.file) yield `  ${event.data.message}\n`;
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue;
    // Events of one file come in order and a parent finishes right after its last child:
    // a test is a parent when the one before it lay deeper.
    const { file = '', nesting } = event.data;
    const isParent = (lastNesting.get(file) ?? 0) > nesting;
    lastNesting.set(file, nesting);
    yield account(event, isParent, tally);
  }
  yield summary(tally);
}

/** Counts one finished test and returns what is to be said of it at once. */
function account(event: Finish, isParent: boolean, tally: Tally): string {
  const { data } = event;
  const skipped = data.skip !== undefined && data.skip !== false;
  if (skipped || data.todo !== undefined) {
    tally.skipped.push(
      `${title(event)}: ${skipped ? reason(data.skip) : `todo ${reason(data.todo)}`}`,
    );
    return '';
  }
  if (event.type === 'test:fail') {
    // Its children have been counted; it adds nothing of its own.
    if (failureType(event) === 'subtestsFailed') return '';
    tally.failed++;
    return `\n✖ ${title(event)}\n${indent(errorText(event))}\n\n`;
  }
  if (isParent || data.details.type === 'suite') return '';
  tally.passed++;
  tally.slow.push({ line: title(event), durationMs: data.details.duration_ms });
  return '';
}

function summary({ passed, failed, skipped, slow }: Tally): string {
  const slowest = slow
    .filter(({ durationMs }) => durationMs >= slowFromMs)
    .sort((a, b) => b.durationMs - a.durationMs)
    .slice(0, slowestShown)
    .map(({ line, durationMs }) => `${(durationMs / 1000).toFixed(2).padStart(7)} s  ${line}`);
  const counts = [`${passed} passed`, `${failed} failed`];
  if (skipped.length > 0) counts.push(`${skipped.length} skipped`);
  return [
    ...section('Skipped', skipped),
    ...section('Slowest', slowest),
    counts.join(', '),
    '',
  ].join('\n');
}

function section(heading: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`${heading}:`, ...lines.map((line) => `  ${line}`), ''];
}

function title({ data }: Finish): string {
  if (data.file === undefined) return data.name;
  const file = relative(process.cwd(), data.file);
  // A file that died, or would not load, is reported as a test of its own name.
  const isFile = data.name === data.file || data.name === file;
  return isFile
    ? `${file}: the file failed outside its tests`
    : `${file}:${data.line} ${data.name}`;
}

function reason(given: string | boolean | undefined): string {
  return typeof given === 'string' && given !== '' ? given : 'no reason given';
}

function failureType(event: Finish): string | undefined {
  const { error } = event.data.details as { error?: { failureType?: string } };
  return error?.failureType;
}

/** The error that the test threw, without the frames of the runner. */
function errorText(event: Finish): string {
  const { error } = event.data.details as { error?: Error & { exitCode?: number } };
  const thrown = error?.cause ?? error;
  // An assertion's message says all; inspected, it would repeat itself member by member.
  const isAssertion = thrown instanceof Error && thrown.name === 'AssertionError';
  const text = isAssertion ? `${thrown.stack}` : inspect(thrown, { depth: 4 });
  const exit = error?.exitCode ? ` (exit code ${error.exitCode})` : '';
  return text.replace(/\n\s+at .*node:(internal|async_hooks|test\b).*/g, '').trimEnd() + exit;
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '    ');
}
