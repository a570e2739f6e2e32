import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import { account, type IamUnderTest, openIam, refused } from '../../../test/open-iam.ts';

let under: IamUnderTest;
let root: IamUnderTest['root'];
before(async () => {
  under = await openIam();
  root = under.root;
});
after(() => under.close());

const create = async (Url: string, more: Partial<iam.CreateOpenIDConnectProviderRequest> = {}) =>
  (await root.send(new iam.CreateOpenIDConnectProviderCommand({ Url, ...more })))
    .OpenIDConnectProviderArn as string;
const get = (OpenIDConnectProviderArn: string) =>
  root.send(new iam.GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn }));

describe('an identity provider', () => {
  const url = 'https://token.actions.example.com/path';

  test('is named after its URL, which it shows without https://', async () => {
    const arn = await create(url, {
      ClientIDList: ['sts.amazonaws.com'],
      ThumbprintList: ['A'.repeat(40)],
    });
    assert.equal(arn, `arn:aws:iam::${account}:oidc-provider/token.actions.example.com/path`);
    const { Url, ClientIDList, ThumbprintList, Tags } = await get(arn);
    assert.equal(Url, 'token.actions.example.com/path');
    assert.deepEqual(ClientIDList, ['sts.amazonaws.com']);
    assert.deepEqual(ThumbprintList, ['a'.repeat(40)]);
    assert.deepEqual(Tags, []);
    const { OpenIDConnectProviderList } = await root.send(
      new iam.ListOpenIDConnectProvidersCommand({}),
    );
    assert.deepEqual(OpenIDConnectProviderList, [{ Arn: arn }]);
  });

  test('is one for a URL; the case of its host does not count, that of its path does', async () => {
    const taken = (Url: string) =>
      assert.rejects(
        create(Url),
        refused(409, 'EntityAlreadyExists', `Provider with url ${Url} already exists.`),
      );
    await taken(url);
    await taken('https://TOKEN.actions.example.com/path');
    await create('https://token.actions.example.com/PATH');
  });

  test('changes its client ids and thumbprints', async () => {
    const arn = await create('https://changing.example.com');
    const named = { OpenIDConnectProviderArn: arn };
    const add = (ClientID: string) =>
      root.send(new iam.AddClientIDToOpenIDConnectProviderCommand({ ...named, ClientID }));
    await add('a');
    await add('b');
    await add('a');
    await root.send(
      new iam.RemoveClientIDFromOpenIDConnectProviderCommand({ ...named, ClientID: 'b' }),
    );
    await root.send(
      new iam.UpdateOpenIDConnectProviderThumbprintCommand({
        ...named,
        ThumbprintList: ['c'.repeat(40), 'd'.repeat(40)],
      }),
    );
    const { ClientIDList, ThumbprintList } = await get(arn);
    assert.deepEqual(ClientIDList, ['a']);
    assert.deepEqual(ThumbprintList, ['c'.repeat(40), 'd'.repeat(40)]);
  });

  test('has at most five thumbprints and a hundred client ids', async () => {
    const thumbprints = Array.from({ length: 6 }, () => 'a'.repeat(40));
    await assert.rejects(
      create('https://many.example.com', { ThumbprintList: thumbprints }),
      refused(400, 'InvalidInput', 'Thumbprint list must contain fewer than 5 entries.'),
    );
    const ClientIDList = Array.from({ length: 101 }, (_, i) => `c${i}`);
    await assert.rejects(
      create('https://many.example.com', { ClientIDList }),
      refused(
        409,
        'LimitExceeded',
        'Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100',
      ),
    );
  });

  test('is an https URL of a host and a path, and nothing more', async () => {
    await assert.rejects(
      create('example.com'),
      refused(400, 'ValidationError', 'Invalid Open ID Connect Provider URL'),
    );
    await assert.rejects(
      create('http://example.com'),
      refused(
        400,
        'InvalidInput',
        'Invalid Open ID Connect Provider URL. The URL must begin with https://.',
      ),
    );
    const strange = [
      'https://',
      'https://example.com:8443',
      'https://user@example.com',
      'https://example.com/a?b=c',
      'https://example.com/a#b',
      'https://example.com//a',
      'https://exa mple.com',
      'https://-example.com',
      'https://example.com/%61',
    ];
    for (const Url of strange)
      await assert.rejects(
        create(Url),
        refused(400, 'InvalidInput', 'Invalid Open ID Connect Provider URL.'),
        Url,
      );
  });

  test('that is not there is not found, and deleted without a word', async () => {
    const OpenIDConnectProviderArn = `arn:aws:iam::${account}:oidc-provider/none.example.com`;
    await assert.rejects(
      get(OpenIDConnectProviderArn),
      refused(
        404,
        'NoSuchEntity',
        `OpenIDConnect Provider not found for arn ${OpenIDConnectProviderArn}`,
      ),
    );
    const remove = (arn: string) =>
      root.send(new iam.DeleteOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: arn }));
    await remove(OpenIDConnectProviderArn);
    const arn = await create('https://gone.example.com');
    await remove(arn);
    await remove(arn);
    await assert.rejects(get(arn), /not found/);
  });
});
