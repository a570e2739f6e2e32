/**
 * The operator's say on HSM clusters: which token stands for which cluster id, and by which library
 * it is reached. The API can never name a library. `--pkcs11 FILE`:
 *
 *     {
 *       "clusters": {
 *         "cluster-1a23b4cdefg": {
 *           "library": "/usr/lib/softhsm/libsofthsm2.so",
 *           "token": "kms",
 *           "trustAnchor": "/etc/sealhold/customerCA.crt",
 *           "account": "111122223333",
 *           "environment": { "SOFTHSM2_CONF": "/etc/softhsm/softhsm2.conf" },
 *           "sessions": 4,
 *           "timeoutMs": 5000
 *         }
 *       }
 *     }
 *
 * The token's user PIN is the KeyStorePassword of the API. Only `library` and `token` must be
 * there.
 */

export interface Cluster {
  /** An absolute path. */
  readonly library: string;
  /** The token's label (CK_TOKEN_INFO). */
  readonly token: string;
  /** PEM; what a TrustAnchorCertificate is compared with. */
  readonly trustAnchor: string | undefined;
  /** Whose cluster it is; undefined = whoever knows the PIN. */
  readonly account: string | undefined;
  /** All that the library finds in its environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** How many operations go on at a time. */
  readonly sessions: number;
  /** For one operation. */
  readonly timeoutMs: number;
}

/** By cluster id. */
export type Clusters = ReadonlyMap<string, Cluster>;

const clusterIdForm = /^cluster-[2-7a-zA-Z]{11,16}$/;
const sessionRange = { min: 1, max: 64, otherwise: 4 };
const timeoutRange = { min: 100, max: 60_000, otherwise: 5_000 };

type Members = Readonly<Record<string, unknown>>;

/**
 * Reads an operator's file; `readText` reads the files that it names.
 * @throws RangeError with a text for people.
 */
export function parseClusters(json: string, readText: (path: string) => string): Clusters {
  const file = objectOf(parse(json), 'the file', ['clusters']);
  const clusters = Object.entries(objectOf(file.clusters, "'clusters'"));
  return new Map(
    clusters.map(([id, value]) => {
      if (!clusterIdForm.test(id))
        throw new RangeError(`'${id}' is no cluster id (cluster- and 11 to 16 of a-z, A-Z, 2-7)`);
      return [id, clusterOf(id, value, readText)];
    }),
  );
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new RangeError(`it is not JSON (${(error as Error).message})`);
  }
}

function objectOf(value: unknown, what: string, members?: readonly string[]): Members {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new RangeError(`${what} is no JSON object`);
  const stray = Object.keys(value).find((name) => members?.includes(name) === false);
  if (stray !== undefined) throw new RangeError(`'${stray}' is nothing that ${what} can have`);
  return value as Members;
}

const memberNames = [
  'library',
  'token',
  'trustAnchor',
  'account',
  'environment',
  'sessions',
  'timeoutMs',
] as const;

function clusterOf(id: string, value: unknown, readText: (path: string) => string): Cluster {
  const of = objectOf(value, `'${id}'`, memberNames);
  const text = (name: (typeof memberNames)[number]): string | undefined => {
    const member = of[name];
    if (member === undefined || (typeof member === 'string' && member !== '')) return member;
    throw new RangeError(`'${name}' of '${id}' takes a text`);
  };
  const [library, token, account] = [text('library'), text('token'), text('account')];
  if (library?.startsWith('/') !== true)
    throw new RangeError(`'library' of '${id}' takes the absolute path of a PKCS#11 library`);
  if (token === undefined) throw new RangeError(`'token' of '${id}' takes the token's label`);
  if (account !== undefined && !/^\d{12}$/.test(account))
    throw new RangeError(`'account' of '${id}' takes twelve digits`);
  const trustAnchor = text('trustAnchor');
  return {
    library,
    token,
    account,
    trustAnchor: trustAnchor === undefined ? undefined : readText(trustAnchor),
    environment: environmentOf(id, of.environment ?? {}),
    sessions: wholeOf(`'sessions' of '${id}'`, of.sessions, sessionRange),
    timeoutMs: wholeOf(`'timeoutMs' of '${id}'`, of.timeoutMs, timeoutRange),
  };
}

function environmentOf(id: string, value: unknown): Record<string, string> {
  const environment = objectOf(value, `'environment' of '${id}'`);
  for (const [name, text] of Object.entries(environment))
    if (typeof text !== 'string')
      throw new RangeError(`'${name}' in the 'environment' of '${id}' takes a text`);
  return environment as Record<string, string>;
}

function wholeOf(
  what: string,
  value: unknown,
  { min, max, otherwise }: { readonly min: number; readonly max: number; otherwise: number },
): number {
  if (value === undefined) return otherwise;
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max)
    return value as number;
  throw new RangeError(`${what} takes a whole number from ${min} to ${max}`);
}
