/** ListRules and ListRuleNamesByTarget. */
import type { EventsModel } from '../../model/events.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import { cursorOf, type EventsContext, nextToken } from './context.ts';
import { noSuchBus } from './errors.ts';
import { findBus, foundNothing, requireBus } from './finder.ts';
import { busArn } from './names.ts';
import { rulesPrefix, targetPrefix } from './records.ts';
import { shownRule } from './rules.ts';

const defaultPage = 100;

type Input<Name extends keyof EventsModel> = EventsModel[Name]['input'];

export function listOperations(context: EventsContext) {
  return {
    ListRules: {
      readOnly: true,
      find: (_input, call) => foundNothing(call),
      run: (input, call) => listRules(context, input, call),
    },
    ListRuleNamesByTarget: {
      readOnly: true,
      find: (_input, call) => foundNothing(call),
      run: (input, call) => listRuleNames(context, input, call),
    },
  } satisfies Operations<EventsModel, 'ListRules' | 'ListRuleNamesByTarget'>;
}

async function listRules(
  context: EventsContext,
  { EventBusName, NamePrefix = '', Limit: limit = defaultPage, NextToken }: Input<'ListRules'>,
  call: Call,
): Promise<EventsModel['ListRules']['output']> {
  const bus = await ownBus(context, EventBusName, call);
  const list = ['ListRules', busArn(bus), NamePrefix];
  const after = cursorOf(context, list, NextToken);
  const start = rulesPrefix(bus);
  const { entries, next } = await context.records.rules.page({
    prefix: `${start}${NamePrefix}`,
    ...(after === undefined ? {} : { after: `${start}${after}` }),
    limit,
  });
  return {
    Rules: entries.map(({ value }) => shownRule(value)),
    ...nextToken(context, list, next?.slice(start.length)),
  };
}

async function listRuleNames(
  context: EventsContext,
  {
    EventBusName,
    TargetArn,
    Limit: limit = defaultPage,
    NextToken,
  }: Input<'ListRuleNamesByTarget'>,
  call: Call,
): Promise<EventsModel['ListRuleNamesByTarget']['output']> {
  const bus = await ownBus(context, EventBusName, call);
  const list = ['ListRuleNamesByTarget', busArn(bus), TargetArn];
  const after = cursorOf(context, list, NextToken);
  const start = targetPrefix(bus, TargetArn);
  const { entries, next } = await context.records.rules.pageBy('target', {
    key: start,
    ...(after === undefined ? {} : { after: `${start}${after}` }),
    limit,
  });
  return {
    RuleNames: entries.map(({ value }) => value.name),
    ...nextToken(context, list, next?.slice(start.length)),
  };
}

/**
 * These lists are decided on without a resource, so that no policy of a bus could let another
 * account see them: they are of the caller's buses only.
 */
async function ownBus(context: EventsContext, given: string | undefined, call: Call) {
  const named = await findBus(context, given, call);
  if (named.name.account !== call.principal.account) throw noSuchBus(named.name.name);
  return requireBus(named, call);
}
