/** TestEventPattern: whether an event that the caller gives would match. */
import type { EventsModel } from '../../model/events.generated.ts';
import type { Operations } from '../../operation.ts';
import { eventInvalid, patternInvalid } from './errors.ts';
import { matchesEvent, readEvent } from './event-match.ts';
import { compilePattern } from './event-pattern.ts';
import { foundNothing } from './finder.ts';

const neededTexts = ['id', 'detail-type', 'source', 'account', 'time', 'region'];

export const patternOperations = {
  TestEventPattern: {
    readOnly: true,
    find: (_input, call) => foundNothing(call),
    run: (input) => {
      const compiled = compilePattern(input.EventPattern);
      if (compiled.kind === 'fault') throw patternInvalid(compiled.reason);
      const event = readEvent(eventOf(input.Event));
      if (event === undefined) throw eventInvalid();
      return { Result: matchesEvent(compiled.pattern, event) };
    },
  },
} satisfies Operations<EventsModel, 'TestEventPattern'>;

/** @throws ApiError ValidationException for what is no event. */
function eventOf(text: string): unknown {
  let event: unknown;
  try {
    event = JSON.parse(text);
  } catch {
    throw eventInvalid();
  }
  const members = (typeof event === 'object' ? event : null) as Record<string, unknown> | null;
  if (!neededTexts.every((name) => typeof members?.[name] === 'string')) throw eventInvalid();
  return event;
}
