import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { account, type KmsUnderTest, openKms, refusal, region } from '../../../test/open-kms.ts';
import { type CreateGrantRequest, type KmsModel, kms as model } from '../../model/kms.generated.ts';

let kms: KmsUnderTest;
before(async () => {
  kms = await openKms();
});
after(() => kms.close());

const rootOf = (owner: string) => `arn:aws:iam::${owner}:root`;
const userOf = (name: string) => `arn:aws:iam::${account}:user/${name}`;
const stranger = { account: '999999999999' };
const newKey = async (caller = {}) => {
  const { KeyMetadata } = await kms.ask('CreateKey', {}, caller);
  return { id: KeyMetadata?.KeyId ?? '', arn: KeyMetadata?.Arn ?? '' };
};
const create = async (KeyId: string, input: Partial<CreateGrantRequest> = {}, caller = {}) => {
  const base = { KeyId, GranteePrincipal: userOf('alice'), Operations: ['Decrypt'] as const };
  const { GrantId = '', GrantToken = '' } = await kms.ask(
    'CreateGrant',
    { ...base, ...input },
    caller,
  );
  return { GrantId, GrantToken };
};
const idsOf = async (KeyId: string) =>
  (await kms.ask('ListGrants', { KeyId, Limit: 100 })).Grants?.map(({ GrantId }) => GrantId) ?? [];
const unknown = 'ab'.repeat(32);
const notFound = refusal('NotFoundException', `Grant ID ${unknown} not found`);
const invalidId = (id: string) => refusal('InvalidGrantIdException', `Invalid grant ID ${id}`);
const dryRunEnded = refusal(
  'DryRunOperationException',
  'The request would have succeeded, but the DryRun option is set.',
);
const unseen = (operation: string, owner: string) =>
  refusal(
    'AccessDeniedException',
    `User: ${rootOf(owner)} is not authorized to perform: kms:${operation} on this resource because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access`,
  );

describe('RevokeGrant', () => {
  test('ends a grant by key id or ARN, and once', async () => {
    const { id, arn } = await newKey();
    const [one, two] = [await create(id), await create(id)];
    const called = await kms.call('RevokeGrant', { KeyId: id, GrantId: one.GrantId });
    assert.equal(called.output, undefined);
    assert.deepEqual(called.authorized, [`kms:RevokeGrant ${arn}`]);
    assert.deepEqual(called.notes, { responseElements: { keyId: arn } });
    assert.deepEqual(await idsOf(id), [two.GrantId]);
    await kms.ask('RevokeGrant', { KeyId: arn, GrantId: two.GrantId });
    assert.deepEqual(await idsOf(id), []);
    await assert.rejects(
      kms.ask('RevokeGrant', { KeyId: arn, GrantId: two.GrantId }),
      refusal('NotFoundException', `Grant ID ${two.GrantId} not found`),
    );
  });

  test('knows only the grants of the key that is named', async () => {
    const [one, two] = [await newKey(), await newKey()];
    const { GrantId } = await create(one.id);
    await assert.rejects(kms.ask('RevokeGrant', { KeyId: two.id, GrantId }), {
      code: 'NotFoundException',
    });
    await assert.rejects(kms.ask('RevokeGrant', { KeyId: one.id, GrantId: unknown }), notFound);
    for (const id of ['x', unknown.toUpperCase(), `${unknown}0`])
      await assert.rejects(kms.ask('RevokeGrant', { KeyId: one.id, GrantId: id }), invalidId(id));
    assert.deepEqual(await idsOf(one.id), [GrantId]);
  });

  test('in a dry run ends nothing', async () => {
    const { id } = await newKey();
    const { GrantId } = await create(id);
    await assert.rejects(kms.ask('RevokeGrant', { KeyId: id, GrantId, DryRun: true }), dryRunEnded);
    assert.deepEqual(await idsOf(id), [GrantId]);
  });

  test('and RetireGrant work whatever the state of the key', async () => {
    const { id, arn } = await newKey();
    const [one, two, three] = [await create(id), await create(id), await create(id)];
    await kms.ask('DisableKey', { KeyId: id });
    await kms.ask('RevokeGrant', { KeyId: id, GrantId: one.GrantId });
    await kms.ask('ScheduleKeyDeletion', { KeyId: id });
    await kms.ask('RevokeGrant', { KeyId: id, GrantId: two.GrantId });
    await kms.ask('RetireGrant', { KeyId: arn, GrantId: three.GrantId });
    assert.deepEqual(await idsOf(id), []);
  });
});

