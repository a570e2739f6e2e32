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
  {
    name: 'functions-endpoint',
    value: 'URL',
    help: 'where functions reach this server, if not at the address that it listens on',
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
  const told = flags.text('functions-endpoint');
  if (told !== undefined && !/^https?:\/\/[^/]+\/?$/.test(told))
    throw new UsageError(`--functions-endpoint takes a URL like https://keys.example:4566.`);
  let endpoint = told ?? endpointOf(at, at.port);
  return {
    serving: (port) => {
      endpoint = told ?? endpointOf(at, port);
    },
    setting:
      how === 'off'
        ? undefined
        : { endpoint: () => endpoint, endpointCertificate: flags.text('tls-cert'), env, uid },
  };
}
