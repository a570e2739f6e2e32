import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deriveFromPassword, newPasswordParameters } from './password.ts';

test('parameters kept beside a result give it again: a test of the argon2 command', async () => {
  // echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1
  const parameters = {
    algorithm: 'argon2id',
    salt: Buffer.from('somesalt'),
    memoryKib: 65_536,
    passes: 2,
    parallelism: 1,
  } as const;
  const derived = await deriveFromPassword('password', parameters, { lengthBytes: 32 });
  assert.equal(derived.toString('base64'), 'CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc=');
});

test('new parameters are RFC 9106’s second recommendation', () => {
  const { memoryKib, passes, parallelism, salt } = newPasswordParameters();
  assert.deepEqual([memoryKib, passes, parallelism, salt.length], [65_536, 3, 4, 16]);
});

test('two derivations from one password differ by their salts', async () => {
  const [first, second] = [newPasswordParameters(), newPasswordParameters()];
  const options = { lengthBytes: 32 };
  assert.notDeepEqual(
    await deriveFromPassword('x', first, options),
    await deriveFromPassword('x', second, options),
  );
});
