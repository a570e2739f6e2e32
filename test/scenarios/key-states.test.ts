/**
 * Key state × operation through the wire, cell by cell, as the developer guide's table has it
 * (https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html). The keys that are
 * Unavailable lie in an external key store, whose proxy serves keys of the same server. The seconds
 * of Creating and Updating are tested beside the service.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ask } from '../ask.ts';
import { type RunningProxy, startProxy } from '../running-proxy.ts';
import {
  freePort,
  freshFolder,
  type RunningServer,
  removeFolder,
  startServer,
} from '../running-server.ts';

let server: RunningServer;
let call: ReturnType<typeof ask>;
let folder: string;
let proxy: RunningProxy;
before(async () => {
  folder = freshFolder();
  const port = await freePort();
  const routes = join(folder, 'routes.json');
  const connect = `http://127.0.0.1:${port}`;
  writeFileSync(
    routes,
    JSON.stringify({ endpoints: { 'https://xks.test': { connect, timeoutMs: 5_000 } } }),
  );
  server = await startServer({ mode: 'dev', args: ['--xks', routes] });
  call = ask(server);
  proxy = await makeUnavailable(port);
});
after(async () => {
  await server.stop();
  await proxy.stop();
  removeFolder(folder);
});

const states = [
  'Enabled',
  'Disabled',
  'PendingDeletion',
  'PendingReplicaDeletion',
  'PendingImport',
  'Unavailable',
] as const;
type State = (typeof states)[number];

/** What a cell says: it works, or the error and its text behind the key's ARN. `-`: no such key. */
type Cell =
  | 'ok'
  | 'disabled'
  | 'deletion'
  | 'notDeletion'
  | 'import'
  | 'origin'
  | 'unavailable'
  | '-';

const errors: Readonly<
  Record<string, (arn: string, state: State) => [code: string, text?: string]>
> = {
  disabled: (arn) => ['DisabledException', `${arn} is disabled.`],
  deletion: (arn, state) => [
    'KMSInvalidStateException',
    `${arn} is pending ${state === 'PendingReplicaDeletion' ? 'replica ' : ''}deletion.`,
  ],
  notDeletion: (arn) => ['KMSInvalidStateException', `${arn} is not pending deletion.`],
  import: (arn) => ['KMSInvalidStateException', `${arn} is pending import.`],
  origin: () => ['UnsupportedOperationException'],
  unavailable: () => [
    'KMSInvalidStateException',
    'This KMS key is in a custom key store that is not connected to its external key store proxy. Connect the external key store and try the request again.',
  ],
};

