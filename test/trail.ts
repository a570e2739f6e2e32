/**
 * What tests of the audit trail are made on: temporary folders, real stores, a disk that fails on
 * demand.
 */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Disk, disk } from '../src/audit/disk.ts';
import type { CallFacts } from '../src/audit/record.ts';
import { randomBytes } from '../src/crypto/random.ts';
import { kms } from '../src/model/kms.generated.ts';
import type { Principal } from '../src/operation.ts';
import type { Engine, Write } from '../src/store/engine.ts';
import { createKeyring, keyringPath, openKeyring } from '../src/store/keyring.ts';
import { openStore } from '../src/store/open.ts';
import { integrityKeyOf } from '../src/store/root-key.ts';
import { openSqliteEngine } from '../src/store/sqlite/engine.ts';
import type { Store } from '../src/store/store.ts';
import type { World } from '../src/world.ts';

/** 2025-01-01T00:00:00Z, standing still; real randomness, so that ids differ. */
export const testWorld: World = {
  now: () => 1_735_689_600_000,
  machineNow: () => 1_735_689_600_000,
  monotonic: () => performance.now(),
  randomBytes,
};

export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sealhold-trail-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A store in memory, or in `file`; closed with the test. */
export async function testStore(t: TestContext, file = ':memory:'): Promise<TestStore> {
  const rootKey = Buffer.alloc(32, 7);
  const engine = await openSqliteEngine({
    file,
    world: testWorld,
    integrityKey: integrityKeyOf(rootKey),
  });
  const exists = (await engine.get(keyringPath)) !== undefined;
  const options = { engine, rootKey, world: testWorld };
  const keyring = await (exists ? openKeyring(options) : createKeyring(options));
  const store = openStore({ engine, keyring, world: testWorld });
  t.after(() => store.close());
  // Each life of a server opens its collections anew.
  const restarted = (): Store => openStore({ engine, keyring, world: testWorld });
  return { store, engine, restarted };
}

export interface TestStore {
  readonly store: Store;
  readonly engine: Engine;
  /** The same records as another run of the program would open them. */
  readonly restarted: () => Store;
}

/** A record as far as the trail reads it. */
export function testRecord(i: number, pad = 0): string {
  const eventID = `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`;
  return JSON.stringify({ eventTime: '2025-01-01T00:00:00Z', eventID, i, pad: 'é'.repeat(pad) });
}

type Step = 'write' | 'sync' | 'truncate' | 'rename' | 'open';

export interface FailingDisk extends Disk {
  /** Lets this step fail the next `times` times. A failing write leaves half of its bytes. */
  fail(step: Step, times?: number): void;
  /** How often each step was taken. */
  readonly taken: Record<Step, number>;
}

/** The real disk, except for the steps that are told to fail. */
export function failingDisk(): FailingDisk {
  const failures = new Map<Step, number>();
  const taken = { write: 0, sync: 0, truncate: 0, rename: 0, open: 0 };
  const take = (step: Step): boolean => {
    taken[step]++;
    const left = failures.get(step) ?? 0;
    failures.set(step, Math.max(0, left - 1));
    return left > 0;
  };
  const broken = (step: Step): Error =>
    Object.assign(new Error(`EIO: i/o error, ${step}`), { code: 'EIO' });
  const guard = <T>(step: Step, go: () => Promise<T>): Promise<T> =>
    take(step) ? Promise.reject(broken(step)) : go();
  return {
    ...disk,
    taken,
    fail: (step, times = 1) => void failures.set(step, times),
    open: (path, how) => guard('open', () => disk.open(path, how)),
    sync: (fd) => guard('sync', () => disk.sync(fd)),
    truncate: (fd, sizeBytes) => guard('truncate', () => disk.truncate(fd, sizeBytes)),
    rename: (from, to) => guard('rename', () => disk.rename(from, to)),
    async write(fd, bytes, position) {
      if (!take('write')) return await disk.write(fd, bytes, position);
      await disk.write(fd, bytes.subarray(0, bytes.length >> 1), position);
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    },
  };
}

/** What an operation would stage beside its record. */
export function testChange(store: Store): (id: string) => readonly Write[] {
  const collection = store.collection<{ id: string }>({ path: 'test/changes' });
  return (id) => collection.put(id, { id });
}

export const keyArn =
  'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
export const testKey = { type: 'AWS::KMS::Key', account: '111122223333', arn: keyArn };
export const rootUser: Principal = {
  type: 'Root',
  account: '111122223333',
  arn: 'arn:aws:iam::111122223333:root',
  principalId: '111122223333',
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
};

/** A successful call of the root user, as far as `more` doesn't say otherwise. */
export function callFacts(
  operation: string,
  more: Partial<CallFacts> = {},
  service = kms,
): CallFacts {
  const model = service.operations.get(operation);
  assert.ok(model !== undefined, operation);
  return {
    requestId: '7d1b2f3a-0000-4000-8000-000000000001',
    now: 1_660_171_107_890,
    service: service.service,
    region: 'eu-central-1',
    operation,
    model,
    readOnly: true,
    principal: rootUser,
    input: {},
    notes: undefined,
    resources: [testKey],
    source: {
      remoteAddress: '::ffff:192.0.2.7',
      userAgent: 'aws-cli/2.31.0',
      host: 'kms.example.com:4566',
      tls: { version: 'TLSv1.3', cipherSuite: 'TLS_AES_128_GCM_SHA256' },
    },
    outcome: { kind: 'output', output: {} },
    ...more,
  };
}
