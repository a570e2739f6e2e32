/**
 * Random histories of everything that can happen to keys, on two nodes of one store, against a
 * plain model (test/envelope-model.ts): whatever was encrypted decrypts, to the same bytes and
 * under the same material, exactly when and where the manual says, in every order of rotation,
 * replication, import, expiry, deletion, re-wrapping and restarts.
 */
import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { dayMs, Family, type Kind } from '../../../test/envelope-model.ts';
import {
  hourMs,
  kind,
  type Place,
  type Region,
  regions,
  type Step,
  step,
} from '../../../test/envelope-steps.ts';
import { account, type KmsUnderTest, openKms } from '../../../test/open-kms.ts';
import { wrapMaterial } from '../../../test/wrap-material.ts';
import { keySpecs } from '../../crypto/key-spec.ts';
import { wrappingAlgorithms } from '../../crypto/key-wrap.ts';
import type { CreateKeyRequest, KmsModel } from '../../model/kms.generated.ts';
import { sealToken, type TokenKey, tokenKeyOf, tokenRandomBytes } from './import-token.ts';
import { openInstallationKey } from './installation.ts';
import { openRecords } from './records.ts';

const runs = Number(process.env.SEALHOLD_HISTORIES ?? 500);
const commands = 50;

const rsaPair = () =>
  generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'der' },
  });
/** What wraps material on its way; a wrapping key a request would take most of the time. */
const wrapping = rsaPair();
const symmetricMaterials = [0, 1, 2].map(() => randomBytes(32));
const rsaMaterials = [rsaPair().privateKey, rsaPair().privateKey];

