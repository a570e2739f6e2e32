/** The recorded cases in which staging labels move between versions. */
import type { Ask, Case } from './case.ts';
import { cleanUp, newName, record } from './secretsmanager-asks.ts';

type Body = Record<string, unknown>;

/** One secret whose answers are kept as they come, by name and number. */
class Told {
  readonly answers: Body = {};
  readonly #ask: Ask;
  readonly #SecretId = newName();
  readonly #counts = new Map<string, number>();
  /** Ids of versions in the order in which they were made. */
  readonly versions: string[] = [];

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  /** `name` with its number, or exactly `as`. */
  async #keep(name: string, operation: string, input: object, as?: string): Promise<Body> {
    const number = this.#counts.get(name) ?? 0;
    if (as === undefined) this.#counts.set(name, number + 1);
    const answer = await record(this.#ask, operation, input);
    this.answers[as ?? `${name}_${number}`] = answer;
    return answer;
  }

  async create(SecretString: string, as = 'create_secret_rs_0'): Promise<void> {
    const input = { Name: this.#SecretId, SecretString };
    const made = await this.#keep('create', 'CreateSecret', input, as);
    this.versions.push(made.VersionId as string);
  }

  async put(SecretString: string, VersionStages?: readonly string[]): Promise<void> {
    const input = { SecretId: this.#SecretId, SecretString, VersionStages };
    const made = await this.#keep('put_secret_value_res', 'PutSecretValue', input);
    this.versions.push(made.VersionId as string);
  }

  async update(SecretString: string): Promise<void> {
    const input = { SecretId: this.#SecretId, SecretString };
    await this.#keep('update_secret_res', 'UpdateSecret', input);
  }

  list(as?: string): Promise<Body> {
    const input = { SecretId: this.#SecretId };
    return this.#keep('list_secret_version_ids_res', 'ListSecretVersionIds', input, as);
  }

  get(more: object = {}, as?: string): Promise<Body> {
    const input = { SecretId: this.#SecretId, ...more };
    return this.#keep('get_secret_value_res', 'GetSecretValue', input, as);
  }

  /** Makes the version with this place in `versions` current, instead of the other. */
  promote(to: number, from: number, as?: string): Promise<Body> {
    return this.move('AWSCURRENT', { to, from }, as);
  }

  move(stage: string, places: { to?: number; from: number }, as?: string): Promise<Body> {
    const input = {
      ...{ SecretId: this.#SecretId, VersionStage: stage },
      RemoveFromVersionId: this.versions[places.from],
      ...(places.to === undefined ? {} : { MoveToVersionId: this.versions[places.to] }),
    };
    return this.#keep('update_secret_version_stage_res', 'UpdateSecretVersionStage', input, as);
  }

  async done(): Promise<Body> {
    await this.#keep('delete_secret_res', 'DeleteSecret', { SecretId: this.#SecretId, ...cleanUp });
    return this.answers;
  }
}

const returnType: Case = async (ask) => {
  const told = new Told(ask);
  await told.create('S0');
  await told.put('S1', ['AWSPENDING']);
  await told.promote(1, 0);
  return told.done();
};

const currentPrevious: Case = async (ask) => {
  const told = new Told(ask);
  await told.create('S0');
  await told.list();
  await told.update('S1');
  await told.list();
  return told.done();
};

const currentPending: Case = async (ask) => {
  const told = new Told(ask);
  await told.create('S0');
  await told.put('S1', ['AWSPENDING']);
  await told.list();
  await told.promote(1, 0);
  await told.list();
  await told.put('S2');
  await told.list();
  return told.done();
};

/** `lastMoveAs`: the recorder kept the second move of one case under another name. */
const cycle =
  (first: readonly string[], second: readonly string[], lastMoveAs?: string): Case =>
  async (ask) => {
    const told = new Told(ask);
    await told.create('S1');
    await told.put('S2', first);
    await told.list();
    await told.get();
    await told.promote(1, 0);
    await told.list();
    await told.get();
    await told.put('S3', second);
    await told.list();
    await told.get();
    await told.promote(2, 1, lastMoveAs);
    await told.list();
    await told.get();
    return told.done();
  };

const cycleFromCurrent: Case = async (ask) => {
  const told = new Told(ask);
  await told.create('S0');
  await told.put('S1', ['AWSCURRENT', 'PUT0']);
  await told.list();
  await told.put('S2', ['AWSPENDING', 'PUT1']);
  await told.list();
  await told.get();
  await told.promote(2, 1);
  await told.list();
  await told.get();
  await told.put('S3', ['AWSPENDING', 'PUT2']);
  await told.list();
  await told.get();
  await told.promote(3, 2);
  await told.list();
  await told.get();
  return told.done();
};

const ownPending: Case = async (ask) => {
  const told = new Told(ask);
  const bothVersions = async (suffix: string) => {
    for (const [i, VersionId] of told.versions.entries())
      await told.get({ VersionId }, `get_secret_value_v${i + 1}_rs${suffix}`);
  };
  await told.create('SS', 'create_secret_rs');
  await told.put('S1', ['PENDING']);
  await told.list('list_secret_version_ids_rs');
  await bothVersions('');
  await told.promote(1, 0, 'update_secret_version_stage_res_1');
  await bothVersions('_1');
  await told.move('PENDING', { from: 1 }, 'update_secret_version_stage_res_2');
  await bothVersions('_2');
  return told.done();
};

const cycleName = 'test_update_secret_version_stages';
export const cycleCases: readonly (readonly [string, Case])[] = [
  [`${cycleName}_return_type`, returnType],
  [`${cycleName}_current_previous`, currentPrevious],
  [`${cycleName}_current_pending`, currentPending],
  [
    `${cycleName}_current_pending_cycle`,
    cycle(['AWSPENDING'], ['AWSPENDING'], 'put_secret_value_res_2'),
  ],
  [
    `${cycleName}_current_pending_cycle_custom_stages_1`,
    cycle(['AWSPENDING', 'PUT1', 'AWSSOMETHING'], ['AWSPENDING', 'PUT2']),
  ],
  [`${cycleName}_current_pending_cycle_custom_stages_2`, cycleFromCurrent],
  [`${cycleName}_current_pending_cycle_custom_stages_3`, ownPending],
];
