/**
 * Rotates the password of a PostgreSQL user, by the behaviour that AWS documents for its own
 * functions (https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_available-rotation-templates.html).
 * `singleUser` changes the password of the user; `alternatingUsers` changes that of its twin
 * (`ann`, `ann_clone`) by the superuser of `masterarn`, so that the old credentials stay good.
 */
const {
  DescribeSecretCommand,
  GetRandomPasswordCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} = require('@aws-sdk/client-secrets-manager');
const pg = require('pg');

const secrets = new SecretsManagerClient({});

const singleUser = (event) =>
  rotate(event, { userOf: ({ username }) => username, setPassword: setOwn });
const alternatingUsers = (event) => rotate(event, { userOf: twinOf, setPassword: setTwin });
module.exports = { singleUser, alternatingUsers };

async function rotate({ SecretId, ClientRequestToken: token, Step, RotationToken }, strategy) {
  const described = await secrets.send(new DescribeSecretCommand({ SecretId }));
  if (described.RotationEnabled !== true) throw new Error(`${SecretId} is not to be rotated`);
  const stages = described.VersionIdsToStages?.[token];
  if (stages === undefined) throw new Error(`${SecretId} has no version ${token}`);
  if (stages.includes('AWSCURRENT')) return;
  if (!stages.includes('AWSPENDING')) throw new Error(`${token} is not pending`);
  const rotation = { SecretId, token, RotationToken, described, ...strategy };
  const step = { createSecret, setSecret, testSecret, finishSecret }[Step];
  if (step === undefined) throw new Error(`There is no step ${Step}`);
  await step(rotation);
}

async function createSecret({ SecretId, token, RotationToken, userOf }) {
  const current = await read(SecretId, 'AWSCURRENT');
  if ((await readIfThere(SecretId, 'AWSPENDING', token)) !== undefined) return;
  const ExcludeCharacters = process.env.EXCLUDE_CHARACTERS ?? '/@"\'\\';
  const made = await secrets.send(new GetRandomPasswordCommand({ ExcludeCharacters }));
  const next = { ...current, username: userOf(current), password: made.RandomPassword };
  await secrets.send(
    new PutSecretValueCommand({
      SecretId,
      ClientRequestToken: token,
      RotationToken,
      SecretString: JSON.stringify(next),
      VersionStages: ['AWSPENDING'],
    }),
  );
}

/** A step may come again: what is set already is left alone. */
async function setSecret({ SecretId, token, setPassword }) {
  const next = await read(SecretId, 'AWSPENDING', token);
  if (await opens(next)) return;
  await setPassword(SecretId, next);
}

/** As the user itself; the previous password is the one where a rotation has failed half-way. */
async function setOwn(SecretId, next) {
  for (const stage of ['AWSCURRENT', 'AWSPREVIOUS']) {
    const known = await readIfThere(SecretId, stage);
    if (known === undefined) continue;
    refuseOther(known, next);
    if (known.username !== next.username) throw new Error('the users differ');
    const client = await connect(known);
    if (client === undefined) continue;
    await changePassword(client, next);
    return;
  }
  throw new Error(`No version of ${SecretId} opens the database`);
}

/** As the superuser, who makes the twin where there is none. */
async function setTwin(SecretId, next) {
  const current = await read(SecretId, 'AWSCURRENT');
  refuseOther(current, next);
  if (!(await opens(current))) throw new Error(`The current version of ${SecretId} opens nothing`);
  const master = await read(current.masterarn, 'AWSCURRENT');
  refuseOther(current, master);
  const client = await connect(master);
  if (client === undefined) throw new Error('The superuser is refused');
  const user = client.escapeIdentifier(next.username);
  const found = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [next.username]);
  if (found.rowCount === 0) {
    await client.query(
      `CREATE ROLE ${user} WITH LOGIN PASSWORD ${client.escapeLiteral(next.password)}`,
    );
    await client.query(`GRANT ${client.escapeIdentifier(current.username)} TO ${user}`);
    await client.end();
  } else await changePassword(client, next);
}

async function changePassword(client, { username, password }) {
  const user = client.escapeIdentifier(username);
  await client.query(`ALTER USER ${user} WITH PASSWORD ${client.escapeLiteral(password)}`);
  await client.end();
}

async function testSecret({ SecretId, token }) {
  const client = await connect(await read(SecretId, 'AWSPENDING', token));
  if (client === undefined) throw new Error('The pending version opens nothing');
  await client.query('SELECT NOW()');
  await client.end();
}

async function finishSecret({ SecretId, token, described }) {
  const [current] = Object.entries(described.VersionIdsToStages).find(([, stages]) =>
    stages.includes('AWSCURRENT'),
  );
  await secrets.send(
    new UpdateSecretVersionStageCommand({
      SecretId,
      VersionStage: 'AWSCURRENT',
      MoveToVersionId: token,
      RemoveFromVersionId: current,
    }),
  );
}

const twinOf = ({ username }) =>
  username.endsWith('_clone') ? username.slice(0, -'_clone'.length) : `${username}_clone`;

/** The function is used for one server, not to carry credentials to another. */
function refuseOther(known, next) {
  if (known.host !== next.host) throw new Error('the hosts differ');
}

async function read(SecretId, VersionStage, VersionId) {
  const answer = await secrets.send(
    new GetSecretValueCommand({ SecretId, VersionStage, VersionId }),
  );
  const value = JSON.parse(answer.SecretString);
  for (const member of ['host', 'username', 'password'])
    if (value[member] === undefined) throw new Error(`${member} is missing`);
  if (value.engine !== 'postgres') throw new Error('the engine is not postgres');
  return value;
}

async function readIfThere(...version) {
  try {
    return await read(...version);
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
}

/** Undefined where the password is refused. */
async function connect({ host, port = 5432, dbname = 'postgres', username, password }) {
  const client = new pg.Client({ host, port, database: dbname, user: username, password });
  try {
    await client.connect();
    return client;
  } catch (error) {
    if (error.code === '28P01') return undefined;
    throw error;
  }
}

async function opens(login) {
  const client = await connect(login);
  await client?.end();
  return client !== undefined;
}