const createInputs: Readonly<Record<Kind, CreateKeyRequest>> = {
  made: {},
  madeEverywhere: { MultiRegion: true },
  imported: { Origin: 'EXTERNAL' },
  importedEverywhere: { Origin: 'EXTERNAL', MultiRegion: true },
  importedRsa: { Origin: 'EXTERNAL', KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' },
};

type Context = Record<string, string>;

interface Known {
  readonly id: string;
  readonly family: Family;
  /** The model's names of materials → the ids that KMS gives them. */
  readonly materialIds: Map<string, string>;
}

interface Sealed {
  readonly of: Known;
  readonly material: string;
  readonly blob: Buffer;
  readonly plaintext: Buffer;
  readonly context: Record<string, string>;
}

const rsaAlgorithm = 'RSAES_OAEP_SHA_256';

function placeOf({ family }: Known, place: Place): Region {
  if (typeof place !== 'number') return place;
  // The primary twice: some requests are for it alone.
  const here = [family.primary, ...family.keys.keys()] as Region[];
  return here[place % here.length] ?? regions[0];
}

class History {
  readonly #nodes: KmsUnderTest[];
  readonly #tokenKey: TokenKey;
  readonly #known: Known[] = [];
  readonly #sealed: Sealed[] = [];
  #node = 0;
  /** How many requests of each kind were answered how. */
  readonly tally: Map<string, number>;

  constructor(nodes: KmsUnderTest[], tokenKey: TokenKey, tally: Map<string, number>) {
    this.#nodes = nodes;
    this.#tokenKey = tokenKey;
    this.tally = tally;
  }

  get #kms(): KmsUnderTest {
    return this.#nodes[this.#node] as KmsUnderTest;
  }

  get #now(): number {
    return this.#kms.clock.now;
  }

  async step({ node, what }: { node: number; what: Step | { do: 'nothing' } }): Promise<void> {
    this.#node = node;
    if (what.do === 'nothing') return;
    if ('key' in what && this.#known.length === 0) return;
    await this.#do(what);
    for (const { eventName, serviceEventDetails } of await this.#kms.doDue())
      this.#count(`${eventName} ${serviceEventDetails?.rotationType ?? 'ok'}`);
    for (const { family } of this.#known) family.fallDue(this.#now);
    const last = this.#sealed.at(-1);
    if (last !== undefined) await this.#decrypt(last, placeOf(last.of, node));
  }

  /** Keys as most are: with their material, and with a replica where they can have one. */
  async begin(kindsToBegin: readonly Kind[]): Promise<void> {
    for (const each of kindsToBegin) await this.#create(each, regions[0]);
    for (const [key, { family }] of this.#known.entries()) {
      const material = { material: 0, type: undefined, hours: undefined };
      const importing = (where: Region) => ({
        node: 0,
        what: { do: 'import' as const, key, place: where, ...material },
      });
      if (family.isImported) await this.step(importing(regions[0]));
      if (!family.kind.endsWith('Everywhere')) continue;
      const to = regions[1];
      await this.step({ node: 1, what: { do: 'replicate', key, place: regions[0], to } });
      await this.step({ node: 0, what: { do: 'wait', ms: 2_000 } });
      if (family.isImported) await this.step(importing(to));
    }
  }

  /** Every ciphertext in every Region, on a node that was just started. */
  async end(): Promise<void> {
    await this.#restart();
    for (const each of this.#sealed) for (const place of regions) await this.#decrypt(each, place);
    for (const { id, family } of this.#known)
      for (const [where, { state }] of family.keys)
        await this.#checkKey(id, family, { where: where as Region, state });
  }

  async #checkKey(
    KeyId: string,
    { isRsa, generations }: Family,
    { where, state }: { readonly where: Region; readonly state: string },
  ): Promise<void> {
    const { KeyMetadata } = await this.#kms.ask('DescribeKey', { KeyId }, { region: where });
    assert.equal(KeyMetadata?.KeyState, state, `${KeyId} in ${where}`);
    if (isRsa) return;
    const all = { KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' } as const;
    const { Rotations } = await this.#kms.ask('ListKeyRotations', all, { region: where });
    assert.equal(Rotations?.length, generations.length, `${KeyId} in ${where}`);
  }

  #count(what: string): void {
    this.tally.set(what, (this.tally.get(what) ?? 0) + 1);
  }

  async #restart(): Promise<void> {
    this.#nodes[this.#node] = await this.#kms.startAgain();
  }

  #do(what: Step): Promise<unknown> {
    switch (what.do) {
      case 'create':
        return this.#create(what.kind, what.region);
      case 'encrypt':
        return this.#encrypt(this.#keyAt(what.key), what);
      case 'dataKey':
        return this.#dataKey(this.#keyAt(what.key), what);
      case 'decrypt':
        return this.#withBlob(what.blob, (sealed) =>
          this.#decrypt(sealed, placeOf(sealed.of, what.place)),
        );
      case 'reEncrypt':
        return this.#withBlob(what.blob, (sealed) => this.#reEncrypt(sealed, what));
      case 'wait':
        this.#kms.clock.now += what.ms;
        return Promise.resolve();
      case 'restart':
        return this.#restart();
      case 'rewrap':
        return this.#kms.rewrap();
      default:
        return this.#change(this.#keyAt(what.key), what as Change);
    }
  }

  #keyAt(index: number): Known {
    return this.#known[index % this.#known.length] as Known;
  }

  async #withBlob(index: number, then: (sealed: Sealed) => Promise<void>): Promise<void> {
    const sealed = this.#sealed[index % Math.max(1, this.#sealed.length)];
    if (sealed !== undefined) await then(sealed);
  }

  async #create(made: Kind, place: Region): Promise<void> {
    const { KeyMetadata } = await this.#kms.ask('CreateKey', createInputs[made], { region: place });
    const family = new Family(made, place);
    this.#known.push({ id: KeyMetadata?.KeyId ?? '', family, materialIds: new Map() });
  }

  /** `ok` or the error code is as the model has it; gives the answer. */
  async #asked<Name extends keyof KmsModel>(
    name: Name,
    input: KmsModel[Name]['input'],
    { place, expected }: { readonly place: Region; readonly expected: string },
  ): Promise<KmsModel[Name]['output'] | undefined> {
    let answer: KmsModel[Name]['output'] | undefined;
    let outcome = 'ok';
    try {
      answer = await this.#kms.ask(name, input, { region: place });
    } catch (error) {
      outcome = (error as { code?: string }).code ?? String((error as Error).stack);
    }
    this.#count(`${name} ${outcome}`);
    const asked = JSON.stringify({ name, place, input }, undefined, 1);
    assert.equal(outcome, expected, asked);
    return answer;
  }

  /** The same material has the same id, and no other has it. */
  #checkMaterial({ materialIds }: Known, material: string, id: string | undefined): void {
    const before = materialIds.get(material);
    if (before === undefined) {
      assert.equal([...materialIds.values()].includes(String(id)), false, material);
      materialIds.set(material, String(id));
    } else assert.equal(id, before, material);
  }

  async #encrypt(
    known: Known,
    step: { place: Place; bytes: Buffer; context: Context },
  ): Promise<void> {
    const { family, id } = known;
    const { bytes: plaintext, context } = step;
    const place = placeOf(known, step.place);
    const answer = await this.#asked(
      'Encrypt',
      {
        KeyId: id,
        Plaintext: plaintext,
        ...(family.isRsa ? { EncryptionAlgorithm: rsaAlgorithm } : { EncryptionContext: context }),
      },
      { place, expected: family.use(place) },
    );
    if (answer !== undefined)
      this.#keep(known, { blob: answer.CiphertextBlob, plaintext, context });
  }

  #keep(
    of: Known,
    made: { blob: Uint8Array | undefined; plaintext: Buffer; context: Record<string, string> },
  ): void {
    const blob = Buffer.from(made.blob ?? []);
    this.#sealed.push({ ...made, of, blob, material: String(of.family.current) });
  }

  async #dataKey(known: Known, step: { place: Place; context: Context }): Promise<void> {
    const { family, id } = known;
    const { context } = step;
    const place = placeOf(known, step.place);
    const use = family.use(place);
    // The usage is right; RSA is found out after the state.
    const expected = use === 'ok' && family.isRsa ? 'InvalidKeyUsageException' : use;
    const input = { KeyId: id, KeySpec: 'AES_256', EncryptionContext: context } as const;
    const answer = await this.#asked('GenerateDataKey', input, { place, expected });
    if (answer === undefined) return;
    this.#checkMaterial(known, String(family.current), answer.KeyMaterialId);
    const plaintext = Buffer.from(answer.Plaintext ?? []);
    this.#keep(known, { blob: answer.CiphertextBlob, plaintext, context });
  }

  /** A key that isn't in the Region is not told from one of another account. */
  #expectedOf({ of, blob: _ }: Sealed, place: Region): string {
    const use = of.family.use(place);
    return use === 'NotFoundException' && !of.family.isRsa ? 'AccessDeniedException' : use;
  }

  async #decrypt(sealed: Sealed, place: Region): Promise<void> {
    const { of, blob, plaintext, context, material } = sealed;
    const { isRsa } = of.family;
    const answer = await this.#asked(
      'Decrypt',
      {
        CiphertextBlob: blob,
        ...(isRsa
          ? { KeyId: of.id, EncryptionAlgorithm: rsaAlgorithm }
          : { EncryptionContext: context }),
      },
      { place, expected: this.#expectedOf(sealed, place) },
    );
    if (answer === undefined) return;
    assert.deepEqual(Buffer.from(answer.Plaintext ?? []), plaintext);
    assert.equal(answer.KeyId, `arn:aws:kms:${place}:${account}:key/${of.id}`);
    if (!isRsa) this.#checkMaterial(of, material, answer.KeyMaterialId);
  }

  async #reEncrypt(
    sealed: Sealed,
    step: { key: number; place: Place; context: Context },
  ): Promise<void> {
    const { of, blob, context, plaintext } = sealed;
    const place = placeOf(of, step.place);
    const to = this.#keyAt(step.key);
    // Both keys are looked for before either is judged.
    const source = this.#expectedOf(sealed, place);
    const destination = to.family.use(place);
    const isMissing = (outcome: string) => /NotFound|AccessDenied/.test(outcome);
    const order = [source, destination].filter(isMissing).concat([source, destination]);
    const expected = order.find((outcome) => outcome !== 'ok') ?? 'ok';
    const answer = await this.#asked(
      'ReEncrypt',
      {
        CiphertextBlob: blob,
        DestinationKeyId: to.id,
        ...(of.family.isRsa
          ? { SourceKeyId: of.id, SourceEncryptionAlgorithm: rsaAlgorithm }
          : { SourceEncryptionContext: context }),
        ...(to.family.isRsa
          ? { DestinationEncryptionAlgorithm: rsaAlgorithm }
          : { DestinationEncryptionContext: step.context }),
      },
      { place, expected },
    );
    if (answer === undefined) return;
    this.#keep(to, { blob: answer.CiphertextBlob, plaintext, context: step.context });
  }

  #change(known: Known, what: Change): Promise<unknown> {
    const { family, id: KeyId } = known;
    const place = placeOf(known, what.place);
    const now = this.#now;
    const expecting = (expected: string) => ({ place, expected });
    switch (what.do) {
      case 'rotate':
        return this.#asked('RotateKeyOnDemand', { KeyId }, expecting(family.rotate(place, now)));
      case 'setRotation': {
        const expected = expecting(family.setRotation(place, what.days, now));
        return what.days === undefined
          ? this.#asked('DisableKeyRotation', { KeyId }, expected)
          : this.#asked('EnableKeyRotation', { KeyId, RotationPeriodInDays: what.days }, expected);
      }
      case 'replicate': {
        const expected = expecting(family.replicate(place, what.to, now));
        return this.#asked('ReplicateKey', { KeyId, ReplicaRegion: what.to }, expected);
      }
      case 'promote': {
        const to = placeOf(known, what.to);
        const expected = expecting(family.promote(place, to, now));
        return this.#asked('UpdatePrimaryRegion', { KeyId, PrimaryRegion: to }, expected);
      }
      case 'able': {
        const name = what.state === 'Enabled' ? 'EnableKey' : 'DisableKey';
        return this.#asked(name, { KeyId }, expecting(family.able(place, what.state)));
      }
      case 'delete': {
        const expected = expecting(family.schedule(place, what.days, now));
        const input = { KeyId, PendingWindowInDays: what.days };
        return this.#asked('ScheduleKeyDeletion', input, expected);
      }
      case 'cancel':
        return this.#asked('CancelKeyDeletion', { KeyId }, expecting(family.cancel(place)));
      case 'import':
        return this.#import(known, what);
      case 'remove':
        return this.#remove(known, what);
    }
  }

  async #import(known: Known, what: Change & { do: 'import' }): Promise<void> {
    const { family, id } = known;
    const { hours } = what;
    const place = placeOf(known, what.place);
    const pool = family.isRsa ? rsaMaterials : symmetricMaterials;
    const index = what.material % pool.length;
    const type = family.isRsa ? undefined : what.type;
    const until = hours === undefined ? undefined : this.#now + hours * hourMs;
    const expected = family.import(place, { material: `imported ${index}`, type, until });
    const secret = pool[index] as Buffer;
    const algorithm = family.isRsa ? 'RSA_AES_KEY_WRAP_SHA_256' : 'RSAES_OAEP_SHA_256';
    const answer = await this.#asked(
      'ImportKeyMaterial',
      {
        KeyId: id,
        ImportToken: this.#token(id, place, algorithm),
        EncryptedKeyMaterial: wrapMaterial(secret, { algorithm, publicKey: wrapping.publicKey }),
        ...(type === undefined ? {} : { ImportType: type }),
        ...(until === undefined
          ? { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' as const }
          : { ValidTo: until }),
      },
      { place, expected },
    );
    if (answer !== undefined && !family.isRsa)
      this.#checkMaterial(known, `imported ${index}`, answer.KeyMaterialId);
  }

  /** As GetParametersForImport seals it, around a wrapping key that is made once. */
  #token(id: string, place: Region, algorithm: string): Buffer {
    const parameters = {
      keyArn: `arn:aws:kms:${place}:${account}:key/${id}`,
      algorithm: wrappingAlgorithms.get(algorithm)!,
      wrappingSpec: keySpecs.get('RSA_2048')!,
      expiresAt: this.#now + dayMs,
      privateKey: wrapping.privateKey,
    };
    return sealToken(this.#tokenKey, parameters, randomBytes(tokenRandomBytes));
  }

  /** Names only materials whose ids were told. */
  async #remove(known: Known, what: Change & { do: 'remove' }): Promise<void> {
    const { family, id, materialIds } = known;
    const { material } = what;
    const place = placeOf(known, what.place);
    const name =
      material === undefined || family.isRsa
        ? undefined
        : `imported ${material % symmetricMaterials.length}`;
    const named = name === undefined ? undefined : materialIds.get(name);
    if (name !== undefined && named === undefined) return;
    await this.#asked(
      'DeleteImportedKeyMaterial',
      { KeyId: id, ...(named === undefined ? {} : { KeyMaterialId: named }) },
      { place, expected: family.remove(place, name) },
    );
  }
}

