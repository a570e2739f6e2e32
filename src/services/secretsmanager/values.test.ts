import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { refusal } from '../../../test/open-kms.ts';
import {
  account,
  newToken,
  openSecrets,
  region,
  rootOf,
  type SecretsNode,
} from '../../../test/open-secrets.ts';
import type { OperationTable } from '../../operation.ts';
import { perform } from '../../pipeline.ts';

let node: SecretsNode;
before(async () => {
  node = await openSecrets();
});
after(async () => {
  assert.deepEqual(node.faults, []);
  await node.close();
});

let names = 0;
const newName = (): string => `app/secret-${++names}`;

async function create(more: object = {}) {
  const Name = newName();
  const first = newToken();
  const SecretString = 'one';
  const made = await node.ask('CreateSecret', {
    ...{ Name, ClientRequestToken: first, SecretString },
    ...more,
  });
  return { SecretId: Name, arn: made.ARN as string, first, made };
}

const put = (SecretId: string, SecretString: string, more: object = {}) =>
  node.ask('PutSecretValue', { SecretId, SecretString, ClientRequestToken: newToken(), ...more });

const stagesOf = async (SecretId: string) =>
  (await node.ask('DescribeSecret', { SecretId })).VersionIdsToStages;

describe('a value', () => {
  test('comes back as it was given, text or bytes', async () => {
    const SecretString = 'päss “wörd” 🔑\u0000';
    const { SecretId, arn, first, made } = await create({ SecretString });
    assert.deepEqual(made, { ARN: arn, Name: SecretId, VersionId: first });
    const start = `arn:aws:secretsmanager:${region}:${account}:secret:${SecretId}-`;
    assert.ok(arn.startsWith(start) && arn.length === start.length + 6, arn);
    assert.deepEqual(await node.ask('GetSecretValue', { SecretId }), {
      ...{ ARN: arn, Name: SecretId, VersionId: first, SecretString },
      ...{ VersionStages: ['AWSCURRENT'], CreatedDate: node.clock.now },
    });
    const bytes = Buffer.from([0, 1, 2, 255]);
    const binary = await create({ SecretString: undefined, SecretBinary: bytes });
    const read = await node.ask('GetSecretValue', { SecretId: binary.arn });
    assert.deepEqual(read.SecretBinary, bytes);
    assert.equal(read.SecretString, undefined);
  });

  test('has 65,536 bytes at the most, however many characters they are', async () => {
    const { SecretId } = await create({ SecretString: 'x'.repeat(65_536) });
    assert.equal((await node.ask('GetSecretValue', { SecretId })).SecretString?.length, 65_536);
    await assert.rejects(
      put(SecretId, 'ä'.repeat(32_769)),
      refusal(
        'ValidationException',
        "1 validation error detected: Value at 'secretString' failed to satisfy constraint: Member must have length less than or equal to 65536",
      ),
    );
    const bytes = Buffer.alloc(65_536, 7);
    const binary = { SecretId, SecretBinary: bytes, ClientRequestToken: newToken() };
    await node.ask('PutSecretValue', binary);
    const read = await node.ask('GetSecretValue', { SecretId });
    assert.deepEqual(read.SecretBinary, bytes);
  });

  test('is one of the two, and Unicode', async () => {
    const both = { SecretString: 'a', SecretBinary: Buffer.from('a') };
    await assert.rejects(
      create(both),
      refusal(
        'InvalidParameterException',
        "You can't specify both a binary secret value and a string secret value in the same secret.",
      ),
    );
    await assert.rejects(
      create({ SecretString: '\ud800' }),
      refusal('InvalidParameterException', 'SecretString must be well-formed Unicode text.'),
    );
    const { SecretId } = await create();
    await assert.rejects(
      node.ask('PutSecretValue', { SecretId, ClientRequestToken: newToken() }),
      refusal('InvalidRequestException', 'You must provide either SecretString or SecretBinary.'),
    );
  });

  test('is chosen by version, by label, or by both where they agree', async () => {
    const { SecretId, first } = await create();
    const second = (await put(SecretId, 'two')).VersionId as string;
    const get = async (input: object) =>
      (await node.ask('GetSecretValue', { SecretId, ...input })).SecretString;
    assert.equal(await get({}), 'two');
    assert.equal(await get({ VersionId: first }), 'one');
    assert.equal(await get({ VersionStage: 'AWSPREVIOUS' }), 'one');
    assert.equal(await get({ VersionId: second, VersionStage: 'AWSCURRENT' }), 'two');
    await assert.rejects(
      get({ VersionId: first, VersionStage: 'AWSCURRENT' }),
      refusal(
        'InvalidRequestException',
        'You provided a VersionStage that is not associated to the provided VersionId.',
      ),
    );
  });

  test('of a deprecated version can be read by its id, and made current again', async () => {
    const { SecretId, first } = await create();
    await put(SecretId, 'two');
    const third = (await put(SecretId, 'three')).VersionId as string;
    const read = await node.ask('GetSecretValue', { SecretId, VersionId: first });
    assert.equal(read.SecretString, 'one');
    assert.equal(read.VersionStages, undefined);
    await node.ask('UpdateSecretVersionStage', {
      ...{ SecretId, VersionStage: 'AWSCURRENT' },
      ...{ MoveToVersionId: first, RemoveFromVersionId: third },
    });
    assert.equal((await node.ask('GetSecretValue', { SecretId })).SecretString, 'one');
  });
});

