/** `sealhold seal change`: seals the same root key otherwise. No data is touched. */
import { passphraseFrom, passphraseVariable } from '../seal/passphrase.ts';
import { changeSeal, type SealChoice, sealKind } from '../seal/seal.ts';
import { lockDataFolder } from '../store/data-folder.ts';
import { type Command, CommandFailure, type CommandInput, exit, UsageError } from './command.ts';
import { defaultDataDir, explainSeal, sealChoice, sealFlags, sources } from './data.ts';
import { machineWorld } from './world.ts';

const newPassphraseVariable = 'SEALHOLD_NEW_PASSPHRASE';

export const sealChange: Command = {
  name: 'seal change',
  summary: 'move the root key to another seal; the server must be stopped, no data is touched',
  flags: [
    { name: 'to', value: 'KIND', help: 'keyfile or passphrase' },
    { name: 'data', value: 'DIR', help: `the data folder (${defaultDataDir})` },
    ...sealFlags,
    {
      name: 'new-passphrase-file',
      value: 'F',
      help: `from one passphrase to another: the new one (else ${newPassphraseVariable}, else asked)`,
    },
  ],
  run: async (input) => {
    const { flags, out } = input;
    const dataDir = flags.text('data') ?? defaultDataDir;
    const to = flags.text('to');
    if (to !== 'keyfile' && to !== 'passphrase')
      throw new UsageError("--to takes 'keyfile' or 'passphrase'.");
    const now = sealKind(dataDir);
    if (now === undefined) throw new CommandFailure(`${dataDir} holds no seal to change.`);
    const lock = lockDataFolder(dataDir);
    try {
      const { leftKeyFile } = await changeSeal(dataDir, {
        from: {
          passphrase: passphraseFrom(
            sources({ environment: input.env }, flags.text('passphrase-file')),
          ),
        },
        choice: newSeal(now, to, input),
        world: machineWorld(),
      });
      if (flags.has('json'))
        out(`${JSON.stringify({ seal: to, leftKeyFile: leftKeyFile ?? null })}\n`);
      else
        out(
          `${[explainSeal(dataDir, { flags, seal: to }), ...leftover(leftKeyFile)].join('\n')}\n`,
        );
      return exit.done;
    } finally {
      lock.release();
    }
  },
};

const leftover = (keyFile: string | undefined): readonly string[] =>
  keyFile === undefined ? [] : [`${keyFile} opens nothing any more; remove it.`];

/**
 * From a passphrase to another, each needs its own source; else the new one comes from where one
 * always comes
 * from.
 */
function newSeal(
  now: 'keyfile' | 'passphrase',
  to: 'keyfile' | 'passphrase',
  input: CommandInput,
): SealChoice {
  const file = input.flags.text('new-passphrase-file');
  const given = input.env[newPassphraseVariable];
  if (to === 'keyfile' || (now === 'keyfile' && file === undefined && given === undefined))
    return sealChoice(to, input);
  const environment = given === undefined ? {} : { [passphraseVariable]: given };
  return {
    kind: 'passphrase',
    passphrase: passphraseFrom(sources({ environment, isNew: true }, file)),
  };
}