type Change = Extract<Step, { key: number }> & {
  do:
    | 'rotate'
    | 'setRotation'
    | 'replicate'
    | 'promote'
    | 'import'
    | 'remove'
    | 'able'
    | 'delete'
    | 'cancel';
};

test('whatever was encrypted decrypts, in every order of all that happens to keys', async () => {
  const tally = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(
      fc.array(kind, { minLength: 2, maxLength: 3 }),
      fc.array(step, { minLength: commands, maxLength: commands, size: 'max' }),
      async (begun, history) => {
        const first = await openKms({ materialCacheEntries: 3 });
        const nodes = [first, await first.startAgain()];
        const store = await first.otherStore();
        const installationKey = await openInstallationKey({
          store,
          records: openRecords(store),
          world: first.world,
        });
        const run = new History(nodes, tokenKeyOf(installationKey), tally);
        await run.begin(begun);
        for (const each of history) await run.step(each as never);
        await run.end();
        await first.close();
      },
    ),
    { numRuns: runs },
  );
  assertAllHappened(tally);
});

/** A property about what hardly happens would say little. */
function assertAllHappened(tally: ReadonlyMap<string, number>): void {
  const seen = [...tally].sort().map(([what, count]) => `${count}  ${what}`);
  const told = seen.join('\n');
  for (const name of mustHappen)
    assert.ok((tally.get(name) ?? 0) >= runs / 20, `${name} hardly happened:\n${told}`);
  const refused = [...tally].filter(([what]) => / (Disabled|KMSInvalidState)Exception$/.test(what));
  assert.ok(refused.length >= 10, told);
}
const mustHappen = [
  'Encrypt ok',
  'GenerateDataKey ok',
  'Decrypt ok',
  'ReEncrypt ok',
  'RotateKeyOnDemand ok',
  'EnableKeyRotation ok',
  'ReplicateKey ok',
  'UpdatePrimaryRegion ok',
  'ImportKeyMaterial ok',
  'DeleteImportedKeyMaterial ok',
  'DisableKey ok',
  'EnableKey ok',
  'ScheduleKeyDeletion ok',
  'CancelKeyDeletion ok',
  'RotateKey AUTOMATIC',
  'DeleteKey ok',
  'DeleteExpiredKeyMaterial ok',
];
