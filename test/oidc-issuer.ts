/** An OIDC issuer for tests: its keys, tokens signed with them, its key set on a real socket. */
import { createServer, type Server } from 'node:http';
import {
  type CryptoKey,
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTHeaderParameters,
  SignJWT,
} from 'jose';

export interface Issuer {
  readonly name: string;
  /** Adds a key to the set, or keeps it out of it. */
  addKey(alg: string, options?: { kid?: string; hidden?: boolean }): Promise<IssuerKey>;
  /** The public keys. */
  readonly keySet: { readonly keys: JWK[] };
}

export interface IssuerKey {
  readonly kid: string;
  readonly alg: string;
  readonly publicJwk: JWK;
  /** Members of `claims` that are undefined are left out of what every token has. */
  token(claims?: Record<string, unknown>, header?: Partial<JWTHeaderParameters>): Promise<string>;
}

export function newIssuer(name: string, now: () => number = Date.now): Issuer {
  const keySet: { keys: JWK[] } = { keys: [] };
  return {
    name,
    keySet,
    addKey: async (alg, { kid = `${alg}-${keySet.keys.length}`, hidden = false } = {}) => {
      const pair = await generateKeyPair(alg, { extractable: true });
      const publicJwk = { ...(await exportJWK(pair.publicKey)), kid, alg, use: 'sig' };
      if (!hidden) keySet.keys.push(publicJwk);
      return issuerKey({ name, now, kid, alg, publicJwk, privateKey: pair.privateKey });
    },
  };
}

function issuerKey(key: {
  readonly name: string;
  readonly now: () => number;
  readonly kid: string;
  readonly alg: string;
  readonly publicJwk: JWK;
  readonly privateKey: CryptoKey;
}): IssuerKey {
  const { kid, alg, publicJwk, privateKey } = key;
  return {
    kid,
    alg,
    publicJwk,
    token: (claims = {}, header = {}) => {
      const now = Math.floor(key.now() / 1000);
      const usual = { iss: key.name, sub: 'subject-1', aud: 'client-1', iat: now, exp: now + 600 };
      return new SignJWT({ ...usual, ...claims })
        .setProtectedHeader({ alg, kid, ...header })
        .sign(privateKey);
    },
  };
}

export interface KeySetServer {
  readonly url: string;
  /** How often it was asked. */
  readonly asked: () => number;
  /** What it answers instead of the key set. */
  answer:
    | { status: number; headers?: Record<string, string>; body: string }
    | 'nothing'
    | undefined;
  close(): Promise<void>;
}

/** Serves a key set on the loopback. */
export async function serveKeys(keySet: object): Promise<KeySetServer> {
  let asked = 0;
  const server: Server = createServer((_request, response) => {
    asked++;
    const { answer } = served;
    if (answer === 'nothing') return;
    response.writeHead(answer?.status ?? 200, answer?.headers ?? {});
    response.end(answer?.body ?? JSON.stringify(keySet));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const served: KeySetServer = {
    url: `http://127.0.0.1:${port}/keys`,
    asked: () => asked,
    answer: undefined,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return served;
}
