/**
 * The process around a PKCS#11 library (token-client.ts starts it): the vendor's code runs here and
 * not beside the root key, and can be ended when it hangs. It answers its parent and ends with it.
 */

import { ck, loadPackage } from './pkcs11-module.ts';
import { describe, Token, TokenFailure } from './token.ts';
import type { Answered, Asked, Question } from './token-messages.ts';

let token: Token | undefined;

// A signal to the whole group is the parent's to act on.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.on('disconnect', () => process.exit());
process.on('message', (asked: Asked) => void answer(asked));

async function answer(asked: Asked): Promise<void> {
  let answered: Answered;
  try {
    answered = { id: asked.id, bytes: await perform(asked) };
  } catch (error) {
    const failure = error instanceof TokenFailure ? error.failure : 'INTERNAL';
    answered = { id: asked.id, failure, detail: describe(error) };
  }
  process.send?.(answered);
  if (asked.kind === 'close') process.disconnect?.();
}

async function perform(asked: Question): Promise<Buffer | undefined> {
  if (asked.kind === 'open') {
    token = await open(asked);
    return undefined;
  }
  if (token === undefined) throw new TokenFailure('INTERNAL', 'no token is open');
  if (asked.kind === 'encrypt') return token.encrypt(asked.key, asked);
  if (asked.kind === 'decrypt') return token.decrypt(asked.key, asked);
  if (asked.kind === 'random') return token.randomBytes(asked.sizeBytes);
  if (asked.kind === 'login') token.login(asked.pin);
  else if (asked.kind === 'create') await token.createKey(asked.key);
  else if (asked.kind === 'remove') await token.removeKey(asked.key);
  else token.close();
  return undefined;
}

async function open(asked: Question & { readonly kind: 'open' }): Promise<Token> {
  const { PKCS11, CK_PARAMS_AES_GCM } = await loadPackage().catch(() => {
    throw new TokenFailure('INTERNAL', 'the package pkcs11js is not installed');
  });
  const library = new PKCS11();
  try {
    library.load(asked.library);
  } catch {
    throw new TokenFailure('INTERNAL', `${asked.library} can't be loaded`);
  }
  const { label, sessions } = asked;
  try {
    library.C_Initialize({ flags: ck.osLockingOk });
    return new Token({ library, gcmParameters: CK_PARAMS_AES_GCM, label, sessions });
  } catch (error) {
    // A library that is there and gets no answer from what is behind it.
    throw error instanceof TokenFailure ? error : new TokenFailure('UNREACHABLE', describe(error));
  }
}
