/** PutRule, DeleteRule, EnableRule, DisableRule and DescribeRule. */
import type { EventsModel } from '../../model/events.generated.ts';
import type { Call, ConditionKeys, Found, Operations } from '../../operation.ts';
import { putBus } from './buses.ts';
import type { EventsContext } from './context.ts';
import {
  limitExceeded,
  nothingToMatch,
  patternInvalid,
  ruleHasTargets,
  scheduleInvalid,
  scheduleOnCustomBus,
} from './errors.ts';
import { compilePattern } from './event-pattern.ts';
import {
  findRule,
  foundRule,
  type NamedRule,
  requireBus,
  requireRule,
  ruleResource,
  tagConditions,
} from './finder.ts';
import { defaultBus, ruleArn } from './names.ts';
import { literalsAt } from './pattern-literals.ts';
import { type Rule, type RuleState, ruleId, rulesPrefix } from './records.ts';
import { authorizePass } from './role.ts';
import { nextFiring, parseSchedule } from './schedule-expression.ts';
import { withTags } from './tag-rules.ts';

/** EventBridge's quota of a bus. */
const maxRules = 300;

type Input<Name extends keyof EventsModel> = EventsModel[Name]['input'];

export function ruleOperations(context: EventsContext) {
  const find = async (
    { Name, EventBusName }: { readonly Name: string; readonly EventBusName?: string },
    call: Call,
  ): Promise<Found<NamedRule>> =>
    foundRule(await findRule(context, { bus: EventBusName, rule: Name }, call), call);
  const { rules } = context.records;
  return {
    PutRule: {
      readOnly: false,
      find: async (input, call) => {
        const { EventBusName: bus, Name: rule } = input;
        return foundRule(await findRule(context, { bus, rule }, call), call, putConditions(input));
      },
      run: (input, call, named: NamedRule) => putRule(context, input, { call, named }),
    },
    DeleteRule: {
      readOnly: false,
      find,
      run: (_input, call, named: NamedRule) => {
        requireBus(named.bus, call);
        if (named.entry === undefined) return;
        if (named.entry.value.targets.length > 0) throw ruleHasTargets();
        context.rulesChange();
        call.stage(rules.remove(named.entry));
      },
    },
    EnableRule: {
      readOnly: false,
      find,
      run: (_input, call, named: NamedRule) => setState(context, named, { call, state: 'ENABLED' }),
    },
    DisableRule: {
      readOnly: false,
      find,
      run: (_input, call, named: NamedRule) =>
        setState(context, named, { call, state: 'DISABLED' }),
    },
    DescribeRule: {
      readOnly: true,
      find,
      run: (_input, call, named: NamedRule) => {
        const { value: rule } = requireRule(named, call);
        return { ...shownRule(rule), CreatedBy: rule.createdBy };
      },
    },
  } satisfies Operations<
    EventsModel,
    'PutRule' | 'DeleteRule' | 'EnableRule' | 'DisableRule' | 'DescribeRule'
  >;
}

/** As lists show it. */
export const shownRule = (rule: Rule) => ({
  Name: rule.name,
  Arn: ruleArn(rule),
  ...(rule.pattern === undefined ? {} : { EventPattern: rule.pattern }),
  ...(rule.schedule === undefined ? {} : { ScheduleExpression: rule.schedule }),
  State: rule.state,
  ...(rule.description === undefined ? {} : { Description: rule.description }),
  ...(rule.roleArn === undefined ? {} : { RoleArn: rule.roleArn }),
  EventBusName: rule.bus.name,
});

