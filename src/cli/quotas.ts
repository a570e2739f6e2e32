/** `--quotas`: which limits `start` and `dev` hold requests to. */
import { readFileSync } from 'node:fs';
import { awsQuotas, parseQuotas, type QuotaSettings } from '../services/kms/quotas.ts';
import type { QuotaOptions } from '../services/kms/throttle.ts';
import { CommandFailure, type Flag, type Flags } from './command.ts';

export const quotasFlag: Flag = {
  name: 'quotas',
  value: 'Q',
  help: "hold requests to AWS's quotas: 'aws', or a JSON file of other values (default: none)",
};

/** Undefined without the flag. Throws CommandFailure for a file that can't be read or acted on. */
export function quotasOf(flags: Flags, nodes: number): QuotaOptions | undefined {
  const written = flags.text('quotas');
  if (written === undefined) return undefined;
  return { settings: written === 'aws' ? awsQuotas : fromFile(written), nodes };
}

function fromFile(file: string): QuotaSettings {
  let json: string;
  try {
    json = readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandFailure(`--quotas: ${file} can't be read (${(error as Error).message}).`);
  }
  try {
    return parseQuotas(json);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CommandFailure(`--quotas: ${file} can't be used: ${error.message}.`);
  }
}
