/** GetRandomPassword. */
import type {
  GetRandomPasswordRequest,
  SecretsmanagerModel,
} from '../../model/secretsmanager.generated.ts';
import type { Operations } from '../../operation.ts';
import { allCharactersExcluded, passwordTooShort, requiredCharactersExcluded } from './errors.ts';
import { foundNothing } from './finder.ts';

export function passwordOperations() {
  return {
    GetRandomPassword: {
      readOnly: true,
      find: foundNothing,
      run: (input, call) => ({ RandomPassword: randomPassword(input, call.world.randomBytes) }),
    },
  } satisfies Operations<SecretsmanagerModel, 'GetRandomPassword'>;
}

const defaultLength = 32;
const upper = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const lower = 'abcdefghijklmnopqrstuvwxyz';
const digits = '0123456789';
const punctuation = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~';

type RandomBytes = (sizeBytes: number) => Buffer;

/** @throws ApiError InvalidParameterException for what no password can satisfy. */
export function randomPassword(input: GetRandomPasswordRequest, randomBytes: RandomBytes): string {
  const length = input.PasswordLength ?? defaultLength;
  const types = typesOf(input);
  const allowed = types.map((type) => without(type, input.ExcludeCharacters));
  const space = input.IncludeSpace === true ? without(' ', input.ExcludeCharacters) : '';
  const pool = allowed.join('') + space;
  const requiresEach = input.RequireEachIncludedType ?? true;
  if (pool === '') throw allCharactersExcluded();
  if (requiresEach && allowed.includes('')) throw requiredCharactersExcluded();
  if (requiresEach && length < allowed.length) throw passwordTooShort();
  const draw = drawing(randomBytes);
  for (;;) {
    const password = drawn(pool, length, draw);
    // Drawn anew as a whole: then all passwords that satisfy are equally likely. Of the least
    // likely kind (one letter, one digit, one capital and any sign, four in all) one in 2,000 does.
    if (!requiresEach || allowed.every((type) => hasAnyOf(password, type))) return password;
  }
}

function typesOf(input: GetRandomPasswordRequest): readonly string[] {
  return [
    ...(input.ExcludeUppercase === true ? [] : [upper]),
    ...(input.ExcludeLowercase === true ? [] : [lower]),
    ...(input.ExcludeNumbers === true ? [] : [digits]),
    ...(input.ExcludePunctuation === true ? [] : [punctuation]),
  ];
}

const without = (characters: string, excluded = ''): string =>
  [...characters].filter((character) => !excluded.includes(character)).join('');

const hasAnyOf = (text: string, characters: string): boolean =>
  [...text].some((character) => characters.includes(character));

type Draw = (below: number) => number;

/** Whole numbers below a bound of at most 4,096, all equally likely. */
function drawing(randomBytes: RandomBytes): Draw {
  let bytes: Buffer = Buffer.alloc(0);
  let at = 0;
  return (below) => {
    const fair = 65_536 - (65_536 % below);
    for (;;) {
      if (at + 2 > bytes.length) {
        bytes = randomBytes(512);
        at = 0;
      }
      const value = bytes.readUInt16LE(at);
      at += 2;
      if (value < fair) return value % below;
    }
  };
}

function drawn(pool: string, length: number, draw: Draw): string {
  let text = '';
  for (let i = 0; i < length; i++) text += pool[draw(pool.length)];
  return text;
}
