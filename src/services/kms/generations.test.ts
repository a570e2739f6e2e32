/**
 * Random histories of a key against a model that knows nothing of how KMS keeps its material: what
 * was encrypted decrypts, under the material that encrypted it, exactly when all of the key's
 * material is present and the key is enabled.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import {
  externalKey,
  importWith,
  type Parameters,
  parametersFor,
} from '../../../test/import-key.ts';
import { type KmsUnderTest, openKms } from '../../../test/open-kms.ts';
import type { ImportType } from '../../model/kms.generated.ts';

let kms: KmsUnderTest;
before(async () => {
  kms = await openKms({ materialCacheEntries: 2 });
});
after(() => kms.close());

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** `ok`, or the error code that a call was answered with. */
const outcome = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'ok',
    (error) => error.code ?? error.stack,
  );

interface Sealed {
  readonly blob: Buffer;
  readonly material: string;
}

async function encrypt(KeyId: string): Promise<Buffer> {
  const { CiphertextBlob } = await kms.ask('Encrypt', { KeyId, Plaintext: Buffer.from(KeyId) });
  return Buffer.from(CiphertextBlob ?? []);
}

/** The refusal, or the material that decrypted; every other process on the store says the same. */
async function decrypt(KeyId: string, CiphertextBlob: Buffer, process = kms): Promise<string> {
  try {
    const answer = await process.ask('Decrypt', { CiphertextBlob });
    assert.equal(Buffer.from(answer.Plaintext ?? []).toString(), KeyId);
    return answer.KeyMaterialId ?? '';
  } catch (error) {
    return (error as { code: string }).code;
  }
}

type ImportStep =
  | {
      readonly do: 'import';
      readonly which: number;
      readonly type?: ImportType;
      readonly hours?: number;
    }
  | { readonly do: 'delete'; readonly which?: number }
  | { readonly do: 'rotate' | 'encrypt' | 'disable' | 'enable' }
  | { readonly do: 'wait'; readonly hours: number };

/** A token is good for a day, and each wait takes an hour of it. */
const longest = { maxLength: 22, size: 'max' } as const;

const pool = [0, 1, 2].map(() => randomBytes(32));
const which = fc.nat({ max: pool.length - 1 });
const importSteps: fc.Arbitrary<ImportStep> = fc.oneof(
  {
    weight: 7,
    arbitrary: fc.record(
      {
        do: fc.constant('import' as const),
        which,
        type: fc.constantFrom('NEW_KEY_MATERIAL' as const, 'EXISTING_KEY_MATERIAL' as const),
        hours: fc.integer({ min: 1, max: 3 }),
      },
      { requiredKeys: ['do', 'which'] },
    ),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('delete' as const), which }, { requiredKeys: ['do'] }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'rotate' as const,
        'encrypt' as const,
        'encrypt' as const,
        'disable' as const,
        'enable' as const,
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      hours: fc.constant(1),
    }),
  },
);

interface ModelMaterial {
  readonly which: number;
  present: boolean;
  until: number | undefined;
}

/** What AWS's manual says of a single-Region symmetric key with imported material. */
class ImportModel {
  /** Oldest first; the last is current. */
  permanent: ModelMaterial[] = [];
  pending: ModelMaterial | undefined;
  disabled = false;

  state(): string {
    const complete = this.permanent.length > 0 && this.permanent.every(({ present }) => present);
    if (!complete) return 'PendingImport';
    return this.disabled ? 'Disabled' : 'Enabled';
  }

  of(index: number): ModelMaterial | undefined {
    return [...this.permanent, ...(this.pending ? [this.pending] : [])].find(
      (each) => each.which === index,
    );
  }

  import(step: ImportStep & { do: 'import' }, now: number): string {
    const until = step.hours === undefined ? undefined : now + step.hours * hourMs;
    const known = this.of(step.which);
    const isFirst = this.permanent.length === 0;
    const isNew = (step.type ?? (isFirst ? 'NEW_KEY_MATERIAL' : '')) === 'NEW_KEY_MATERIAL';
    if (!isNew && known === undefined) return 'IncorrectKeyMaterialException';
    if (isNew && known !== undefined) return 'IncorrectKeyMaterialException';
    if (isNew && this.pending !== undefined) return 'KMSInvalidStateException';
    const wasMissing = this.state() === 'PendingImport';
    const made = { which: step.which, present: true, until };
    if (known !== undefined) Object.assign(known, made);
    else if (isFirst) this.permanent.push(made);
    else this.pending = made;
    // A key that was waiting for material comes back enabled.
    if (wasMissing && this.state() !== 'PendingImport') this.disabled = false;
    return 'ok';
  }

