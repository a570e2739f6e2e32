/** TagResource, UntagResource and ListTags. */
import type { LambdaModel } from '../../model/lambda.generated.ts';
import type { Call, Found, Operations } from '../../operation.ts';
import {
  findFunction,
  type LambdaContext,
  requireFunction,
  type Subject,
  tagConditions,
} from './context.ts';
import { reservedTag, tooManyTags } from './errors.ts';

type Tags = Readonly<Record<string, string>>;

const mostTags = 50;

/** @throws ApiError InvalidParameterValueException */
export function checkTags(tags: Tags): Tags {
  if (Object.keys(tags).length > mostTags) throw tooManyTags();
  if (Object.keys(tags).some((key) => key.toLowerCase().startsWith('aws:'))) throw reservedTag();
  return { ...tags };
}

export function tagOperations(context: LambdaContext) {
  const { records } = context;
  const find = (
    { Resource }: { readonly Resource: string },
    call: Call,
    options: Parameters<typeof findFunction>[3] = {},
  ): Promise<Found<Subject>> => findFunction(context, { FunctionName: Resource }, call, options);
  const change = (call: Call, subject: Subject, changed: (tags: Tags) => Tags): void => {
    const entry = requireFunction(subject);
    const tags = checkTags(changed(entry.value.tags));
    call.stage(records.functions.replace(entry, { ...entry.value, tags }));
  };
  return {
    TagResource: {
      readOnly: false,
      find: (input, call) => find(input, call, { conditions: tagConditions(input.Tags) }),
      run: (input, call, subject: Subject) =>
        change(call, subject, (tags) => ({ ...tags, ...input.Tags })),
    },
    UntagResource: {
      readOnly: false,
      find: (input, call) => find(input, call, { conditions: tagConditions({}, input.TagKeys) }),
      run: (input, call, subject: Subject) => {
        const gone = new Set(input.TagKeys);
        change(call, subject, (tags) =>
          Object.fromEntries(Object.entries(tags).filter(([key]) => !gone.has(key))),
        );
      },
    },
    ListTags: {
      readOnly: true,
      find: (input, call) => find(input, call),
      run: (_input, _call, subject: Subject) => ({ Tags: requireFunction(subject).value.tags }),
    },
  } satisfies Operations<LambdaModel, 'TagResource' | 'UntagResource' | 'ListTags'>;
}
