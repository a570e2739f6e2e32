/** Services that invoke functions, as a rotation does: only where its policy lets them. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { openAccess } from '../../src/access/access.ts';
import { openAudit } from '../../src/audit/audit.ts';
import { rootPrincipal } from '../../src/identity/access-key.ts';
import type { Principal } from '../../src/operation.ts';
import { type OwnCall, type Pipeline, perform } from '../../src/pipeline.ts';
import { iamRecords } from '../../src/services/iam/records.ts';
import { models, openServices, type Services } from '../../src/services.ts';
import { createKeyring } from '../../src/store/keyring.ts';
import { openStore } from '../../src/store/open.ts';
import { integrityKeyOf } from '../../src/store/root-key.ts';
import { openSqliteEngine } from '../../src/store/sqlite/engine.ts';
import { creation } from '../lambda.ts';
import { account, trusting } from '../sts.ts';

const region = 'eu-west-1';
const world = {
  now: () => Date.UTC(2026, 0, 1),
  machineNow: () => Date.now(),
  monotonic: () => performance.now(),
  randomBytes,
};
const root = rootPrincipal({ account, accessKeyId: 'AKIAIOSFODNN7EXAMPLE' });
const serviceName = 'secretsmanager.amazonaws.com';
const service: Principal = {
  type: 'AWSService',
  account,
  arn: serviceName,
  principalId: serviceName,
  accessKeyId: '',
  serviceName,
};
const secretArn = `arn:aws:secretsmanager:${region}:${account}:secret:s-AbCdEf`;
const functionArn = `arn:aws:lambda:${region}:${account}:function:rotate`;

let pipeline: Pipeline;
let services: Services;
const records: string[] = [];
const call = (asked: Pick<OwnCall, 'service' | 'operation' | 'input'> & Partial<OwnCall>) =>
  perform({ principal: root, region, ...asked }, pipeline);

before(async () => {
  const rootKey = randomBytes(32);
  const integrityKey = integrityKeyOf(rootKey);
  const engine = await openSqliteEngine({ file: ':memory:', world, integrityKey });
  const keyring = await createKeyring({ engine, rootKey, world });
  const store = openStore({ engine, keyring, world });
  const iam = iamRecords(store);
  const access = openAccess({ store, iam, world });
  services = await openServices({
    ...{ store, iam, world, access, firstAccount: async () => account, quotas: undefined },
    own: (asked) => perform(asked, pipeline),
    commit: async ({ writes }) => (await store.commit(writes)).kind,
    functions: {
      endpoint: () => 'http://127.0.0.1:9',
      endpointCertificate: undefined,
      env: process.env,
      uid: undefined,
    },
  });
  const place = { place: 'memory' as const, laneName: 'test', onTrouble: () => {} };
  const audit = await openAudit({ ...place, store, world });
  audit.subscribe((record) => records.push(record));
  const { tables, noteUse } = services;
  const verify = () => assert.fail('nobody signs inside the program');
  const onFault = (_id: string, error: unknown) => assert.fail(String(error));
  pipeline = { models, tables, verify, access, noteUse, store, audit, world, onFault };
  await call({
    service: 'iam',
    operation: 'CreateRole',
    input: {
      RoleName: 'rotates',
      AssumeRolePolicyDocument: JSON.stringify(trusting({ Service: 'lambda.amazonaws.com' })),
    },
  });
  const code = 'export const handler = async ({ Step }, { invokedFunctionArn }) => ({ Step });';
  const role = `arn:aws:iam::${account}:role/rotates`;
  const input = creation('rotate', role, code);
  await call({ service: 'lambda', operation: 'CreateFunction', input });
});
after(async () => {
  for (const close of services?.closing ?? []) await close();
  await pipeline?.audit.close();
  await pipeline?.store.close();
});

const rotate = (more: Partial<OwnCall> = {}) =>
  call({
    principal: service,
    service: 'lambda',
    operation: 'Invoke',
    input: { FunctionName: functionArn, Payload: Buffer.from('{"Step":"createSecret"}') },
    sourceArn: secretArn,
    ...more,
  }) as Promise<{ StatusCode: number; FunctionError?: string; Payload: Buffer }>;

const permit = (StatementId: string, more: object) =>
  call({
    service: 'lambda',
    operation: 'AddPermission',
    input: {
      FunctionName: 'rotate',
      StatementId,
      Action: 'lambda:InvokeFunction',
      Principal: serviceName,
      ...more,
    },
  });
const forbid = (StatementId: string) =>
  call({
    service: 'lambda',
    operation: 'RemovePermission',
    input: { FunctionName: 'rotate', StatementId },
  });

const isDenied = { code: 'AccessDeniedException' };

describe('a service', () => {
  test('may not invoke a function of any account that has not let it', async () => {
    await assert.rejects(rotate(), isDenied);
    await permit('other', { Principal: 'events.amazonaws.com' });
    await assert.rejects(rotate(), isDenied);
    await forbid('other');
  });
  test('invokes the function that has, and is told its answer', async () => {
    await permit('all', {});
    const { StatusCode, FunctionError, Payload } = await rotate();
    assert.deepEqual([StatusCode, FunctionError], [200, undefined]);
    assert.deepEqual(JSON.parse(Payload.toString()), { Step: 'createSecret' });
    await forbid('all');
    await assert.rejects(rotate(), isDenied);
  });
  test('only for the resource and account that the policy names', async () => {
    await permit('one', { SourceArn: secretArn, SourceAccount: account });
    assert.equal((await rotate()).StatusCode, 200);
    await assert.rejects(rotate({ sourceArn: `${secretArn}x` }), isDenied);
    await assert.rejects(rotate({ principal: { ...service, account: '444455556666' } }), isDenied);
    await forbid('one');
  });
  test('is in the trail as the service, with the function', async () => {
    await permit('seen', {});
    await rotate();
    const record = JSON.parse(records.findLast((each) => each.includes('"Invoke"')) ?? '{}');
    assert.equal(record.userIdentity.type, 'AWSService');
    assert.equal(record.userIdentity.invokedBy, serviceName);
    assert.equal(record.requestParameters.functionName, functionArn);
    assert.equal(record.resources[0].ARN, functionArn);
    await forbid('seen');
  });
});
