/** CreateAlias, UpdateAlias, DeleteAlias and ListAliases. */
import type { KmsModel } from '../../model/kms.generated.ts';
import type { Call, Found, Operations } from '../../operation.ts';
import type { Entry } from '../../store/store.ts';
import { isReservedAlias } from './aws-managed.ts';
import type { KmsContext } from './context.ts';
import {
  aliasCharactersInvalid,
  aliasExists,
  aliasNotFound,
  aliasOfAlias,
  aliasPrefixMissing,
  aliasReserved,
  aliasTypeChange,
} from './errors.ts';
import { authorizeOnKey } from './governed.ts';
import type { Key } from './key.ts';
import { aliasResource, foundNothing, ownerOf } from './key-finder.ts';
import { aliasArn, isAliasForm, isAliasName } from './key-id.ts';
import { requireState } from './key-state.ts';
import { listAliases } from './list-aliases.ts';
import { type Alias, aliasRecordId, type KeyEntry } from './records.ts';

/** What an alias operation acts on: the alias is authorized first, as AWS's denials show. */
interface AliasChange {
  readonly arn: string;
  /** Undefined where CreateAlias finds the name free. */
  readonly alias: Entry<Alias> | undefined;
  /** Where the alias is to point. */
  readonly target: KeyEntry;
}
interface AliasRemoval {
  readonly arn: string;
  readonly alias: Entry<Alias>;
}

export function aliasOperations(kms: KmsContext) {
  return {
    CreateAlias: {
      readOnly: false,
      find: (input, call) => findChange(kms, input, call),
      run: (input, call, change: AliasChange) => createAlias(kms, call, { ...change, input }),
    },
    UpdateAlias: {
      readOnly: false,
      find: async (input, call) => {
        const found = await findChange(kms, input, call);
        if (found.subject.alias === undefined) throw aliasNotFound(found.subject.arn);
        return found;
      },
      run: (input, call, change: AliasChange) => updateAlias(kms, call, { ...change, input }),
    },
    DeleteAlias: {
      readOnly: false,
      find: async (input, call): Promise<Found<AliasRemoval>> => {
        const arn = checkedAliasArn(input.AliasName, call);
        const alias = await findAlias(kms, input.AliasName, call);
        if (alias === undefined) throw aliasNotFound(arn);
        return { resource: aliasResource(arn, alias.value.account), subject: { arn, alias } };
      },
      run: async (input, call, { alias }: AliasRemoval) => {
        const key = await kms.finder.peekOrGet(alias.value.keyId, call);
        if (key !== undefined) {
          const asked = { call, action: 'kms:DeleteAlias', key: key.value, input };
          await authorizeOnKey(kms, asked);
          requireState(key.value, 'DeleteAlias');
          call.note({ responseElements: { keyId: key.value.arn } });
        }
        call.stage(kms.records.aliases.remove(alias));
      },
    },
    ListAliases: {
      readOnly: true,
      find: foundNothing,
      run: (input, call) => listAliases(kms, input, call),
    },
  } satisfies Operations<KmsModel, 'CreateAlias' | 'UpdateAlias' | 'DeleteAlias' | 'ListAliases'>;
}

/**
 * @throws ApiError ValidationException for what is no alias name, NotAuthorizedException for AWS's
 * own names.
 */
function checkedAliasArn(name: string, call: Call): string {
  if (!name.startsWith('alias/')) throw aliasPrefixMissing();
  if (!isAliasName(name)) throw aliasCharactersInvalid(name);
  if (isReservedAlias(name)) throw aliasReserved();
  return aliasArn(ownerOf(call), name);
}

async function findAlias(
  kms: KmsContext,
  name: string,
  call: Call,
): Promise<Entry<Alias> | undefined> {
  const id = aliasRecordId({ ...ownerOf(call), name });
  return kms.records.aliases.peek(id) ?? kms.records.aliases.get(id);
}

async function findChange(
  kms: KmsContext,
  input: { readonly AliasName: string; readonly TargetKeyId: string },
  call: Call,
): Promise<Found<AliasChange>> {
  const arn = checkedAliasArn(input.AliasName, call);
  if (isAliasForm(input.TargetKeyId)) throw aliasOfAlias();
  const target = await kms.finder.findByKeyId(input.TargetKeyId, call);
  const alias = await findAlias(kms, input.AliasName, call);
  return {
    resource: aliasResource(arn, call.principal.account),
    subject: { arn, alias, target },
  };
}

async function createAlias(
  kms: KmsContext,
  call: Call,
  { arn, alias, target, input }: AliasChange & { readonly input: object },
): Promise<void> {
  const key = target.value;
  await authorizeOnKey(kms, { call, action: 'kms:CreateAlias', key, input });
  requireState(key, 'CreateAlias');
  if (alias !== undefined) throw aliasExists(arn);
  await kms.limits.requireRoomForAlias(key);
  const { account, region, keyId } = key;
  const name = arn.slice(arn.indexOf(':alias/') + 1);
  const record = { account, region, name, keyId, createdAt: call.now, updatedAt: call.now };
  call.stage(kms.records.aliases.insert(aliasRecordId(record), record));
  call.note({ responseElements: { keyId: key.arn } });
}

/** The old key may be pending deletion or gone; then only the new one has a say. */
async function updateAlias(
  kms: KmsContext,
  call: Call,
  { arn, alias, target, input }: AliasChange & { readonly input: object },
): Promise<void> {
  if (alias === undefined) throw aliasNotFound(arn);
  const key = target.value;
  const old = await kms.finder.peekOrGet(alias.value.keyId, call);
  if (old !== undefined && old.id !== target.id)
    await authorizeOnKey(kms, { call, action: 'kms:UpdateAlias', key: old.value, input });
  await authorizeOnKey(kms, { call, action: 'kms:UpdateAlias', key, input });
  requireState(key, 'UpdateAlias');
  if (old !== undefined) requireSameType(arn, { from: old.value, to: key });
  if (key.keyId !== alias.value.keyId) await kms.limits.requireRoomForAlias(key);
  const moved = { ...alias.value, keyId: key.keyId, updatedAt: call.now };
  call.stage(kms.records.aliases.replace(alias, moved));
  call.note({ responseElements: { keyId: key.arn } });
}

/**
 * Both symmetric, both HMAC or both asymmetric, and for the same usage (UpdateAlias in the API
 * reference).
 */
function requireSameType(arn: string, { from, to }: { from: Key; to: Key }): void {
  if (from.usage !== to.usage)
    throw aliasTypeChange({ arn, what: 'key usage', from: from.usage, to: to.usage });
  const [fromType, toType] = [keyType(from), keyType(to)];
  if (fromType !== toType)
    throw aliasTypeChange({ arn, what: 'key spec', from: from.spec, to: to.spec });
}

function keyType(key: Key): 'symmetric' | 'hmac' | 'asymmetric' {
  if (key.spec === 'SYMMETRIC_DEFAULT') return 'symmetric';
  return key.usage === 'GENERATE_VERIFY_MAC' ? 'hmac' : 'asymmetric';
}
