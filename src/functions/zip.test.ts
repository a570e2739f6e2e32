/** Archives as a function's author makes them, and as an attacker does. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { zipOf } from '../../test/zip-of.ts';
import { unpack } from './unpack.ts';
import { BadZip, readZip, type ZipFault } from './zip.ts';

const bounds = { totalBytes: 1_000_000, entries: 100 };

async function unpacked<T>(archive: Buffer, look: (folder: string) => T): Promise<T> {
  const parent = mkdtempSync(join(tmpdir(), 'sealhold-zip-'));
  try {
    await unpack(readZip(archive, bounds), join(parent, 'code'));
    return look(join(parent, 'code'));
  } finally {
    assert.deepEqual(
      readdirSync(parent).filter((name) => name !== 'code'),
      [],
      'something was written outside',
    );
    rmSync(parent, { recursive: true });
  }
}

const refuses = (archive: Buffer, fault: ZipFault, text?: RegExp): Promise<void> =>
  assert.rejects(
    unpacked(archive, () => undefined),
    (error: unknown) => {
      assert.ok(error instanceof BadZip, String(error));
      assert.equal(error.fault, fault);
      assert.match(error.message, text ?? /./);
      return true;
    },
  );

describe('an archive', () => {
  test('becomes the files that it holds, packed or stored', async () => {
    const archive = zipOf([
      { name: 'index.mjs', content: 'export const handler = 1;'.repeat(100) },
      { name: 'lib/', content: '' },
      { name: 'lib/stored.txt', content: 'as it is', stored: true },
      { name: './bin/run', content: '#!/bin/sh', mode: 0o100755 },
      { name: 'größe', content: 'x' },
      { name: 'bin/alias', content: 'run', mode: 0o120777 },
    ]);
    await unpacked(archive, (folder) => {
      assert.match(readFileSync(join(folder, 'index.mjs'), 'utf8'), /^(export.*;)+$/);
      assert.equal(readFileSync(join(folder, 'lib/stored.txt'), 'utf8'), 'as it is');
      assert.equal(readFileSync(join(folder, 'größe'), 'utf8'), 'x');
      assert.equal(lstatSync(join(folder, 'bin/run')).mode & 0o777, 0o755);
      assert.equal(lstatSync(join(folder, 'lib/stored.txt')).mode & 0o777, 0o644);
      assert.equal(readFileSync(join(folder, 'bin/alias'), 'utf8'), '#!/bin/sh');
    });
  });
  test('of another program is read', async (t) => {
    const script =
      'import io,sys,zipfile\nb=io.BytesIO()\nz=zipfile.ZipFile(b,"w",zipfile.ZIP_DEFLATED)\n' +
      'z.writestr("a/b.py","print(1)\\n"*99)\nz.comment=b"PK\\x05\\x06 a comment"\nz.close()\n' +
      'sys.stdout.buffer.write(b.getvalue())';
    let archive: Buffer;
    try {
      archive = execFileSync('python3', ['-c', script]);
    } catch {
      t.skip('there is no python3');
      return;
    }
    await unpacked(archive, (folder) =>
      assert.equal(readFileSync(join(folder, 'a/b.py'), 'utf8'), 'print(1)\n'.repeat(99)),
    );
  });
  for (const name of ['../x', 'a/../../x', '/x', 'a\\..\\x', 'a\0b', `a/${'b'.repeat(1024)}`])
    test(`with a file ${JSON.stringify(name.slice(0, 12))} is refused`, () =>
      refuses(zipOf([{ name, content: 'x' }]), 'unreadable', /no path inside/));
  test('cannot write through a link, or turn a folder into one', async () => {
    const link = { name: 'l', content: 'a/..', mode: 0o120777 };
    await refuses(zipOf([link, { name: 'l/x', content: 'x' }]), 'unreadable', /can't stand/);
    await refuses(zipOf([{ name: 'l/x', content: 'x' }, link]), 'unreadable', /can't stand/);
    await refuses(
      zipOf([
        { name: 'a', content: 'x' },
        { name: 'a/b', content: 'x' },
      ]),
      'unreadable',
    );
  });
  test('has no links that lead out', async () => {
    for (const target of ['/etc/passwd', '..', 'a/../..', '../../etc', ''])
      await refuses(zipOf([{ name: 'l', content: target, mode: 0o120777 }]), 'unreadable', /leads/);
    const inside = zipOf([{ name: 'a/l', content: '../b', mode: 0o120777 }]);
    await unpacked(inside, (folder) => assert.equal(existsSync(join(folder, 'a/l')), false));
  });
  test('is refused when it would be too large, before anything is inflated', async () => {
    const bomb = zipOf([{ name: 'zeros', content: Buffer.alloc(bounds.totalBytes + 1) }]);
    assert.ok(bomb.length < 5_000);
    await refuses(bomb, 'too-large', /inflates to more than/);
    const many = Array.from({ length: bounds.entries + 1 }, (_, i) => ({
      name: `${i}`,
      content: '',
    }));
    await refuses(zipOf(many), 'too-large', /101 entries/);
  });
  test('is refused when a file is more, less or other than the directory says', async () => {
    const content = Buffer.alloc(bounds.totalBytes * 4);
    await refuses(zipOf([{ name: 'a', content, claims: { sizeBytes: 10 } }]), 'unreadable');
    await refuses(zipOf([{ name: 'a', content: 'abc', claims: { sizeBytes: 9 } }]), 'unreadable');
    await refuses(zipOf([{ name: 'a', content: 'abc', claims: { crc: 1 } }]), 'unreadable');
    await refuses(
      zipOf([{ name: 'a', content: 'abc', claims: { flags: 1 } }]),
      'unreadable',
      /encr/,
    );
    await refuses(zipOf([{ name: 'a', content: 'abc', claims: { method: 9 } }]), 'unreadable');
  });
  test('says each name once', () =>
    refuses(
      zipOf([
        { name: 'a', content: '1' },
        { name: './a', content: '2' },
      ]),
      'unreadable',
      /twice/,
    ));
  test('is anything but these bytes', async () => {
    const whole = zipOf([{ name: 'index.js', content: 'x'.repeat(50) }]);
    await refuses(Buffer.alloc(0), 'unreadable', /no end record/);
    await refuses(Buffer.from('not a zip file, not by far'), 'unreadable');
    await refuses(whole.subarray(10), 'unreadable');
    await refuses(whole.subarray(0, -1), 'unreadable');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        async (changes) => {
          const altered = Buffer.from(whole);
          for (const [at, byte] of changes) altered[at] = byte;
          await unpacked(altered, () => undefined).catch((error) =>
            assert.ok(error instanceof BadZip, String(error?.stack)),
          );
        },
      ),
      { numRuns: 500, interruptAfterTimeLimit: 3_000 },
    );
  });
});
