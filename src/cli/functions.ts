/** `--functions`: whether `start` and `dev` run Lambda functions, and as whom. */
import type { NodeOptions } from '../server.ts';
import { type CommandInput, type Flag, UsageError } from './command.ts';
import { endpointOf, type ListenAt } from './serve.ts';

export const functionsFlags = (usual: 'process' | 'off'): readonly Flag[] => [
  {
    name: 'functions',
    value: 'HOW',
    help: `run Lambda functions: process or off (${usual}). Their code runs on this machine`,
  },
  {
    name: 'functions-uid',
    value: 'N',
    help: 'the number of the OS user that functions run as (this one; another needs root)',
  },
];

export interface FunctionsChoice {
  readonly setting: NodeOptions['functions'];
  /** Tells where the server listens, which functions are told. */
  readonly serving: (port: number) => void;
}

/** Reads the flags. Throws UsageError. */
export function functionsOf(
  { flags, env }: Pick<CommandInput, 'flags' | 'env'>,
  { at, usual }: { readonly at: ListenAt; readonly usual: 'process' | 'off' },
): FunctionsChoice {
  const how = flags.text('functions') ?? usual;
  if (how !== 'process' && how !== 'off')
    throw new UsageError(`--functions takes process or off, not '${how}'.`);
  const most = 2 ** 32 - 2;
  const uid = flags.has('functions-uid')
    ? flags.whole('functions-uid', { min: 0, max: most, otherwise: 0 })
    : undefined;
  if (uid !== undefined && process.getuid?.() !== 0)
    throw new UsageError('--functions-uid needs a server that runs as root.');
  let endpoint = endpointOf(at, at.port);
  return {
    serving: (port) => {
      endpoint = endpointOf(at, port);
    },
    setting:
      how === 'off'
        ? undefined
        : { endpoint: () => endpoint, endpointCertificate: flags.text('tls-cert'), env, uid },
  };
}