describe('a token', () => {
  test('that comes again with its value changes nothing', async () => {
    const { SecretId, arn, first, made } = await create();
    const again = { Name: SecretId, ClientRequestToken: first, SecretString: 'one' };
    assert.deepEqual(await node.ask('CreateSecret', again), made);
    const token = newToken();
    const asked = { SecretId, SecretString: 'two', ClientRequestToken: token };
    const once = await node.ask('PutSecretValue', asked);
    assert.deepEqual(await node.ask('PutSecretValue', asked), once);
    await put(SecretId, 'three');
    const late = await node.ask('PutSecretValue', asked);
    assert.deepEqual(late.VersionStages, ['AWSPREVIOUS']);
    assert.deepEqual(await node.ask('UpdateSecret', asked), {
      ...{ ARN: arn, Name: SecretId, VersionId: token },
    });
    assert.equal((await node.ask('GetSecretValue', { SecretId })).SecretString, 'three');
  });

  test('that comes again with another value is refused', async () => {
    const { SecretId, arn, first } = await create();
    const used = refusal(
      'ResourceExistsException',
      `You can't use ClientRequestToken ${first} because that value is already in use for a version of secret ${arn}.`,
    );
    const other = { SecretString: 'other', ClientRequestToken: first };
    await assert.rejects(node.ask('CreateSecret', { Name: SecretId, ...other }), used);
    await assert.rejects(node.ask('PutSecretValue', { SecretId, ...other }), used);
    await assert.rejects(node.ask('UpdateSecret', { SecretId, ...other }), used);
    // The same bytes as another kind of value are another value.
    const binary = { SecretBinary: Buffer.from('one'), ClientRequestToken: first };
    await assert.rejects(node.ask('PutSecretValue', { SecretId, ...binary }), used);
  });

  test('of its own makes a second CreateSecret of a name fail', async () => {
    const { SecretId } = await create();
    await assert.rejects(
      node.ask('CreateSecret', {
        Name: SecretId,
        ClientRequestToken: newToken(),
        SecretString: 'one',
      }),
      refusal(
        'ResourceExistsException',
        `The operation failed because the secret ${SecretId} already exists.`,
      ),
    );
  });

  test('is not asked for where no value is written', async () => {
    const Name = newName();
    const made = await node.ask('CreateSecret', { Name });
    assert.deepEqual(Object.keys(made), ['ARN', 'Name']);
    const updated = await node.ask('UpdateSecret', { SecretId: Name, Description: 'd' });
    assert.deepEqual(updated, made);
    assert.equal((await node.ask('DescribeSecret', { SecretId: Name })).Description, 'd');
  });
});

describe('labels', () => {
  test('move only from where they are said to be', async () => {
    const { SecretId, first } = await create();
    const second = (await put(SecretId, 'two', { VersionStages: ['mine'] })).VersionId as string;
    const move = (VersionStage: string, from?: string, to?: string) =>
      node.ask('UpdateSecretVersionStage', {
        ...{ SecretId, VersionStage },
        ...(from === undefined ? {} : { RemoveFromVersionId: from }),
        ...(to === undefined ? {} : { MoveToVersionId: to }),
      });
    await assert.rejects(
      move('AWSCURRENT', undefined, second),
      refusal(
        'InvalidParameterException',
        `The parameter RemoveFromVersionId can't be empty. Staging label AWSCURRENT is currently attached to version ${first}, so you must explicitly reference that version in RemoveFromVersionId.`,
      ),
    );
    await assert.rejects(move('AWSCURRENT', second, second), {
      code: 'InvalidParameterException',
      message: /Staging label AWSCURRENT isn't currently attached to version/,
    });
    await assert.rejects(move('AWSCURRENT', first), { code: 'InvalidParameterException' });
    await assert.rejects(move('mine', newToken()), { code: 'ResourceNotFoundException' });
    await assert.rejects(move('mine'), { code: 'InvalidParameterException' });
    await move('new', undefined, first);
    await move('mine', second);
    assert.deepEqual({ ...(await stagesOf(SecretId)) }, { [first]: ['AWSCURRENT', 'new'] });
  });

  test('are 20 at the most', async () => {
    const { SecretId } = await create();
    const VersionStages = Array.from({ length: 20 }, (_, i) => `s${i}`);
    await assert.rejects(put(SecretId, 'two', { VersionStages }), {
      code: 'LimitExceededException',
    });
    const made = await put(SecretId, 'two', { VersionStages: VersionStages.slice(1) });
    await assert.rejects(
      node.ask('UpdateSecretVersionStage', {
        ...{ SecretId, VersionStage: 'more', MoveToVersionId: made.VersionId as string },
      }),
      { code: 'LimitExceededException' },
    );
  });

  test('with the names of object members are labels, and tokens are tokens', async () => {
    const { SecretId } = await create();
    const token = '__proto__'.padEnd(32, '_');
    await put(SecretId, 'two', { VersionStages: ['constructor'], ClientRequestToken: token });
    const read = await node.ask('GetSecretValue', { SecretId, VersionStage: 'constructor' });
    assert.equal(read.VersionId, token);
    await assert.rejects(node.ask('GetSecretValue', { SecretId, VersionStage: 'toString' }), {
      code: 'ResourceNotFoundException',
    });
  });
});

