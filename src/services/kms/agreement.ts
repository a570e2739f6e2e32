/** DeriveSharedSecret (ECDH), Encapsulate and Decapsulate (ML-KEM). */
import { deriveSharedSecret } from '../../crypto/key-agreement.ts';
import { decapsulate, encapsulate } from '../../crypto/key-encapsulation.ts';
import type { KmsModel } from '../../model/kms.generated.ts';
import type { Operations } from '../../operation.ts';
import type { KmsContext } from './context.ts';
import { invalidCiphertext, publicKeyInvalid } from './errors.ts';
import { pairOf } from './material.ts';
import { answered, findForRecipient, type KeyForRecipient } from './recipient.ts';
import type { KeyEntry } from './records.ts';
import { endDryRun, requireAlgorithm, requireUsable } from './usable.ts';
import { whenHere } from './when.ts';

export function agreementOperations(kms: KmsContext) {
  return {
    DeriveSharedSecret: {
      readOnly: true,
      find: (input, call) => findForRecipient(kms, input, call),
      run: async (input, call, { entry, recipient }: KeyForRecipient) => {
        const key = entry.value;
        requireUsable(key, 'DeriveSharedSecret');
        requireAlgorithm(key, input.KeyAgreementAlgorithm);
        const pair = pairOf(await kms.materials.current(key));
        // In a dry run too: whether the public key fits is known only by using it.
        const secret = await deriveSharedSecret(pair, input.PublicKey);
        if (secret === undefined) throw publicKeyInvalid();
        if (input.DryRun === true) secret.fill(0);
        endDryRun(input);
        return {
          KeyId: key.arn,
          ...answered({ name: 'SharedSecret', plaintext: secret }, recipient, call),
          KeyAgreementAlgorithm: input.KeyAgreementAlgorithm,
          KeyOrigin: key.origin,
        };
      },
    },
    Encapsulate: {
      readOnly: true,
      find: kms.finder.named,
      run: (input, _call, { value: key }: KeyEntry) => {
        requireUsable(key, 'Encapsulate');
        requireAlgorithm(key, input.EncapsulationAlgorithm);
        endDryRun(input);
        return whenHere(kms.materials.current(key), (material) => {
          const { sharedSecret, ciphertext } = encapsulate(pairOf(material));
          return {
            KeyId: key.arn,
            SharedSecret: sharedSecret,
            SharedSecretCiphertextBlob: ciphertext,
            EncapsulationAlgorithm: input.EncapsulationAlgorithm,
          };
        });
      },
    },
    Decapsulate: {
      readOnly: true,
      find: kms.finder.named,
      run: (input, _call, { value: key }: KeyEntry) => {
        requireUsable(key, 'Decapsulate');
        requireAlgorithm(key, input.EncapsulationAlgorithm);
        endDryRun(input);
        return whenHere(kms.materials.current(key), (material) => {
          const secret = decapsulate(pairOf(material), input.SharedSecretCiphertextBlob);
          if (secret === undefined) throw invalidCiphertext();
          return {
            KeyId: key.arn,
            SharedSecret: secret,
            EncapsulationAlgorithm: input.EncapsulationAlgorithm,
          };
        });
      },
    },
  } satisfies Operations<KmsModel, 'DeriveSharedSecret' | 'Encapsulate' | 'Decapsulate'>;
}
