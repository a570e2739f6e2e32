/**
 * From what a request calls a secret to the secret, in the Region the request was sent to: the
 * caller's own, or another account's by its ARN. What decides on the request comes with it.
 */
import type { Call, Found, Resource } from '../../operation.ts';
import { conditionsOf } from './condition-keys.ts';
import { allPoliciesOf } from './cross-account-policy.ts';
import { markedForDeletion, notOnReplica, secretNotFound } from './errors.ts';
import { type Records, type SecretEntry, secretRecordId } from './records.ts';
import type { Secret } from './secret.ts';
import { type Place, parseSecretId, type SecretName, unknownSecretArn } from './secret-id.ts';
import { type MaybePromise, whenHere } from './when.ts';

/** The type that CloudTrail gives secrets. */
const secretResourceType = 'AWS::SecretsManager::Secret';

const resources = new WeakMap<Secret, Resource>();

/** With its resource policy and its tags. */
export function secretResource(secret: Secret): Resource {
  let resource = resources.get(secret);
  if (resource === undefined) {
    const policy = allPoliciesOf(secret);
    resource = {
      arn: secret.arn,
      account: secret.account,
      type: secretResourceType,
      tags: Object.fromEntries((secret.tags ?? []).map(({ key, value }) => [key, value])),
      ...(policy === undefined
        ? {}
        : {
            policy: {
              text: policy,
              rule: 'ordinary',
              name: 'default',
              ...(secret.policyPrincipals === undefined
                ? {}
                : { principalIds: secret.policyPrincipals }),
            },
          }),
    };
    resources.set(secret, resource);
  }
  return resource;
}

/** What the operations act on that concern no one secret. */
export const everything = (call: Call): Resource => ({ arn: '*', account: call.principal.account });

export const foundNothing = (_input: unknown, call: Call): Found<undefined> => ({
  resource: everything(call),
  subject: undefined,
});

export const placeOf = (call: Call): Place => ({
  account: call.principal.account,
  region: call.region,
  partition: call.partition,
});

interface Named {
  readonly SecretId: string;
}

export interface SecretFinder {
  /** By name, ARN or partial ARN; undefined where there is none. At once when it is cached. */
  readonly find: (name: SecretName, call: Call) => MaybePromise<SecretEntry | undefined>;
  /** By name in any Region, for what belongs together. */
  readonly inRegion: (
    region: string,
    named: Pick<Secret, 'account' | 'name'>,
  ) => Promise<SecretEntry | undefined>;
  /**
   * The `find` of rows with a SecretId. Who asks for what isn't there is authorized too, so that
   * only who might see it learns that.
   */
  readonly named: (input: Named, call: Call) => MaybePromise<Found<SecretEntry | undefined>>;
}

export function createSecretFinder({ secrets }: Records): SecretFinder {
  const find = (
    { account, name, arn }: SecretName,
    { region }: Call,
  ): MaybePromise<SecretEntry | undefined> => {
    const id = secretRecordId({ account, region, name });
    const checked = (entry: SecretEntry | undefined): SecretEntry | undefined =>
      arn === undefined || entry?.value.arn === arn ? entry : undefined;
    return whenHere(secrets.peek(id) ?? secrets.get(id), checked);
  };
  return {
    find,
    inRegion: (region, { account, name }) => secrets.get(secretRecordId({ account, region, name })),
    named: (input, call) => {
      const name = parseSecretId(input.SecretId, placeOf(call));
      return whenHere(find(name, call), (entry) => foundSecret({ input, call, name, entry }));
    },
  };
}

function foundSecret(asked: {
  readonly input: Named;
  readonly call: Call;
  readonly name: SecretName;
  readonly entry: SecretEntry | undefined;
}): Found<SecretEntry | undefined> {
  const { input, call, name, entry } = asked;
  const secret = entry?.value;
  const place = { ...placeOf(call), account: name.account };
  return {
    resource:
      secret === undefined
        ? { arn: name.arn ?? unknownSecretArn(place, name.name), account: name.account }
        : secretResource(secret),
    subject: entry,
    conditions: conditionsOf({ call, input: { ...input }, secret }),
    // Of another account's secret a denial must not tell whether it is there, nor its last
    // characters.
    concealedAs: `resource: ${name.written}`,
  };
}

/** @throws ApiError ResourceNotFoundException */
export function existing(entry: SecretEntry | undefined): SecretEntry {
  if (entry === undefined) throw secretNotFound();
  return entry;
}

/** @throws ApiError for a secret that isn't there or is scheduled for deletion. */
export function live(entry: SecretEntry | undefined): SecretEntry {
  const found = existing(entry);
  if (found.value.deletionDate !== undefined) throw markedForDeletion();
  return found;
}

/** @throws ApiError as `live`, and for a replica, which only its primary changes. */
export function changeable(entry: SecretEntry | undefined): SecretEntry {
  const found = existing(entry);
  if (found.value.replicaOf !== undefined) throw notOnReplica();
  return live(found);
}
