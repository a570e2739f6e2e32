/**
 * Rotation by several processes on one database, and through the death of one: each secret rotates
 * once, and a rotation goes on at the step that it was at.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, test } from 'node:test';
import { readTail } from '../../src/audit/tail.ts';
import { leaseMs, steps } from '../../src/services/secretsmanager/rotation-job.ts';
import {
  functionArn,
  machineClock,
  newToken,
  openSecrets,
  rotatedValue,
  type SecretsNode,
} from '../open-secrets.ts';
import type { ProcessOptions } from '../rotating-process.ts';
import { freshFolder, removeFolder } from '../running-server.ts';

const script = join(import.meta.dirname, '..', 'rotating-process.ts');
const dayMs = 86_400_000;

interface Running {
  readonly process: ChildProcess;
  readonly lines: string[];
  /** Resolves once a line begins so. */
  readonly said: (start: string) => Promise<string>;
  readonly end: (signal: NodeJS.Signals) => Promise<number | string>;
}

async function start(options: ProcessOptions): Promise<Running> {
  const child = spawn(process.execPath, [script, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  const ended = new Promise<number | string>((resolve) =>
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 'unknown')),
  );
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    for (const look of waiting) look();
  });
  const said = (begin: string) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        const line = lines.find((each) => each.startsWith(begin));
        if (line !== undefined) resolve(line);
      };
      waiting.add(look);
      look();
      void ended.then((how) => reject(new Error(`it ended (${how}): ${lines.join('\n')}`)));
    });
  const running: Running = {
    ...{ process: child, lines, said },
    end: (signal) => {
      child.kill(signal);
      return ended;
    },
  };
  await said('ready');
  return running;
}

interface Place {
  readonly folder: string;
  readonly options: (lane: string, more?: Partial<ProcessOptions>) => ProcessOptions;
  readonly open: () => Promise<SecretsNode>;
}

function place(): Place {
  const folder = freshFolder();
  const rootKey = randomBytes(32);
  const file = join(folder, 'sealhold.db');
  const dir = join(folder, 'trail');
  return {
    folder,
    options: (lane, more = {}) => ({
      ...{ file, trail: { dir, lane }, rootKey: rootKey.toString('hex'), offsetMs: 0 },
      ...more,
    }),
    open: () => openSecrets({ file, trail: { dir, lane: 'parent' }, rootKey, clock: machineClock }),
  };
}

async function create(node: SecretsNode, Name: string): Promise<void> {
  const value = { SecretString: 'one', ClientRequestToken: newToken() };
  await node.ask('CreateSecret', { Name, ...value });
}

const rotateInput = (SecretId: string, more: object = {}) => ({
  ...{ SecretId, ClientRequestToken: newToken(), RotationLambdaARN: functionArn('rotate') },
  RotationRules: { AutomaticallyAfterDays: 30 },
  ...more,
});

interface Event {
  readonly eventName: string;
  readonly eventType: string;
  readonly additionalEventData?: { readonly SecretId?: string };
}

async function rotationEvents(folder: string): Promise<Event[]> {
  const lines = await readTail({ dir: join(folder, 'trail'), limit: 1_000_000 });
  return lines
    .map((json) => JSON.parse(json) as Event)
    .filter(
      ({ eventType, eventName }) => eventType === 'AwsServiceEvent' && /^Rot/.test(eventName),
    );
}

