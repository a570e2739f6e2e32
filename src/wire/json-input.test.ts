/** What becomes of JSON values: types, and the errors for wrong ones. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  decode as decodeRequest,
  kmsRequest,
  refusal as refusalOf,
} from '../../test/wire-requests.ts';

const keyId = '1234abcd-12ab-34cd-56ef-1234567890ab';

const decode = (operation: string, body: unknown): unknown =>
  decodeRequest(kmsRequest(operation, body));

const refusal = (operation: string, body: unknown): ReturnType<typeof refusalOf> =>
  refusalOf(kmsRequest(operation, body));

function refuses(code: string, operation: string, body: unknown, text: string | undefined): void {
  assert.deepEqual(refusal(operation, body), { code, text });
}

describe('type errors', () => {
  const encrypt = (members: object): object => ({ KeyId: keyId, Plaintext: 'AA==', ...members });
  const cases: Array<[name: string, operation: string, body: unknown, text: string | undefined]> = [
    [
      'a number for a string',
      'Encrypt',
      encrypt({ KeyId: 1 }),
      'class java.math.BigDecimal can not be converted to an String',
    ],
    [
      'a boolean for a string',
      'Encrypt',
      encrypt({ KeyId: true }),
      'class java.lang.Boolean can not be converted to an String',
    ],
    [
      'a string for an integer',
      'GenerateRandom',
      { NumberOfBytes: '1' },
      'class java.lang.String can not be converted to an Integer',
    ],
    [
      'a boolean for an integer',
      'GenerateRandom',
      { NumberOfBytes: false },
      'class java.lang.Boolean can not be converted to an Integer',
    ],
    [
      'a word for a boolean',
      'Encrypt',
      encrypt({ DryRun: 'xyz' }),
      "'XYZ' can not be converted to an Boolean",
    ],
    [
      'a number for a boolean',
      'Encrypt',
      encrypt({ DryRun: 1 }),
      'class java.math.BigDecimal can not be converted to an Boolean',
    ],
    [
      'a list for a string',
      'Encrypt',
      encrypt({ KeyId: [] }),
      'Start of list found where not expected',
    ],
    [
      'an object for a string',
      'Encrypt',
      encrypt({ KeyId: {} }),
      'Start of structure or map found where not expected.',
    ],
    ['a string for a list', 'Encrypt', encrypt({ GrantTokens: 'x' }), 'Expected list or null'],
    [
      'an object for a list',
      'Encrypt',
      encrypt({ GrantTokens: {} }),
      'Start of structure or map found where not expected.',
    ],
    ['a string for a map', 'Encrypt', encrypt({ EncryptionContext: 'x' }), 'Expected map or null'],
    [
      'a list for a map',
      'Encrypt',
      encrypt({ EncryptionContext: [] }),
      'Start of list found where not expected',
    ],
    ['a string for a structure', 'Decrypt', { Recipient: 'x' }, 'Expected null'],
    [
      'a number for bytes',
      'Decrypt',
      { CiphertextBlob: 1 },
      'class java.math.BigDecimal can not be converted to a Blob',
    ],
    [
      'base64 without padding',
      'Decrypt',
      { CiphertextBlob: 'AA' },
      "'AA' can not be converted to a Blob: Base64 encoded length is expected a multiple of 4 bytes but found: 2",
    ],
    [
      'base64url',
      'Decrypt',
      { CiphertextBlob: 'AA-_' },
      "'AA-_' can not be converted to a Blob: Invalid Base64 character: '-'",
    ],
    [
      'base64 with a blank',
      'Decrypt',
      { CiphertextBlob: 'AA A' },
      "'AA A' can not be converted to a Blob: Invalid Base64 character: ' '",
    ],
    [
      'padding inside base64',
      'Decrypt',
      { CiphertextBlob: 'AA=A' },
      "'AA=A' can not be converted to a Blob: Invalid Base64 character: '='",
    ],
    [
      'stray bits at the end of base64',
      'Decrypt',
      { CiphertextBlob: 'AB==' },
      "'AB==' can not be converted to a Blob: Invalid last non-pad Base64 character dectected",
    ],
    [
      'secret base64, which is not repeated',
      'Encrypt',
      encrypt({ Plaintext: 'c2VjcmV' }),
      'Value can not be converted to a Blob: Base64 encoded length is expected a multiple of 4 bytes but found: 7',
    ],
    [
      'half a surrogate pair, which has no bytes',
      'Encrypt',
      encrypt({ EncryptionContext: { a: '\ud800' } }),
      undefined,
    ],
    [
      'half a surrogate pair in a key',
      'Encrypt',
      encrypt({ EncryptionContext: { '\udc00': 'a' } }),
      undefined,
    ],
    ['a number that is too large', 'GenerateRandom', '{"NumberOfBytes":1e999}', undefined],
    ['a time that is no date', 'ImportKeyMaterial', '{"ValidTo":1e15}', undefined],
  ];
  for (const [name, operation, body, text] of cases) {
    test(`${name} is refused`, () => refuses('SerializationException', operation, body, text));
  }
});

describe('decoding', () => {
  test('the types are those of the model', () => {
    const input = decode('ImportKeyMaterial', {
      KeyId: keyId,
      ImportToken: 'AAEC',
      EncryptedKeyMaterial: 'AA==',
      ValidTo: 1593622000.191,
      Unknown: { deep: [1] },
      ExpirationModel: null,
    });
    assert.deepEqual(input, {
      KeyId: keyId,
      ImportToken: Buffer.from([0, 1, 2]),
      EncryptedKeyMaterial: Buffer.from([0]),
      ValidTo: 1593622000191,
    });
  });
  test('times in exponent form are times', () => {
    const body = `{"KeyId":"${keyId}","ImportToken":"AA==","EncryptedKeyMaterial":"AA==","ValidTo":1.499288695918E9}`;
    assert.equal((decode('ImportKeyMaterial', body) as { ValidTo: number }).ValidTo, 1499288695918);
  });
  test('words for booleans count, in any case', () => {
    for (const [word, expected] of [
      ['true', true],
      ['NO', false],
      ['1', true],
    ] as const) {
      const input = decode('Encrypt', { KeyId: keyId, Plaintext: 'AA==', DryRun: word });
      assert.equal((input as { DryRun: boolean }).DryRun, expected);
    }
  });
  test('an integer loses its fraction', () => {
    assert.deepEqual(decode('GenerateRandom', { NumberOfBytes: 16.9 }), { NumberOfBytes: 16 });
  });
  test('of members with one name the last counts', () => {
    assert.deepEqual(decode('GenerateRandom', '{"NumberOfBytes":1,"NumberOfBytes":2}'), {
      NumberOfBytes: 2,
    });
  });
  test('numbers in an encryption context count as their text', () => {
    const input = decode('Encrypt', {
      KeyId: keyId,
      Plaintext: 'AA==',
      EncryptionContext: { a: 5 },
    }) as { EncryptionContext: Record<string, string> };
    assert.deepEqual({ ...input.EncryptionContext }, { a: '5' });
  });
  test('keys that mean something in JavaScript are keys like any other', () => {
    const body = `{"KeyId":"${keyId}","Plaintext":"AA==","EncryptionContext":{"__proto__":"p","constructor":"c","toString":"t"}}`;
    const { EncryptionContext } = decode('Encrypt', body) as {
      EncryptionContext: Record<string, string>;
    };
    assert.deepEqual(Object.entries(EncryptionContext), [
      ['__proto__', 'p'],
      ['constructor', 'c'],
      ['toString', 't'],
    ]);
    assert.equal(Object.getPrototypeOf(EncryptionContext), null);
    assert.equal(({} as Record<string, unknown>).p, undefined);
  });
  test('a polluting body changes no prototype and sets no member', () => {
    const input = decode(
      'ListKeys',
      '{"__proto__":{"Limit":5},"constructor":{"prototype":{"x":1}}}',
    );
    assert.deepEqual(Object.keys(input as object), []);
    assert.equal((input as { Limit?: number }).Limit, undefined);
    assert.equal(({} as Record<string, unknown>).x, undefined);
  });
  test('nesting of any depth is read without running out of stack', () => {
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    assert.deepEqual(decode('ListKeys', `{"Unknown":${deep}}`), {});
    refuses(
      'SerializationException',
      'ListKeys',
      `{"Marker":${deep}}`,
      'Start of list found where not expected',
    );
  });
});

describe('base64', () => {
  const odd = fc.constantFrom(...'AQZaz09+/=-_ \n\té\u0141');
  const valid = fc.uint8Array({ minLength: 1, maxLength: 9 }).map((u) => Buffer.from(u));
  const nearly = fc.tuple(valid, fc.nat(), odd).map(([bytes, n, character]) => {
    const text = bytes.toString('base64');
    const at = n % text.length;
    return text.slice(0, at) + character + text.slice(at + 1);
  });
  const any = fc.array(odd, { minLength: 1, maxLength: 12 }).map((parts) => parts.join(''));

  test('is taken exactly when encoding its bytes again gives the same text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          valid.map((b) => b.toString('base64')),
          nearly,
          any,
        ),
        (text) => {
          const bytes = Buffer.from(text, 'base64');
          const isCanonical = bytes.toString('base64') === text;
          const input = { KeyId: keyId, Plaintext: text };
          if (!isCanonical) assert.equal(refusal('Encrypt', input)?.code, 'SerializationException');
          else assert.deepEqual(decode('Encrypt', input), { KeyId: keyId, Plaintext: bytes });
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
