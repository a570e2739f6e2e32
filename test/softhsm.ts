/**
 * SoftHSM 2, a real PKCS#11 token in software, for tests: a token of its own in a temporary folder.
 * Where it or `pkcs11js` is missing, `missing` says so, and tests are skipped with that as the
 * reason.
 */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const library = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib64/pkcs11/libsofthsm2.so',
  '/opt/homebrew/lib/softhsm/libsofthsm2.so',
  '/usr/local/lib/softhsm/libsofthsm2.so',
].find((path) => existsSync(path));

/** Why tests with a token can't run; undefined when they can. */
export const missing: string | undefined = why();

function why(): string | undefined {
  if (library === undefined) return 'SoftHSM is not installed (Debian: apt install softhsm2)';
  const util = spawnSync('softhsm2-util', ['--version']);
  if (util.status !== 0) return 'softhsm2-util is not installed (Debian: apt install softhsm2)';
  try {
    createRequire(import.meta.url)('pkcs11js');
    return undefined;
  } catch {
    return 'the optional package pkcs11js is not installed or was not compiled';
  }
}

export const clusterId = 'cluster-2a23b4cdefg';
export const password = 'correct horse';

export interface SoftToken {
  readonly label: string;
  /** A file for `--pkcs11`. */
  readonly file: string;
  /** What stands in that file for the cluster. */
  readonly cluster: Readonly<Record<string, unknown>> & {
    readonly library: string;
    readonly token: string;
    readonly environment: Readonly<Record<string, string>>;
  };
  readonly trustAnchor: string;
  /** What softhsm2-util and others find in their environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Takes the token away, as if it were unplugged, and puts it back. */
  unplug(): void;
  plugIn(): void;
  remove(): void;
}

/** A new token. `more`: further members of the cluster in the file. */
export function newToken(more: Readonly<Record<string, unknown>> = {}): SoftToken {
  const folder = mkdtempSync(join(tmpdir(), 'sealhold-softhsm-'));
  const tokens = join(folder, 'tokens');
  const configuration = join(folder, 'softhsm2.conf');
  const label = 'sealhold test';
  mkdirSync(tokens);
  writeFileSync(
    configuration,
    `directories.tokendir = ${tokens}\nobjectstore.backend = file\nlog.level = ERROR\n`,
  );
  const environment = { SOFTHSM2_CONF: configuration };
  const made = spawnSync(
    'softhsm2-util',
    ['--init-token', '--free', '--label', label, '--so-pin', 'security officer', '--pin', password],
    { env: { ...process.env, ...environment }, encoding: 'utf8' },
  );
  if (made.status !== 0) throw new Error(`softhsm2-util: ${made.stdout}${made.stderr}`);
  const trustAnchor = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
  writeFileSync(join(folder, 'customerCA.crt'), trustAnchor);
  const [name = ''] = readdirSync(tokens);
  const [here, away] = [join(tokens, name), join(folder, 'unplugged')];
  const cluster = {
    library: library ?? '',
    token: label,
    trustAnchor: join(folder, 'customerCA.crt'),
    environment,
    ...more,
  };
  const file = join(folder, 'clusters.json');
  writeFileSync(file, JSON.stringify({ clusters: { [clusterId]: cluster } }));
  return {
    label,
    file,
    cluster,
    trustAnchor,
    environment,
    unplug: () => renameSync(here, away),
    plugIn: () => renameSync(away, here),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** What a program of its own sees of a key in the token, and whether its bytes come out. */
export function lookAt(
  token: SoftToken,
  keyLabel: string,
): { found: number; sensitive?: boolean; extractable?: boolean; valueError?: string } {
  const script = `
    const pkcs11js = require('pkcs11js');
    const p = new pkcs11js.PKCS11();
    p.load(${JSON.stringify(token.cluster.library)});
    p.C_Initialize();
    const label = ${JSON.stringify(token.label)};
    const slot = p.C_GetSlotList(true).find((s) => p.C_GetTokenInfo(s).label.trim() === label);
    const session = p.C_OpenSession(slot, 6);
    p.C_Login(session, 1, ${JSON.stringify(password)});
    const value = ${JSON.stringify(keyLabel)};
    p.C_FindObjectsInit(session, [{ type: pkcs11js.CKA_LABEL, value }]);
    const keys = p.C_FindObjects(session, 10);
    p.C_FindObjectsFinal(session);
    const seen = { found: keys.length };
    if (keys.length > 0) {
      const flag = (type) => p.C_GetAttributeValue(session, keys[0], [{ type }])[0].value[0] === 1;
      seen.sensitive = flag(pkcs11js.CKA_SENSITIVE);
      seen.extractable = flag(pkcs11js.CKA_EXTRACTABLE);
      try {
        p.C_GetAttributeValue(session, keys[0], [{ type: pkcs11js.CKA_VALUE }]);
      } catch (error) {
        seen.valueError = error.message;
      }
    }
    p.C_Finalize();
    console.log(JSON.stringify(seen));`;
  const ran = spawnSync(process.execPath, ['-e', script], {
    cwd: join(import.meta.dirname, '..'),
    env: { ...process.env, ...token.environment },
    encoding: 'utf8',
  });
  if (ran.status !== 0) throw new Error(ran.stderr);
  return JSON.parse(ran.stdout);
}
