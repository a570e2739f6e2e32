import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { callFacts, testWorld } from '../../test/trail.ts';
import { kms } from '../model/kms.generated.ts';
import type { OperationModel, ServiceModel, Shape } from '../model/schema.ts';
import { sts } from '../model/sts.generated.ts';
import { callRecord } from './record.ts';

/** The names of the members whose values a record may never hold, not taken from our list. */
const secretMember = new RegExp(
  `^(${[
    'Plaintext',
    'CiphertextBlob',
    'Message',
    'Signature',
    'Mac',
    'PublicKey',
    'PrivateKey.*',
    'ImportToken',
    'EncryptedKeyMaterial',
    'AttestationDocument',
    'GrantTokens?',
    'KeyStorePassword',
    'RawSecretAccessKey',
    'SharedSecret.*',
    'SessionToken',
    'SecretAccessKey',
    'WebIdentityToken',
    'SAMLAssertion',
    'TokenCode',
    'TradeInToken',
    'CiphertextForRecipient',
  ].join('|')})$`,
);

/** Any value of a shape, in which all that is secret contains the mark. */
function anyOf(shape: Shape, mark: string, secret: boolean): fc.Arbitrary<unknown> {
  const hidden = secret || shape.sensitive === true;
  switch (shape.type) {
    case 'blob':
      return fc.constantFrom(Buffer.from(mark), new Uint8Array(Buffer.from(mark)));
    case 'string':
      return hidden ? fc.string().map((text) => mark + text) : fc.string();
    case 'boolean':
      return fc.boolean();
    case 'timestamp':
      return fc.oneof(fc.integer(), fc.double());
    case 'list':
      return fc.array(anyOf(shape.member, mark, hidden), { maxLength: 3 });
    case 'map':
      return fc.dictionary(fc.string(), anyOf(shape.value, mark, hidden), { maxKeys: 3 });
    case 'structure':
      return fc.record(
        Object.fromEntries(
          Object.entries(shape.members).map(([name, member]) => {
            return [name, anyOf(member, mark, hidden || secretMember.test(name))];
          }),
        ),
        { requiredKeys: [] },
      );
    default:
      return fc.double();
  }
}

describe('What a record never holds', () => {
  const mark = 'MARKED-SECRET';
  const forms = [
    mark,
    Buffer.from(mark).toString('base64').slice(0, 12),
    Buffer.from(mark).toString('hex'),
    Buffer.from(mark).subarray(0, 6).join(','),
  ];

  function holdsNoSecret(service: ServiceModel, model: OperationModel): void {
    const any = (shape: Shape | undefined): fc.Arbitrary<unknown> =>
      shape === undefined ? fc.constant(undefined) : anyOf(shape, mark, false);
    fc.assert(
      fc.property(any(model.input), any(model.output), fc.string(), (input, result, agent) => {
        const source = { remoteAddress: '::1', userAgent: agent, host: agent, tls: undefined };
        const more = {
          readOnly: false,
          input,
          outcome: { kind: 'output', output: result } as const,
          source,
        };
        const json = callRecord(callFacts(model.name, more, service), testWorld);
        for (const form of forms) assert.ok(!json.includes(form), `${model.name}: ${json}`);
        assert.equal(JSON.parse(json).userAgent, agent);
        const { requestParameters } = JSON.parse(json);
        for (const name of Object.keys(requestParameters ?? {})) assert.match(name, /^[a-z]/);
      }),
      { numRuns: 60 },
    );
  }

  for (const service of [kms, sts]) {
    test(`is a secret of any operation of ${service.service}, whatever the caller sends`, () => {
      assert.ok(service.operations.size > 5);
      for (const model of service.operations.values()) holdsNoSecret(service, model);
    });
  }
});
