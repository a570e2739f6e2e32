/** How the recorded Secrets Manager cases make their calls. */
import { randomBytes, randomUUID } from 'node:crypto';
import { type Answer, type Ask, recordable } from './case.ts';

/** A call as SDKs make it: with a token where the operation takes one. */
export async function send(ask: Ask, operation: string, input: object): Promise<Answer> {
  const takesToken = /^(CreateSecret|PutSecretValue|UpdateSecret|RotateSecret)$/.test(operation);
  return ask(operation, takesToken ? { ClientRequestToken: randomUUID(), ...input } : input);
}

export const record = async (ask: Ask, operation: string, input: object) =>
  recordable(await send(ask, operation, input));

export const newName = () => `s-${randomBytes(4).toString('hex')}`;

export const cleanUp = { ForceDeleteWithoutRecovery: true };
