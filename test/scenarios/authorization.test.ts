/**
 * Every operation of every service, from the operation tables: without a permission it is denied,
 * with just its documented action it is not. An operation that nobody gave a sample fails here.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { OperationModel } from '../../src/model/schema.ts';
import { events } from '../authorized/events.ts';
import { iam } from '../authorized/iam.ts';
import { kms } from '../authorized/kms.ts';
import { lambda, logs } from '../authorized/lambda.ts';
import { ownServices } from '../authorized/own.ts';
import type { Sample, ServiceSamples } from '../authorized/sample.ts';
import { secretsmanager } from '../authorized/secretsmanager.ts';
import { ssm } from '../authorized/ssm.ts';
import { newUser, putUserPolicy, type User } from '../identities.ts';
import { type Implemented, implementedOperations } from '../implemented.ts';
import { validValue } from '../probes/probe.ts';
import { type RunningServer, startServer } from '../running-server.ts';
import { callOperation, type Told } from '../service-call.ts';

const samples: Readonly<Record<string, ServiceSamples>> = {
  events,
  iam,
  kms,
  lambda,
  logs,
  secretsmanager,
  ssm,
  ...ownServices,
};

let server: RunningServer;
let user: User;
before(async () => {
  server = await startServer({ mode: 'dev' });
  user = await newUser(server, 'the-caller');
});
after(() => server.stop());

const operations = await implementedOperations();
const isDenied = ({ status, text }: Told): boolean =>
  (status === 400 || status === 403) && text.includes('is not authorized to perform');
const asOf = (prefix: string) => (prefix === 'iam-toolbox' ? 'iam' : prefix);

for (const service of new Set(operations.map(({ model }) => model.service))) {
  describe(`${service}, operation by operation`, () => {
    for (const each of operations)
      if (
        each.model.service === service &&
        each.model.operations.get(each.operation)?.unsigned !== true
      )
        test(each.operation, () => (each.isOpen ? isOpen(each) : isDecided(each)));
  });
}

/** Nobody can be kept from it. */
async function isOpen({ model, operation }: Implemented): Promise<void> {
  await putUserPolicy(server, user.name, policy('Deny', ['*']));
  const told = await callOperation(user.credentials, model, operation, {});
  assert.ok(!isDenied(told), told.text);
}

async function isDecided({ model, operation }: Implemented): Promise<void> {
  const { service } = model;
  const known = samples[service];
  assert.ok(known, `give ${service} samples in test/authorized/`);
  const sample = (await known.operations[operation]?.(server)) ?? {};
  const actions = sample.actions ?? [`${asOf(service)}:${operation}`];
  const input = await inputOf(model.operations.get(operation) as OperationModel, known, sample);
  const call = () => callOperation(user.credentials, model, operation, input);

  await putUserPolicy(server, user.name, policy('Allow', ['none:Nothing']));
  const without = await call();
  assert.ok(isDenied(without), `${JSON.stringify(input)} was not denied: ${without.text}`);
  assert.ok(without.text.includes(`to perform: ${actions[0]} `), without.text);
  for (const [index, missing] of actions.entries()) {
    if (index === 0) continue;
    const rest = actions.filter((action) => action !== missing);
    await putUserPolicy(server, user.name, policy('Allow', rest));
    const { text } = await call();
    assert.ok(text.includes(`to perform: ${missing} `), `${missing}: ${text}`);
  }
  await putUserPolicy(server, user.name, policy('Allow', actions));
  const told = await call();
  assert.ok(!isDenied(told), told.text);
  assert.ok(told.status < 500, told.text);
}

const policy = (Effect: 'Allow' | 'Deny', Action: readonly string[]) => ({
  Version: '2012-10-17',
  Statement: [{ Effect, Action, Resource: '*' }],
});

/** What the model requires, with things that are there in the members that name things. */
async function inputOf(
  { input: shape }: OperationModel,
  { members }: ServiceSamples,
  sample: Sample,
): Promise<Record<string, unknown>> {
  if (shape === undefined) return {};
  const input: Record<string, unknown> = {};
  for (const name of shape.required ?? []) {
    const member = shape.members[name];
    if (member === undefined || Object.hasOwn(sample.input ?? {}, name)) continue;
    input[name] = (await members[name]?.(server)) ?? validValue(member);
  }
  return { ...input, ...sample.input };
}
