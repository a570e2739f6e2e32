/** `--oidc-issuer`: whose tokens AssumeRoleWithWebIdentity takes, and where their keys are. */
import { resolve } from 'node:path';
import type { IssuerSource } from '../identity/issuer-keys.ts';
import { type Flag, type Flags, UsageError } from './command.ts';

export const oidcIssuerFlag: Flag = {
  name: 'oidc-issuer',
  value: 'URL=KEYS',
  repeats: true,
  help: 'take tokens of this OIDC issuer; KEYS is its JWK Set, a file or an http(s) URL',
};

export function oidcIssuersOf(flags: Flags): readonly IssuerSource[] {
  return flags.texts(oidcIssuerFlag.name).map((text) => {
    const [, issuer, keys] = /^(https:\/\/[^\s=]+)=(\S+)$/.exec(text) ?? [];
    if (issuer === undefined || keys === undefined)
      throw new UsageError(
        `--oidc-issuer takes https://ISSUER=FILE or https://ISSUER=JWKS-URL, not '${text}'.`,
      );
    return { issuer, keysFrom: /^https?:\/\//.test(keys) ? keys : resolve(keys) };
  });
}
