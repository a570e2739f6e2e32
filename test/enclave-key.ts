/** An enclave's RSA key: the public half for its documents, and OpenSSL to open what it is sent. */
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface EnclaveKey {
  /** SubjectPublicKeyInfo. */
  readonly spki: Buffer;
  /** What `openssl cms -decrypt` makes of an envelope; throws with its words when it can't. */
  readonly open: (envelope: Uint8Array) => Buffer;
  readonly remove: () => void;
}

export function enclaveKey(modulusLength = 2048): EnclaveKey {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength });
  const folder = mkdtempSync(join(tmpdir(), 'sealhold-enclave-'));
  const file = join(folder, 'key.pem');
  writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  return {
    spki: publicKey.export({ type: 'spki', format: 'der' }),
    open: (envelope) => {
      const args = ['cms', '-decrypt', '-inform', 'DER', '-inkey', file];
      const run = spawnSync('openssl', args, { input: envelope });
      if (run.status !== 0) throw new Error(run.stderr.toString());
      return run.stdout;
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}
