/** Services that work for a role: they assume it inside the program, by its trust policy alone. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { openAccess } from '../../src/access/access.ts';
import { openAudit } from '../../src/audit/audit.ts';
import type { Principal } from '../../src/operation.ts';
import { type OwnCall, type Pipeline, perform } from '../../src/pipeline.ts';
import { iamRecords, recordId } from '../../src/services/iam/records.ts';
import { models, openServices, type Services } from '../../src/services.ts';
import { createKeyring } from '../../src/store/keyring.ts';
import { openStore } from '../../src/store/open.ts';
import { integrityKeyOf } from '../../src/store/root-key.ts';
import { openSqliteEngine } from '../../src/store/sqlite/engine.ts';
import { account, trusting } from '../sts.ts';

let pipeline: Pipeline;
let services: Services;

const world = {
  now: () => Date.UTC(2026, 0, 1),
  machineNow: () => Date.now(),
  monotonic: () => performance.now(),
  randomBytes,
};
const records: string[] = [];

before(async () => {
  const rootKey = randomBytes(32);
  const integrityKey = integrityKeyOf(rootKey);
  const engine = await openSqliteEngine({ file: ':memory:', world, integrityKey });
  const keyring = await createKeyring({ engine, rootKey, world });
  const store = openStore({ engine, keyring, world });
  const iam = iamRecords(store);
  const access = openAccess({ store, iam, world });
  const firstAccount = async () => account;
  services = await openServices({
    ...{ store, iam, world, access, firstAccount, quotas: undefined },
    own: () => assert.fail('no service calls another here'),
    commit: async ({ writes }) => (await store.commit(writes)).kind,
  });
  const audit = await openAudit({
    place: 'memory',
    store,
    world,
    laneName: 'test',
    onTrouble: () => {},
  });
  audit.subscribe((record) => records.push(record));
  const { tables, noteUse } = services;
  const verify = () => assert.fail('nobody signs inside the program');
  const onFault = (_id: string, error: unknown) => assert.fail(String(error));
  pipeline = { models, tables, verify, access, noteUse, store, audit, world, onFault };
  for (const [name, trust] of Object.entries(trusts)) {
    const role = { ...blank, name, arn: `${blank.arn}${name}`, trustPolicy: JSON.stringify(trust) };
    await store.commit(iam.roles.insert(recordId(account, name), role));
  }
});
after(async () => {
  await pipeline?.audit.close();
  await pipeline?.store.close();
});

const functionArn = `arn:aws:lambda:eu-west-1:${account}:function:f`;
const trusts = {
  lambda: trusting({ Service: 'lambda.amazonaws.com' }),
  events: trusting({ Service: 'events.amazonaws.com' }),
  account: trusting({ AWS: account }),
  everyone: trusting('*'),
  source: trusting(
    { Service: 'lambda.amazonaws.com' },
    { ArnEquals: { 'aws:SourceArn': functionArn } },
  ),
};
const blank = {
  account,
  path: '/',
  arn: `arn:aws:iam::${account}:role/`,
  roleId: 'AROAEXAMPLEEXAMPLEEXA',
  createdAt: 0,
  policies: {},
  attached: [],
  tags: [],
  trusted: {},
  maxSessionSeconds: 3_600,
};
const lambda: Principal = {
  type: 'AWSService',
  account,
  arn: 'lambda.amazonaws.com',
  principalId: 'lambda.amazonaws.com',
  accessKeyId: '',
  serviceName: 'lambda.amazonaws.com',
};

const assume = (role: string, more: Partial<OwnCall> = {}) =>
  perform(
    {
      principal: lambda,
      region: 'eu-west-1',
      service: 'sts',
      operation: 'AssumeRole',
      input: { RoleArn: `${blank.arn}${role}`, RoleSessionName: 'f' },
      ...more,
    },
    pipeline,
  ) as Promise<{ Credentials: { AccessKeyId: string; SessionToken: string } }>;

describe('a service', () => {
  test('gets credentials of a role that trusts it, and is in the trail with it', async () => {
    const { Credentials } = await assume('lambda');
    const found = services.sessions.find(Credentials.AccessKeyId, Credentials.SessionToken);
    assert.ok(found !== undefined && found !== 'refused');
    const { principal } = found.accessKey;
    assert.equal(principal.arn, `arn:aws:sts::${account}:assumed-role/lambda/f`);
    assert.equal(principal.session?.role?.id, blank.roleId);
    const record = JSON.parse(records.at(-1) ?? '');
    assert.equal(record.eventName, 'AssumeRole');
    assert.deepEqual(record.userIdentity, {
      type: 'AWSService',
      invokedBy: 'lambda.amazonaws.com',
    });
    assert.equal(record.recipientAccountId, account);
    assert.equal(record.responseElements.credentials.accessKeyId, Credentials.AccessKeyId);
    assert.ok(!records.join().includes(Credentials.SessionToken));
  });

  test('gets none of a role that trusts another one, the account, everyone, or nobody', async () => {
    for (const role of ['events', 'account', 'everyone', 'none'])
      await assert.rejects(assume(role), (error: { code?: string; message: string }) => {
        assert.equal(error.code, 'AccessDenied');
        const text = `User: lambda.amazonaws.com is not authorized to perform: sts:AssumeRole on resource: ${blank.arn}${role}`;
        return error.message.startsWith(text);
      });
  });

  test('must work for whom the trust policy names', async () => {
    await assume('source', { sourceArn: functionArn });
    await assert.rejects(assume('source', { sourceArn: `${functionArn}2` }), /AssumeRole/);
    await assert.rejects(assume('source'), /AssumeRole/);
  });
});
