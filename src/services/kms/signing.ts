/** Sign and Verify: signatures by the keys of usage SIGN_VERIFY. */
import { type SigningAlgorithm, sign, signingAlgorithms, verify } from '../../crypto/signing.ts';
import type { KmsModel, SignRequest } from '../../model/kms.generated.ts';
import type { Operations } from '../../operation.ts';
import type { KmsContext } from './context.ts';
import { digestLengthInvalid, invalidSignature, messageTypeInvalid } from './errors.ts';
import type { Key } from './key.ts';
import { pairOf } from './material.ts';
import type { KeyEntry } from './records.ts';
import { endDryRun, requireAlgorithm, requireUsable } from './usable.ts';

export function signingOperations(kms: KmsContext) {
  return {
    Sign: {
      readOnly: true,
      find: kms.finder.named,
      run: async (input, call, { value: key }: KeyEntry) => {
        const messageType = input.MessageType ?? 'RAW';
        call.note({ requestParameters: { messageType } });
        const algorithm = checkedAlgorithm(input, key, 'Sign');
        endDryRun(input);
        const pair = pairOf(await kms.materials.current(key));
        const signature = await sign(pair, algorithm, { message: input.Message, messageType });
        return { KeyId: key.arn, Signature: signature, SigningAlgorithm: algorithm.name };
      },
    },
    Verify: {
      readOnly: true,
      find: kms.finder.named,
      run: async (input, call, { value: key }: KeyEntry) => {
        const messageType = input.MessageType ?? 'RAW';
        call.note({ requestParameters: { messageType } });
        const algorithm = checkedAlgorithm(input, key, 'Verify');
        endDryRun(input);
        const pair = pairOf(await kms.materials.current(key));
        const claim = { message: input.Message, messageType, signature: input.Signature };
        if (!(await verify(pair, algorithm, claim))) throw invalidSignature();
        return { KeyId: key.arn, SignatureValid: true, SigningAlgorithm: algorithm.name };
      },
    },
  } satisfies Operations<KmsModel, 'Sign' | 'Verify'>;
}

/** Usage, state, algorithm, message type, length of a digest, in this order. */
function checkedAlgorithm(
  input: Pick<SignRequest, 'Message' | 'MessageType' | 'SigningAlgorithm'>,
  key: Key,
  operation: 'Sign' | 'Verify',
): SigningAlgorithm {
  requireUsable(key, operation);
  requireAlgorithm(key, input.SigningAlgorithm);
  const algorithm = signingAlgorithms.get(input.SigningAlgorithm);
  if (algorithm === undefined) throw new Error(`No signing algorithm ${input.SigningAlgorithm}`);
  const messageType = input.MessageType ?? 'RAW';
  const length = algorithm.messageTypes.get(messageType);
  if (length === undefined) throw messageTypeInvalid({ messageType, algorithm: algorithm.name });
  if (length.exactBytes !== undefined && length.exactBytes !== input.Message.length)
    throw digestLengthInvalid(algorithm.name);
  return algorithm;
}