describe('two processes', () => {
  const count = 1_000;

  test(`rotate each of ${count} secrets once that are due at one moment`, async () => {
    const { folder, options, open } = place();
    const node = await open();
    node.functions.set('rotate', async () => {});
    const names = Array.from({ length: count }, (_, i) => `secret-${i}`);
    for (let i = 0; i < count; i += 50)
      await Promise.all(
        names.slice(i, i + 50).map(async (Name) => {
          await create(node, Name);
          await node.ask('RotateSecret', rotateInput(Name, { RotateImmediately: false }));
        }),
      );
    await node.doDue();
    await node.close();
    assert.deepEqual(node.faults, []);

    const begun = performance.now();
    const offsetMs = 31 * dayMs;
    const both = await Promise.all(['a', 'b'].map((lane) => start(options(lane, { offsetMs }))));
    const finished = (): number =>
      both.reduce(
        (sum, { lines }) => sum + lines.filter((line) => line.startsWith('step finish')).length,
        0,
      );
    while (finished() < count) {
      assert.ok(performance.now() - begun < 240_000, `${finished()} after four minutes`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    // What has begun its last step ends it, and nothing else begins.
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    for (const running of both) assert.equal(await running.end('SIGTERM'), 0);
    const seconds = (performance.now() - begun) / 1_000;
    const shares = both.map(
      ({ lines }) => lines.filter((line) => /^step create/.test(line)).length,
    );
    console.log(`${count} rotations in ${seconds.toFixed(1)} s, ${shares.join(' and ')}.`);
    for (const share of shares) assert.ok(share > count / 20, 'both take part');

    for (const step of steps) {
      const invoked = both.flatMap(({ lines }) =>
        lines.filter((l) => l.startsWith(`step ${step}`)),
      );
      assert.equal(invoked.length, count, step);
      assert.equal(new Set(invoked).size, count, step);
    }
    const events = await rotationEvents(folder);
    for (const name of ['RotationStarted', 'RotationSucceeded']) {
      const told = events.filter(({ eventName }) => eventName === name);
      assert.equal(told.length, count, name);
      assert.equal(new Set(told.map((each) => each.additionalEventData?.SecretId)).size, count);
    }
    removeFolder(folder);
  });
});

describe('a process that dies', () => {
  for (const step of steps)
    test(`in ${step} leaves the rotation to another, which goes on there`, async () => {
      const { folder, options, open } = place();
      const before = await open();
      await create(before, 'secret');
      before.functions.set('rotate', async () => {});
      const { VersionId: token = '' } = await before.ask('RotateSecret', rotateInput('secret'));
      await before.close();

      const dying = await start(options('a', { hangsAt: step }));
      await dying.said(`step ${step}`);
      assert.equal(await dying.end('SIGKILL'), 'SIGKILL');

      const between = await open();
      const stages = (await between.ask('DescribeSecret', { SecretId: 'secret' }))
        .VersionIdsToStages;
      assert.deepEqual(stages?.[token], ['AWSPENDING']);
      assert.equal(
        Object.values(stages ?? {})
          .flat()
          .sort()
          .join(),
        'AWSCURRENT,AWSPENDING',
      );
      assert.equal(
        (await between.ask('GetSecretValue', { SecretId: 'secret' })).SecretString,
        'one',
      );
      await between.close();

      const next = await start(options('b', { offsetMs: leaseMs + 1_000 }));
      await next.said('step finishSecret');
      await new Promise((resolve) => setTimeout(resolve, 500));
      assert.equal(await next.end('SIGTERM'), 0);
      const steppedOn = next.lines.flatMap((line) => /^step (\w+)/.exec(line)?.[1] ?? []);
      assert.deepEqual(steppedOn, steps.slice(steps.indexOf(step)));

      const after = await open();
      const { SecretString } = await after.ask('GetSecretValue', { SecretId: 'secret' });
      assert.equal(SecretString, rotatedValue(token));
      await after.close();
      const events = await rotationEvents(folder);
      assert.deepEqual(
        events.map(({ eventName }) => eventName),
        [...['RotationStarted', 'RotationSucceeded']],
      );
      removeFolder(folder);
    });

  test('by being asked to leaves it at once, and another goes on without waiting', async () => {
    const { folder, options, open } = place();
    const before = await open();
    await create(before, 'secret');
    before.functions.set('rotate', async () => {});
    await before.ask('RotateSecret', rotateInput('secret'));
    await before.close();
    const leaving = await start(options('a', { hangsAt: 'setSecret' }));
    await leaving.said('step setSecret');
    assert.equal(await leaving.end('SIGTERM'), 0);
    const next = await start(options('b'));
    await next.said('step finishSecret');
    assert.equal(
      next.lines.some((line) => line.startsWith('step createSecret')),
      false,
    );
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(await next.end('SIGTERM'), 0);
    removeFolder(folder);
  });
});
