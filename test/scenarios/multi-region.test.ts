/**
 * A multi-Region key's whole life on real servers: encrypted in one Region, replicated, decrypted
 * in the other, promoted, its old primary deleted, with restarts in between and on two processes.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { readTail } from '../../src/audit/tail.ts';
import { ask } from '../ask.ts';
import {
  freshFolder,
  type RunningServer,
  removeFolder,
  type StartOptions,
  sealhold,
  startServer,
} from '../running-server.ts';

const [home, away] = ['eu-west-1', 'us-east-1'] as const;
const Plaintext = Buffer.from('across the ocean').toString('base64');

interface Metadata {
  readonly KeyId: string;
  readonly Arn: string;
  readonly KeyState: string;
  readonly MultiRegionConfiguration: {
    readonly MultiRegionKeyType: string;
    readonly ReplicaKeys: readonly { readonly Region: string }[];
  };
}

/** One server after the other on the same folder, and calls to whichever runs. */
class Life {
  readonly folder = freshFolder();
  readonly #options: Omit<StartOptions, 'data'>;
  #server: RunningServer | undefined;

  constructor(options: Omit<StartOptions, 'data'>) {
    this.#options = options;
  }

  async start(): Promise<void> {
    await this.#server?.stop();
    this.#server = await startServer({ ...this.#options, data: this.folder });
  }

