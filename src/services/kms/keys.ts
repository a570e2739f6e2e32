/**
 * CreateKey, DescribeKey, ListKeys, GetPublicKey, and what changes a key's state or description.
 */
import type { KmsModel, ListKeysRequest, ListKeysResponse } from '../../model/kms.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import type { KmsContext } from './context.ts';
import { createKey } from './create-key.ts';
import { storeOfKey } from './custom-key-stores/store-records.ts';
import { unsupportedSpec } from './errors.ts';
import { foundNothing, ownerOf } from './key-finder.ts';
import { algorithmMembers, keyMetadata, specMembers } from './key-metadata.ts';
import { requireState } from './key-state.ts';
import { decodeMarker, pageTail } from './marker.ts';
import { pairOf } from './material.ts';
import { type KeyEntry, keysPrefix } from './records.ts';
import { whenHere } from './when.ts';

const listKeysDefaultLimit = 100;

export function keyOperations(kms: KmsContext) {
  return {
    CreateKey: {
      readOnly: false,
      find: foundNothing,
      run: (input, call) => createKey(kms, input, call),
    },
    DescribeKey: {
      readOnly: true,
      find: kms.finder.named,
      run: (_input, _call, { value: key }: KeyEntry) => {
        requireState(key, 'DescribeKey');
        if (key.customKeyStoreId === undefined) return { KeyMetadata: keyMetadata(key) };
        return whenHere(storeOfKey(kms.records, key), (store) => ({
          KeyMetadata: keyMetadata(key, store?.value),
        }));
      },
    },
    ListKeys: {
      readOnly: true,
      find: foundNothing,
      run: (input, call) => listKeys(kms, input, call),
    },
    GetPublicKey: {
      readOnly: true,
      find: kms.finder.named,
      run: (_input, _call, { value: key }: KeyEntry) => {
        requireState(key, 'GetPublicKey');
        if (key.spec === 'SYMMETRIC_DEFAULT' || key.usage === 'GENERATE_VERIFY_MAC')
          throw unsupportedSpec();
        return whenHere(kms.materials.current(key), (material) => ({
          KeyId: key.arn,
          PublicKey: pairOf(material).publicKeyDer,
          ...specMembers(key),
          KeyUsage: key.usage,
          ...algorithmMembers(key),
        }));
      },
    },
  } satisfies Operations<KmsModel, 'CreateKey' | 'DescribeKey' | 'ListKeys' | 'GetPublicKey'>;
}

/** AWS managed keys and keys pending deletion are listed like all others. */
async function listKeys(
  kms: KmsContext,
  input: ListKeysRequest,
  call: Call,
): Promise<ListKeysResponse> {
  const prefix = keysPrefix(ownerOf(call));
  const after = decodeMarker('keys', input.Marker);
  // Keys that other accounts share through RAM: nobody shares any here.
  if (input.ResourceOwners?.includes('SELF') === false) return { Keys: [], Truncated: false };
  const page = await kms.records.keys.page({
    prefix,
    ...(after === undefined ? {} : { after: `${prefix}${after}` }),
    limit: input.Limit ?? listKeysDefaultLimit,
  });
  return {
    Keys: page.entries.map(({ value }) => ({ KeyId: value.keyId, KeyArn: value.arn })),
    ...pageTail('keys', page.next?.slice(prefix.length)),
  };
}
