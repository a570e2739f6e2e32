import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { openStores, type Stores } from '../../../../test/external-stores.ts';
import { refusal } from '../../../../test/open-kms.ts';
import { endpoint } from '../../../../test/open-xks.ts';
import type {
  CreateCustomKeyStoreRequest,
  UpdateCustomKeyStoreRequest,
} from '../../../model/kms.generated.ts';

let stores: Stores;
beforeEach(async () => {
  stores = await openStores();
});
afterEach(() => stores.close());

const other = { AccessKeyId: 'B'.repeat(24), RawSecretAccessKey: 'c'.repeat(43) };
const create = (input: CreateCustomKeyStoreRequest) =>
  stores.kms.ask('CreateCustomKeyStore', input);
const invalidState = (storeId: string, state: string) =>
  refusal('CustomKeyStoreInvalidStateException', `Custom key store ${storeId} is ${state}.`);
const path = (prefix: string) => `/${prefix}/kms/xks/v1`;

describe('CreateCustomKeyStore', () => {
  test('makes a store that is disconnected and shows no secret', async () => {
    const { wish, kms, xks } = stores;
    const { output, notes, authorized } = await kms.call('CreateCustomKeyStore', wish());
    const CustomKeyStoreId = output.CustomKeyStoreId ?? '';
    assert.match(CustomKeyStoreId, /^cks-[0-9a-f]{17}$/);
    assert.deepEqual(authorized, ['kms:CreateCustomKeyStore *']);
    assert.equal(notes, undefined);
    const listed = await kms.ask('DescribeCustomKeyStores', {});
    assert.deepEqual(listed, {
      CustomKeyStores: [
        {
          CustomKeyStoreId,
          CustomKeyStoreName: 'store 1',
          CustomKeyStoreType: 'EXTERNAL_KEY_STORE',
          ConnectionState: 'DISCONNECTED',
          CreationDate: kms.clock.now,
          XksProxyConfiguration: {
            Connectivity: 'PUBLIC_ENDPOINT',
            AccessKeyId: xks.credential.AccessKeyId,
            UriEndpoint: endpoint,
            UriPath: xks.path,
          },
        },
      ],
      Truncated: false,
    });
    const rows = await kms.engine.scan({ prefix: 'kms/', limit: 1000 });
    const stored = Buffer.concat(rows.map(({ value }) => Buffer.from(value)));
    assert.ok(!stored.includes(xks.credential.RawSecretAccessKey));
    assert.ok(!JSON.stringify(listed).includes(xks.credential.RawSecretAccessKey));
  });

  test('asks the proxy at once, and tells its failures', async () => {
    const { wish, xks } = stores;
    await assert.rejects(create(wish({ XksProxyAuthenticationCredential: other })), {
      code: 'XksProxyIncorrectAuthenticationCredentialException',
      text: /could not authenticate AWS KMS/,
    });
    await assert.rejects(create(wish({ XksProxyUriPath: path('other') })), {
      code: 'XksProxyInvalidConfigurationException',
      text: /because of an invalid URI path/,
    });
    await assert.rejects(create(wish({ XksProxyUriEndpoint: 'https://elsewhere.test' })), {
      code: 'XksProxyUriUnreachableException',
    });
    await xks.stop();
    await assert.rejects(create(wish()), {
      code: 'XksProxyUriUnreachableException',
      text: /^AWS KMS cannot communicate with the external key store proxy\./,
    });
    await xks.start();
    await create(wish());
  });

  const vpc = 'com.amazonaws.vpce.eu-central-1.vpce-svc-0123';
  const hsm = {
    CloudHsmClusterId: 'cluster-2a23b4cdefg',
    TrustAnchorCertificate: 'x',
    KeyStorePassword: '1234567',
  };
  const refused: readonly (readonly [
    what: string,
    input: (wish: Stores['wish']) => CreateCustomKeyStoreRequest,
    code: string,
    text: string,
  ])[] = [
    ...Object.keys(hsm).map(
      (member) =>
        [
          `a CloudHSM key store without ${member}`,
          () => ({ CustomKeyStoreName: 'n', ...hsm, [member]: undefined }),
          'ValidationException',
          `${member} is required for CustomKeyStoreType AWS_CLOUDHSM.`,
        ] as const,
    ),
    [
      'a CloudHSM key store with a proxy',
      () => ({ CustomKeyStoreName: 'n', ...hsm, XksProxyUriPath: '/kms/xks/v1' }),
      'ValidationException',
      'XksProxyUriPath is not valid for CustomKeyStoreType AWS_CLOUDHSM.',
    ],
    [
      'a cluster that nobody has named',
      () => ({ CustomKeyStoreName: 'n', ...hsm }),
      'CloudHsmClusterNotFoundException',
      'cluster-2a23b4cdefg does not exist.',
    ],
    ...(
      [
        'XksProxyConnectivity',
        'XksProxyUriEndpoint',
        'XksProxyUriPath',
        'XksProxyAuthenticationCredential',
      ] as const
    ).map(
      (member) =>
        [
          `an external key store without ${member}`,
          (wish: Stores['wish']) => ({ ...wish(), [member]: undefined }),
          'ValidationException',
          `${member} is required for CustomKeyStoreType EXTERNAL_KEY_STORE.`,
        ] as const,
    ),
    [
      'an external key store with a password',
      (wish) => wish({ KeyStorePassword: '1234567' }),
      'ValidationException',
      'KeyStorePassword is not valid for CustomKeyStoreType EXTERNAL_KEY_STORE.',
    ],
    [
      'a public endpoint with a service',
      (wish) => wish({ XksProxyVpcEndpointServiceName: vpc }),
      'ValidationException',
      'XksProxyVpcEndpointServiceName is not valid for XksProxyConnectivity PUBLIC_ENDPOINT.',
    ],
    [
      'a VPC endpoint service without its name',
      (wish) => wish({ XksProxyConnectivity: 'VPC_ENDPOINT_SERVICE' }),
      'ValidationException',
      'XksProxyVpcEndpointServiceName is required for XksProxyConnectivity VPC_ENDPOINT_SERVICE.',
    ],
    [
      'a VPC endpoint service that nobody has named',
      (wish) =>
        wish({
          XksProxyConnectivity: 'VPC_ENDPOINT_SERVICE',
          XksProxyVpcEndpointServiceName: vpc,
        }),
      'XksProxyVpcEndpointServiceNotFoundException',
      'AWS KMS cannot find the specified VPC endpoint service.',
    ],
    [
      'another version of the proxy API',
      (wish) => wish({ XksProxyUriPath: '/kms/xks/v2' }),
      'XksProxyInvalidConfigurationException',
      'XksProxyUriPath must end in /kms/xks/v1: this is the version of the proxy API in use.',
    ],
  ];
  for (const [what, input, code, text] of refused)
    test(`refuses ${what}`, () => assert.rejects(create(input(stores.wish)), refusal(code, text)));

  test('gives no store what another has, of two at one moment one', async () => {
    const { wish, kms } = stores;
    await create(wish({ CustomKeyStoreName: 'taken' }));
    await assert.rejects(create(wish({ CustomKeyStoreName: 'taken' })), {
      code: 'CustomKeyStoreNameInUseException',
    });
    await assert.rejects(create(wish()), { code: 'XksProxyUriInUseException' });
    const elsewhere = await kms.ask('CreateCustomKeyStore', wish({ CustomKeyStoreName: 'taken' }), {
      region: 'eu-west-3',
    });
    assert.ok(elsewhere.CustomKeyStoreId);
    const away = { region: 'us-west-2' };
    const both = [wish({ CustomKeyStoreName: 'a' }), wish({ CustomKeyStoreName: 'b' })];
    const outcomes = await Promise.allSettled(
      both.map((input) => kms.call('CreateCustomKeyStore', input, away)),
    );
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
  });

  test('makes at most ten in an account and Region', async () => {
    const { wish, xks, kms } = stores;
    for (let i = 0; i < 10; i++) {
      const AccessKeyId = `C${'ABCDEFGHIJ'[i]}`.padEnd(20, 'A');
      const proxy = {
        XksProxyUriPath: path(`p${i}`),
        XksProxyAuthenticationCredential: { ...other, AccessKeyId },
      };
      xks.configure(JSON.stringify(proxy));
      await create(wish(proxy));
    }
    await assert.rejects(create(wish()), {
      code: 'LimitExceededException',
      text: /as many custom key stores in this Region as it may have: 10/,
    });
    const { CustomKeyStores = [], NextMarker = '' } = await kms.ask('DescribeCustomKeyStores', {
      Limit: 6,
    });
    assert.equal(CustomKeyStores.length, 6);
    const rest = await kms.ask('DescribeCustomKeyStores', { Limit: 6, Marker: NextMarker });
    assert.equal(rest.CustomKeyStores?.length, 4);
    assert.equal(rest.Truncated, false);
  });
});