describe('versions', () => {
  test('are 100 at the most; older ones without labels go for new ones, values and all', async () => {
    const { SecretId } = await create();
    for (let i = 2; i <= 100; i++) await put(SecretId, `v${i}`);
    await assert.rejects(put(SecretId, 'too much'), { code: 'LimitExceededException' });
    node.clock.now += 86_400_000;
    await put(SecretId, 'next day');
    const versions: unknown[] = [];
    let NextToken: string | undefined;
    do {
      const page = await node.ask('ListSecretVersionIds', {
        ...{ SecretId, IncludeDeprecated: true, MaxResults: 30 },
        ...(NextToken === undefined ? {} : { NextToken }),
      });
      versions.push(...(page.Versions ?? []));
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    assert.equal(versions.length, 100);
    const rows = await node.engine.scan({ prefix: 'secretsmanager/values/', limit: 1_000 });
    const counts = Map.groupBy(rows, ({ path }) => path.split('/')[2]);
    assert.ok([...counts.values()].some((of) => of.length === 100));
    assert.ok([...counts.values()].every((of) => of.length <= 100));
  });
});

describe('what was read', () => {
  test('is known to the day, of the secret and of the version', async () => {
    const { SecretId, first } = await create();
    assert.equal((await node.ask('DescribeSecret', { SecretId })).LastAccessedDate, undefined);
    await node.ask('GetSecretValue', { SecretId });
    const day = node.clock.now - (node.clock.now % 86_400_000);
    const described = await node.ask('DescribeSecret', { SecretId });
    assert.equal(described.LastAccessedDate, day);
    node.clock.now += 86_400_000;
    const second = (await put(SecretId, 'two')).VersionId;
    await node.ask('GetSecretValue', { SecretId });
    const { Versions = [] } = await node.ask('ListSecretVersionIds', { SecretId });
    assert.deepEqual(
      Versions.map(({ VersionId, LastAccessedDate }) => [VersionId, LastAccessedDate]),
      [
        [first, day],
        [second, day + 86_400_000],
      ],
    );
  });

  test('is written by the first reading of a day only', async () => {
    const { SecretId } = await create();
    await node.ask('GetSecretValue', { SecretId });
    const seq = node.engine.seq();
    await node.ask('GetSecretValue', { SecretId });
    await node.ask('GetSecretValue', { SecretId });
    assert.equal(node.engine.seq(), seq);
  });

  test('by many at once on a new day is answered to all of them', async () => {
    const { SecretId } = await create();
    const reads = Array.from({ length: 50 }, () => node.ask('GetSecretValue', { SecretId }));
    for (const { SecretString } of await Promise.all(reads)) assert.equal(SecretString, 'one');
  });

  test('is answered without a promise from the second time of a day on', async () => {
    const { SecretId } = await create();
    const { tables } = node.pipeline;
    const waited: string[] = [];
    const watched = (service: string, name: string): [string, OperationTable] => {
      const table = tables.get(service) ?? new Map();
      const row = table.get(name);
      assert.ok(row !== undefined);
      const watch =
        (what: string, act: ((...args: never[]) => unknown) | undefined) =>
        (...args: never[]) => {
          const result = act?.(...args);
          if (result instanceof Promise) waited.push(`${name}.${what}`);
          return result;
        };
      const shown = { ...row, find: watch('find', row.find), run: watch('run', row.run) };
      return [service, new Map([...table, [name, shown as never]])];
    };
    const rows = [watched('secretsmanager', 'GetSecretValue'), watched('kms', 'Decrypt')];
    const pipeline = { ...node.pipeline, tables: new Map([...tables, ...rows]) };
    const ask = () =>
      perform(
        {
          ...{ principal: rootOf(account), region, service: 'secretsmanager' },
          ...{ operation: 'GetSecretValue', input: { SecretId } },
        },
        pipeline,
      );
    await ask();
    assert.ok(waited.length > 0, 'the first reading waits');
    waited.length = 0;
    await ask();
    assert.deepEqual(waited, []);
  });
});
