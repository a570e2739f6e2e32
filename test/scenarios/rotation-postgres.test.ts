/**
 * The password of a real PostgreSQL server, rotated by real functions: on schedule, under a client
 * that caches, and through a server that is killed in every step.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { SecretsProvider } from '@aws-lambda-powertools/parameters/secrets';
import type * as sm from '@aws-sdk/client-secrets-manager';
import { until } from '../lambda.ts';
import {
  findPostgres,
  type Login,
  type Postgres,
  query,
  startPostgres,
  tryLogin,
} from '../postgres.ts';
import {
  advance,
  holdAt,
  type RotatingDatabase,
  rotatingDatabase,
  rotationFunction,
  type Strategy,
  secretsOf,
  startRotating,
} from '../rotating-database.ts';
import { freshFolder, type RunningServer, removeFolder, startServer } from '../running-server.ts';

const programs = findPostgres();
const skip = programs === undefined ? 'no PostgreSQL on this machine' : false;
const strategies: readonly Strategy[] = ['singleUser', 'alternatingUsers'];

let postgres: Postgres;
before(async () => {
  if (programs !== undefined) postgres = await startPostgres(programs);
});
after(() => postgres?.stop());

const cachedSeconds = 1;

/** A client as AWS advises: it caches, and where it is refused it reads anew and tries again. */
function connecting(secrets: sm.SecretsManagerClient, secretId: string) {
  const provider = new SecretsProvider({ awsSdkV3Client: secrets });
  const counts = { connections: 0, refusals: 0, failures: 0 };
  let goesOn = true;
  const cached = (forceFetch: boolean): Promise<Login> =>
    provider.get(secretId, {
      maxAge: cachedSeconds,
      transform: 'json',
      forceFetch,
    }) as Promise<never>;
  const connect = async (): Promise<void> => {
    for (let tries = 0; tries < 8; tries++) {
      if ((await tryLogin(await cached(tries > 0))) === 'in') {
        counts.connections++;
        return;
      }
      counts.refusals++;
      await new Promise((resolve) => setTimeout(resolve, 50 * 2 ** tries));
    }
    counts.failures++;
  };
  const done = (async () => {
    while (goesOn) {
      await connect();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  })();
  return {
    counts,
    stop: async () => {
      goesOn = false;
      await done;
    },
  };
}

describe('a password that is rotated every 30 days', { skip }, () => {
  let server: RunningServer;
  let secrets: sm.SecretsManagerClient;
  before(async () => {
    server = await startServer({ mode: 'dev' });
    secrets = secretsOf(server);
  });
  after(async () => {
    secrets.destroy();
    await server.stop();
  });

  for (const strategy of strategies)
    test(`is good to a client that caches it, each month (${strategy})`, async () => {
      const name = `monthly_${strategy.toLowerCase()}`;
      const database = await rotatingDatabase(secrets, postgres, { name, strategy });
      const lambda = await rotationFunction(server, { name, strategy });
      const table = `of_${name}`;
      await query(
        postgres.admin,
        `CREATE TABLE ${table} ()`,
        `GRANT SELECT ON ${table} TO ${name}`,
      );
      const client = connecting(secrets, database.secretId);
      const passwords = new Set([(await database.login()).password]);
      let current = (await database.stages()).AWSCURRENT ?? '';
      for (let month = 0; month < 4; month++) {
        if (month === 0) await startRotating(secrets, database.secretId, lambda);
        else await advance(server, '30d');
        await database.rotatedFrom(current);
        const stages = await database.stages();
        assert.deepEqual(Object.keys(stages).sort(), ['AWSCURRENT', 'AWSPREVIOUS']);
        assert.equal(stages.AWSPREVIOUS, current);
        current = stages.AWSCURRENT ?? '';
        const { username, password } = await database.login();
        await query(await database.login(), `SELECT * FROM ${table}`);
        assert.ok(!passwords.has(password));
        passwords.add(password);
        const isTwin = strategy === 'alternatingUsers' && month % 2 === 0;
        assert.equal(username, isTwin ? `${name}_clone` : name);
        assert.deepEqual(await database.logins(), {
          AWSCURRENT: 'in',
          AWSPREVIOUS: strategy === 'singleUser' ? 'refused' : 'in',
        });
        const before = client.counts.connections;
        await until(async () => client.counts.connections > before + 5 || undefined);
        // A month is longer than anything is cached.
        await new Promise((resolve) => setTimeout(resolve, cachedSeconds * 1_000));
      }
      await client.stop();
      assert.equal(client.counts.failures, 0);
      assert.ok(client.counts.connections > 20, String(client.counts.connections));
      if (strategy === 'alternatingUsers') assert.equal(client.counts.refusals, 0);
      else assert.ok(client.counts.refusals > 0, 'the cache was never out of date');
    });
});

/** The texts of the records in a trail's folder. */
const recordsIn = (trail: string): string[] =>
  readdirSync(trail, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .flatMap(({ parentPath, name }) =>
      readFileSync(join(parentPath, name), 'latin1').split('{"eventVersion"'),
    );

const steps = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;

describe('a server that is killed', { skip }, () => {
  const data = freshFolder();
  const hold = freshFolder();
  let server: RunningServer;
  let secrets: sm.SecretsManagerClient;
  before(async () => {
    server = await startServer({ mode: 'dev', data });
    secrets = secretsOf(server);
  });
  after(async () => {
    secrets.destroy();
    await server.stop();
    removeFolder(data);
    removeFolder(hold);
  });

  async function killAt(point: string): Promise<void> {
    await until(async () => existsSync(join(hold, 'reached')) || undefined, 30_000);
    await server.stop('SIGKILL');
    for (const file of [point, 'reached']) rmSync(join(hold, file));
    server = await startServer({ mode: 'dev', data, port: server.port });
  }

  /** Some version always opens the database, and the stages are as they should be on the way. */
  async function isWhole(database: RotatingDatabase, point: string): Promise<void> {
    const logins = await database.logins();
    assert.ok(Object.values(logins).includes('in'), `${point}: ${JSON.stringify(logins)}`);
    const held = Object.keys(logins).flatMap((each) => each.split('+'));
    assert.equal(new Set(held).size, held.length, point);
    assert.ok(held.includes('AWSCURRENT') && held.length <= 3, point);
  }

  for (const strategy of strategies)
    test(`in any step goes on where it was (${strategy})`, async () => {
      const name = `killed_${strategy.toLowerCase()}`;
      const database = await rotatingDatabase(secrets, postgres, { name, strategy });
      const lambda = await rotationFunction(server, { name, strategy, hold });
      let current = (await database.stages()).AWSCURRENT ?? '';
      await startRotating(secrets, database.secretId, lambda);
      await database.rotatedFrom(current);
      for (const point of steps.flatMap((step) => [`before-${step}`, `after-${step}`])) {
        current = (await database.stages()).AWSCURRENT ?? '';
        holdAt(hold, point);
        // It is answered once what fell due is done, and this rotation stands still.
        const advanced = advance(server, '30d').catch(() => {});
        await killAt(point);
        await advanced;
        await isWhole(database, point);
        // The lease of who died runs out.
        await advance(server, '31s');
        await database.rotatedFrom(current);
        await until(async () => {
          const held = Object.keys(await database.stages()).sort();
          return held.join() === 'AWSCURRENT,AWSPREVIOUS' || undefined;
        }, 60_000);
        assert.equal((await database.stages()).AWSPREVIOUS, current, point);
        await isWhole(database, point);
        assert.equal(await tryLogin(await database.login()), 'in', point);
      }
      // One event for each rotation, whoever went on with it; none has failed on the way.
      const records = recordsIn(join(data, 'trail'));
      const events = (name: string): number =>
        records.filter(
          (record) =>
            record.includes(`"eventName":"${name}"`) && record.includes(database.secretId),
        ).length;
      assert.deepEqual(
        ['RotationStarted', 'RotationSucceeded', 'RotationFailed', 'RotationAbandoned'].map(events),
        [9, 9, 0, 0],
      );
    });
});
