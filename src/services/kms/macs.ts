/** GenerateMac and VerifyMac. */
import { generateMac, type MacAlgorithm, macAlgorithms, verifyMac } from '../../crypto/mac.ts';
import type { KmsModel } from '../../model/kms.generated.ts';
import type { Operations } from '../../operation.ts';
import type { KmsContext } from './context.ts';
import { invalidMac } from './errors.ts';
import type { Key } from './key.ts';
import { secretOf } from './material.ts';
import type { KeyEntry } from './records.ts';
import { endDryRun, requireAlgorithm, requireUsable } from './usable.ts';
import { whenHere } from './when.ts';

export function macOperations(kms: KmsContext) {
  return {
    GenerateMac: {
      readOnly: true,
      find: kms.finder.named,
      run: (input, _call, { value: key }: KeyEntry) => {
        const algorithm = checkedAlgorithm(key, input.MacAlgorithm, 'GenerateMac');
        endDryRun(input);
        return whenHere(kms.materials.current(key), (material) => ({
          Mac: generateMac(secretOf(material), algorithm, input.Message),
          MacAlgorithm: algorithm.name,
          KeyId: key.arn,
        }));
      },
    },
    VerifyMac: {
      readOnly: true,
      find: kms.finder.named,
      run: (input, _call, { value: key }: KeyEntry) => {
        const algorithm = checkedAlgorithm(key, input.MacAlgorithm, 'VerifyMac');
        endDryRun(input);
        return whenHere(kms.materials.current(key), (material) => {
          const claim = { message: input.Message, mac: input.Mac };
          if (!verifyMac(secretOf(material), algorithm, claim)) throw invalidMac();
          return { KeyId: key.arn, MacValid: true, MacAlgorithm: algorithm.name };
        });
      },
    },
  } satisfies Operations<KmsModel, 'GenerateMac' | 'VerifyMac'>;
}

function checkedAlgorithm(
  key: Key,
  name: string,
  operation: 'GenerateMac' | 'VerifyMac',
): MacAlgorithm {
  requireUsable(key, operation);
  requireAlgorithm(key, name);
  const algorithm = macAlgorithms.get(name);
  if (algorithm === undefined) throw new Error(`No MAC algorithm ${name}`);
  return algorithm;
}
