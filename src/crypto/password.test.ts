import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  deriveFromPassword,
  hashPassword,
  newPasswordParameters,
  verifyPassword,
} from './password.ts';

test('a password verifies against its own hash only, and the hash carries its parameters', async () => {
  const stored = await hashPassword('correct horse');
  assert.match(stored, /^\$argon2id\$v=19\$m=65536,t=3,p=4\$/);
  assert.equal(await verifyPassword('correct horse', stored), true);
  assert.equal(await verifyPassword('correct horsf', stored), false);
});

test('parameters other than today’s still verify: the test of the argon2 command', async () => {
  // echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1
  const stored =
    '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
  assert.equal(await verifyPassword('password', stored), true);
});

test('a stored text that is no hash of ours throws instead of answering', async () => {
  for (const stored of ['', 'plain', '$argon2i$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$AAAA']) {
    await assert.rejects(verifyPassword('x', stored), /not an Argon2id hash/);
  }
});

test('two derivations from one password differ by their salts', async () => {
  const [first, second] = [newPasswordParameters(), newPasswordParameters()];
  const options = { lengthBytes: 32 };
  assert.notDeepEqual(
    await deriveFromPassword('x', first, options),
    await deriveFromPassword('x', second, options),
  );
});
