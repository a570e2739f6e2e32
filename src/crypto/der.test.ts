import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { asn1, berIndefinite, der, derContents, derOid, derValues } from './der.ts';

const bytes = fc.nat({ max: 70_000 }).map((sizeBytes) => Buffer.alloc(sizeBytes, sizeBytes));
const noise = fc.uint8Array({ maxLength: 300 }).map((each) => Buffer.from(each));

describe('DER', () => {
  test('is read as it was written, whatever the length', () => {
    fc.assert(
      fc.property(bytes, bytes, (one, other) => {
        const written = der(asn1.sequence, der(asn1.octetString, one), der(asn1.integer, other));
        const inside = derValues(derContents(written, asn1.sequence) ?? Buffer.of());
        assert.deepEqual(inside, [
          { tag: asn1.octetString, contents: one },
          { tag: asn1.integer, contents: other },
        ]);
      }),
    );
  });

  test('of a known value has the bytes of X.690 and RFC 5652', () => {
    assert.equal(derOid('1.2.840.113549.1.7.3').toString('hex'), '06092a864886f70d010703');
    assert.equal(derOid('2.5.29.19').toString('hex'), '0603551d13');
    assert.equal(der(asn1.octetString, Buffer.alloc(128)).subarray(0, 3).toString('hex'), '048180');
    assert.equal(
      der(asn1.octetString, Buffer.alloc(256)).subarray(0, 4).toString('hex'),
      '04820100',
    );
    assert.equal(berIndefinite(asn1.sequence, Buffer.of(5, 0)).toString('hex'), '308005000000');
  });

  test('that is cut, longer than said, or of an odd form is refused', () => {
    const odd = ['30', '3080', '30800000', '3005', '308105', '30820005', '3084000000010', '1f0100'];
    for (const hex of odd) assert.equal(derValues(Buffer.from(hex, 'hex')), undefined, hex);
    assert.equal(derContents(Buffer.from('05000500', 'hex'), asn1.null), undefined);
    assert.equal(derContents(Buffer.from('0500', 'hex'), asn1.integer), undefined);
    fc.assert(fc.property(noise, (any) => void derValues(any)));
  });
});
