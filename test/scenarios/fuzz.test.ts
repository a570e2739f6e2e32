/**
 * Fuzz through the socket, time-boxed: bodies, SigV4 headers and ciphertext blobs that are nearly
 * right. In dev mode a request needs no secret, so they get as far as they can. Whatever comes, the
 * answer is never a failure of ours, and the server stays up.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { type Answer, ask } from '../ask.ts';
import { type RunningServer, startServer } from '../running-server.ts';

const timeBox = { numRuns: 100_000, interruptAfterTimeLimit: 5_000, markInterruptAsFailure: false };

let server: RunningServer;
let call: ReturnType<typeof ask>;
/** What the fuzz acts on, and may destroy. */
let target: string;
let blob: Buffer;
before(async () => {
  server = await startServer({ mode: 'dev' });
  call = ask(server);
  const newKey = async () =>
    ((await call('CreateKey')).body.KeyMetadata as { KeyId: string }).KeyId;
  target = await newKey();
  const sealed = await call('Encrypt', { KeyId: await newKey(), Plaintext: 'YQ==' });
  blob = Buffer.from(sealed.body.CiphertextBlob as string, 'base64');
});
after(() => server.stop());

const operations = [
  'CreateKey',
  'DescribeKey',
  'Encrypt',
  'Decrypt',
  'ReEncrypt',
  'GenerateDataKey',
  'Sign',
  'VerifyMac',
  'CreateAlias',
  'TagResource',
  'PutKeyPolicy',
  'ListKeys',
  'DeriveSharedSecret',
  'ScheduleKeyDeletion',
];
const memberNames = [
  'KeyId',
  'Plaintext',
  'CiphertextBlob',
  'EncryptionContext',
  'Policy',
  'Tags',
  'AliasName',
  'TargetKeyId',
  'Message',
  'SigningAlgorithm',
  'Limit',
  'Marker',
  'KeySpec',
  'KeyUsage',
  'NumberOfBytes',
  'DestinationKeyId',
  'GrantTokens',
  'DryRun',
  'PublicKey',
];

/** The answer is one of ours to a caller's mistake, or to a call that happened to be right. */
function isFine(answer: Answer): void {
  assert.ok(answer.status < 500, `${answer.status} ${answer.text}`);
  if (answer.text.startsWith('{')) JSON.parse(answer.text);
}

async function stillServes(): Promise<void> {
  const answer = await call('Decrypt', { CiphertextBlob: blob.toString('base64') });
  assert.equal(answer.body.Plaintext, 'YQ==');
}

describe('hostile requests', () => {
  test('with members of any kind never fail inside the server', async () => {
    const likelyValue = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom<unknown>('YQ==', 'alias/x', 'RSA_2048', 'ECDH', 1, true, null),
      fc.string({ unit: 'binary', maxLength: 300 }),
    );
    const input = fc.dictionary(fc.constantFrom(...memberNames), likelyValue, { maxKeys: 6 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...operations), input, async (operation, members) => {
        isFine(await call(operation, { KeyId: target, ...members }));
      }),
      timeBox,
    );
    await stillServes();
  });

  test('with bodies of any bytes never fail inside the server', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...operations),
        fc.uint8Array({ maxLength: 400 }),
        async (operation, bytes) => {
          isFine(await call(operation, {}, { rawBody: Buffer.from(bytes) }));
        },
      ),
      timeBox,
    );
    await stillServes();
  });

  test('with blobs that are nearly right all get the one error', async () => {
    const edit = fc.record({
      at: fc.nat({ max: 400 }),
      remove: fc.nat({ max: 8 }),
      insert: fc.uint8Array({ maxLength: 8 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 3 }), async (edits) => {
        let bytes = blob;
        for (const { at, remove, insert } of edits)
          bytes = Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + remove)]);
        fc.pre(!bytes.equals(blob) && bytes.length > 0);
        const answer = await call('Decrypt', { CiphertextBlob: bytes.toString('base64') });
        assert.deepEqual(answer.body, { __type: 'InvalidCiphertextException' });
      }),
      timeBox,
    );
    await stillServes();
  });

  test('with authorization headers of any text never fail inside the server', async () => {
    const printable = fc.string({ maxLength: 120 }).map((text) => text.replace(/[^ -~]/g, '?'));
    const header = fc.oneof(
      printable,
      fc
        .tuple(printable, printable, printable)
        .map(([a, b, c]) => `AWS4-HMAC-SHA256 Credential=${a}, SignedHeaders=${b}, Signature=${c}`),
    );
    await fc.assert(
      fc.asyncProperty(header, printable, async (authorization, date) => {
        const response = await fetch(server.endpoint, {
          method: 'POST',
          headers: {
            'content-type': 'application/x-amz-json-1.1',
            'x-amz-target': 'TrentService.ListKeys',
            'x-amz-date': date,
            authorization,
          },
          body: '{}',
        });
        assert.equal(response.status, 400);
        await response.arrayBuffer();
      }),
      timeBox,
    );
    await stillServes();
  });
});
