/** TagResource and UntagResource. */
import type { SecretsmanagerModel } from '../../model/secretsmanager.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import { conditionsOf } from './condition-keys.ts';
import type { SecretsContext } from './context.ts';
import { changeable, secretResource } from './finder.ts';
import type { SecretEntry } from './records.ts';
import { stageChange } from './replicas.ts';
import type { Tag } from './secret.ts';
import { checkedTags, withTags } from './tag-rules.ts';

export function tagOperations(secrets: SecretsContext) {
  const find = secrets.finder.named;
  return {
    TagResource: {
      readOnly: false,
      find,
      run: async (input, call, found: SecretEntry | undefined) => {
        const entry = changeable(found);
        const tags = withTags(entry.value.tags ?? [], checkedTags(input.Tags));
        await stageTags(secrets, call, { entry, input }, tags);
      },
    },
    UntagResource: {
      readOnly: false,
      find,
      run: async (input, call, found: SecretEntry | undefined) => {
        const entry = changeable(found);
        const { tags } = entry.value;
        const kept = tags?.filter(({ key }) => !input.TagKeys.includes(key));
        await stageTags(secrets, call, { entry, input }, kept);
      },
    },
  } satisfies Operations<SecretsmanagerModel, 'TagResource' | 'UntagResource'>;
}

/**
 * @throws ApiError AccessDeniedException where the caller could no longer change the tags: what
 * policies allow may turn on them.
 */
async function stageTags(
  secrets: SecretsContext,
  call: Call,
  { entry, input }: { readonly entry: SecretEntry; readonly input: object },
  tags: readonly Tag[] | undefined,
): Promise<void> {
  const changed = { ...entry.value, tags, changedAt: call.now };
  const conditions = conditionsOf({ call, input: { ...input }, secret: changed });
  const action = `secretsmanager:${call.operation}`;
  call.authorize(action, secretResource(changed), { conditions });
  await stageChange(secrets, call, { before: entry, changed });
}