describe('DescribeCustomKeyStores', () => {
  test('finds one by id or by name, in its account and Region', async () => {
    const { wish, kms } = stores;
    const made = await create(wish({ CustomKeyStoreName: 'found' }));
    const CustomKeyStoreId = made.CustomKeyStoreId ?? '';
    const byName = await kms.ask('DescribeCustomKeyStores', { CustomKeyStoreName: 'found' });
    assert.equal(byName.CustomKeyStores?.[0]?.CustomKeyStoreId, CustomKeyStoreId);
    const missing = { code: 'CustomKeyStoreNotFoundException' };
    const ask = (input: object, caller = {}) => kms.ask('DescribeCustomKeyStores', input, caller);
    await assert.rejects(ask({ CustomKeyStoreId: 'cks-0' }), missing);
    await assert.rejects(ask({ CustomKeyStoreName: 'other' }), missing);
    await assert.rejects(ask({ CustomKeyStoreId }, { region: 'eu-west-3' }), missing);
    await assert.rejects(ask({ CustomKeyStoreId }, { account: '444455556666' }), missing);
    await assert.rejects(ask({ CustomKeyStoreId, CustomKeyStoreName: 'found' }), {
      code: 'ValidationException',
    });
  });
});

describe('connecting', () => {
  test('takes its time, and is told by name in the record', async () => {
    const { wish, kms } = stores;
    const { CustomKeyStoreId = '' } = await create(wish());
    const { output, notes } = await kms.call('ConnectCustomKeyStore', { CustomKeyStoreId });
    assert.deepEqual(output, {});
    assert.deepEqual(notes?.additionalEventData, { customKeyStoreName: 'store 1' });
    assert.equal((await stores.describe(CustomKeyStoreId)).ConnectionState, 'CONNECTING');
    assert.equal((await stores.settle(CustomKeyStoreId)).ConnectionState, 'CONNECTED');
    // Again, it is what it is.
    assert.deepEqual(await kms.ask('ConnectCustomKeyStore', { CustomKeyStoreId }), {});
    assert.equal((await stores.describe(CustomKeyStoreId)).ConnectionState, 'CONNECTED');
  });

  test('fails with a code, stays failed until disconnected, and works again', async () => {
    const { kms, xks } = stores;
    const storeId = await stores.newStore();
    const CustomKeyStoreId = storeId;
    await stores.disconnect(storeId);
    await xks.stop();
    const failed = await stores.connect(storeId);
    assert.equal(failed.ConnectionState, 'FAILED');
    assert.equal(failed.ConnectionErrorCode, 'XKS_PROXY_NOT_REACHABLE');
    await xks.start();
    const connecting = kms.ask('ConnectCustomKeyStore', { CustomKeyStoreId });
    await assert.rejects(connecting, invalidState(storeId, 'FAILED'));
    const free = await stores.disconnect(storeId);
    assert.equal(free.ConnectionState, 'DISCONNECTED');
    assert.equal(free.ConnectionErrorCode, undefined);
    const twice = kms.ask('DisconnectCustomKeyStore', { CustomKeyStoreId });
    await assert.rejects(twice, invalidState(storeId, 'DISCONNECTED'));
    assert.equal((await stores.connect(storeId)).ConnectionState, 'CONNECTED');
  });

  test('finds out that the credential is no longer taken, and one that is', async () => {
    const { kms, xks } = stores;
    const storeId = await stores.newStore();
    await stores.disconnect(storeId);
    const credential = { ...other, AccessKeyId: 'D'.repeat(20) };
    xks.configure(
      JSON.stringify({
        XksProxyUriPath: xks.path,
        XksProxyAuthenticationCredential: credential,
      }),
      { alone: true },
    );
    assert.equal((await stores.connect(storeId)).ConnectionErrorCode, 'XKS_PROXY_ACCESS_DENIED');
    await stores.disconnect(storeId);
    await kms.ask('UpdateCustomKeyStore', {
      CustomKeyStoreId: storeId,
      XksProxyAuthenticationCredential: credential,
    });
    assert.equal((await stores.connect(storeId)).ConnectionState, 'CONNECTED');
  });

  test('is decided by one of two processes, and both use the store', async () => {
    const { kms } = stores;
    const { CustomKeyStoreId = '' } = await create(stores.wish());
    const second = await kms.startAgain();
    await kms.ask('ConnectCustomKeyStore', { CustomKeyStoreId });
    const work = [kms, second].map((each) =>
      each.due(undefined, { kind: 'kms/connect-key-store' }),
    );
    assert.deepEqual((await Promise.all(work)).flat(), []);
    assert.equal((await stores.settle(CustomKeyStoreId)).ConnectionState, 'CONNECTED');
    const { id } = await stores.newKey(CustomKeyStoreId);
    const sealed = await kms.ask('Encrypt', { KeyId: id, Plaintext: Buffer.from('x') });
    const CiphertextBlob = Buffer.from(sealed.CiphertextBlob ?? []);
    const opened = await second.ask('Decrypt', { CiphertextBlob });
    assert.equal(Buffer.from(opened.Plaintext ?? []).toString(), 'x');
    await second.kms.close();
  });
});

