/** `--pkcs11` and `--xks`: what the custom key stores of `start` and `dev` may reach. */
import { readFileSync } from 'node:fs';
import { type Clusters, parseClusters } from '../key-stores/pkcs11/clusters.ts';
import {
  noRoutes,
  type ProxyRoutes,
  parseProxyRoutes,
  publicRoutes,
} from '../key-stores/xks/proxy-routes.ts';
import { CommandFailure, type Flag, type Flags } from './command.ts';

export const keyStoreFlags: readonly Flag[] = [
  {
    name: 'pkcs11',
    value: 'F',
    help: 'a JSON file of HSM clusters: which token and library stand for which cluster id',
  },
  {
    name: 'xks',
    value: 'X',
    help: "external key store proxies in reach: 'public', or a JSON file that names them (none)",
  },
];

export interface KeyStoreOptions {
  readonly clusters: Clusters;
  readonly routes: ProxyRoutes;
}

/** Throws CommandFailure for files that can't be read or acted on. */
export function keyStoresOf(flags: Flags): KeyStoreOptions {
  const pkcs11 = flags.text('pkcs11');
  const xks = flags.text('xks');
  const routesOf = (file: string): ProxyRoutes =>
    file === 'public' ? publicRoutes : parsed('--xks', file, parseProxyRoutes);
  return {
    clusters: pkcs11 === undefined ? new Map() : parsed('--pkcs11', pkcs11, parseClusters),
    routes: xks === undefined ? noRoutes : routesOf(xks),
  };
}

function parsed<T>(
  flag: string,
  file: string,
  parse: (json: string, readText: (path: string) => string) => T,
): T {
  const readText = (path: string): string => {
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      throw new CommandFailure(`${flag}: ${path} can't be read (${(error as Error).message}).`);
    }
  };
  try {
    return parse(readText(file), readText);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CommandFailure(`${flag}: ${file} can't be used: ${error.message}.`);
  }
}
