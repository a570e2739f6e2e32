/** The generated models: fresh, complete, and able to refuse what is not AWS's at compile time. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import type { Operations } from '../operation.ts';
import { type EncryptRequest, type KmsModel, kms } from './kms.generated.ts';
import { servicequotas } from './servicequotas.generated.ts';
import { sts } from './sts.generated.ts';

describe('the models', () => {
  test('are what the generator makes of models/', () => {
    const tool = new URL('../../tools/generate-model.ts', import.meta.url).pathname;
    const { status, stderr } = spawnSync(process.execPath, [tool, '--check'], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  });
  test('have all of AWS’s operations', () => {
    assert.equal(kms.operations.size, 56);
    assert.equal(servicequotas.operations.size, 26);
    assert.equal(sts.operations.size, 11);
  });
  test('know what is secret, what needs no signature, and what is our fault', () => {
    const encrypt = kms.operations.get('Encrypt')?.input?.members;
    assert.equal(encrypt?.Plaintext?.sensitive, true);
    assert.equal(encrypt?.KeyId?.sensitive, undefined);
    const unsigned = [...sts.operations.values()].filter(
      (operation) => operation.unsigned === true,
    );
    assert.deepEqual(
      unsigned.map(({ name }) => name),
      ['AssumeRoleWithSAML', 'AssumeRoleWithWebIdentity'],
    );
    assert.deepEqual(kms.errors.get('DependencyTimeoutException'), {
      code: 'DependencyTimeoutException',
      httpStatus: 503,
      senderFault: false,
    });
    assert.equal(sts.errors.get('IDPRejectedClaim')?.httpStatus, 403);
  });
});

const run = ({ KeyId, Plaintext }: EncryptRequest): { KeyId: string; CiphertextBlob: Buffer } => ({
  KeyId,
  CiphertextBlob: Plaintext,
});

describe('an operation table', () => {
  test('compiles when each row is the operation of its name', () => {
    const table = {
      Encrypt: { readOnly: true, run: async (input) => run(input) },
      EnableKey: { readOnly: false, run: () => {} },
    } satisfies Operations<KmsModel, 'Encrypt' | 'EnableKey'>;
    assert.deepEqual(Object.keys(table), ['Encrypt', 'EnableKey']);
  });
  test('does not compile otherwise; `npm run check` fails when one of these does', () => {
    // @ts-expect-error an operation is missing
    const missing = {} satisfies Operations<KmsModel, 'Encrypt'>;
    // @ts-expect-error an operation is misspelt
    const misspelt = { Encrpt: { readOnly: true, run } } satisfies Operations<KmsModel, 'Encrypt'>;
    const wrongType = {
      // @ts-expect-error the output is not AWS's
      Encrypt: { readOnly: true, run: () => ({ KeyId: 5 }) },
    } satisfies Operations<KmsModel, 'Encrypt'>;
    const wrongName = {
      // @ts-expect-error the output has a member that AWS does not have
      Encrypt: { readOnly: true, run: () => ({ KeyID: 'x' }) },
    } satisfies Operations<KmsModel, 'Encrypt'>;
    assert.equal([missing, misspelt, wrongType, wrongName].length, 4);
  });
});
