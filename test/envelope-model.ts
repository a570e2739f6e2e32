/**
 * KMS keys as AWS's manual describes them, reduced to what decides whether a ciphertext decrypts: a
 * plain model in memory that knows nothing of how they are kept. Each request gives the outcome
 * that KMS must give, `ok` or the error code, and takes effect where it is `ok`.
 */

export type Kind = 'made' | 'madeEverywhere' | 'imported' | 'importedEverywhere' | 'importedRsa';

export type State =
  | 'Creating'
  | 'Enabled'
  | 'Disabled'
  | 'PendingDeletion'
  | 'PendingReplicaDeletion'
  | 'PendingImport'
  | 'Updating';

export const dayMs = 86_400_000;
const transitionMs = 1_000;

/** A key of the family in one Region. */
export interface KeyIn {
  state: State;
  settle: { readonly to: State; readonly at: number } | undefined;
  deletionAt: number | undefined;
  windowDays: number | undefined;
  /** Imported material that is here → when it expires. */
  readonly here: Map<string, number | undefined>;
}

interface Generation {
  readonly material: string;
  role: 'old' | 'current' | 'pending';
}

export interface Import {
  readonly material: string;
  readonly type: 'NEW_KEY_MATERIAL' | 'EXISTING_KEY_MATERIAL' | undefined;
  readonly until: number | undefined;
}

const invalid = 'KMSInvalidStateException';
const unsupported = 'UnsupportedOperationException';
const incorrect = 'IncorrectKeyMaterialException';

/** One column of the manual's table of key states. */
const allowed = (key: KeyIn, states: readonly State[], whenDisabled = invalid): string =>
  states.includes(key.state) ? 'ok' : key.state === 'Disabled' ? whenDisabled : invalid;

const freshKey = (state: State): KeyIn => ({
  state,
  settle: undefined,
  deletionAt: undefined,
  windowDays: undefined,
  here: new Map(),
});

/** All keys of one key id. */
export class Family {
  readonly kind: Kind;
  readonly keys = new Map<string, KeyIn>();
  primary: string;
  generations: Generation[] = [];
  #rotation: { readonly days: number; nextAt: number } | undefined;
  #made = 0;
  #onDemand = 0;

  constructor(kind: Kind, region: string) {
    this.kind = kind;
    this.primary = region;
    this.keys.set(region, freshKey(this.isImported ? 'PendingImport' : 'Enabled'));
    if (!this.isImported) this.#rotateTo(this.#makeMaterial());
  }

  get isImported(): boolean {
    return this.kind.startsWith('imported');
  }

  get isRsa(): boolean {
    return this.kind === 'importedRsa';
  }

  get current(): string | undefined {
    return this.generations.find(({ role }) => role === 'current')?.material;
  }