describe('RetireGrant', () => {
  test('ends a grant by token', async () => {
    const { id, arn } = await newKey();
    const { GrantId, GrantToken } = await create(id);
    const called = await kms.call('RetireGrant', { GrantToken });
    assert.equal(called.output, undefined);
    assert.deepEqual(called.authorized, [`kms:RetireGrant ${arn}`]);
    assert.deepEqual(called.notes, {
      resources: [{ arn, account, type: 'AWS::KMS::Key' }],
      additionalEventData: { grantId: GrantId },
      responseElements: { keyId: arn },
    });
    assert.deepEqual(await idsOf(id), []);
    await assert.rejects(
      kms.ask('RetireGrant', { GrantToken }),
      refusal('NotFoundException', `Grant ID ${GrantId} not found`),
    );
  });

  test('ends a grant by key ARN and grant id', async () => {
    const { id, arn } = await newKey();
    const { GrantId } = await create(id);
    await assert.rejects(
      kms.ask('RetireGrant', { KeyId: arn, GrantId, DryRun: true }),
      dryRunEnded,
    );
    assert.deepEqual(await idsOf(id), [GrantId]);
    await kms.ask('RetireGrant', { KeyId: arn, GrantId });
    assert.deepEqual(await idsOf(id), []);
  });

  test('lets the retiring principal of another account do it, and no other account', async () => {
    const { id, arn } = await newKey();
    const other = '222233334444';
    const retiring = { RetiringPrincipal: rootOf(other) };
    const [byId, byToken] = [await create(id, retiring), await create(id, retiring)];
    const foreign = unseen('RetireGrant', stranger.account);
    for (const input of [
      { KeyId: arn, GrantId: byId.GrantId },
      { GrantToken: byToken.GrantToken },
      { KeyId: arn, GrantId: unknown },
      { KeyId: arn.replace(id, '1234abcd-12ab-44cd-96ef-1234567890ab'), GrantId: unknown },
    ])
      await assert.rejects(kms.ask('RetireGrant', input, stranger), foreign);
    assert.equal((await idsOf(id)).length, 2);
    const called = await kms.call(
      'RetireGrant',
      { KeyId: arn, GrantId: byId.GrantId },
      { account: other },
    );
    assert.deepEqual(called.notes?.resources, [{ arn, account, type: 'AWS::KMS::Key' }]);
    await kms.ask('RetireGrant', { GrantToken: byToken.GrantToken }, { account: other });
    assert.deepEqual(await idsOf(id), []);
  });

  test('lets the grantee of another account do it when the grant says so', async () => {
    const { id, arn } = await newKey();
    const GranteePrincipal = rootOf(stranger.account);
    const without = await create(id, { GranteePrincipal });
    await assert.rejects(
      kms.ask('RetireGrant', { KeyId: arn, GrantId: without.GrantId }, stranger),
      unseen('RetireGrant', stranger.account),
    );
    const granted = await create(id, { GranteePrincipal, Operations: ['RetireGrant'] });
    await kms.ask('RetireGrant', { GrantToken: granted.GrantToken }, stranger);
    assert.deepEqual(await idsOf(id), [without.GrantId]);
  });

  test('wants a token or key ARN and id, and not both', async () => {
    const { id, arn } = await newKey();
    const { GrantId, GrantToken } = await create(id);
    const oneName = refusal(
      'ValidationException',
      'Specify either GrantToken, or KeyId and GrantId.',
    );
    for (const input of [
      {},
      { KeyId: arn },
      { GrantId },
      { GrantToken, GrantId },
      { GrantToken, KeyId: arn, GrantId },
    ])
      await assert.rejects(kms.ask('RetireGrant', input), oneName);
    await assert.rejects(
      kms.ask('RetireGrant', { KeyId: id, GrantId }),
      refusal('InvalidArnException', `${id} is not a key ARN.`),
    );
    await assert.rejects(
      kms.ask('RetireGrant', { KeyId: 'alias/x', GrantId }),
      refusal('InvalidArnException', 'Key Aliases are not supported for this operation.'),
    );
    await assert.rejects(kms.ask('RetireGrant', { KeyId: arn, GrantId: 'x' }), invalidId('x'));
    await assert.rejects(kms.ask('RetireGrant', { KeyId: arn, GrantId: unknown }), notFound);
    const gone = arn.replace(id, '1234abcd-12ab-44cd-96ef-1234567890ab');
    await assert.rejects(
      kms.ask('RetireGrant', { KeyId: gone, GrantId }),
      refusal('NotFoundException', `Key '${gone}' does not exist`),
    );
    await assert.rejects(
      kms.ask('RetireGrant', { KeyId: arn, GrantId }, { region: 'us-east-1' }),
      refusal('NotFoundException', `Invalid arn ${region}`),
    );
    const invalidToken = refusal('InvalidGrantTokenException', undefined);
    for (const text of ['garbage', GrantToken.slice(1), unknown])
      await assert.rejects(kms.ask('RetireGrant', { GrantToken: text }), invalidToken);
    await assert.rejects(
      kms.ask('RetireGrant', { GrantToken }, { region: 'us-east-1' }),
      invalidToken,
    );
    assert.deepEqual(await idsOf(id), [GrantId]);
  });
});