  drop(index: number | undefined): string {
    const material = index === undefined ? this.permanent.at(-1) : this.of(index);
    if (material === undefined) return index === undefined ? 'ok' : 'NotFoundException';
    if (material === this.pending) this.pending = undefined;
    else {
      if (this.state() !== 'PendingImport') this.disabled = false;
      Object.assign(material, { present: false, until: undefined });
    }
    return 'ok';
  }

  expire(now: number): void {
    for (const { which: index, until } of [...this.permanent, this.pending].filter((m) => !!m))
      if (until !== undefined && until <= now) this.drop(index);
  }

  rotate(): string {
    if (this.state() === 'Disabled') return 'DisabledException';
    if (this.state() === 'PendingImport' || this.pending === undefined)
      return 'KMSInvalidStateException';
    this.permanent.push(this.pending);
    this.pending = undefined;
    return 'ok';
  }

  use(): string {
    const state = this.state();
    if (state === 'Enabled') return 'ok';
    return state === 'Disabled' ? 'DisabledException' : 'KMSInvalidStateException';
  }

  able(disabled: boolean): string {
    if (this.state() === 'PendingImport') return 'KMSInvalidStateException';
    this.disabled = disabled;
    return 'ok';
  }
}

class ImportHistory {
  readonly model = new ImportModel();
  readonly sealed: Sealed[] = [];
  readonly ids: string[];
  readonly id: string;
  readonly #parameters: Parameters;

  constructor(id: string, parameters: Parameters, ids: string[]) {
    this.id = id;
    this.#parameters = parameters;
    this.ids = ids;
  }

  async step(step: ImportStep): Promise<void> {
    const { id, model } = this;
    const KeyId = id;
    switch (step.do) {
      case 'import':
        return this.#agree(step, this.#import(step), model.import(step, kms.clock.now));
      case 'delete': {
        const named = step.which === undefined ? {} : { KeyMaterialId: this.ids[step.which] ?? '' };
        const deleting = kms.ask('DeleteImportedKeyMaterial', { KeyId, ...named });
        return this.#agree(step, deleting, model.drop(step.which));
      }
      case 'rotate':
        return this.#agree(step, kms.ask('RotateKeyOnDemand', { KeyId }), model.rotate());
      case 'disable':
        return this.#agree(step, kms.ask('DisableKey', { KeyId }), model.able(true));
      case 'enable':
        return this.#agree(step, kms.ask('EnableKey', { KeyId }), model.able(false));
      case 'encrypt':
        return this.#agree(step, this.#encrypt(), model.use());
      case 'wait':
        kms.clock.now += step.hours * hourMs;
        await kms.doDue();
        return model.expire(kms.clock.now);
    }
  }

  async check(): Promise<void> {
    const { KeyMetadata } = await kms.ask('DescribeKey', { KeyId: this.id });
    assert.equal(KeyMetadata?.KeyState, this.model.state());
    const current = this.model.permanent.at(-1);
    assert.equal(KeyMetadata?.CurrentKeyMaterialId, current && this.ids[current.which]);
    const refusal = this.model.use();
    for (const { blob, material } of this.sealed)
      assert.equal(await decrypt(this.id, blob), refusal === 'ok' ? material : refusal);
  }

  async #agree(step: ImportStep, call: Promise<unknown>, expected: string): Promise<void> {
    assert.equal(await outcome(call), expected, JSON.stringify(step));
  }

  #import({ which: index, type, hours }: ImportStep & { do: 'import' }): Promise<unknown> {
    const input = {
      ...(type === undefined ? {} : { ImportType: type }),
      ...(hours === undefined ? {} : { ValidTo: kms.clock.now + hours * hourMs }),
    };
    const material = pool[index] ?? Buffer.of();
    return importWith(kms, this.id, { parameters: this.#parameters, material, input });
  }

  async #encrypt(): Promise<void> {
    const current = this.model.permanent.at(-1);
    const blob = await encrypt(this.id);
    this.sealed.push({ blob, material: this.ids[current?.which ?? -1] ?? '' });
  }
}

