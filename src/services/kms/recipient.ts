/**
 * The Recipient parameter: what an enclave or a NitroTPM attests, verified before the request is
 * authorized, and the answer sealed for its key. Whoever asks so is never answered in clear.
 */
import { type AttestationDocument, verifyAttestation } from '../../crypto/attestation-document.ts';
import { chainVerifier, noRoots, type TrustedRoots } from '../../crypto/certificate-chain.ts';
import {
  type EnvelopeRecipient,
  envelopeRandomBytes,
  envelopeRecipient,
  sealEnvelope,
} from '../../crypto/enveloped-data.ts';
import type { RecipientInfo } from '../../model/kms.generated.ts';
import type { Call, Found } from '../../operation.ts';
import { attestationRefused, memberNeeded } from './errors.ts';
import type { KeyEntry } from './records.ts';
import { type MaybePromise, whenHere } from './when.ts';

/** Who is answered, once the attestation document has proved it. */
export interface Recipient {
  readonly document: AttestationDocument;
  readonly key: EnvelopeRecipient;
}

export interface Asking {
  readonly Recipient?: RecipientInfo;
}

export interface Recipients {
  /**
   * Undefined for a request that has none.
   * @throws ApiError ValidationException for a document that is not believed.
   */
  verified(input: Asking, call: Call): Recipient | undefined;
}

/** Without roots every document is refused. */
export function createRecipients(roots: TrustedRoots = noRoots): Recipients {
  const verifyChain = chainVerifier(roots);
  return {
    verified({ Recipient: asked }, call) {
      if (asked === undefined) return undefined;
      call.note({ requestParameters: { recipient: undefined } });
      const { AttestationDocument: bytes, KeyEncryptionAlgorithm } = asked;
      if (bytes === undefined) throw memberNeeded('recipient.attestationDocument');
      if (KeyEncryptionAlgorithm === undefined)
        throw memberNeeded('recipient.keyEncryptionAlgorithm');
      const verified = verifyAttestation(Buffer.from(bytes), { verifyChain, now: call.now });
      if (verified.kind === 'refused') throw attestationRefused(verified.fault);
      const { document } = verified;
      if (document.publicKey === undefined) throw attestationRefused('keyless');
      const key = envelopeRecipient(document.publicKey);
      if (key === undefined) throw attestationRefused('unsuitable');
      return { document, key };
    },
  };
}

/** A key that was found, and who is to be answered. */
export interface KeyForRecipient {
  readonly entry: KeyEntry;
  readonly recipient: Recipient | undefined;
}

/** The `find` of a row with a KeyId and a Recipient. */
export function findForRecipient(
  kms: {
    readonly recipients: Recipients;
    readonly finder: {
      readonly named: (
        input: { readonly KeyId: string },
        call: Call,
      ) => MaybePromise<Found<KeyEntry>>;
    };
  },
  input: Asking & { readonly KeyId: string },
  call: Call,
): MaybePromise<Found<KeyForRecipient>> {
  const recipient = kms.recipients.verified(input, call);
  return whenHere(kms.finder.named(input, call), (found) => ({
    ...found,
    subject: { entry: found.subject, recipient },
  }));
}

/**
 * The plaintext under the member that shows it, or sealed for the recipient; then it is wiped and
 * the trail tells who attested.
 */
export function answered<Name extends string>(
  { name, plaintext }: { readonly name: Name; readonly plaintext: Buffer },
  recipient: Recipient | undefined,
  call: Call,
): { readonly [M in Name]?: Buffer } | { readonly CiphertextForRecipient: Buffer } {
  if (recipient === undefined) return { [name]: plaintext } as { [M in Name]: Buffer };
  const random = call.world.randomBytes(envelopeRandomBytes);
  const CiphertextForRecipient = sealEnvelope(recipient.key, plaintext, random);
  plaintext.fill(0);
  call.note({ additionalEventData: { recipient: attested(recipient.document) } });
  return { CiphertextForRecipient };
}

/**
 * What a document lets policies decide on: condition key in lower case → lower-case hexadecimal
 * digits (KMS Developer Guide, "AWS KMS condition keys for attested platforms"). Empty without a
 * recipient.
 */
export function recipientConditions(recipient: Recipient | undefined): ReadonlyMap<string, string> {
  const conditions = new Map<string, string>();
  if (recipient === undefined) return conditions;
  const { platform, pcrs } = recipient.document;
  const prefix = 'kms:recipientattestation:';
  for (const [index, value] of pcrs) {
    const name = platform === 'tpm' ? `nitrotpmpcr${index}` : `pcr${index}`;
    conditions.set(`${prefix}${name}`, value.toString('hex'));
    if (platform === 'enclave' && index === 0)
      conditions.set(`${prefix}imagesha384`, value.toString('hex'));
  }
  return conditions;
}

/** The registers that CloudTrail shows, in the guide's order; their values are in base64. */
const shownRegisters = { enclave: [1, 2, 3, 4, 8], tpm: [4, 7, 8, 9, 16, 23] } as const;

/** KMS Developer Guide, "Monitoring attested requests". */
function attested({ platform, moduleId, pcrs }: AttestationDocument): Record<string, string> {
  const shown: Record<string, string> = { attestationDocumentModuleId: moduleId };
  const show = (name: string, index: number): void => {
    const value = pcrs.get(index);
    if (value !== undefined) shown[`attestationDocument${name}`] = value.toString('base64');
  };
  if (platform === 'enclave') show('EnclaveImageDigest', 0);
  for (const index of shownRegisters[platform])
    show(platform === 'tpm' ? `NitroTPMPCR${index}` : `EnclavePCR${index}`, index);
  return shown;
}