describe('ListGrants', () => {
  test('pages through 1,000 grants, each once', async () => {
    const { id } = await newKey();
    const made = new Set<string>();
    for (let i = 0; i < 1000; i++) {
      const GranteePrincipal = userOf(i % 4 === 0 ? 'fourth' : `u${i}`);
      made.add((await create(id, { GranteePrincipal })).GrantId);
    }
    const walk = async (input: Partial<KmsModel['ListGrants']['input']>) => {
      const pages: (readonly string[])[] = [];
      for (let Marker: string | undefined; ; ) {
        const marked = Marker === undefined ? {} : { Marker };
        const page = await kms.ask('ListGrants', { KeyId: id, ...input, ...marked });
        pages.push(page.Grants?.map(({ GrantId = '' }) => GrantId) ?? []);
        assert.equal(page.Truncated, page.NextMarker !== undefined);
        Marker = page.NextMarker;
        if (Marker === undefined) return pages;
      }
    };
    const plain = await walk({});
    assert.deepEqual(
      plain.map(({ length }) => length),
      Array.from({ length: 20 }, () => 50),
    );
    assert.deepEqual(new Set(plain.flat()), made);
    // The model allows 1,000 and the service gives 100.
    const wide = await walk({ Limit: 1000 });
    assert.deepEqual([wide.length, wide[0]?.length], [10, 100]);
    assert.deepEqual(wide.flat(), plain.flat());
    const filtered = await walk({ GranteePrincipal: userOf('fourth'), Limit: 60 });
    assert.deepEqual(
      filtered.map(({ length }) => length),
      [60, 60, 60, 60, 10],
    );
    assert.equal(new Set(filtered.flat()).size, 250);
  });

  test('filters by grant id and by grantee', async () => {
    const { id } = await newKey();
    const role = `arn:aws:iam::${account}:role/team/app`;
    const alice = await create(id);
    const app = await create(id, { GranteePrincipal: role });
    const service = await create(id, {
      GranteePrincipal: undefined as never,
      GranteeServicePrincipal: 'sqs.amazonaws.com',
      RetiringPrincipal: role,
      Constraints: { SourceArn: `arn:aws:sqs:${region}:${account}:queue` },
    });
    const found = async (input: Partial<KmsModel['ListGrants']['input']>) =>
      (await kms.ask('ListGrants', { KeyId: id, ...input })).Grants?.map(({ GrantId }) => GrantId);
    assert.deepEqual(await found({ GrantId: alice.GrantId }), [alice.GrantId]);
    assert.deepEqual(await found({ GrantId: unknown }), []);
    assert.deepEqual(await found({ GranteePrincipal: role }), [app.GrantId]);
    assert.deepEqual(await found({ GranteePrincipal: role, GrantId: app.GrantId }), [app.GrantId]);
    assert.deepEqual(await found({ GranteePrincipal: role, GrantId: alice.GrantId }), []);
    // The same role by its name only is another principal's ARN.
    assert.deepEqual(await found({ GranteePrincipal: role.replace('team/', '') }), []);
    assert.deepEqual(await found({ GranteePrincipal: 'nobody' }), []);
    assert.deepEqual(await found({ GranteeServicePrincipal: 'sqs.amazonaws.com' }), [
      service.GrantId,
    ]);
    assert.deepEqual(
      await found({ GranteeServicePrincipal: 'sqs.amazonaws.com', GranteePrincipal: role }),
      [],
    );
    await assert.rejects(kms.ask('ListGrants', { KeyId: id, GrantId: 'x' }), invalidId('x'));
  });

  test('goes on only with markers of the same list', async () => {
    const [one, two] = [await newKey(), await newKey()];
    for (const { id } of [one, one, two, two]) await create(id);
    const { NextMarker = '' } = await kms.ask('ListGrants', { KeyId: one.id, Limit: 1 });
    const page = (KeyId: string, Marker: string, rest = {}) =>
      kms.ask('ListGrants', { KeyId, Marker, ...rest });
    const invalid = refusal('InvalidMarkerException', undefined);
    await assert.rejects(page(two.id, NextMarker), invalid);
    await assert.rejects(page(one.id, 'garbage'), invalid);
    await assert.rejects(page(one.id, NextMarker, { GranteePrincipal: userOf('alice') }), invalid);
    assert.equal((await page(one.arn, NextMarker)).Grants?.length, 1);
  });
});

