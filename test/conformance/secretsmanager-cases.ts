/**
 * What was asked in each recorded Secrets Manager case: names say it, the answers confirm it. Names
 * of secrets stand in the recordings as they were or as placeholders.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type Answer, type Ask, b64, type Case } from './case.ts';
import { cleanUp, newName, record, send } from './secretsmanager-asks.ts';
import { cycleCases } from './secretsmanager-cycle-cases.ts';
import { rotationCases } from './secretsmanager-rotation-cases.ts';

type Body = Record<string, unknown>;

/** A name given by the case is used as it is. */
const nameOf = (parameter: string): string =>
  /^s-[0-9a-f]{8}$/.test(parameter) ? newName() : parameter;

const createAndUpdate: Case = async (ask, parameters) => {
  // The last parameter of some says whether the partial ARN works.
  const flag = /^(True|False)$/.test(parameters.at(-1) ?? '') ? parameters.at(-1) : undefined;
  const words = flag === undefined ? parameters : parameters.slice(0, -1);
  const Name = nameOf(words.join('-'));
  const made = await record(ask, 'CreateSecret', {
    ...{ Name, SecretString: 'my_secret', Description: 'Testing secret creation.' },
  });
  const arn = made.ARN as string;
  const get = (SecretId: string) => record(ask, 'GetSecretValue', { SecretId });
  const answers: Body = { create_secret_rs_1: made };
  answers.get_secret_value_rs_1 = await get(Name);
  answers.describe_secret_rs_1 = await record(ask, 'DescribeSecret', { SecretId: Name });
  answers.get_secret_value_rs_2 = await get(arn);
  const partial = await get(arn.slice(0, -7));
  if (flag === 'False') answers.resource_not_found_dict_1 = partial;
  else answers.get_secret_value_rs_3 = partial;
  const SecretString = 'new_secret';
  answers.put_secret_value_rs_1 = await record(ask, 'PutSecretValue', {
    SecretId: Name,
    SecretString,
  });
  answers.get_secret_value_rs_4 = await get(Name);
  const update = { SecretId: Name, SecretString: 'another', Description: 'Updated.' };
  answers.update_secret_res_1 = await record(ask, 'UpdateSecret', update);
  answers.delete_secret_res_1 = await record(ask, 'DeleteSecret', { SecretId: Name, ...cleanUp });
  return answers;
};

const listTimes: Case = async (ask) => {
  const Name = newName();
  const Description = 'testing creation of secrets';
  const made = await record(ask, 'CreateSecret', { Name, SecretString: 's', Description });
  const answers: Body = { create_secret_rs_1: made };
  for (let i = 0; i < 3; i++)
    answers[`list_secrets_res_${i}`] = await listed(ask, [made.ARN as string]);
  answers.delete_secret_res_1 = await record(ask, 'DeleteSecret', { SecretId: Name, ...cleanUp });
  return answers;
};

/** The list as the recorder kept it: only the secrets of the case. */
async function listed(ask: Ask, arns: readonly string[]): Promise<Body> {
  const answer = await record(ask, 'ListSecrets', { MaxResults: 100 });
  const list = answer.SecretList as readonly Body[];
  return { ...answer, SecretList: list.filter(({ ARN }) => arns.includes(ARN as string)) };
}

