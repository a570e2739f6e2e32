/** CreateSecret: a name that is free, perhaps a value, perhaps replicas. */
import { equalSecret } from '../../crypto/hash.ts';
import type {
  CreateSecretRequest,
  CreateSecretResponse,
  SecretsmanagerModel,
} from '../../model/secretsmanager.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import { conditionsOf } from './condition-keys.ts';
import type { SecretsContext } from './context.ts';
import { crossAccountLink } from './cross-account.ts';
import { keptKeyId, probeKey } from './data-keys.ts';
import { nameScheduledForDeletion, secretExists, tokenUsed } from './errors.ts';
import { placeOf } from './finder.ts';
import { withNewValue } from './labels.ts';
import { type SecretEntry, secretRecordId } from './records.ts';
import { replicaRequest, statusList } from './replica-request.ts';
import { stageChange } from './replicas.ts';
import { requestToken, requestValue } from './request-value.ts';
import { hasValue, type Secret, versionOf } from './secret.ts';
import { checkNewName, newSuffix, secretArn, unknownSecretArn } from './secret-id.ts';
import { checkedTags } from './tag-rules.ts';
import type { Plaintext } from './value.ts';
import { newValue, type OpenedValue, readValue, wipe } from './values.ts';

export function createOperations(secrets: SecretsContext) {
  return {
    CreateSecret: {
      readOnly: false,
      find: (input, call) => {
        checkNewName(input.Name, call.via);
        return {
          resource: {
            arn: unknownSecretArn(placeOf(call), input.Name),
            account: call.principal.account,
          },
          subject: undefined,
          conditions: conditionsOf({ call, input: { ...input }, secret: undefined }),
        };
      },
      run: (input, call) => createSecret(secrets, input, call),
    },
  } satisfies Operations<SecretsmanagerModel, 'CreateSecret'>;
}

async function createSecret(
  secrets: SecretsContext,
  input: CreateSecretRequest,
  call: Call,
): Promise<CreateSecretResponse> {
  const value = requestValue(input);
  try {
    const token = value === undefined ? undefined : requestToken(input.ClientRequestToken);
    const { account } = call.principal;
    const { records } = secrets;
    const id = secretRecordId({ account, region: call.region, name: input.Name });
    const existing = await records.secrets.get(id);
    return existing === undefined
      ? await makeSecret(secrets, input, call, { token, value })
      : await alreadyMade(secrets, call, existing, { token, value });
  } finally {
    value?.bytes.fill(0);
  }
}

interface AskedValue {
  readonly token: string | undefined;
  readonly value: Plaintext | undefined;
}

/** The same request again is answered as the first time. @throws ApiError for any other. */
async function alreadyMade(
  secrets: SecretsContext,
  call: Call,
  { value: secret }: SecretEntry,
  { token, value }: AskedValue,
): Promise<CreateSecretResponse> {
  if (secret.deletionDate !== undefined) throw nameScheduledForDeletion();
  const version = token === undefined ? undefined : versionOf(secret, token);
  if (version === undefined || !hasValue(version) || value === undefined)
    throw secretExists(secret.name);
  if (!(await holds(secrets, call, { secret, version }, value)))
    throw tokenUsed(version.id, secret.arn);
  return { ARN: secret.arn, Name: secret.name, VersionId: version.id };
}

/** Whether a version has this value, found out with the caller's right to decrypt it. */
export async function holds(
  secrets: SecretsContext,
  call: Call,
  { secret, version }: { readonly secret: Secret; readonly version: Secret['versions'][number] },
  value: Plaintext,
): Promise<boolean> {
  const opened = await readValue(secrets, call, secret, version);
  const isSame = opened.value.kind === value.kind && equalSecret(opened.value.bytes, value.bytes);
  wipe(opened);
  return isSame;
}

async function makeSecret(
  secrets: SecretsContext,
  input: CreateSecretRequest,
  call: Call,
  { token, value }: AskedValue,
): Promise<CreateSecretResponse> {
  const empty = newSecret(input, call);
  authorizeRest(input, call, empty);
  const { replicas, overwritten } = await replicaRequest(secrets, input, call, empty);
  await probeKey(call, empty);
  call.stage(await secrets.limits.addSecret(empty));
  const inHand = new Map<number, OpenedValue>();
  let secret: Secret = replicas.length === 0 ? empty : { ...empty, replicas };
  if (token !== undefined && value !== undefined) {
    const version = { id: token, number: 1 };
    const made = await newValue(secrets, call, { secret, version, value });
    call.stage(made.writes);
    inHand.set(1, made.opened);
    const first = { ...version, createdAt: call.now, stages: [], keys: made.keys };
    secret = { ...secret, versions: withNewValue([first], token, []), nextNumber: 2 };
  }
  try {
    const stored = await stageChange(secrets, call, {
      before: undefined,
      changed: secret,
      inHand,
      overwritten,
    });
    return {
      ARN: stored.arn,
      Name: stored.name,
      ...(token === undefined ? {} : { VersionId: token }),
      ...(replicas.length === 0 ? {} : { ReplicationStatus: statusList(stored, replicas) }),
    };
  } finally {
    for (const opened of inHand.values()) wipe(opened);
  }
}

function newSecret(input: CreateSecretRequest, call: Call): Secret {
  const place = placeOf(call);
  const { Name, Description, Type, Tags, KmsKeyId } = input;
  const arn = secretArn(place, Name, newSuffix(call.world.randomBytes));
  return {
    id: call.world.randomBytes(16).toString('hex'),
    account: place.account,
    region: place.region,
    name: Name,
    arn,
    createdAt: call.now,
    changedAt: call.now,
    description: Description === '' ? undefined : Description,
    type: Type === '' ? undefined : Type,
    kmsKeyId: keptKeyId(KmsKeyId, place.account),
    tags: Tags === undefined ? undefined : checkedTags(Tags),
    versions: [],
    nextNumber: 1,
    ...crossAccountLink(input, call),
  };
}

/** What a caller may not do on its own can't be done by creating either. */
function authorizeRest(input: CreateSecretRequest, call: Call, secret: Secret): void {
  const resource = {
    arn: unknownSecretArn(placeOf(call), secret.name),
    account: secret.account,
  };
  const conditions = conditionsOf({ call, input: { ...input }, secret: undefined });
  const actions = [
    ...(input.Tags === undefined || input.Tags.length === 0 ? [] : ['TagResource']),
    ...(input.AddReplicaRegions === undefined ? [] : ['ReplicateSecretToRegions']),
    ...(input.CrossAccountPrimaryARN === undefined ? [] : ['PutResourcePolicy']),
  ];
  for (const action of actions)
    call.authorize(`secretsmanager:${action}`, resource, { conditions });
}
