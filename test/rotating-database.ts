/** A secret of a PostgreSQL user, rotated by a function of test/functions on a server of ours. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as sm from '@aws-sdk/client-secrets-manager';
import { executionRole, got, lambdaOf, until } from './lambda.ts';
import { type Login, type Postgres, query, tryLogin } from './postgres.ts';
import type { RunningServer } from './running-server.ts';
import { zipOf } from './zip-of.ts';

export type Strategy = 'singleUser' | 'alternatingUsers';

export interface RotatingDatabase {
  readonly secretId: string;
  readonly login: (stage?: string, versionId?: string) => Promise<Login>;
  /** Ids of the versions by their stages, `AWSCURRENT+AWSPENDING` for both. */
  readonly stages: () => Promise<Readonly<Record<string, string>>>;
  /** How each version with a stage fares at the database now. */
  readonly logins: () => Promise<Readonly<Record<string, string>>>;
  /** Resolves when another version than this is current and nothing is pending. */
  readonly rotatedFrom: (versionId: string) => Promise<void>;
}

const folder = join(import.meta.dirname, 'functions');
const packages = join(import.meta.dirname, '..', 'node_modules');
const region = 'us-east-1';

export function secretsOf({ endpoint, accessKeyId, secretAccessKey }: RunningServer) {
  const credentials = { accessKeyId, secretAccessKey };
  // A server that was killed comes back.
  return new sm.SecretsManagerClient({ endpoint, region, credentials, maxAttempts: 5 });
}

/** What a rotation function may do, as AWS's own templates grant it. */
const rotationPolicy = {
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Action: [
        'secretsmanager:DescribeSecret',
        'secretsmanager:GetSecretValue',
        'secretsmanager:PutSecretValue',
        'secretsmanager:UpdateSecretVersionStage',
      ],
      Resource: '*',
    },
    { Effect: 'Allow', Action: 'secretsmanager:GetRandomPassword', Resource: '*' },
  ],
};

/** Makes the function, which only Secrets Manager may invoke. `hold`: the folder that stops it. */
export async function rotationFunction(
  server: RunningServer,
  { name, strategy, hold }: { name: string; strategy: Strategy; hold?: string },
): Promise<string> {
  const lambda = lambdaOf(server);
  const file = (given: string): string => readFileSync(join(folder, given), 'utf8');
  const files = [
    { name: 'index.cjs', content: file('rotate-postgres.cjs') },
    { name: 'held.cjs', content: file('held.cjs') },
  ];
  const made = await got(
    lambda('CreateFunction', {
      FunctionName: name,
      Runtime: 'nodejs24.x',
      Role: await executionRole(server, name, rotationPolicy),
      Handler: `${hold === undefined ? 'index' : 'held'}.${strategy}`,
      Timeout: 60,
      MemorySize: 256,
      Code: { ZipFile: zipOf(files) },
      // Where a layer would be: AWS's client and `pg`.
      Environment: { Variables: { NODE_PATH: packages, HOLD: hold ?? '' } },
    }),
  );
  await got(
    lambda('AddPermission', {
      FunctionName: name,
      StatementId: 'rotation',
      Action: 'lambda:InvokeFunction',
      Principal: 'secretsmanager.amazonaws.com',
      SourceAccount: '000000000000',
    }),
  );
  return String(made.FunctionArn);
}

/** Makes user and secret; nothing rotates yet. */
export async function rotatingDatabase(
  secrets: sm.SecretsManagerClient,
  postgres: Postgres,
  { name, strategy }: { name: string; strategy: Strategy },
): Promise<RotatingDatabase> {
  const { host, port, dbname } = postgres.admin;
  const facts = { engine: 'postgres', host, port, dbname };
  const password = `first of ${name}`;
  await query(postgres.admin, `CREATE ROLE ${name} WITH LOGIN PASSWORD '${password}'`);
  const keep = async (Name: string, value: object): Promise<string> => {
    const SecretString = JSON.stringify(value);
    const made = await secrets.send(new sm.CreateSecretCommand({ Name, SecretString }));
    return made.ARN ?? '';
  };
  const master =
    strategy === 'singleUser'
      ? {}
      : { masterarn: await keep(`${name}-master`, { ...facts, ...postgres.admin }) };
  const secretId = await keep(name, { ...facts, username: name, password, ...master });
  const login = async (VersionStage = 'AWSCURRENT', VersionId?: string): Promise<Login> => {
    const asked = { SecretId: secretId, VersionStage, VersionId };
    const { SecretString = '' } = await secrets.send(new sm.GetSecretValueCommand(asked));
    return JSON.parse(SecretString) as Login;
  };
  const stages = async () => {
    const asked = new sm.DescribeSecretCommand({ SecretId: secretId });
    const { VersionIdsToStages = {} } = await secrets.send(asked);
    return Object.fromEntries(
      Object.entries(VersionIdsToStages).map(([id, held]) => [held.sort().join('+'), id]),
    );
  };
  return {
    secretId,
    login,
    stages,
    logins: async () => {
      const found: Record<string, string> = {};
      for (const [held, id] of Object.entries(await stages())) {
        const [stage = ''] = held.split('+');
        const known = await login(stage, id).catch((error) => {
          if (error instanceof sm.ResourceNotFoundException) return undefined;
          throw error;
        });
        found[held] = known === undefined ? 'empty' : await tryLogin(known);
      }
      return found;
    },
    rotatedFrom: (versionId) =>
      until(async () => {
        const { AWSCURRENT } = await stages();
        return AWSCURRENT !== undefined && AWSCURRENT !== versionId ? true : undefined;
      }, 60_000).then(() => {}),
  };
}

export async function startRotating(
  secrets: sm.SecretsManagerClient,
  SecretId: string,
  RotationLambdaARN: string,
): Promise<void> {
  const RotationRules = { AutomaticallyAfterDays: 30 };
  const asked = { SecretId, RotationLambdaARN, RotationRules };
  await secrets.send(new sm.RotateSecretCommand(asked));
}

/** Dev mode's clock. */
export async function advance(server: RunningServer, by: string): Promise<void> {
  const body = JSON.stringify({ advance: by });
  const answer = await fetch(`${server.endpoint}/_sealhold/clock`, { method: 'POST', body });
  assert.equal(answer.status, 200, await answer.text());
}

/** Lets a held function stand at a point, and go on. */
export const holdAt = (hold: string, point: string): void => writeFileSync(join(hold, point), '');