describe('ListRetirableGrants', () => {
  test('lists what a principal may retire, on keys of whatever account, in the Region', async () => {
    const retirer = { account: '333344445555' };
    const retiring = { RetiringPrincipal: rootOf(retirer.account) };
    const mine = await newKey();
    const theirs = await newKey(stranger);
    const there = await newKey({ region: 'us-east-1' });
    const granted = [
      await create(mine.id, retiring),
      await create(mine.id, retiring),
      await create(theirs.id, retiring, stranger),
    ];
    await create(there.id, retiring, { region: 'us-east-1' });
    await create(mine.id, { RetiringPrincipal: rootOf('333344445556') });
    const called = await kms.call('ListRetirableGrants', retiring, retirer);
    assert.deepEqual(called.authorized, [`kms:ListRetirableGrants ${retiring.RetiringPrincipal}`]);
    assert.deepEqual(called.resources.map(({ type }) => type).filter(Boolean), []);
    assert.deepEqual(
      new Set(called.output.Grants?.map(({ GrantId }) => GrantId)),
      new Set(granted.map(({ GrantId }) => GrantId)),
    );
    assert.deepEqual(
      new Set(called.output.Grants?.map(({ KeyId }) => KeyId)),
      new Set([mine.arn, theirs.arn]),
    );
    const one = await kms.ask('ListRetirableGrants', { ...retiring, Limit: 2 }, retirer);
    assert.equal(one.Truncated, true);
    const rest = await kms.ask(
      'ListRetirableGrants',
      { ...retiring, Limit: 2, Marker: one.NextMarker ?? '' },
      retirer,
    );
    assert.equal(rest.Truncated, false);
    assert.deepEqual([...(one.Grants ?? []), ...(rest.Grants ?? [])], called.output.Grants);
    for (const { GrantToken } of granted) await kms.ask('RetireGrant', { GrantToken }, retirer);
    assert.deepEqual(await kms.ask('ListRetirableGrants', retiring, retirer), {
      Grants: [],
      Truncated: false,
    });
  });

  test('tells the same role from another of its name', async () => {
    const { id } = await newKey();
    const RetiringPrincipal = `arn:aws:iam::${account}:role/team/retirer`;
    const { GrantId } = await create(id, { RetiringPrincipal });
    const found = async (arn: string) =>
      (await kms.ask('ListRetirableGrants', { RetiringPrincipal: arn })).Grants?.map(
        (grant) => grant.GrantId,
      );
    assert.deepEqual(await found(RetiringPrincipal), [GrantId]);
    assert.deepEqual(await found(RetiringPrincipal.replace('team/', '')), []);
  });

  test('is for one principal, and for one of the caller`s account', async () => {
    const list = (input: KmsModel['ListRetirableGrants']['input'], caller = {}) =>
      kms.ask('ListRetirableGrants', input, caller);
    const oneNeeded = refusal(
      'ValidationException',
      'Specify either RetiringPrincipal or RetiringServicePrincipal.',
    );
    await assert.rejects(list({}), oneNeeded);
    const service = 'sqs.amazonaws.com';
    await assert.rejects(
      list({ RetiringPrincipal: rootOf(account), RetiringServicePrincipal: service }),
      oneNeeded,
    );
    await assert.rejects(list({ RetiringPrincipal: 'alice' }), { code: 'InvalidArnException' });
    const denied = (resource: string) =>
      refusal(
        'AccessDeniedException',
        `User: ${rootOf(stranger.account)} is not authorized to perform: kms:ListRetirableGrants on resource: ${resource} because no resource-based policy allows the kms:ListRetirableGrants action`,
      );
    const RetiringPrincipal = rootOf(account);
    await assert.rejects(list({ RetiringPrincipal }, stranger), denied(RetiringPrincipal));
    await assert.rejects(list({ RetiringServicePrincipal: service }, stranger), denied(service));
  });
});

