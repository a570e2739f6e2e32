import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { randomBytes } from '../../crypto/random.ts';
import type { GetRandomPasswordRequest } from '../../model/secretsmanager.generated.ts';
import { allCharactersExcluded, passwordTooShort, requiredCharactersExcluded } from './errors.ts';
import { randomPassword } from './random-password.ts';

const password = (input: GetRandomPasswordRequest = {}) => randomPassword(input, randomBytes);
const upper = /[A-Z]/;
const lower = /[a-z]/;
const digit = /[0-9]/;
const sign = /[!-/:-@[-`{-~]/;
const all = [upper, lower, digit, sign];

describe('a random password', () => {
  test('has 32 characters, and one of each kind at least', () => {
    for (let i = 0; i < 200; i++) {
      const made = password();
      assert.equal(made.length, 32);
      assert.match(made, /^[!-~]{32}$/);
      for (const kind of all) assert.match(made, kind);
    }
    for (let i = 0; i < 200; i++)
      for (const kind of all) assert.match(password({ PasswordLength: 4 }), kind);
  });

  test('leaves out what is excluded, and has a space only where one is asked for', () => {
    const digits = password({
      ...{ ExcludeUppercase: true, ExcludeLowercase: true, ExcludePunctuation: true },
      ...{ PasswordLength: 4096, ExcludeCharacters: '05' },
    });
    assert.match(digits, /^[1-46-9]{4096}$/);
    assert.equal(password({ PasswordLength: 4096 }).includes(' '), false);
    assert.ok(password({ PasswordLength: 4096, IncludeSpace: true }).includes(' '));
  });

  test('is drawn evenly', () => {
    const counts = new Map<string, number>();
    for (let i = 0; i < 30; i++)
      for (const c of password({ PasswordLength: 4096 })) counts.set(c, (counts.get(c) ?? 0) + 1);
    assert.equal(counts.size, 94);
    const expected = (30 * 4096) / 94;
    for (const count of counts.values()) assert.ok(Math.abs(count - expected) < expected / 4);
  });

  test('is refused where it cannot be', () => {
    assert.throws(() => password({ PasswordLength: 3 }), passwordTooShort());
    assert.throws(
      () => password({ ExcludeCharacters: '0123456789' }),
      requiredCharactersExcluded(),
    );
    const loose = { ExcludeCharacters: '0123456789', RequireEachIncludedType: false };
    assert.doesNotMatch(password({ ...loose, PasswordLength: 1000 }), digit);
    assert.equal(password({ PasswordLength: 1, RequireEachIncludedType: false }).length, 1);
    const nothing = {
      ...{ ExcludeUppercase: true, ExcludeLowercase: true },
      ...{ ExcludeNumbers: true, ExcludePunctuation: true },
    };
    assert.throws(() => password(nothing), allCharactersExcluded());
    assert.equal(password({ ...nothing, IncludeSpace: true, PasswordLength: 2 }), '  ');
  });

  test('keeps what was asked, whatever it is', () => {
    const input = fc.record(
      {
        PasswordLength: fc.integer({ min: 1, max: 64 }),
        ExcludeCharacters: fc.string({ maxLength: 30 }),
        ExcludeNumbers: fc.boolean(),
        ExcludePunctuation: fc.boolean(),
        ExcludeUppercase: fc.boolean(),
        ExcludeLowercase: fc.boolean(),
        IncludeSpace: fc.boolean(),
        RequireEachIncludedType: fc.boolean(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(input, (asked) => {
        let made: string;
        try {
          made = password(asked);
        } catch {
          return;
        }
        assert.equal(made.length, asked.PasswordLength ?? 32);
        for (const c of asked.ExcludeCharacters ?? '') assert.ok(!made.includes(c));
        if (asked.ExcludeNumbers === true) assert.doesNotMatch(made, digit);
        if (asked.ExcludeUppercase === true) assert.doesNotMatch(made, upper);
        if (asked.IncludeSpace !== true) assert.doesNotMatch(made, / /);
      }),
    );
  });
});