  async end(): Promise<void> {
    assert.equal(await this.#server?.stop(), 0);
  }

  /** The answer's body; fails when it is an error. */
  async call(region: string, operation: string, input: object): Promise<Record<string, unknown>> {
    const answer = await ask(this.#running())(operation, input, { region });
    assert.equal(answer.status, 200, `${operation} in ${region}: ${answer.text}`);
    return answer.body;
  }

  async refusal(region: string, operation: string, input: object): Promise<unknown> {
    return (await ask(this.#running())(operation, input, { region })).body.__type;
  }

  async describe(region: string, KeyId: string): Promise<Metadata> {
    return (await this.call(region, 'DescribeKey', { KeyId })).KeyMetadata as Metadata;
  }

  async newPrimary(): Promise<Metadata> {
    return (await this.call(home, 'CreateKey', { MultiRegion: true })).KeyMetadata as Metadata;
  }

  async until(state: string, KeyId: string, places: readonly string[]): Promise<void> {
    const by = Date.now() + 10_000;
    for (const region of places)
      while ((await this.describe(region, KeyId)).KeyState !== state) {
        assert.ok(Date.now() < by, `the key in ${region} did not become ${state}`);
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
  }

  async moveClock(advance: string): Promise<void> {
    const response = await fetch(`${this.#running().endpoint}/_sealhold/clock`, {
      method: 'POST',
      body: JSON.stringify({ advance }),
    });
    assert.equal(response.status, 200);
  }

  #running(): RunningServer {
    assert.ok(this.#server !== undefined);
    return this.#server;
  }
}

async function opensIn(life: Life, region: string, CiphertextBlob: unknown): Promise<string> {
  const opened = await life.call(region, 'Decrypt', { CiphertextBlob });
  assert.equal(opened.Plaintext, Plaintext);
  return opened.KeyId as string;
}

/** The Regions, sorted, of the changes that succeeded, by the names of the operations. */
async function eventsOf(folder: string): Promise<Record<string, string[]>> {
  const events: Record<string, string[]> = {};
  for (const json of await readTail({ dir: join(folder, 'trail'), limit: 1_000 })) {
    const { eventName, awsRegion, readOnly, errorCode } = JSON.parse(json);
    if (readOnly || errorCode !== undefined) continue;
    events[eventName] = [...(events[eventName] ?? []), awsRegion].sort();
  }
  return events;
}

describe('a multi-Region key', () => {
  test('lives through replication, promotion and the deletion of its first primary', async () => {
    const life = new Life({ mode: 'dev' });
    await life.start();
    const { KeyId, Arn } = await life.newPrimary();
    const { CiphertextBlob } = await life.call(home, 'Encrypt', { KeyId, Plaintext });
    assert.equal(await life.refusal(away, 'Decrypt', { CiphertextBlob }), 'AccessDeniedException');
    await life.call(home, 'ReplicateKey', { KeyId, ReplicaRegion: away });
    assert.equal((await life.describe(away, KeyId)).KeyState, 'Creating');
    await life.moveClock('1s');
    assert.equal((await life.describe(away, KeyId)).KeyState, 'Enabled');
    assert.equal(await opensIn(life, away, CiphertextBlob), Arn.replace(home, away));
    await life.start();
    await life.call(home, 'UpdatePrimaryRegion', { KeyId, PrimaryRegion: away });
    assert.equal((await life.describe(home, KeyId)).KeyState, 'Updating');
    await life.start();
    await life.until('Enabled', KeyId, [home, away]);
    const { MultiRegionConfiguration: shown } = await life.describe(away, KeyId);
    assert.equal(shown.MultiRegionKeyType, 'PRIMARY');
    await life.call(home, 'ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 });
    await life.start();
    await life.moveClock('7d');
    assert.equal(await life.refusal(home, 'DescribeKey', { KeyId }), 'NotFoundException');
    assert.equal(await opensIn(life, away, CiphertextBlob), Arn.replace(home, away));
    await life.start();
    assert.equal(await opensIn(life, away, CiphertextBlob), Arn.replace(home, away));
    assert.deepEqual((await life.describe(away, KeyId)).MultiRegionConfiguration.ReplicaKeys, []);
    await life.end();
    removeFolder(life.folder);
  });

  test('whose replica was being created when the server was killed becomes usable', async () => {
    const folder = freshFolder();
    const killed = await startServer({ mode: 'start', data: folder });
    const call = ask(killed);
    const made = await call('CreateKey', { MultiRegion: true }, { region: home });
    const { KeyId } = made.body.KeyMetadata as Metadata;
    const sealed = await call('Encrypt', { KeyId, Plaintext }, { region: home });
    await call('ReplicateKey', { KeyId, ReplicaRegion: away }, { region: home });
    await killed.stop('SIGKILL');
    const server = await startServer({ mode: 'start', data: folder });
    const { CiphertextBlob } = sealed.body;
    const by = Date.now() + 10_000;
    for (;;) {
      const opened = await ask(server)('Decrypt', { CiphertextBlob }, { region: away });
      if (opened.status === 200) break;
      assert.equal(opened.body.__type, 'KMSInvalidStateException');
      assert.ok(Date.now() < by, 'the replica stayed in Creating');
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    assert.equal(await server.stop(), 0);
    removeFolder(folder);
  });

  test('is one and the same on two processes, and each step stands in the trail', async () => {
    const life = new Life({ mode: 'start', args: ['--processes', '2'] });
    await life.start();
    const { KeyId, Arn } = await life.newPrimary();
    const { CiphertextBlob } = await life.call(home, 'Encrypt', { KeyId, Plaintext });
    const replicas = [away, 'ap-south-1', 'sa-east-1'];
    // At once, so that both processes change the same keys.
    await Promise.all(
      replicas.map((ReplicaRegion) => life.call(home, 'ReplicateKey', { KeyId, ReplicaRegion })),
    );
    await life.until('Enabled', KeyId, replicas);
    // Each process has heard of it a second later.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const opened = await Promise.all(
      Array.from({ length: 16 }, () => opensIn(life, away, CiphertextBlob)),
    );
    assert.deepEqual([...new Set(opened)], [Arn.replace(home, away)]);
    for (const region of [home, ...replicas]) {
      const { ReplicaKeys } = (await life.describe(region, KeyId)).MultiRegionConfiguration;
      assert.deepEqual(ReplicaKeys.map((each) => each.Region).sort(), [...replicas].sort());
    }
    await life.call(home, 'UpdatePrimaryRegion', { KeyId, PrimaryRegion: away });
    await life.until('Enabled', KeyId, [home, away]);
    assert.equal(
      await life.refusal(home, 'ReplicateKey', { KeyId, ReplicaRegion: 'eu-north-1' }),
      'UnsupportedOperationException',
    );
    await life.end();
    const { stdout, status } = spawnSync(sealhold, ['trail', 'verify', '--data', life.folder], {
      encoding: 'utf8',
    });
    assert.equal(status, 0, stdout);
    assert.deepEqual(await eventsOf(life.folder), {
      CreateKey: [home],
      ReplicateKey: [home, home, home],
      SynchronizeMultiRegionKey: [...replicas, home, away].sort(),
      UpdatePrimaryRegion: [home],
    });
    removeFolder(life.folder);
  });
});
