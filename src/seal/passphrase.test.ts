import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, describe, test } from 'node:test';
import { passphraseFrom, type Terminal } from './passphrase.ts';
import { SealError } from './seal-error.ts';

const root = mkdtempSync(join(tmpdir(), 'sealhold-passphrase-'));
after(() => rmSync(root, { recursive: true, force: true }));

/** A terminal on which `typed` is typed, one text for each question. */
function terminal(...typed: string[]) {
  const raw: boolean[] = [];
  let shown = '';
  const keys = new PassThrough();
  const input = Object.assign(keys, {
    isTTY: true,
    setRawMode: (isRaw: boolean) => {
      raw.push(isRaw);
      return input;
    },
  });
  const output = {
    write: (text: string) => {
      shown += text;
      if (text.endsWith(': ')) setImmediate(() => keys.write(typed.shift() ?? '\u0003'));
      return true;
    },
  };
  return { terminal: { input, output } as unknown as Terminal, raw, shown: () => shown };
}

const environment = {};

describe('A passphrase', () => {
  test('comes from the environment first, then from a file', async () => {
    const file = join(root, 'passphrase');
    writeFileSync(file, 'in the file\r\nsecond line\n');
    const variable = { SEALHOLD_PASSPHRASE: 'in the environment' };
    assert.equal(await passphraseFrom({ environment: variable, file })(), 'in the environment');
    assert.equal(await passphraseFrom({ environment, file })(), 'in the file');
    const missing = passphraseFrom({ environment, file: join(root, 'missing') });
    await assert.rejects(missing(), /passphrase file .*missing can't be read/);
  });

  test('is typed on the terminal without being shown', async () => {
    const { terminal: at, raw, shown } = terminal('correct horsf\u007fe\r');
    assert.equal(await passphraseFrom({ environment, terminal: at })(), 'correct horse');
    assert.equal(shown(), 'Passphrase: \n');
    assert.deepEqual(raw, [true, false]);
  });

  test('is typed twice when it is new, alike', async () => {
    const alike = terminal('correct horse\n', 'correct horse\n');
    const sources = { environment, isNew: true };
    assert.equal(await passphraseFrom({ ...sources, terminal: alike.terminal })(), 'correct horse');
    assert.equal(alike.shown(), 'New passphrase: \nOnce more: \n');
    const unlike = terminal('correct horse\n', 'correct house\n');
    await assert.rejects(passphraseFrom({ ...sources, terminal: unlike.terminal })(), /differ/);
    const short = { SEALHOLD_PASSPHRASE: 'short' };
    await assert.rejects(passphraseFrom({ environment: short, isNew: true })(), /at least 8/);
  });

  test('is refused when it is empty, interrupted, or nowhere to be had', async () => {
    const interrupted = terminal('corr\u0003');
    const refused = [
      passphraseFrom({ environment: { SEALHOLD_PASSPHRASE: '' } }),
      passphraseFrom({ environment, terminal: interrupted.terminal }),
      passphraseFrom({ environment }),
    ];
    for (const ask of refused) await assert.rejects(ask(), SealError);
    assert.deepEqual(interrupted.raw, [true, false]);
  });
});