describe('UpdateCustomKeyStore', () => {
  const update = (input: UpdateCustomKeyStoreRequest) =>
    stores.kms.ask('UpdateCustomKeyStore', input);

  test('renames in any state, changes the credential while connected, the rest not', async () => {
    const { xks } = stores;
    const CustomKeyStoreId = await stores.newStore();
    assert.deepEqual(await update({ CustomKeyStoreId, NewCustomKeyStoreName: 'new' }), {});
    assert.equal((await stores.describe(CustomKeyStoreId)).CustomKeyStoreName, 'new');
    const { id } = await stores.newKey(CustomKeyStoreId);
    const credential = { ...other, AccessKeyId: 'E'.repeat(20) };
    const wrong = update({ CustomKeyStoreId, XksProxyAuthenticationCredential: credential });
    await assert.rejects(wrong, { code: 'XksProxyIncorrectAuthenticationCredentialException' });
    const more = JSON.stringify({
      XksProxyUriPath: xks.path,
      XksProxyAuthenticationCredential: credential,
    });
    xks.configure(more);
    await update({ CustomKeyStoreId, XksProxyAuthenticationCredential: credential });
    xks.configure(more, { alone: true });
    await stores.kms.ask('Encrypt', { KeyId: id, Plaintext: Buffer.from('x') });
    const { XksProxyConfiguration } = await stores.describe(CustomKeyStoreId);
    assert.equal(XksProxyConfiguration?.AccessKeyId, credential.AccessKeyId);
    const moved = { CustomKeyStoreId, XksProxyUriEndpoint: 'https://elsewhere.test' };
    await assert.rejects(update(moved), invalidState(CustomKeyStoreId, 'CONNECTED'));
    await stores.disconnect(CustomKeyStoreId);
    await assert.rejects(update(moved), { code: 'XksProxyUriUnreachableException' });
  });

  test('takes nothing that another store has, nor what is of another type', async () => {
    const CustomKeyStoreId = await stores.newStore({ CustomKeyStoreName: 'one' });
    stores.xks.configure(
      JSON.stringify({
        XksProxyUriPath: path('two'),
        XksProxyAuthenticationCredential: other,
      }),
    );
    const two = await create(
      stores.wish({
        CustomKeyStoreName: 'two',
        XksProxyUriPath: path('two'),
        XksProxyAuthenticationCredential: other,
      }),
    );
    const second = two.CustomKeyStoreId ?? '';
    await assert.rejects(update({ CustomKeyStoreId: second, NewCustomKeyStoreName: 'one' }), {
      code: 'CustomKeyStoreNameInUseException',
    });
    const XksProxyUriPath = stores.xks.path;
    await assert.rejects(update({ CustomKeyStoreId: second, XksProxyUriPath }), {
      code: 'XksProxyUriInUseException',
    });
    await assert.rejects(update({ CustomKeyStoreId, KeyStorePassword: '1234567' }), {
      code: 'ValidationException',
    });
    // Its own name is no other's.
    assert.deepEqual(await update({ CustomKeyStoreId, NewCustomKeyStoreName: 'one' }), {});
  });
});