const kinds = {
  symmetric: {},
  ecc: { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' },
  mac: { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' },
  agreement: { KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' },
  kem: { KeySpec: 'ML_KEM_512', KeyUsage: 'ENCAPSULATE_DECAPSULATE' },
} as const;

interface Made {
  readonly KeyId: string;
  readonly Arn: string;
  /** What was made while the key was enabled, for the operations that need it. */
  readonly before: Record<string, unknown>;
}

interface Row {
  readonly operation: string;
  readonly kind: keyof typeof kinds;
  readonly input?: (made: Made) => object | Promise<object>;
  /** Made while the key is enabled. */
  readonly prepare?: (key: Made) => Promise<Record<string, unknown>>;
  /** In the order of `states`. */
  readonly cells: readonly [Cell, Cell, Cell, Cell, Cell, Cell];
}

const b64 = (text: string) => Buffer.from(text).toString('base64');
const Message = b64('m');
const ecdsa = { SigningAlgorithm: 'ECDSA_SHA_256', Message };
const hmac = { MacAlgorithm: 'HMAC_SHA_256', Message };
const encrypted = async ({ KeyId }: Made) =>
  (await call('Encrypt', { KeyId, Plaintext: Message })).body;
const other = async (input: object = {}) =>
  ((await call('CreateKey', input)).body.KeyMetadata as { KeyId: string }).KeyId;

const use = ['ok', 'disabled', 'deletion', 'deletion', 'import', '-'] as const;
const useInStore = ['ok', 'disabled', 'deletion', 'deletion', 'import', 'unavailable'] as const;
const useNotInStore = ['ok', 'disabled', 'deletion', 'deletion', 'import', 'origin'] as const;
const always = ['ok', 'ok', 'ok', 'ok', 'ok', 'ok'] as const;
const untilDeletion = ['ok', 'ok', 'deletion', 'deletion', 'ok', 'ok'] as const;
const noImport = ['ok', 'disabled', 'deletion', 'deletion', '-', '-'] as const;
const noImportInStore = ['ok', 'disabled', 'deletion', 'deletion', '-', 'unavailable'] as const;

const rows: readonly Row[] = [
  {
    operation: 'CancelKeyDeletion',
    kind: 'symmetric',
    cells: ['notDeletion', 'notDeletion', 'ok', 'ok', 'notDeletion', 'notDeletion'],
  },
  {
    operation: 'CreateAlias',
    kind: 'symmetric',
    cells: untilDeletion,
    input: ({ KeyId }) => ({ AliasName: `alias/${KeyId}`, TargetKeyId: KeyId }),
  },
  {
    operation: 'CreateGrant',
    kind: 'symmetric',
    cells: ['ok', 'disabled', 'deletion', 'deletion', 'import', 'ok'],
    input: () => ({ GranteePrincipal: 'arn:aws:iam::111122223333:root', Operations: ['Encrypt'] }),
  },
  {
    operation: 'Encrypt',
    kind: 'symmetric',
    cells: useInStore,
    input: () => ({ Plaintext: Message }),
  },
  {
    operation: 'Decrypt',
    kind: 'symmetric',
    cells: noImportInStore,
    prepare: encrypted,
    input: ({ before: b }) => ({ CiphertextBlob: b.CiphertextBlob }),
  },
  {
    operation: 'ReEncrypt',
    kind: 'symmetric',
    cells: noImportInStore,
    prepare: encrypted,
    input: async ({ before: b }) => ({
      CiphertextBlob: b.CiphertextBlob,
      DestinationKeyId: await other(),
    }),
  },
  {
    operation: 'GenerateDataKey',
    kind: 'symmetric',
    cells: useInStore,
    input: () => ({ KeySpec: 'AES_256' }),
  },
  {
    operation: 'GenerateDataKeyWithoutPlaintext',
    kind: 'symmetric',
    cells: useInStore,
    input: () => ({ NumberOfBytes: 8 }),
  },
  {
    operation: 'GenerateDataKeyPair',
    kind: 'symmetric',
    cells: useNotInStore,
    input: () => ({ KeyPairSpec: 'ECC_NIST_P256' }),
  },
  {
    operation: 'GenerateDataKeyPairWithoutPlaintext',
    kind: 'symmetric',
    cells: useNotInStore,
    input: () => ({ KeyPairSpec: 'ECC_NIST_P256' }),
  },
  { operation: 'Sign', kind: 'ecc', cells: use, input: () => ecdsa },
  {
    operation: 'Verify',
    kind: 'ecc',
    cells: use,
    prepare: async ({ KeyId }) => (await call('Sign', { KeyId, ...ecdsa })).body,
    input: ({ before: b }) => ({ ...ecdsa, Signature: b.Signature ?? Message }),
  },
  { operation: 'GenerateMac', kind: 'mac', cells: use, input: () => hmac },
  {
    operation: 'VerifyMac',
    kind: 'mac',
    cells: use,
    prepare: async ({ KeyId }) => (await call('GenerateMac', { KeyId, ...hmac })).body,
    input: ({ before: b }) => ({ ...hmac, Mac: b.Mac ?? Message }),
  },
  {
    operation: 'DeriveSharedSecret',
    kind: 'agreement',
    cells: use,
    input: async () => ({
      KeyAgreementAlgorithm: 'ECDH',
      PublicKey: (await call('GetPublicKey', { KeyId: await other(kinds.agreement) })).body
        .PublicKey,
    }),
  },
  {
    operation: 'Encapsulate',
    kind: 'kem',
    cells: noImport,
    input: () => ({ EncapsulationAlgorithm: 'ML_KEM' }),
  },
  {
    operation: 'Decapsulate',
    kind: 'kem',
    cells: noImport,
    prepare: async ({ KeyId }) =>
      (await call('Encapsulate', { KeyId, EncapsulationAlgorithm: 'ML_KEM' })).body,
    input: ({ before: b }) => ({
      EncapsulationAlgorithm: 'ML_KEM',
      SharedSecretCiphertextBlob: b.SharedSecretCiphertextBlob,
    }),
  },
  { operation: 'DescribeKey', kind: 'symmetric', cells: always },
  { operation: 'GetKeyPolicy', kind: 'symmetric', cells: always },
  {
    operation: 'PutKeyPolicy',
    kind: 'symmetric',
    cells: always,
    prepare: async ({ KeyId }) => (await call('GetKeyPolicy', { KeyId })).body,
    input: async ({ KeyId }) => ({ Policy: (await call('GetKeyPolicy', { KeyId })).body.Policy }),
  },
  { operation: 'ListAliases', kind: 'symmetric', cells: always },
  { operation: 'ListGrants', kind: 'symmetric', cells: always },
  { operation: 'ListKeyPolicies', kind: 'symmetric', cells: always },
  { operation: 'ListResourceTags', kind: 'symmetric', cells: always },
  {
    operation: 'DisableKey',
    kind: 'symmetric',
    cells: ['ok', 'ok', 'deletion', 'deletion', 'import', 'ok'],
  },
  {
    operation: 'EnableKey',
    kind: 'symmetric',
    cells: ['ok', 'ok', 'deletion', 'deletion', 'import', 'ok'],
  },
  {
    operation: 'EnableKeyRotation',
    kind: 'symmetric',
    cells: ['ok', 'disabled', 'deletion', 'deletion', 'origin', 'origin'],
  },
  {
    operation: 'DisableKeyRotation',
    kind: 'symmetric',
    cells: ['ok', 'disabled', 'deletion', 'deletion', 'origin', 'origin'],
  },
  {
    operation: 'GetKeyRotationStatus',
    kind: 'symmetric',
    cells: ['ok', 'ok', 'ok', 'ok', 'origin', 'origin'],
  },
  {
    operation: 'ListKeyRotations',
    kind: 'symmetric',
    cells: ['ok', 'ok', 'ok', 'ok', 'ok', 'origin'],
  },
  { operation: 'RotateKeyOnDemand', kind: 'symmetric', cells: useNotInStore },
  {
    operation: 'GetParametersForImport',
    kind: 'symmetric',
    cells: ['origin', 'origin', 'origin', 'origin', 'ok', 'origin'],
    input: () => ({ WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' }),
  },
  {
    operation: 'DeleteImportedKeyMaterial',
    kind: 'symmetric',
    cells: ['origin', 'origin', 'origin', 'origin', 'ok', 'origin'],
  },
  {
    operation: 'GetPublicKey',
    kind: 'ecc',
    cells: ['ok', 'ok', 'deletion', 'deletion', 'import', '-'],
  },
  {
    operation: 'ScheduleKeyDeletion',
    kind: 'symmetric',
    cells: untilDeletion,
    input: () => ({ PendingWindowInDays: 7 }),
  },
  {
    operation: 'TagResource',
    kind: 'symmetric',
    cells: untilDeletion,
    input: () => ({ Tags: [{ TagKey: 'a', TagValue: 'b' }] }),
  },
  {
    operation: 'UntagResource',
    kind: 'symmetric',
    cells: untilDeletion,
    input: () => ({ TagKeys: ['a'] }),
  },
  {
    operation: 'UpdateKeyDescription',
    kind: 'symmetric',
    cells: untilDeletion,
    input: () => ({ Description: 'd' }),
  },
];

/** By operation, those whose store is not connected. */
const unavailable = new Map<string, Made>();

/** All of them lie in one store, which is connected while they are made ready. */
async function makeUnavailable(port: number): Promise<RunningProxy> {
  const inStore = rows.filter(({ cells }) => cells[states.indexOf('Unavailable')] !== '-');
  const keys = await Promise.all(inStore.map(() => other(kinds.mac)));
  const running = await startProxy({ kms: server, keys, folder, port });
  const { body } = await call('CreateCustomKeyStore', {
    CustomKeyStoreName: 'away',
    CustomKeyStoreType: 'EXTERNAL_KEY_STORE',
    XksProxyConnectivity: 'PUBLIC_ENDPOINT',
    XksProxyUriEndpoint: 'https://xks.test',
    XksProxyUriPath: running.path,
    XksProxyAuthenticationCredential: running.credential,
  });
  const { CustomKeyStoreId } = body;
  await call('ConnectCustomKeyStore', { CustomKeyStoreId });
  await untilStore('CONNECTED');
  for (const [i, row] of inStore.entries()) {
    const origin = { Origin: 'EXTERNAL_KEY_STORE', CustomKeyStoreId, XksKeyId: keys[i] };
    const made = await call('CreateKey', origin);
    const { KeyId, Arn } = made.body.KeyMetadata as { KeyId: string; Arn: string };
    const bare = { KeyId, Arn, before: {} };
    unavailable.set(row.operation, { ...bare, before: (await row.prepare?.(bare)) ?? {} });
  }
  await call('DisconnectCustomKeyStore', { CustomKeyStoreId });
  await untilStore('DISCONNECTED');
  return running;
}

async function untilStore(state: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const { body } = await call('DescribeCustomKeyStores');
    const [store] = body.CustomKeyStores as { ConnectionState: string }[];
    if (store?.ConnectionState === state) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`the store does not become ${state}`);
}

async function keyIn(state: State, { operation, kind, prepare }: Row): Promise<Made> {
  const away = unavailable.get(operation);
  if (state === 'Unavailable' && away !== undefined) {
    assert.equal(await stateOf(away.KeyId), state);
    return away;
  }
  const isMultiRegion = state === 'PendingReplicaDeletion';
  const origin = state === 'PendingImport' ? { Origin: 'EXTERNAL' } : {};
  const made = await call('CreateKey', {
    ...kinds[kind],
    ...origin,
    ...(isMultiRegion ? { MultiRegion: true } : {}),
  });
  const { KeyId, Arn } = made.body.KeyMetadata as { KeyId: string; Arn: string };
  assert.ok(KeyId, made.text);
  const bare = { KeyId, Arn, before: {} };
  const ready = state === 'PendingImport' || prepare === undefined ? {} : await prepare(bare);
  if (isMultiRegion)
    assert.equal((await call('ReplicateKey', { KeyId, ReplicaRegion: 'eu-west-3' })).status, 200);
  if (state === 'Disabled') await call('DisableKey', { KeyId });
  if (state.endsWith('Deletion'))
    await call('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 });
  assert.equal(await stateOf(KeyId), state);
  return { ...bare, before: ready };
}

async function stateOf(KeyId: string): Promise<string> {
  const { body } = await call('DescribeKey', { KeyId });
  return (body.KeyMetadata as { KeyState: string }).KeyState;
}

describe('key state by operation', () => {
  let cells = 0;
  for (const row of rows) {
    for (const [i, state] of states.entries()) {
      const cell = row.cells[i] as Cell;
      if (cell === '-') continue;
      test(`${row.operation}, ${state}: ${cell}`, async () => {
        const made = await keyIn(state, row);
        const input = { KeyId: made.KeyId, ...(await row.input?.(made)) };
        const answer = await call(row.operation, input);
        cells++;
        if (cell === 'ok') {
          assert.equal(answer.status, 200, answer.text);
          return;
        }
        const [code, text] = errors[cell]?.(made.Arn, state) ?? [];
        assert.equal(answer.body.__type, code, answer.text);
        if (text !== undefined) assert.equal(answer.body.message, text);
      });
    }
  }
  test('the count', () => console.log(`${cells} cells of the key state table.`));
});
