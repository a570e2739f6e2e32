/** `--fixtures`: keys with known ids and material, which dev mode takes and strict mode refuses. */
import { readFileSync } from 'node:fs';
import { type Fixture, parseFixtures } from '../services/kms/fixture-file.ts';
import { CommandFailure, type Flag, type Flags, UsageError } from './command.ts';

export const fixturesFlag: Flag = {
  name: 'fixtures',
  value: 'FILE',
  help: 'begin with the KMS keys of this file: their ids and material are fixed (JSON)',
};

export const refusedFixturesFlag: Flag = {
  ...fixturesFlag,
  help: "refused: keys whose material is known are for 'sealhold dev'",
};

export function refuseFixtures(flags: Flags): void {
  if (flags.has('fixtures'))
    throw new UsageError("--fixtures gives keys whose material is known: only 'dev' takes them.");
}

/** Undefined without the flag. Throws CommandFailure for a file that can't be read or acted on. */
export function fixturesOf(flags: Flags, account: string): readonly Fixture[] | undefined {
  const file = flags.text('fixtures');
  if (file === undefined) return undefined;
  let json: string;
  try {
    json = readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandFailure(`--fixtures: ${file} can't be read (${(error as Error).message}).`);
  }
  try {
    return parseFixtures(json, { account });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CommandFailure(`--fixtures: ${file} can't be used: ${error.message}.`);
  }
}