describe('DeleteCustomKeyStore', () => {
  const remove = (CustomKeyStoreId: string) =>
    stores.kms.ask('DeleteCustomKeyStore', { CustomKeyStoreId });

  test('takes only a store that is disconnected and has no keys, not even going ones', async () => {
    const { kms } = stores;
    const storeId = await stores.newStore();
    const { id } = await stores.newKey(storeId);
    await assert.rejects(remove(storeId), invalidState(storeId, 'CONNECTED'));
    await stores.disconnect(storeId);
    const hasKeys = { code: 'CustomKeyStoreHasCMKsException' };
    await assert.rejects(remove(storeId), hasKeys);
    await kms.ask('ScheduleKeyDeletion', { KeyId: id, PendingWindowInDays: 7 });
    await assert.rejects(remove(storeId), hasKeys);
    kms.clock.now += 7 * 24 * 60 * 60 * 1000;
    const [event] = await kms.doDue();
    assert.equal(event?.eventName, 'DeleteKey');
    assert.deepEqual(await remove(storeId), {});
    await assert.rejects(remove(storeId), {
      code: 'CustomKeyStoreNotFoundException',
      text: `Custom key store ${storeId} does not exist.`,
    });
    const left = await kms.engine.scan({ prefix: 'kms/custom', limit: 100 });
    assert.deepEqual(
      left.map(({ path: at }) => at),
      [],
    );
    // What it had is free again.
    await create(stores.wish({ CustomKeyStoreName: 'store 1' }));
  });

  test('and a key made at the same moment exclude each other', async () => {
    const { kms } = stores;
    const storeId = await stores.newStore();
    const XksKeyId = await stores.xks.newKey();
    const input = { Origin: 'EXTERNAL_KEY_STORE', CustomKeyStoreId: storeId, XksKeyId } as const;
    const prepared = await kms.prepare('CreateKey', input);
    await stores.disconnect(storeId);
    const deletion = await kms.prepare('DeleteCustomKeyStore', { CustomKeyStoreId: storeId });
    assert.equal((await kms.store.commit(prepared)).kind, 'committed');
    assert.equal((await kms.store.commit(deletion)).kind, 'conflict');
    await assert.rejects(remove(storeId), { code: 'CustomKeyStoreHasCMKsException' });
    await stores.connect(storeId);
    const later = await kms.prepare('CreateKey', {
      ...input,
      XksKeyId: await stores.xks.newKey(),
    });
    const listed = await kms.ask('ListKeys', {});
    for (const { KeyId = '' } of listed.Keys ?? [])
      await kms.ask('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 });
    kms.clock.now += 7 * 24 * 60 * 60 * 1000;
    await kms.doDue();
    await stores.disconnect(storeId);
    await remove(storeId);
    assert.equal((await kms.store.commit(later)).kind, 'conflict');
  });
});

test('the account of a store is its own', async () => {
  const storeId = await stores.newStore();
  for (const name of [
    'ConnectCustomKeyStore',
    'DisconnectCustomKeyStore',
    'DeleteCustomKeyStore',
  ] as const)
    await assert.rejects(
      stores.kms.ask(name, { CustomKeyStoreId: storeId }, { account: '444455556666' }),
      { code: 'CustomKeyStoreNotFoundException' },
    );
});