/** The ids of the pool's materials in a key: each is imported once and the key is left so. */
async function idsIn(KeyId: string, parameters: Parameters): Promise<string[]> {
  const ids: string[] = [];
  for (const material of pool) {
    const input = { ImportType: 'NEW_KEY_MATERIAL' } as const;
    const { KeyMaterialId = '' } = await importWith(kms, KeyId, { parameters, material, input });
    ids.push(KeyMaterialId);
    if (ids.length > 1) await kms.ask('DeleteImportedKeyMaterial', { KeyId, KeyMaterialId });
  }
  return ids;
}

test('imported material: whatever was encrypted decrypts exactly when all material is present', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(importSteps, longest), async (steps) => {
      const { id } = await externalKey(kms);
      const parameters = await parametersFor(kms, id);
      const ids = await idsIn(id, parameters);
      const history = new ImportHistory(id, parameters, ids);
      history.model.permanent.push({ which: 0, present: true, until: undefined });
      for (const step of steps) {
        await history.step(step);
        await history.check();
      }
      const later = await kms.startAgain();
      const refusal = history.model.use();
      for (const { blob, material } of history.sealed)
        assert.equal(await decrypt(id, blob, later), refusal === 'ok' ? material : refusal);
    }),
    { numRuns: 50 },
  );
});

type RotationStep =
  | { readonly do: 'wait' | 'schedule'; readonly days: number }
  | { readonly do: 'unschedule' | 'rotate' | 'encrypt' | 'disable' | 'enable' };

const rotationSteps: fc.Arbitrary<RotationStep> = fc.oneof(
  fc.record({ do: fc.constant('wait' as const), days: fc.integer({ min: 1, max: 400 }) }),
  fc.record({ do: fc.constant('schedule' as const), days: fc.integer({ min: 90, max: 400 }) }),
  fc.record({
    do: fc.constantFrom(
      'unschedule' as const,
      'rotate' as const,
      'encrypt' as const,
      'encrypt' as const,
      'disable' as const,
      'enable' as const,
    ),
  }),
);

test('made material: rotations come when they are due, and old ciphertexts stay readable', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(rotationSteps, { maxLength: 15 }), async (steps) => {
      const { KeyMetadata } = await kms.ask('CreateKey', {});
      const KeyId = KeyMetadata?.KeyId ?? '';
      const model = { enabled: true, rotations: 0, period: 0, next: 0 };
      const sealed: Sealed[] = [];
      const current = async () =>
        (await kms.ask('DescribeKey', { KeyId })).KeyMetadata?.CurrentKeyMaterialId ?? '';
      const fallDue = async () => {
        await kms.doDue();
        const { now } = kms.clock;
        if (!model.enabled || model.period === 0 || model.next > now) return;
        model.rotations++;
        model.next += model.period * dayMs;
        if (model.next <= now) model.next = now + model.period * dayMs;
      };
      for (const step of steps) {
        const permitted = model.enabled ? 'ok' : 'DisabledException';
        const expect = async (call: Promise<unknown>, change: () => void) => {
          assert.equal(await outcome(call), permitted, JSON.stringify(step));
          if (permitted === 'ok') change();
        };
        switch (step.do) {
          case 'wait':
            kms.clock.now += step.days * dayMs;
            break;
          case 'schedule': {
            const RotationPeriodInDays = step.days;
            await expect(kms.ask('EnableKeyRotation', { KeyId, RotationPeriodInDays }), () => {
              if (model.period === step.days) return;
              model.period = step.days;
              model.next = kms.clock.now + step.days * dayMs;
            });
            break;
          }
          case 'unschedule':
            await expect(kms.ask('DisableKeyRotation', { KeyId }), () => {
              model.period = 0;
            });
            break;
          case 'rotate':
            await expect(kms.ask('RotateKeyOnDemand', { KeyId }), () => {
              model.rotations++;
            });
            break;
          case 'encrypt':
            if (!model.enabled) break;
            sealed.push({ blob: await encrypt(KeyId), material: await current() });
            break;
          default:
            model.enabled = step.do === 'enable';
            await kms.ask(model.enabled ? 'EnableKey' : 'DisableKey', { KeyId });
        }
        await fallDue();
        const list = await kms.ask('ListKeyRotations', { KeyId });
        assert.equal(list.Rotations?.length, model.rotations);
        for (const { blob, material } of sealed)
          assert.equal(await decrypt(KeyId, blob), model.enabled ? material : 'DisabledException');
      }
    }),
    { numRuns: 60 },
  );
});
