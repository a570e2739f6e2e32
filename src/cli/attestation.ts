/** `--attestation-root`: whose attestation documents `start` and `dev` believe. */
import { readFileSync } from 'node:fs';
import { type TrustedRoots, trustedRoots } from '../crypto/certificate-chain.ts';
import { nitroRootPem } from '../crypto/nitro-root.ts';
import { CommandFailure, type Flag, type Flags } from './command.ts';

export const attestationFlag: Flag = {
  name: 'attestation-root',
  value: 'R',
  help: "believe attestation documents below these roots: 'aws', or a PEM file (default: none)",
};

/** Undefined without the flag. Throws CommandFailure for a file that holds no roots. */
export function attestationRootsOf(flags: Flags): TrustedRoots | undefined {
  const written = flags.text('attestation-root');
  if (written === undefined) return undefined;
  return written === 'aws' ? trustedRoots(nitroRootPem) : fromFile(written);
}

function fromFile(file: string): TrustedRoots {
  let pem: string;
  try {
    pem = readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandFailure(
      `--attestation-root: ${file} can't be read (${(error as Error).message}).`,
    );
  }
  try {
    return trustedRoots(pem);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CommandFailure(`--attestation-root: ${file} can't be used: ${error.message}.`);
  }
}
