import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { DataFolderInUse, lockDataFolder } from './data-folder.ts';

const root = mkdtempSync(join(tmpdir(), 'sealhold-folder-'));
after(() => rmSync(root, { recursive: true, force: true }));

/** A process that holds the folder until it is killed. */
async function holder(folder: string) {
  const module = import.meta.resolve('./data-folder.ts');
  const script = `import { lockDataFolder } from ${JSON.stringify(module)};
    lockDataFolder(${JSON.stringify(folder)});
    console.log('locked');
    setInterval(() => globalThis.gc?.(), 50);`;
  const args = ['--expose-gc', '--input-type=module', '-e', script];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child;
}

describe('The data folder', () => {
  test('is made for its owner only', () => {
    const folder = join(root, 'a', 'b');
    const lock = lockDataFolder(folder);
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    for (const name of readdirSync(folder)) {
      assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name);
    }
    lock.release();
  });

  test('is locked until it is released, in this process too', () => {
    const folder = join(root, 'twice');
    const lock = lockDataFolder(folder);
    for (let i = 0; i < 3; i++) {
      assert.throws(
        () => lockDataFolder(folder),
        (error: unknown) => {
          assert.ok(error instanceof DataFolderInUse);
          assert.match(error.message, new RegExp(`in use by the process ${process.pid}\\.`));
          return true;
        },
      );
    }
    lock.release();
    lock.release();
    lockDataFolder(folder).release();
  });

  test('is freed when the process that holds it is killed', async () => {
    const folder = join(root, 'killed');
    const child = await holder(folder);
    // Long enough for a collection in the other process, which must not free the lock.
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.throws(() => lockDataFolder(folder), new RegExp(`the process ${child.pid}\\.`));
    child.kill('SIGKILL');
    await once(child, 'exit');
    lockDataFolder(folder).release();
  });
});
