/** Parameter policies act: parameters expire, and EventBridge is told what it was asked to tell. */
import type { SsmContext } from './context.ts';
import { deletion } from './delete-parameters.ts';
import type { DueChange } from './due.ts';
import { policyEvent } from './events.ts';
import { resourceOf } from './finder.ts';
import type { Parameter } from './parameter.ts';
import { duePolicies, finished, type ParameterPolicy } from './parameter-policy.ts';
import type { ParameterEntry } from './records.ts';

/**
 * What the policies have to do at `now`, at most `limit` parameters. All that is due of one
 * parameter happens in one change, its notifications before its end.
 */
export async function duePolicyActions(
  ssm: SsmContext,
  { now, limit }: { readonly now: number; readonly limit: number },
): Promise<readonly DueChange[]> {
  const { parameters } = ssm.records;
  // Asked every second, and hardly ever is anything due: the first in the index tells.
  const [first] = (await parameters.pageBy('due', { key: '', limit: 1 })).entries;
  if (first === undefined || duePolicies(first.value.current.policies, now).length === 0) return [];
  const { entries } = await parameters.pageBy('due', { key: '', limit });
  // A parameter stands in the index once for each of its policies.
  const each = new Map(entries.map((entry) => [entry.id, entry]));
  const changes: DueChange[] = [];
  for (const entry of each.values()) {
    const due = duePolicies(entry.value.current.policies, now);
    if (due.length > 0) changes.push(await actionOf(ssm, entry, { due, now }));
  }
  return changes;
}

async function actionOf(
  ssm: SsmContext,
  entry: ParameterEntry,
  { due, now }: { readonly due: readonly ParameterPolicy[]; readonly now: number },
): Promise<DueChange> {
  const { value: parameter } = entry;
  const { account, region, arn } = parameter;
  const isOver = due.some(({ type }) => type === 'Expiration');
  const events = due.map((policy) => ssm.ports.emit(policyEvent(parameter, policy, now)));
  const change = isOver
    ? await deletion(ssm, [entry], now)
    : [ssm.records.parameters.replace(entry, withFinished(parameter, due))];
  return {
    id: arn,
    writes: [...events, ...change].flat(),
    event: {
      eventName: isOver ? 'DeleteParameter' : 'ParameterPolicyAction',
      account,
      region,
      resources: [resourceOf({ arn, owner: parameter, entry })],
      serviceEventDetails: {
        parameterName: parameter.name,
        policies: due.map(({ text }) => text),
      },
    },
  };
}

function withFinished(parameter: Parameter, due: readonly ParameterPolicy[]): Parameter {
  const { current } = parameter;
  return { ...parameter, current: { ...current, policies: finished(current.policies, due) } };
}
