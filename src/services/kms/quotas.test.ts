import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type KeySpecName, keySpecs } from '../../crypto/key-spec.ts';
import { kms } from '../../model/kms.generated.ts';
import {
  awsQuotas,
  awsValue,
  drawsOf,
  isKeyed,
  keysQuota,
  parseQuotas,
  poolOf,
  quotaName,
  quotaOf,
  quotas,
  quotaValue,
} from './quotas.ts';

describe('the table of quotas', () => {
  test('has a rate for every operation of the model, of its own or shared', () => {
    for (const name of kms.operations.keys()) {
      if (isKeyed(name)) continue;
      const draws = drawsOf(name)?.({ KeyPairSpec: 'RSA_2048' });
      assert.ok(draws !== undefined && draws.length > 0, name);
    }
  });

  test('has no rate for what is no operation', () => {
    const operations = [...kms.operations.keys()];
    for (const { id, kind } of quotas.values()) {
      if (kind === 'resource' || id.startsWith('Cryptographic operations')) continue;
      assert.ok(operations.includes(id.replace(/ \(.*/, '')), id);
    }
  });

  test('has a pool for every key spec', () => {
    const pools = ([...keySpecs.keys()] as KeySpecName[]).map((spec) => [
      spec,
      poolOf({ spec }).id,
    ]);
    const symmetric = 'Cryptographic operations (symmetric)';
    const byPool = Object.groupBy(pools, ([, pool]) => String(pool));
    assert.deepEqual(
      byPool[symmetric]?.map(([spec]) => spec).sort(),
      ['HMAC_224', 'HMAC_256', 'HMAC_384', 'HMAC_512', 'SYMMETRIC_DEFAULT'].sort(),
    );
    assert.equal(Object.keys(byPool).length, 5);
  });

  test('has a rate for every spec of data key pairs', () => {
    const shape = kms.operations.get('GenerateDataKeyPair')?.input?.members.KeyPairSpec;
    assert.equal(shape?.type, 'string');
    const specs = (shape as { enum?: readonly string[] }).enum ?? [];
    assert.ok(specs.length > 5);
    for (const KeyPairSpec of specs)
      assert.equal(drawsOf('GenerateDataKeyPair')?.({ KeyPairSpec }).length, 1, KeyPairSpec);
  });

  test('gives no two quotas one code', () => {
    const codes = [...quotas.values()].flatMap(({ code }) => code ?? []);
    assert.equal(new Set(codes).size, codes.length);
  });

  test("differs by Region where AWS's does", () => {
    const symmetric = quotaOf('Cryptographic operations (symmetric)');
    assert.equal(awsValue(symmetric, 'us-east-1'), 100_000);
    assert.equal(awsValue(symmetric, 'eu-central-1'), 20_000);
    assert.equal(awsValue(symmetric, 'eu-north-1'), 10_000);
    assert.equal(awsValue(quotaOf('GenerateDataKeyPair (RSA_4096)'), 'cn-north-1'), 0.1);
  });

  test('counts ReplicateKey and UpdatePrimaryRegion in the other Region too', () => {
    assert.deepEqual(
      drawsOf('ReplicateKey')?.({ ReplicaRegion: 'eu-west-1' }).map(({ quota, region, times }) => [
        quotaName(quota),
        region,
        times,
      ]),
      [
        ['ReplicateKey request rate', undefined, undefined],
        ['CreateKey request rate', 'eu-west-1', 2],
      ],
    );
    assert.deepEqual(
      drawsOf('UpdatePrimaryRegion')?.({ PrimaryRegion: 'eu-west-1' }).map(({ region }) => region),
      [undefined, 'eu-west-1'],
    );
  });
});

describe("an operator's file", () => {
  const value = (json: string, id: string) =>
    quotaValue(quotaOf(id), { settings: parseQuotas(json), region: 'eu-north-1' });

  test('names quotas by code, by name and by operation', () => {
    assert.equal(value('{"L-32B67F4A": 7}', 'CreateKey'), 7);
    assert.equal(value('{"CreateKey request rate": 7}', 'CreateKey'), 7);
    assert.equal(value('{"CreateKey": 7}', 'CreateKey'), 7);
    assert.equal(value('{"L-C2F1777E": 3}', keysQuota.id), 3);
  });

  test("leaves what it does not name as AWS's, unless a star lifts it", () => {
    assert.equal(value('{"CreateKey": 7}', 'CreateAlias'), 5);
    assert.equal(value('{"CreateKey": 7, "*": null}', 'CreateAlias'), undefined);
    assert.equal(value('{"CreateKey": 7, "*": null}', 'CreateKey'), 7);
    assert.equal(value('{"CreateKey": null}', 'CreateKey'), undefined);
    assert.deepEqual(parseQuotas('{}'), awsQuotas);
  });

  const refused: readonly (readonly [json: string, why: RegExp])[] = [
    ['{', /not JSON/],
    ['[]', /no JSON object/],
    ['null', /no JSON object/],
    ['{"CreateKeys": 1}', /'CreateKeys' is no quota of KMS/],
    ['{"__proto__": 1}', /'__proto__' is no quota of KMS/],
    ['{"Encrypt": 1}', /no rate of its own; name its pool/],
    ['{"GenerateRandom": 1}', /no rate of its own; name its pool/],
    ['{"GenerateDataKeyPair": 1}', /a rate for each spec/],
    ['{"CreateKey": -1}', /takes a number from 0/],
    ['{"CreateKey": "5"}', /takes a number from 0/],
    ['{"CreateKey": 1e11}', /takes a number from 0/],
    ['{"CreateKey": 1, "L-32B67F4A": 2}', /for the second time/],
    ['{"*": 5}', /'\*' takes null only/],
    ['{"L-0E66C9C0": 5}', /can't be changed here/],
  ];
  for (const [json, why] of refused) {
    test(`is refused with a reason: ${json}`, () => {
      assert.throws(() => parseQuotas(json), { name: 'RangeError', message: why });
    });
  }
});
