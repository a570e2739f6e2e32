/**
 * A real PostgreSQL server for tests, by the machine's own programs; undefined where none are.
 */
import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  readdirSync,
  realpathSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import pg from 'pg';
import { freePort, freshFolder, removeFolder } from './running-server.ts';

export interface Login {
  readonly host: string;
  readonly port: number;
  readonly dbname: string;
  readonly username: string;
  readonly password: string;
}

export interface Postgres {
  /** Of the superuser. */
  readonly admin: Login;
  readonly stop: () => Promise<void>;
}

/** The folder with `initdb` and `postgres`. */
export function findPostgres(): string | undefined {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian) : [];
  const folders = [
    ...(process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'postgres')),
    ...versions.map((version) => join(debian, version, 'bin', 'postgres')),
  ]
    .filter((file) => existsSync(file))
    .map((file) => dirname(realpathSync(file)));
  return folders.find((folder) => existsSync(join(folder, 'initdb')));
}

/** PostgreSQL refuses to run as root, so root runs it as nobody. */
const nobody = 65_534;
const owner = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {};

export async function startPostgres(programs: string): Promise<Postgres> {
  const folder = freshFolder();
  if ('uid' in owner) chownSync(folder, nobody, nobody);
  const password = randomUUID();
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, password);
  chmodSync(passwordFile, 0o644);
  const data = join(folder, 'data');
  const options = ['-D', data, '-U', 'postgres', '-A', 'scram-sha-256', `--pwfile=${passwordFile}`];
  execFileSync(join(programs, 'initdb'), [...options, '-E', 'UTF8', '--no-sync'], {
    ...owner,
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const port = await freePort();
  const process = spawn(
    join(programs, 'postgres'),
    ['-D', data, '-p', String(port), '-k', folder, '-h', '127.0.0.1', '-F', '-N', '200'],
    { ...owner, cwd: folder, stdio: 'ignore' },
  );
  const ended = new Promise((resolve) => process.once('exit', resolve));
  const admin = { host: '127.0.0.1', port, dbname: 'postgres', username: 'postgres', password };
  const stop = async (): Promise<void> => {
    process.kill('SIGINT');
    await ended;
    removeFolder(folder);
  };
  for (let tries = 0; ; tries++) {
    if ((await tryLogin(admin)) === 'in') return { admin, stop };
    if (tries === 200 || process.exitCode !== null) {
      await stop();
      throw new Error('PostgreSQL did not start');
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Runs statements as this user; rejects as `pg` does. */
export async function query(login: Login, ...statements: readonly string[]): Promise<unknown[]> {
  const { host, port, dbname: database, username: user, password } = login;
  const client = new pg.Client({ host, port, database, user, password });
  client.on('error', () => {});
  await client.connect();
  try {
    const rows: unknown[] = [];
    for (const statement of statements) rows.push(...(await client.query(statement)).rows);
    return rows;
  } finally {
    await client.end();
  }
}

/** Whether it opens the database; `away`: no server answers. */
export async function tryLogin(login: Login): Promise<'in' | 'refused' | 'away'> {
  try {
    await query(login, 'SELECT 1');
    return 'in';
  } catch (error) {
    // invalid_password; scram-sha-256 tells no more of a user that isn't there.
    return (error as { code?: string }).code === '28P01' ? 'refused' : 'away';
  }
}