/** A rule that is put again keeps its targets and tags; all else is as the request says. */
async function putRule(
  context: EventsContext,
  input: Input<'PutRule'>,
  { call, named }: { readonly call: Call; readonly named: NamedRule },
): Promise<{ readonly RuleArn: string }> {
  const bus = requireBus(named.bus, call);
  const { EventPattern: pattern, ScheduleExpression: schedule, State: state = 'ENABLED' } = input;
  checkMatching(input, bus.name);
  const arn = ruleArn(named.name);
  if (input.RoleArn !== undefined) authorizePass(call, input.RoleArn, arn);
  const rule = scheduled(
    {
      ...named.name,
      createdBy: named.entry?.value.createdBy ?? call.principal.account,
      ...(pattern === undefined ? {} : { pattern }),
      ...(schedule === undefined ? {} : { schedule }),
      state,
      ...(input.Description === undefined ? {} : { description: input.Description }),
      ...(input.RoleArn === undefined ? {} : { roleArn: input.RoleArn }),
      tags: named.entry?.value.tags ?? withTags([], input.Tags),
      targets: named.entry?.value.targets ?? [],
    },
    call.now,
  );
  context.rulesChange();
  const { rules } = context.records;
  if (named.entry === undefined) {
    const others = await rules.page({ prefix: rulesPrefix(named.name.bus), limit: maxRules });
    if (others.entries.length >= maxRules) throw limitExceeded();
    if (input.Tags !== undefined && input.Tags.length > 0)
      call.authorize('events:TagResource', ruleResource(named), {
        conditions: tagConditions(input),
      });
    call.stage(rules.insert(ruleId(rule), rule));
    if (!bus.hadRules) call.stage(putBus(context, named.bus, { ...bus, hadRules: true }));
  } else {
    call.stage(rules.replace(named.entry, rule));
  }
  return { RuleArn: arn };
}

/** @throws ApiError ValidationException, InvalidEventPatternException */
function checkMatching(input: Input<'PutRule'>, busName: string): void {
  const { EventPattern: pattern, ScheduleExpression: schedule } = input;
  if (pattern === undefined && schedule === undefined) throw nothingToMatch();
  if (schedule !== undefined) {
    if (busName !== defaultBus) throw scheduleOnCustomBus();
    if (parseSchedule(schedule) === undefined) throw scheduleInvalid();
  }
  if (pattern === undefined) return;
  const compiled = compilePattern(pattern);
  if (compiled.kind === 'fault') throw patternInvalid(compiled.reason);
}

/** With the time when it fires next, which is counted from now. */
function scheduled(rule: Rule, now: number): Rule {
  const { nextAt: _, ...rest } = rule;
  const schedule = rule.schedule === undefined ? undefined : parseSchedule(rule.schedule);
  if (schedule === undefined || rule.state === 'DISABLED') return rest;
  const nextAt = nextFiring(schedule, { last: now, now });
  return nextAt === undefined ? rest : { ...rest, nextAt };
}

function setState(
  { records, rulesChange }: EventsContext,
  named: NamedRule,
  { call, state }: { readonly call: Call; readonly state: RuleState },
): void {
  const entry = requireRule(named, call);
  // To enable a rule that is enabled changes nothing, whatever it sees.
  if ((entry.value.state === 'DISABLED') === (state === 'DISABLED')) return;
  rulesChange();
  call.stage(records.rules.replace(entry, scheduled({ ...entry.value, state }, call.now)));
}

/** What the pattern asks for, by condition key. */
const patternKeys: ReadonlyMap<string, readonly string[]> = new Map([
  ['events:source', ['source']],
  ['events:detail-type', ['detail-type']],
  ['events:detail.service', ['detail', 'service']],
  ['events:detail.eventtypecode', ['detail', 'eventTypeCode']],
  ['events:detail.useridentity.principalid', ['detail', 'userIdentity', 'principalId']],
]);

function putConditions(input: Input<'PutRule'>): ConditionKeys {
  const ofTags = tagConditions(input);
  return (key) => {
    const path = patternKeys.get(key);
    if (path === undefined) return ofTags(key);
    if (input.EventPattern === undefined) return undefined;
    const compiled = compilePattern(input.EventPattern);
    return compiled.kind === 'fault' ? undefined : literalsAt(compiled.pattern, path);
  };
}
