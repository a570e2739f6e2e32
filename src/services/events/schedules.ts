/** Scheduled rules: what fires now. */
import type { Write } from '../../store/engine.ts';
import { newUuid } from '../../uuid.ts';
import type { EventsContext } from './context.ts';
import { envelopeOf } from './envelope.ts';
import type { Inbox } from './inbox.ts';
import { ruleArn } from './names.ts';
import type { Rule, RuleEntry } from './records.ts';
import { nextFiring, parseSchedule } from './schedule-expression.ts';

export interface Firing {
  /** The rule's ARN. */
  readonly id: string;
  /** They conflict when another node was faster, or the rule has changed. */
  readonly writes: readonly Write[];
  readonly event: undefined;
}

export interface DueWork {
  readonly kind: string;
  readonly due: (now: number, limit: number) => Promise<readonly Firing[]>;
}

export function scheduleWork(context: EventsContext, inbox: Inbox): DueWork {
  return {
    kind: 'events/schedule',
    due: async (now, limit) => {
      const { entries } = await context.records.rules.pageBy('due', { key: '', limit });
      return entries
        .filter(({ value: { nextAt } }) => nextAt !== undefined && nextAt <= now)
        .map((entry) => firing(context, inbox, { entry, now }));
    },
  };
}

/** The event says when it was due; the next one is the first after now. */
function firing(
  { records, ports }: EventsContext,
  inbox: Inbox,
  { entry, now }: { readonly entry: RuleEntry; readonly now: number },
): Firing {
  const { nextAt: time = now, ...rule } = entry.value;
  const arn = ruleArn(rule);
  const { bus } = rule;
  const event = envelopeOf(
    {
      source: 'aws.events',
      detailType: 'Scheduled Event',
      ...{ account: bus.account, region: bus.region, time },
      resources: [arn],
      detail: {},
    },
    newUuid(ports.world),
  );
  const arrival = { bus, event, ingestedAt: now, isForwarded: false, ruleName: rule.name };
  const writes = [
    ...records.rules.replace(entry, rescheduled(rule, { last: time, now })),
    ...inbox.add(arrival),
  ];
  return { id: arn, writes, event: undefined };
}

function rescheduled(rule: Rule, times: { readonly last: number; readonly now: number }): Rule {
  const schedule = parseSchedule(rule.schedule ?? '');
  const nextAt = schedule === undefined ? undefined : nextFiring(schedule, times);
  return nextAt === undefined ? rule : { ...rule, nextAt };
}
