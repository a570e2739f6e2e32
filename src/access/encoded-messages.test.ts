import assert from 'node:assert/strict';
import { createSecretKey, randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { createMessageSeal } from '../identity/sealed-messages.ts';
import { type Denied, evaluate } from '../policy/evaluate.ts';
import { compiledPolicies } from './compiled-policies.ts';
import type { Matter } from './decide.ts';
import { encodedMessages } from './encoded-messages.ts';

const world = { now: () => 0, machineNow: () => 0, monotonic: () => 0, randomBytes };
const key = () => createSecretKey(randomBytes(32));
const newSeal = () =>
  createMessageSeal({ tokens: key(), secretAccessKeys: key(), messages: key() }, world);
const seal = newSeal();
const messages = encodedMessages(seal);

function denied(Effect: 'Allow' | 'Deny', agent = 'agent'): { matter: Matter; denied: Denied } {
  const statement = { Sid: 'NoStop', Effect, Action: 'ec2:Stop*', Resource: '*' };
  const Condition = { StringLike: { 'aws:UserAgent': Effect === 'Deny' ? '*' : 'none' } };
  const text = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ ...statement, Condition }],
  });
  const policy = compiledPolicies().of(text);
  const matter: Matter = {
    question: {
      caller: {
        type: 'IAMUser',
        account: '111122223333',
        arn: 'arn:aws:iam::111122223333:user/a/bob',
        principalId: 'AIDAEXAMPLE',
      },
      action: 'ec2:StopInstances',
      resource: {
        arn: 'arn:aws:ec2:eu-west-1:111122223333:instance/i-1',
        account: '111122223333',
      },
      conditions: (name) => (name === 'aws:useragent' ? agent : undefined),
    },
    policies: { identity: [{ policy, type: 'identity', name: 'p' }] },
  };
  const decision = evaluate(matter.question, matter.policies);
  assert.ok(!decision.allowed);
  return { matter, denied: decision };
}

function decoded(message: string): { account: string; body: Record<string, unknown> } {
  const found = messages.decode(message);
  assert.ok(found);
  return { account: found.account, body: JSON.parse(found.text) };
}

describe('an encoded message', () => {
  test('says what AWS documents of an implicit denial', () => {
    const { matter, denied: decision } = denied('Allow');
    const message = messages.encode(matter, decision);
    assert.match(message, /^[\w-]+$/);
    const { account, body } = decoded(message);
    assert.equal(account, '111122223333');
    assert.deepEqual(body, {
      allowed: false,
      explicitDeny: false,
      matchedStatements: { items: [] },
      failures: { items: [] },
      context: {
        principal: {
          id: 'AIDAEXAMPLE',
          name: 'bob',
          arn: 'arn:aws:iam::111122223333:user/a/bob',
        },
        action: 'ec2:StopInstances',
        resource: 'arn:aws:ec2:eu-west-1:111122223333:instance/i-1',
        conditions: {
          items: [{ key: 'aws:useragent', values: { items: [{ value: 'agent' }] } }],
        },
      },
    });
  });

  test('names the statement that denies', () => {
    const { matter, denied: decision } = denied('Deny');
    const { body } = decoded(messages.encode(matter, decision));
    assert.equal(body.explicitDeny, true);
    const { items } = body.matchedStatements as { items: Record<string, unknown>[] };
    assert.equal(items[0]?.statementId, 'NoStop');
    assert.deepEqual(items[0]?.actions, { items: [{ value: 'ec2:Stop*' }] });
    assert.deepEqual(items[0]?.conditions, {
      items: [{ key: 'aws:UserAgent', values: { items: [{ value: '*' }] } }],
    });
  });

  test('is never longer than DecodeAuthorizationMessage takes, whatever the request said', () => {
    const { matter, denied: decision } = denied('Deny', '☃'.repeat(20_000));
    const many = Array.from({ length: 500 }, () => '☃'.repeat(300));
    const hostile = { ...matter.question, conditions: () => many };
    const message = messages.encode({ ...matter, question: hostile }, decision);
    assert.ok(message.length <= 10_240, `${message.length}`);
    decoded(message);
  });

  test('that was altered, or comes from elsewhere, is none', () => {
    const { matter, denied: decision } = denied('Allow');
    const message = messages.encode(matter, decision);
    const at = message.length >> 1;
    const other = message[at] === 'A' ? 'B' : 'A';
    const foreign = encodedMessages(newSeal()).encode(matter, decision);
    const wrongs = ['', 'x', message.slice(0, -2), `${message}A`, `${message}=`, foreign];
    for (const wrong of [...wrongs, message.slice(0, at) + other + message.slice(at + 1)])
      assert.equal(messages.decode(wrong), undefined, wrong.slice(0, 20));
  });
});
