/**
 * Where the time of a hot call goes: each stage called in a loop in this process, without sockets,
 * and the trail's append once more with the disk.
 */
import { createSecretKey } from 'node:crypto';
import { writeFrame } from '../src/audit/frame.ts';
import { openLane } from '../src/audit/lane.ts';
import { callRecord } from '../src/audit/record.ts';
import { randomBytes } from '../src/crypto/random.ts';
import type { HttpRequest } from '../src/http/message.ts';
import { rootPrincipal } from '../src/identity/access-key.ts';
import { signRequest } from '../src/identity/sign.ts';
import { sealSecret } from '../src/identity/sigv4.ts';
import { createVerifier, type Identified } from '../src/identity/verify.ts';
import { kms } from '../src/model/kms.generated.ts';
import { parsePolicy } from '../src/policy/document.ts';
import { evaluate, type PolicySet, type Question } from '../src/policy/evaluate.ts';
import { blobHeader, sealBlob, sealRandomBytes } from '../src/services/kms/envelope.ts';
import { claim } from '../src/wire/claim.ts';
import type { ClaimedOperation } from '../src/wire/protocol.ts';
import type { World } from '../src/world.ts';
import { type Claim, median, type Row } from './claim.ts';

export const stages: Claim = {
  name: 'stages',
  says: 'where the time of one Encrypt of 1 KB goes, stage by stage, in one process without sockets',
  async measure(bench) {
    const rows = measureStages(bench.quick ? 3_000 : 10_000);
    return [...rows, await appending(bench.folder('stages'), bench.quick ? 200 : 1_000)];
  },
};

const requestId = '01234567-89ab-4cde-8f01-23456789abcd';
const account = '111122223333';
const caller = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};

const world: World = {
  now: Date.now,
  machineNow: Date.now,
  monotonic: () => performance.now(),
  randomBytes,
};

function measureStages(calls: number): Row[] {
  const models = new Map([[kms.service, kms]]);
  const request = signedEncrypt();
  const claimIt = () => claim(request, { models, requestId });
  const claimed = claimIt();
  if (claimed.kind === 'answer') throw new Error('The request was not recognised.');
  const verifyIt = verification(request);
  const identified = verifyIt();
  const input = claimed.protocol.decode(claimed);
  const sealIt = sealing();
  const output = {
    CiphertextBlob: sealIt(),
    KeyId: keyArn,
    EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
  };
  const recordIt = recording(claimed, { identified, input, output });
  const spans: Record<string, number> = {
    'claim, with parsing the JSON': timeOf(calls, claimIt),
    'verify the signature': timeOf(calls, verifyIt),
    'decode and validate': timeOf(calls, () => claimed.protocol.decode(claimed)),
    'evaluate policies': timeOf(calls, evaluation(identified)),
    'seal: derive, encrypt, frame': timeOf(calls, sealIt),
    'write the audit record': timeOf(calls, recordIt),
    'frame and chain the record': timeOf(calls, framing(recordIt())),
    'encode the answer': timeOf(calls, () => claimed.protocol.encode(claimed, output, requestId)),
  };
  const rows = Object.entries(spans).map(([what, value]): Row => ({ what, value, unit: 'µs' }));
  const value = Object.values(spans).reduce((total, span) => total + span, 0);
  return [...rows, { what: 'together', value, unit: 'µs' }];
}

const keyId = '1234abcd-12ab-34cd-56ef-1234567890ab';
const keyArn = `arn:aws:kms:us-east-1:${account}:key/${keyId}`;

function signedEncrypt(): HttpRequest {
  const body = JSON.stringify({
    KeyId: keyId,
    Plaintext: Buffer.alloc(1024, 'sealhold').toString('base64'),
    EncryptionContext: { tenant: 'bench' },
  });
  const headers = signRequest({
    method: 'POST',
    url: 'http://127.0.0.1:4566/',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'TrentService.Encrypt',
      'user-agent': 'bench',
    },
    body,
    ...caller,
    ...{ region: 'us-east-1', service: 'kms', at: Date.now() },
  });
  return {
    method: 'POST',
    target: '/',
    headers: new Map([...Object.entries(headers), ['content-length', `${body.length}`]]),
    repeated: [],
    body: Buffer.from(body),
    remoteAddress: '127.0.0.1',
    tls: undefined,
  };
}

type Known = Identified & { readonly kind: 'principal' };