const createSeveral: Case = async (ask) => {
  const names = [newName(), newName(), newName()];
  const arns: string[] = [];
  for (const Name of names) {
    const Description = 'Testing secrets creation.';
    const made = await record(ask, 'CreateSecret', { Name, SecretString: 's', Description });
    arns.push(made.ARN as string);
    // Creations of one millisecond have no order.
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const answers: Body = { list_secrets_res: await listed(ask, arns) };
  for (const [i, SecretId] of names.entries())
    answers[`delete_secret_res${i}`] = await record(ask, 'DeleteSecret', { SecretId, ...cleanUp });
  return answers;
};

const invalidName: Case = async (ask, parameters) => {
  const name = parameters.join('-');
  const SecretString = 's';
  const ResourcePolicy = '{}';
  const SecretId = name;
  const calls: readonly (readonly [string, object])[] = [
    ['CreateSecret', { Name: name, SecretString }],
    ['DeleteSecret', { SecretId, ...cleanUp }],
    ['DescribeSecret', { SecretId }],
    ['GetSecretValue', { SecretId }],
    ['ListSecretVersionIds', { SecretId }],
    ['PutSecretValue', { SecretId, SecretString }],
    ['TagResource', { SecretId, Tags: [{ Key: 'k', Value: 'v' }] }],
    ['UntagResource', { SecretId, TagKeys: ['k'] }],
    ['UpdateSecret', { SecretId, Description: 'd' }],
    ['ValidateResourcePolicy', { SecretId, ResourcePolicy }],
  ];
  const answers: Body = {};
  for (const [i, [operation, input]] of calls.entries())
    answers[`ex_log_${i + 1}`] = await record(ask, operation, input);
  return answers;
};

const updateDescription: Case = async (ask) => {
  const SecretId = newName();
  const answers: Body = {
    create_secret_rs_0: await record(ask, 'CreateSecret', { Name: SecretId, SecretString: 'a' }),
  };
  const changes: readonly object[] = [
    { Description: 'MyDescription' },
    { Description: 'MyNewDescription', SecretString: 'b' },
    { SecretString: 'c' },
    { Description: 'MyNewDescription' },
  ];
  const describe = () => record(ask, 'DescribeSecret', { SecretId });
  answers.describe_secret_res_0 = await describe();
  for (const [i, change] of changes.entries()) {
    answers[`update_secret_res_${i}`] = await record(ask, 'UpdateSecret', { SecretId, ...change });
    answers[`describe_secret_res_${i + 1}`] = await describe();
  }
  answers.delete_secret_res_0 = await record(ask, 'DeleteSecret', { SecretId, ...cleanUp });
  return answers;
};

const putWithStages: Case = async (ask) => {
  const SecretId = newName();
  const SecretString = 'secret_string_v0';
  const answers: Body = {
    create_secret_rs_0: await record(ask, 'CreateSecret', { Name: SecretId, SecretString }),
  };
  const get = () => record(ask, 'GetSecretValue', { SecretId });
  answers.get_secret_value_res_0 = await get();
  const stages = [
    ['SAMPLESTAGE1', 'SAMPLESTAGE0'],
    ['SAMPLESTAGE1', 'SAMPLESTAGE0'],
    ['AWSPENDING'],
    undefined,
  ];
  for (const [i, VersionStages] of stages.entries()) {
    const put = { SecretId, SecretString: `secret_string_v${i + 1}`, VersionStages };
    answers[`put_secret_value_res_${i + 1}`] = await record(ask, 'PutSecretValue', put);
    answers[`get_secret_value_res_${i + 1}`] = await get();
  }
  answers.delete_secret_res_1 = await record(ask, 'DeleteSecret', { SecretId, ...cleanUp });
  return answers;
};

const replaceStages =
  (second: readonly string[]): Case =>
  async (ask) => {
    const SecretId = newName();
    const create = { Name: SecretId, SecretString: 'S0' };
    const answers: Body = { create_secret_rs_0: await record(ask, 'CreateSecret', create) };
    for (const [i, VersionStages] of [['one', 'two', 'three'], second].entries()) {
      const put = { SecretId, SecretString: `S${i + 1}`, VersionStages };
      answers[`put_secret_value_res_${i}`] = await record(ask, 'PutSecretValue', put);
      answers[`list_secret_version_ids_res_${i}`] = await record(ask, 'ListSecretVersionIds', {
        SecretId,
      });
    }
    answers.delete_secret_res_0 = await record(ask, 'DeleteSecret', { SecretId, ...cleanUp });
    return answers;
  };

const recreate: Case = async (ask) => {
  const Name = newName();
  const create = () => record(ask, 'CreateSecret', { Name, SecretString: 's' });
  const first = await create();
  const deleted = await record(ask, 'DeleteSecret', { SecretId: Name, ...cleanUp });
  return {
    create_secret_res_0: first,
    delete_res_1: deleted,
    create_secret_res_1: await create(),
  };
};

const createScheduled: Case = async (ask) => {
  const Name = newName();
  await send(ask, 'CreateSecret', { Name, SecretString: 's' });
  const deleted = await record(ask, 'DeleteSecret', { SecretId: Name });
  const refused = await record(ask, 'CreateSecret', { Name, SecretString: 't' });
  return { delete_res: deleted, invalid_req_ex: refused };
};

const notFound: Case = async (ask) => {
  const SecretId = newName();
  return {
    get_secret_value_not_found_ex: await record(ask, 'GetSecretValue', { SecretId }),
    list_secret_version_ids_not_found_ex: await record(ask, 'ListSecretVersionIds', { SecretId }),
  };
};

const exists: Case = async (ask) => {
  const Name = newName();
  const create = { Name, SecretString: 's' };
  await send(ask, 'CreateSecret', create);
  return {
    ex_log: await record(ask, 'CreateSecret', create),
    delete_secret_res: await record(ask, 'DeleteSecret', { SecretId: Name, ...cleanUp }),
  };
};

/** The recorder kept what came over the wire. */
const noToken: Case = async (ask, [operation]) => {
  const named = operation === 'CreateSecret' ? 'Name' : 'SecretId';
  const value = operation === 'RotateSecret' ? {} : { SecretString: 'thesecret' };
  const { status, body } = await ask(operation as string, { [named]: newName(), ...value });
  return { 'no-client-request-exc': { Error: body, Metadata: { StatusCode: status } } };
};

const fromEmpty: Case = async (ask) => {
  const SecretId = newName();
  return {
    'create-empty-secret': await record(ask, 'CreateSecret', { Name: SecretId }),
    'describe-secret': await record(ask, 'DescribeSecret', { SecretId }),
    'put-secret-value': await record(ask, 'PutSecretValue', { SecretId, SecretString: 's' }),
  };
};

const resourcePolicy: Case = async (ask) => {
  const SecretId = newName();
  await send(ask, 'CreateSecret', { Name: SecretId, SecretString: 's' });
  const Action = 'secretsmanager:GetSecretValue';
  const Statement = [{ Effect: 'Allow', Principal: '*', Action, Resource: '*' }];
  const ResourcePolicy = JSON.stringify({ Version: '2012-10-17', Statement });
  const put = await record(ask, 'PutResourcePolicy', { SecretId, ResourcePolicy });
  const got = await record(ask, 'GetResourcePolicy', { SecretId });
  const shown = JSON.parse(got.ResourcePolicy as string);
  return { put_resource_policy: put, get_resource_policy: { ...got, ResourcePolicy: shown } };
};

const restore: Case = async (ask) => {
  const SecretId = newName();
  await send(ask, 'CreateSecret', { Name: SecretId, SecretString: 's' });
  return {
    delete_secret_res: await record(ask, 'DeleteSecret', { SecretId, RecoveryWindowInDays: 7 }),
    restore_secret_res: await record(ask, 'RestoreSecret', { SecretId }),
  };
};

const tags: Case = async (ask) => {
  const SecretId = newName();
  const describe = () => record(ask, 'DescribeSecret', { SecretId });
  const answers: Body = { create_secret: await record(ask, 'CreateSecret', { Name: SecretId }) };
  answers.describe_secret = await describe();
  const tag = (...numbers: readonly number[]) =>
    record(ask, 'TagResource', {
      SecretId,
      Tags: numbers.map((i) => ({ Key: `tag${i}`, Value: `value${i}` })),
    });
  const untag = (...numbers: readonly number[]) =>
    record(ask, 'UntagResource', { SecretId, TagKeys: numbers.map((i) => `tag${i}`) });
  answers.tag_resource_1 = await tag(1);
  answers.describe_secret_1 = await describe();
  answers.tag_resource_2 = await tag(2);
  answers.describe_secret_2 = await describe();
  answers.untag_resource_1 = await untag(1);
  answers.describe_secret_3 = await describe();
  answers.untag_resource_2 = await untag(2);
  answers.describe_secret_4 = await describe();
  await tag(3, 4);
  answers.describe_secret_5 = await describe();
  await untag(3, 4);
  answers.describe_secret_6 = await describe();
  return answers;
};

const deprecated: Case = async (ask) => {
  const SecretId = newName();
  const answers: Body = {
    create_secret: await record(ask, 'CreateSecret', { Name: SecretId, SecretString: 's0' }),
  };
  const list = (more: object = {}) => record(ask, 'ListSecretVersionIds', { SecretId, ...more });
  answers.list_secret_version_ids = await list();
  let lists = 0;
  for (let i = 1; i <= 3; i++) {
    const put = { SecretId, SecretString: `s${i}` };
    answers[`put_secret_value_${i}`] = await record(ask, 'PutSecretValue', put);
    answers[`list_secret_version_ids_${++lists}`] = await list();
    if (i > 1)
      answers[`list_secret_version_ids_${++lists}`] = await list({ IncludeDeprecated: true });
  }
  return answers;
};

const getErrors: Case = async (ask) => {
  const SecretId = newName();
  const made = await record(ask, 'CreateSecret', { Name: SecretId, SecretString: 's' });
  const get = (input: object) => record(ask, 'GetSecretValue', { SecretId, ...input });
  const missing = await get({ VersionStage: 'AWSPREVIOUS' });
  await send(ask, 'PutSecretValue', { SecretId, SecretString: 't' });
  return {
    error_get_secret_value_non_existing: missing,
    mismatch_version_id_and_stage: await get({
      ...{ VersionId: made.VersionId, VersionStage: 'AWSCURRENT' },
    }),
  };
};

/** The recorder kept the texts of exceptions. */
function exceptionText({ body }: Answer): string {
  const code = body.__type as string;
  return `An error occurred (${code}) when calling the GetSecretValue operation: ${body.Message}`;
}

const versionNotFound: Case = async (ask) => {
  const SecretId = newName();
  await send(ask, 'CreateSecret', { Name: SecretId });
  const get = async (input: object = {}) =>
    exceptionText(await ask('GetSecretValue', { SecretId, ...input }));
  return {
    get_secret_value_no_version_ex: await get(),
    get_secret_value_version_not_found_ex: await get({ VersionId: randomUUID() }),
    get_secret_value_stage_not_found_ex: await get({ VersionStage: 'AWSPENDING' }),
  };
};

/** As the recorder shows bytes. */
function shownBytes(answer: Body): Body {
  const text = Buffer.from(answer.SecretBinary as string, 'base64').toString('latin1');
  const shown = [...text].map((c) =>
    c >= ' ' && c <= '~' ? c : `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  return { ...answer, SecretBinary: `b'${shown.join('')}'` };
}

const getBinary: Case = async (ask) => {
  const SecretId = newName();
  await send(ask, 'CreateSecret', { Name: SecretId, SecretBinary: b64('footest') });
  const got = await record(ask, 'GetSecretValue', { SecretId });
  return {
    secret_value_response: shownBytes(got),
    secret_value_http_response: got,
  };
};

const changeBinary: Case = async (ask, parameters) => {
  const SecretId = newName();
  const bytesOf = (text: string): string =>
    Buffer.from(
      text.replaceAll(/\\x([0-9a-f]{2})/g, (_, hex) =>
        String.fromCharCode(Number.parseInt(hex, 16)),
      ),
      'latin1',
    ).toString('base64');
  const [first = '', second = ''] = parameters;
  await send(ask, 'CreateSecret', { Name: SecretId, SecretBinary: b64('initial') });
  const get = async () => shownBytes(await record(ask, 'GetSecretValue', { SecretId }));
  const before = await get();
  await send(ask, 'PutSecretValue', { SecretId, SecretBinary: bytesOf(first) });
  const put = await get();
  await send(ask, 'UpdateSecret', { SecretId, SecretBinary: bytesOf(second) });
  return {
    put_secret_value_secret_response: before,
    put_secret_binary_response_updated: put,
    update_secret_binary_response_updated: await get(),
  };
};

const forceDeleteScheduled: Case = async (ask) => {
  const SecretId = newName();
  const made = await record(ask, 'CreateSecret', { Name: SecretId, SecretString: 's' });
  const deleted = await record(ask, 'DeleteSecret', { SecretId, RecoveryWindowInDays: 7 });
  const described = await record(ask, 'DescribeSecret', { SecretId });
  return {
    create_secret_response: made,
    delete_secret_response: deleted,
    describe_secret_response: described,
    force_delete_secret_response: await record(ask, 'DeleteSecret', { SecretId, ...cleanUp }),
  };
};

const tagDeleted: Case = async (ask) => {
  const SecretId = newName();
  const made = await record(ask, 'CreateSecret', { Name: SecretId, SecretString: 's' });
  const deleted = await record(ask, 'DeleteSecret', { SecretId, RecoveryWindowInDays: 7 });
  const Tags = [{ Key: 'k', Value: 'v' }];
  const refused = await record(ask, 'TagResource', { SecretId, Tags });
  assert.ok('Error' in refused);
  return {
    create_secret: made,
    delete_secret: deleted,
    tag_deleted_secret_error: refused,
    untag_deleted_secret_error: await record(ask, 'UntagResource', { SecretId, TagKeys: ['k'] }),
  };
};

export const cases: ReadonlyMap<string, Case> = new Map<string, Case>([
  ['test_can_recreate_delete_secret', recreate],
  ['test_exp_raised_on_creation_of_secret_scheduled_for_deletion', createScheduled],
  ['test_create_and_update_secret', createAndUpdate],
  ['test_call_lists_secrets_multiple_times', listTimes],
  ['test_call_lists_secrets_multiple_times_snapshots', listTimes],
  ['test_create_multi_secrets', createSeveral],
  ['test_create_multi_secrets_snapshot', createSeveral],
  ['test_put_secret_value_with_version_stages', putWithStages],
  ['test_invalid_secret_name', invalidName],
  ['test_update_secret_description', updateDescription],
  [
    'test_non_versioning_version_stages_replacement',
    replaceStages(['one', 'two', 'three', 'four']),
  ],
  ['test_non_versioning_version_stages_no_replacement', replaceStages(['one', 'two', 'four'])],
  ['test_secret_not_found', notFound],
  ['test_secret_exists_snapshots', exists],
  ['test_no_client_request_token', noToken],
  ['test_create_secret_version_from_empty_secret', fromEmpty],
  ['test_resource_policy', resourcePolicy],
  ['test_secret_restore', restore],
  ['test_secret_tags', tags],
  ['test_deprecated_secret_version_stage', deprecated],
  ['test_get_secret_value_errors', getErrors],
  ['test_secret_version_not_found', versionNotFound],
  ['test_get_secret_value', getBinary],
  ['test_change_secret_value_after_creation', changeBinary],
  ['test_force_delete_deleted_secret', forceDeleteScheduled],
  ['test_tag_untag_resource_on_deleted_secret', tagDeleted],
  ...cycleCases,
  ...rotationCases,
]);