  #makeMaterial(): string {
    this.#made++;
    return `made ${this.#made}`;
  }

  #rotateTo(material: string): void {
    for (const each of this.generations) if (each.role === 'current') each.role = 'old';
    this.generations = this.generations.filter((each) => each.material !== material);
    this.generations.push({ material, role: 'current' });
  }

  get #pending(): string | undefined {
    return this.generations.find(({ role }) => role === 'pending')?.material;
  }

  #isComplete(key: KeyIn): boolean {
    const permanent = this.generations.filter(({ role }) => role !== 'pending');
    if (permanent.length === 0) return false;
    return !this.isImported || permanent.every(({ material }) => key.here.has(material));
  }

  /** Encrypt, Decrypt, ReEncrypt, GenerateDataKey. */
  use(region: string): string {
    const key = this.keys.get(region);
    if (key === undefined) return 'NotFoundException';
    return allowed(key, ['Enabled', 'Updating'], 'DisabledException');
  }

  able(region: string, state: 'Enabled' | 'Disabled'): string {
    return this.#in(region, (key) => {
      const outcome = allowed(key, ['Enabled', 'Disabled'], 'ok');
      if (outcome === 'ok') key.state = state;
      return outcome;
    });
  }

  schedule(region: string, days: number, now: number): string {
    return this.#in(region, (key) => {
      const states = ['Enabled', 'Disabled', 'PendingImport', 'Creating'] as const;
      const outcome = allowed(key, states);
      if (outcome !== 'ok') return outcome;
      key.settle = undefined;
      if (region === this.primary && this.keys.size > 1) {
        key.state = 'PendingReplicaDeletion';
        key.windowDays = days;
      } else {
        key.state = 'PendingDeletion';
        key.deletionAt = now + days * dayMs;
      }
      return outcome;
    });
  }

  cancel(region: string): string {
    return this.#in(region, (key) => {
      const outcome = allowed(key, ['PendingDeletion', 'PendingReplicaDeletion']);
      if (outcome !== 'ok') return outcome;
      key.deletionAt = undefined;
      key.windowDays = undefined;
      key.state = this.#isComplete(key) ? 'Disabled' : 'PendingImport';
      return outcome;
    });
  }

  setRotation(region: string, days: number | undefined, now: number): string {
    return this.#in(region, (key) => {
      if (this.isImported) return unsupported;
      const outcome = allowed(key, ['Enabled', 'Updating'], 'DisabledException');
      if (outcome !== 'ok') return outcome;
      if (region !== this.primary) return unsupported;
      if (days === undefined) this.#rotation = undefined;
      else if (this.#rotation?.days !== days) this.#rotation = { days, nextAt: now + days * dayMs };
      return outcome;
    });
  }

  rotate(region: string, now: number): string {
    return this.#in(region, (key) => {
      const outcome = allowed(key, ['Enabled', 'Updating'], 'DisabledException');
      if (outcome !== 'ok') return outcome;
      if (this.isRsa || region !== this.primary) return unsupported;
      const pending = this.#pending;
      if (this.isImported) {
        const everywhere = (material: string) =>
          [...this.keys.values()].every(({ here }) => here.has(material));
        if (pending === undefined || !everywhere(pending)) return invalid;
      }
      if (this.#onDemand >= 25) return 'LimitExceededException';
      const nextAt = key.state === 'Enabled' ? this.#rotation?.nextAt : undefined;
      if (nextAt !== undefined && nextAt - now <= 20 * 60_000) return 'ConflictException';
      this.#onDemand++;
      this.#rotateTo(this.isImported ? (pending as string) : this.#makeMaterial());
      return outcome;
    });
  }

  replicate(region: string, to: string, now: number): string {
    return this.#in(region, (key) => {
      if (!this.kind.endsWith('Everywhere') || region !== this.primary) return unsupported;
      const outcome = allowed(key, ['Enabled'], 'DisabledException');
      if (outcome !== 'ok') return outcome;
      if (to === region) return 'ValidationException';
      if (this.keys.has(to)) return 'AlreadyExistsException';
      const replica = freshKey('Creating');
      replica.settle = {
        to: this.isImported ? 'PendingImport' : 'Enabled',
        at: now + transitionMs,
      };
      this.keys.set(to, replica);
      return outcome;
    });
  }

  promote(region: string, to: string, now: number): string {
    return this.#in(region, (key) => {
      if (!this.kind.endsWith('Everywhere') || region !== this.primary) return unsupported;
      const outcome = allowed(key, ['Enabled', 'Updating'], 'DisabledException');
      if (outcome !== 'ok') return outcome;
      if (to === region) return unsupported;
      const replica = this.keys.get(to);
      if (replica === undefined) return 'NotFoundException';
      const theirs = allowed(replica, ['Enabled', 'Updating'], 'DisabledException');
      if (theirs !== 'ok') return theirs;
      this.primary = to;
      for (const each of [key, replica]) {
        each.state = 'Updating';
        each.settle = { to: 'Enabled', at: now + transitionMs };
      }
      return outcome;
    });
  }

  import(region: string, { material, type, until }: Import): string {
    return this.#in(region, (key) => {
      if (!this.isImported) return unsupported;
      if (key.state === 'Creating') return invalid;
      const isFirst = this.generations.length === 0;
      const isNew = isFirst ? type !== 'EXISTING_KEY_MATERIAL' : type === 'NEW_KEY_MATERIAL';
      const isKnown = this.generations.some((each) => each.material === material);
      if (isNew) {
        if (region !== this.primary) return unsupported;
        if (isKnown || (this.isRsa && !isFirst)) return incorrect;
        if (this.#pending !== undefined) return invalid;
        this.generations.push({ material, role: isFirst ? 'current' : 'pending' });
      } else if (!isKnown) return incorrect;
      key.here.set(material, until);
      if (key.state === 'PendingImport' && this.#isComplete(key)) key.state = 'Enabled';
      return 'ok';
    });
  }

  /** Without a name the current material. */
  remove(region: string, named: string | undefined): string {
    return this.#in(region, (key) => {
      if (!this.isImported) return unsupported;
      if (key.state === 'Creating' || key.state === 'Updating') return invalid;
      const material = named ?? this.current;
      if (material === undefined) return 'ok';
      if (!this.generations.some((each) => each.material === material)) return 'NotFoundException';
      this.#drop(region, key, material);
      return 'ok';
    });
  }

  #drop(region: string, key: KeyIn, material: string): void {
    const role = this.generations.find((each) => each.material === material)?.role;
    if (role === 'pending' && region === this.primary) {
      this.generations = this.generations.filter((each) => each.material !== material);
      for (const { here } of this.keys.values()) here.delete(material);
      return;
    }
    key.here.delete(material);
    const wasInUse = key.state === 'Enabled' || key.state === 'Disabled';
    if (wasInUse && role !== 'pending') key.state = 'PendingImport';
  }

  /** What time does, in the order in which KMS does it. */
  fallDue(now: number): void {
    for (const [region, { deletionAt }] of [...this.keys])
      if (deletionAt !== undefined && deletionAt <= now) this.#leave(region, now);
    for (const key of this.keys.values()) {
      const { settle } = key;
      // A clock that was moved back would leave the key on its way for long.
      if (settle === undefined || (settle.at > now && settle.at <= now + transitionMs)) continue;
      key.state = settle.to;
      key.settle = undefined;
    }
    this.#rotateIfDue(now);
    for (const [region, key] of this.keys) {
      if (key.state === 'Creating' || key.state === 'Updating') continue;
      for (const [material, until] of [...key.here])
        if (until !== undefined && until <= now) this.#drop(region, key, material);
    }
  }

  #leave(region: string, now: number): void {
    this.keys.delete(region);
    const left = this.keys.get(this.primary);
    if (left?.state !== 'PendingReplicaDeletion' || this.keys.size > 1) return;
    left.state = 'PendingDeletion';
    left.deletionAt = now + (left.windowDays ?? 0) * dayMs;
    left.windowDays = undefined;
  }

  #rotateIfDue(now: number): void {
    const rotation = this.#rotation;
    if (rotation === undefined || rotation.nextAt > now) return;
    if (this.keys.get(this.primary)?.state !== 'Enabled') return;
    this.#rotateTo(this.#makeMaterial());
    rotation.nextAt += rotation.days * dayMs;
    if (rotation.nextAt <= now) rotation.nextAt = now + rotation.days * dayMs;
  }

  #in(region: string, then: (key: KeyIn) => string): string {
    const key = this.keys.get(region);
    return key === undefined ? 'NotFoundException' : then(key);
  }
}
