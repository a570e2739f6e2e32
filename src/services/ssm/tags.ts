/** AddTagsToResource, RemoveTagsFromResource and ListTagsForResource, of parameters. */
import { ApiError } from '../../api-error.ts';
import type { SsmModel } from '../../model/ssm.generated.ts';
import type { Call, Found, Operations } from '../../operation.ts';
import type { SsmContext } from './context.ts';
import { invalidResourceId, reservedTag } from './errors.ts';
import { findNamed, found, type Named, type RequestMembers } from './finder.ts';
import { untagged } from './parameter.ts';
import { parsePlainName } from './parameter-name.ts';
import type { ParameterEntry } from './records.ts';
import { isReserved, withTags } from './tag-rules.ts';
import { type MaybePromise, whenHere } from './when.ts';

export function tagOperations(ssm: SsmContext) {
  const find = (input: Tagged, call: Call) => findTagged(ssm, input, call);
  const { parameters } = ssm.records;
  return {
    AddTagsToResource: {
      readOnly: false,
      find,
      run: (input, call, named: Named) => {
        const entry = present(named);
        call.stage(parameters.replace(entry, withTags(entry.value, input.Tags)));
        return {};
      },
    },
    RemoveTagsFromResource: {
      readOnly: false,
      find,
      run: (input, call, named: Named) => {
        const entry = present(named);
        if (input.TagKeys.some(isReserved)) throw reservedTag();
        call.stage(parameters.replace(entry, untagged(entry.value, input.TagKeys)));
        return {};
      },
    },
    ListTagsForResource: {
      readOnly: true,
      find,
      run: (_input, _call, named: Named) => ({
        TagList: present(named).value.tags.map(({ key, value }) => ({ Key: key, Value: value })),
      }),
    },
  } satisfies Operations<
    SsmModel,
    'AddTagsToResource' | 'RemoveTagsFromResource' | 'ListTagsForResource'
  >;
}

interface Tagged extends RequestMembers {
  readonly ResourceType: string;
  readonly ResourceId: string;
}

/** Of the other types of resources none is here. @throws ApiError InvalidResourceId */
function findTagged(ssm: SsmContext, input: Tagged, call: Call): MaybePromise<Found<Named>> {
  if (input.ResourceType !== 'Parameter') throw invalidResourceId();
  return whenHere(findNamed(ssm.records, nameOf(input.ResourceId), call), (named) =>
    found(named, input),
  );
}

function nameOf(resourceId: string) {
  try {
    return parsePlainName(resourceId);
  } catch (error) {
    throw error instanceof ApiError ? invalidResourceId() : error;
  }
}

function present({ entry }: Named): ParameterEntry {
  if (entry === undefined) throw invalidResourceId();
  return entry;
}