describe('grant tokens', () => {
  /** The operations that take them, by AWS's model, and a request that is else right. */
  const takers = [...model.operations.values()]
    .filter(({ input }) => input?.members.GrantTokens !== undefined)
    .map(({ name }) => name as keyof KmsModel);

  test('are refused by every operation that takes them when they are none', async () => {
    const { id } = await newKey();
    assert.equal(takers.length, 17);
    const { GrantToken } = await create(id);
    const invalid = refusal('InvalidGrantTokenException', undefined);
    for (const name of takers)
      for (const tokens of [['garbage'], [GrantToken, 'garbage'], [GrantToken.toLowerCase()]])
        await assert.rejects(
          kms.ask(name, { KeyId: id, GrantTokens: tokens } as never),
          invalid,
          name,
        );
  });

  test('do no harm when they are genuine, also those of other keys and of ended grants', async () => {
    const [key, other] = [await newKey(), await newKey(stranger)];
    const used = await create(key.id);
    const foreign = await create(other.id, {}, stranger);
    const ended = await create(key.id);
    await kms.ask('RetireGrant', { GrantToken: ended.GrantToken });
    const GrantTokens = [used, foreign, ended].map(({ GrantToken }) => GrantToken);
    const Plaintext = Buffer.from('x');
    const sealed = await kms.call('Encrypt', { KeyId: key.id, Plaintext, GrantTokens });
    assert.ok(sealed.wasSynchronous);
    const { CiphertextBlob = Buffer.alloc(0) } = sealed.output;
    const opened = await kms.ask('Decrypt', {
      CiphertextBlob: Buffer.from(CiphertextBlob),
      GrantTokens,
    });
    assert.deepEqual(Buffer.from(opened.Plaintext ?? []), Plaintext);
    await kms.ask('DescribeKey', { KeyId: key.id, GrantTokens });
    await create(key.id, { GrantTokens });
  });

  test('are good on every node at once, and in their Region only', async () => {
    const { id } = await newKey();
    const { GrantToken } = await create(id);
    const node = await kms.startAgain();
    const request = { KeyId: id, Plaintext: Buffer.from('x'), GrantTokens: [GrantToken] };
    await node.ask('Encrypt', request);
    const there = await newKey({ region: 'us-east-1' });
    await assert.rejects(
      node.ask('Encrypt', { ...request, KeyId: there.id }, { region: 'us-east-1' }),
      refusal('InvalidGrantTokenException', undefined),
    );
    await node.ask('RetireGrant', { GrantToken });
  });
});