function verification(request: HttpRequest): () => Known {
  const secret = sealSecret(caller.secretAccessKey);
  const { accessKeyId } = caller;
  const principal = rootPrincipal({ account, accessKeyId });
  // One object, as from the server's cache: the verifier keeps what it derives beside it.
  const accessKey = { accessKeyId, secret, principal, status: 'Active' } as const;
  const verify = createVerifier({
    accessKeys: { find: () => accessKey },
    world,
    services: new Set(['kms']),
  });
  return () => {
    const identified = verify(request, { protocol: 'json-1.1', service: 'kms' });
    if (identified instanceof Promise || identified.kind === 'refused')
      throw new Error('The signature was not accepted at once.');
    return identified;
  };
}

/** The root user and the key policy that a key has where nothing else is said. */
function evaluation({ principal }: Known): () => unknown {
  const { type, arn, principalId } = principal;
  const question: Question = {
    caller: { type, account, arn, principalId },
    action: 'kms:Encrypt',
    resource: { arn: keyArn, account },
    conditions: () => undefined,
  };
  const parsed = parsePolicy(
    JSON.stringify({
      Version: '2012-10-17',
      Statement: { Effect: 'Allow', Principal: { AWS: account }, Action: 'kms:*', Resource: '*' },
    }),
  );
  if (parsed.kind === 'fault') throw new Error(parsed.fault.text);
  const named = { policy: parsed.policy, type: 'resource', name: 'default' } as const;
  const policies: PolicySet = { identity: [], resource: { policy: named, rule: 'required' } };
  return () => evaluate(question, policies);
}

function sealing(): () => Buffer {
  const installationKey = createSecretKey(randomBytes(32));
  const owner = { account, keyId, materialId: randomBytes(32).toString('hex') };
  const header = blobHeader(owner, installationKey);
  const key = createSecretKey(randomBytes(32));
  const plaintext = Buffer.alloc(1024, 'sealhold');
  const context = { tenant: 'bench' };
  return () => sealBlob({ header, key, context }, plaintext, randomBytes(sealRandomBytes));
}

function recording(
  { operation }: ClaimedOperation,
  call: { identified: Known; input: unknown; output: unknown },
): () => string {
  return () =>
    callRecord(
      {
        ...{ requestId, now: Date.now(), service: 'kms', region: 'us-east-1', readOnly: true },
        ...{ operation: operation.name, model: operation, notes: undefined },
        principal: call.identified.principal,
        input: call.input,
        resources: [{ arn: keyArn, account, type: 'AWS::KMS::Key' }],
        source: {
          ...{ remoteAddress: '127.0.0.1', userAgent: 'bench', tls: undefined },
          host: '127.0.0.1:4566',
        },
        outcome: { kind: 'output', output: call.output },
      },
      world,
    );
}

function framing(json: string): () => number {
  const into = Buffer.alloc(4096);
  const previous = Buffer.alloc(32);
  return () => writeFrame(into, { at: 0, json, storeSeq: 0, previous });
}

/** As many as 32 connections bring while the sync before is under way. */
const recordsPerSync = 16;

/** CPU time of this process for one record, with its share of writing and syncing. */
async function appending(dir: string, syncs: number): Promise<Row> {
  const lane = await openLane({ dir, lane: 'bench' });
  const json = JSON.stringify({ record: 'x'.repeat(900) });
  const spans: number[] = [];
  for (let round = 0; round < 6; round++) {
    const before = process.cpuUsage();
    for (let i = 0; i < syncs / 5; i++)
      await Promise.all(Array.from({ length: recordsPerSync }, () => lane.append(json)));
    const { user, system } = process.cpuUsage(before);
    if (round > 0) spans.push((user + system) / (recordsPerSync * (syncs / 5)));
  }
  await lane.close();
  const what = `append to the trail, ${recordsPerSync} records a sync`;
  return { what, value: median(spans), unit: 'µs', note: 'CPU, all threads' };
}

/** Microseconds for one call: the median of five loops, after one that isn't counted. */
function timeOf(calls: number, act: () => unknown): number {
  const spans: number[] = [];
  for (let round = 0; round < 6; round++) {
    const beganMs = performance.now();
    for (let i = 0; i < calls; i++) act();
    if (round > 0) spans.push(((performance.now() - beganMs) * 1_000) / calls);
  }
  return median(spans);
}
