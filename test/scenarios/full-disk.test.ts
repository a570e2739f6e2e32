/**
 * A full disk refuses with a clear error and loses nothing; when there is room again, service
 * resumes by
 * itself.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { type Answer, ask } from '../ask.ts';
import { freshFolder, removeFolder, sealhold, startServer } from '../running-server.ts';

const mountPoint = freshFolder();
const mounted =
  spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'sealhold-test', mountPoint]).status === 0;
const skip = mounted ? false : 'mounting a small tmpfs needs root';

after(() => {
  if (mounted) spawnSync('umount', [mountPoint]);
  removeFolder(mountPoint);
});

function fill(file: string): void {
  writeFileSync(file, '');
  try {
    for (;;) appendFileSync(file, Buffer.alloc(64 * 1024));
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
  }
  try {
    for (;;) appendFileSync(file, Buffer.alloc(512));
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
  }
}

describe('a full disk', { skip }, () => {
  test('refuses every call that it cannot record, keeps what it acknowledged, and goes on when there is room', async () => {
    const data = join(mountPoint, 'data');
    const filler = join(mountPoint, 'filler');
    let server = await startServer({ mode: 'start', data });
    let call = ask(server);
    const acknowledged: string[] = [];
    const createUntilRefused = async (): Promise<Answer> => {
      for (let i = 0; i < 5_000; i++) {
        const answer = await call('CreateKey', { Description: 'x'.repeat(4_000) });
        if (answer.status !== 200) return answer;
        acknowledged.push((answer.body.KeyMetadata as { KeyId: string }).KeyId);
      }
      throw new Error('the disk never filled');
    };
    await call('CreateKey');
    fill(filler);
    const refused = await createUntilRefused();
    assert.equal(refused.status, 500);
    assert.match(String(refused.body.message), /full|space|room/i);
    const alsoRefused = await call('DescribeKey', { KeyId: 'x' });
    assert.ok([400, 500].includes(alsoRefused.status));
    assert.equal((await fetch(`${server.endpoint}/_sealhold/health`)).status, 200);

    rmSync(filler);
    let back: Answer | undefined;
    for (let tries = 0; tries < 50 && back?.status !== 200; tries++) {
      back = await call('CreateKey', { Description: 'back' });
      if (back.status !== 200) await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.equal(back?.status, 200, back?.text ?? 'no answer');

    fill(filler);
    await createUntilRefused();
    await server.stop('SIGKILL');
    rmSync(filler);
    server = await startServer({ mode: 'start', data });
    call = ask(server);
    for (const KeyId of acknowledged as readonly string[])
      assert.equal((await call('DescribeKey', { KeyId })).status, 200, `${KeyId} was acknowledged`);
    assert.equal(await server.stop(), 0);
    const verified = spawnSync(sealhold, ['trail', 'verify', '--data', data], { encoding: 'utf8' });
    assert.equal(verified.status, 0, verified.stdout + verified.stderr);
  });
});
