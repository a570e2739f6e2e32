/**
 * Finds out as whom and where our command line calls: AWS's environment variables, then the shared
 * credentials file.
 */
import { readFileSync } from 'node:fs';

export interface ClientSettings {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
  readonly region: string | undefined;
  readonly endpoint: string | undefined;
}

export type Found =
  | { readonly kind: 'found'; readonly settings: ClientSettings }
  /** `text` says what to do; it holds nothing secret. */
  | { readonly kind: 'missing'; readonly text: string };

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Like AWS's command line: keys in the environment win over the file, AWS_PROFILE chooses the
 * section of it, AWS_REGION wins over AWS_DEFAULT_REGION and both over the section. An empty
 * variable counts as none. `readText` answers undefined for a file that can't be read.
 */
export function findCredentials(
  environment: Environment,
  readText: (path: string) => string | undefined = readTextFile,
): Found {
  const of = (name: string): string | undefined => environment[name] || undefined;
  const accessKeyId = of('AWS_ACCESS_KEY_ID');
  const secretAccessKey = of('AWS_SECRET_ACCESS_KEY');
  const region = of('AWS_REGION') ?? of('AWS_DEFAULT_REGION');
  const endpoint = of('AWS_ENDPOINT_URL');
  if (accessKeyId !== undefined && secretAccessKey !== undefined) {
    const sessionToken = of('AWS_SESSION_TOKEN');
    const settings = { accessKeyId, secretAccessKey, sessionToken, region, endpoint };
    return { kind: 'found', settings };
  }
  if (accessKeyId !== undefined || secretAccessKey !== undefined)
    return missing('Set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; one of them is not set.');
  const path = of('AWS_SHARED_CREDENTIALS_FILE') ?? defaultPath(of('HOME') ?? of('USERPROFILE'));
  const profile = of('AWS_PROFILE') ?? 'default';
  const text = path === undefined ? undefined : readText(path);
  if (path === undefined || text === undefined)
    return missing(
      `Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write a profile into ${path ?? 'a file named by AWS_SHARED_CREDENTIALS_FILE'}.`,
    );
  return fromProfile(readProfiles(text).get(profile), { path, profile, region, endpoint });
}

function fromProfile(
  section: ReadonlyMap<string, string> | undefined,
  from: {
    readonly path: string;
    readonly profile: string;
    readonly region: string | undefined;
    readonly endpoint: string | undefined;
  },
): Found {
  if (section === undefined)
    return missing(`There is no profile [${from.profile}] in ${from.path}.`);
  const accessKeyId = section.get('aws_access_key_id');
  const secretAccessKey = section.get('aws_secret_access_key');
  if (!accessKeyId || !secretAccessKey)
    return missing(
      `Profile [${from.profile}] in ${from.path} lacks aws_access_key_id or aws_secret_access_key.`,
    );
  return {
    kind: 'found',
    settings: {
      accessKeyId,
      secretAccessKey,
      sessionToken: section.get('aws_session_token') || undefined,
      region: from.region ?? (section.get('region') || undefined),
      endpoint: from.endpoint ?? (section.get('endpoint_url') || undefined),
    },
  };
}

function missing(text: string): Found {
  return { kind: 'missing', text };
}

function defaultPath(home: string | undefined): string | undefined {
  return home === undefined ? undefined : `${home}/.aws/credentials`;
}

function readTextFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/**
 * The shared-credentials format: `[profile]` sections of `name = value`, whole-line comments with
 * `#` or `;`, an indented line belongs to the value above it and is none of ours. The last of two
 * equal names counts.
 * https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
 */
export function readProfiles(text: string): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const profiles = new Map<string, Map<string, string>>();
  let section: Map<string, string> | undefined;
  for (const line of text.replace(/^\ufeff/, '').split(/\r?\n/)) {
    if (/^\s*(?:[#;].*)?$/.test(line) || /^\s/.test(line)) continue;
    const heading = /^\[\s*(?:profile\s+)?["']?([^\]"']*?)["']?\s*\]/.exec(line);
    if (heading !== null) {
      const name = heading[1] as string;
      section = profiles.get(name) ?? new Map();
      profiles.set(name, section);
      continue;
    }
    const equals = line.indexOf('=');
    if (equals < 0 || section === undefined) continue;
    const value = line.slice(equals + 1).replace(/\s[#;].*$/, '');
    section.set(line.slice(0, equals).trim().toLowerCase(), value.trim());
  }
  return profiles;
}
