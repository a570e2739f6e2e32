/** PutTargets, RemoveTargets and ListTargetsByRule. */
import type { EventsModel } from '../../model/events.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import { cursorOf, type EventsContext, nextToken } from './context.ts';
import { limitExceeded } from './errors.ts';
import { findRule, foundRule, type NamedRule, requireRule } from './finder.ts';
import { ruleArn } from './names.ts';
import { authorizePass } from './role.ts';
import { checkTarget } from './target-rules.ts';

/** EventBridge's quota of a rule. */
const maxTargets = 5;
const defaultPage = 100;

export function targetOperations(context: EventsContext) {
  const { rules } = context.records;
  const find = (
    { Rule: rule, EventBusName: bus }: { readonly Rule: string; readonly EventBusName?: string },
    call: Call,
  ) => findRule(context, { bus, rule }, call);
  return {
    PutTargets: {
      readOnly: false,
      find: async (input, call) => {
        const arns = input.Targets.map(({ Arn }) => Arn);
        const named = await find(input, call);
        return foundRule(named, call, (key) => (key === 'events:targetarn' ? arns : undefined));
      },
      run: (input, call, named: NamedRule) => {
        const entry = requireRule(named, call);
        const { value: rule } = entry;
        const targets = new Map(rule.targets.map((target) => [target.Id, target]));
        for (const target of input.Targets) {
          checkTarget(target, rule.bus);
          if (target.RoleArn !== undefined) authorizePass(call, target.RoleArn, ruleArn(rule));
          targets.set(target.Id, target);
        }
        if (targets.size > maxTargets) throw limitExceeded();
        context.rulesChange();
        call.stage(rules.replace(entry, { ...rule, targets: [...targets.values()] }));
        return { FailedEntryCount: 0, FailedEntries: [] };
      },
    },
    RemoveTargets: {
      readOnly: false,
      find: async (input, call) => foundRule(await find(input, call), call),
      run: (input, call, named: NamedRule) => {
        const entry = requireRule(named, call);
        const targets = entry.value.targets.filter(({ Id }) => !input.Ids.includes(Id));
        context.rulesChange();
        call.stage(rules.replace(entry, { ...entry.value, targets }));
        return { FailedEntryCount: 0, FailedEntries: [] };
      },
    },
    ListTargetsByRule: {
      readOnly: true,
      find: async (input, call) => foundRule(await find(input, call), call),
      run: (input, call, named: NamedRule) => {
        const { value: rule } = requireRule(named, call);
        const list = ['ListTargetsByRule', ruleArn(rule)];
        const after = cursorOf(context, list, input.NextToken);
        const left = [...rule.targets]
          .sort((a, b) => (a.Id < b.Id ? -1 : 1))
          .filter(({ Id }) => after === undefined || Id > after);
        const page = left.slice(0, input.Limit ?? defaultPage);
        const next = page.length < left.length ? page.at(-1)?.Id : undefined;
        return { Targets: page, ...nextToken(context, list, next) };
      },
    },
  } satisfies Operations<EventsModel, 'PutTargets' | 'RemoveTargets' | 'ListTargetsByRule'>;
}
