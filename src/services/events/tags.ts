/** TagResource, UntagResource and ListTagsForResource, of rules and buses. */
import type { EventsModel } from '../../model/events.generated.ts';
import type { Call, Found, Operations } from '../../operation.ts';
import { putBus } from './buses.ts';
import type { EventsContext } from './context.ts';
import { notTaggable } from './errors.ts';
import {
  findBus,
  findRule,
  foundBus,
  foundRule,
  type NamedBus,
  type NamedRule,
  type RequestTags,
  requireBus,
  requireRule,
  tagConditions,
} from './finder.ts';
import { busArn, parseTaggedArn } from './names.ts';
import type { Tag } from './records.ts';
import { withoutTags, withTags } from './tag-rules.ts';

type Named =
  | ({ readonly kind: 'bus' } & { readonly named: NamedBus })
  | ({ readonly kind: 'rule' } & { readonly named: NamedRule });

export function tagOperations(context: EventsContext) {
  const find = (input: RequestTags & { readonly ResourceARN: string }, call: Call) =>
    findTagged(context, input, call);
  return {
    TagResource: {
      readOnly: false,
      find,
      run: (input, call, named: Named) => {
        putTags(context, named, { call, tags: withTags(tagsOf(named, call), input.Tags) });
        return {};
      },
    },
    UntagResource: {
      readOnly: false,
      find,
      run: (input, call, named: Named) => {
        putTags(context, named, { call, tags: withoutTags(tagsOf(named, call), input.TagKeys) });
        return {};
      },
    },
    ListTagsForResource: {
      readOnly: true,
      find,
      run: (_input, call, named: Named) => ({
        Tags: tagsOf(named, call).map(({ key, value }) => ({ Key: key, Value: value })),
      }),
    },
  } satisfies Operations<EventsModel, 'TagResource' | 'UntagResource' | 'ListTagsForResource'>;
}

async function findTagged(
  context: EventsContext,
  input: RequestTags & { readonly ResourceARN: string },
  call: Call,
): Promise<Found<Named>> {
  const tagged = parseTaggedArn(input.ResourceARN);
  if (tagged === undefined) throw notTaggable(input.ResourceARN);
  if (tagged.kind === 'bus') {
    const named = await findBus(context, busArn(tagged.bus), call);
    return { ...foundBus(named, input), subject: { kind: 'bus', named } };
  }
  const { bus, name: rule } = tagged.rule;
  const named = await findRule(context, { bus: busArn(bus), rule }, call);
  return { ...foundRule(named, call, tagConditions(input)), subject: { kind: 'rule', named } };
}

/** @throws ApiError ResourceNotFoundException */
function tagsOf({ kind, named }: Named, call: Call): readonly Tag[] {
  return kind === 'bus' ? requireBus(named, call).tags : requireRule(named, call).value.tags;
}

function putTags(
  context: EventsContext,
  { kind, named }: Named,
  { call, tags }: { readonly call: Call; readonly tags: readonly Tag[] },
): void {
  if (kind === 'bus') {
    call.stage(putBus(context, named, { ...requireBus(named, call), tags }));
    return;
  }
  const entry = requireRule(named, call);
  call.stage(context.records.rules.replace(entry, { ...entry.value, tags }));
}
