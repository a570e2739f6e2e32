/** Runs `bin/sealhold` as somebody with the usual AWS variables would. */
import { spawnSync } from 'node:child_process';
import type { Credentials } from './identities.ts';
import { sealhold } from './running-server.ts';

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function runCommand(words: readonly string[], as: Credentials): Ran {
  const { status, stdout, stderr } = spawnSync(sealhold, words, {
    encoding: 'utf8',
    timeout: 30_000,
    env: {
      ...process.env,
      AWS_ENDPOINT_URL: as.endpoint,
      AWS_ACCESS_KEY_ID: as.accessKeyId,
      AWS_SECRET_ACCESS_KEY: as.secretAccessKey,
      ...(as.sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: as.sessionToken }),
    },
  });
  return { status, stdout, stderr };
}
