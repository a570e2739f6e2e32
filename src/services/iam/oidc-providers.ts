/** Identity providers whose tokens roles may trust: what AssumeRoleWithWebIdentity looks up. */
import type { CreateOpenIDConnectProviderRequest, IamModel } from '../../model/iam.generated.ts';
import type { Call, Found, Operations } from '../../operation.ts';
import type { Entry } from '../../store/store.ts';
import { type ConditionFacts, conditionsOf } from './conditions.ts';
import type { IamContext } from './context.ts';
import { tagMap } from './entities.ts';
import {
  noThumbprints,
  providerExists,
  providerNotFound,
  quotaExceeded,
  tooManyThumbprints,
} from './errors.ts';
import { limits } from './limits.ts';
import { checkedProviderUrl, parseProviderArn, providerArn } from './oidc-url.ts';
import { allOfAccount } from './page.ts';
import { requireRoom } from './quota.ts';
import { type OidcProviderRecord, oidcProviderId } from './records.ts';
import { shownTags, withTags } from './tag-rules.ts';
import { taggingOf } from './tags.ts';

interface Named {
  readonly OpenIDConnectProviderArn: string;
}

/** What a request names, and whether it is there. */
interface SoughtProvider {
  readonly arn: string;
  readonly entry: Entry<OidcProviderRecord> | undefined;
}

const type = 'AWS::IAM::OIDCProvider';

export function oidcProviderOperations(iam: IamContext) {
  const { oidcProviders } = iam.records;
  const find = (input: Named, call: Call): Promise<Found<SoughtProvider>> =>
    findProvider(iam, input, call, {});
  return {
    CreateOpenIDConnectProvider: {
      readOnly: false,
      find: ({ Url, Tags }, call) => ({
        resource: newResource(checkedProviderUrl(Url), call),
        subject: undefined,
        conditions: conditionsOf({ tags: Tags }),
      }),
      run: (input, call) => createProvider(iam, input, call),
    },
    GetOpenIDConnectProvider: {
      readOnly: true,
      find,
      run: (_input, _call, sought: SoughtProvider) => {
        const { url, clientIds, thumbprints, createdAt, tags } = needProvider(sought).value;
        return {
          Url: url,
          ClientIDList: clientIds,
          ThumbprintList: thumbprints,
          CreateDate: createdAt,
          Tags: shownTags(tags),
        };
      },
    },
    ListOpenIDConnectProviders: {
      readOnly: true,
      find: (_input, { principal: { account } }) => ({
        resource: { arn: '*', account },
        subject: undefined,
      }),
      run: async (_input, { principal: { account } }) => {
        const all = await allOfAccount(oidcProviders, account);
        return { OpenIDConnectProviderList: all.map(({ arn }) => ({ Arn: arn })) };
      },
    },
    /** AWS answers alike when it isn't there. */
    DeleteOpenIDConnectProvider: {
      readOnly: false,
      find,
      run: (_input, call, { entry }: SoughtProvider) => {
        if (entry !== undefined) call.stage(oidcProviders.remove(entry));
      },
    },
  } satisfies Operations<
    IamModel,
    `${'Create' | 'Get' | 'Delete'}OpenIDConnectProvider` | 'ListOpenIDConnectProviders'
  >;
}

export function oidcProviderChangeOperations(iam: IamContext) {
  const { oidcProviders } = iam.records;
  const find = (input: Named, call: Call): Promise<Found<SoughtProvider>> =>
    findProvider(iam, input, call, {});
  const change = (
    call: Call,
    sought: SoughtProvider,
    to: (provider: OidcProviderRecord) => Partial<OidcProviderRecord>,
  ): void => {
    const entry = needProvider(sought);
    call.stage(oidcProviders.replace(entry, { ...entry.value, ...to(entry.value) }));
  };
  const tagging = taggingOf(oidcProviders, needProvider);
  return {
    AddClientIDToOpenIDConnectProvider: {
      readOnly: false,
      find,
      run: ({ ClientID }, call, sought: SoughtProvider) =>
        change(call, sought, ({ clientIds }) => ({
          clientIds: checkedClientIds([...clientIds, ClientID]),
        })),
    },
    RemoveClientIDFromOpenIDConnectProvider: {
      readOnly: false,
      find,
      run: ({ ClientID }, call, sought: SoughtProvider) =>
        change(call, sought, ({ clientIds }) => ({
          clientIds: clientIds.filter((id) => id !== ClientID),
        })),
    },
    UpdateOpenIDConnectProviderThumbprint: {
      readOnly: false,
      find,
      run: ({ ThumbprintList }, call, sought: SoughtProvider) => {
        if (ThumbprintList.length === 0) throw noThumbprints();
        change(call, sought, () => ({ thumbprints: checkedThumbprints(ThumbprintList) }));
      },
    },
    TagOpenIDConnectProvider: {
      readOnly: false,
      find: (input, call) => findProvider(iam, input, call, { tags: input.Tags }),
      run: tagging.tag,
    },
    UntagOpenIDConnectProvider: {
      readOnly: false,
      find: (input, call) => findProvider(iam, input, call, { tagKeys: input.TagKeys }),
      run: tagging.untag,
    },
    ListOpenIDConnectProviderTags: { readOnly: true, find, run: tagging.list },
  } satisfies Operations<
    IamModel,
    | 'AddClientIDToOpenIDConnectProvider'
    | 'RemoveClientIDFromOpenIDConnectProvider'
    | 'UpdateOpenIDConnectProviderThumbprint'
    | `${'Tag' | 'Untag'}OpenIDConnectProvider`
    | 'ListOpenIDConnectProviderTags'
  >;
}

async function findProvider(
  { records }: IamContext,
  { OpenIDConnectProviderArn: arn }: Named,
  { principal }: Call,
  facts: ConditionFacts,
): Promise<Found<SoughtProvider>> {
  const { account, url } = parseProviderArn(arn);
  const isOwn = account === principal.account;
  const entry = isOwn ? await records.oidcProviders.get(oidcProviderId(account, url)) : undefined;
  const tags = entry === undefined ? {} : { tags: tagMap(entry.value.tags) };
  return {
    resource: { arn, account, type, ...tags },
    subject: { arn, entry },
    conditions: conditionsOf({ resourceTags: entry?.value.tags, ...facts }),
  };
}

/** @throws ApiError NoSuchEntity when it isn't there. */
function needProvider({ arn, entry }: SoughtProvider): Entry<OidcProviderRecord> {
  if (entry === undefined) throw providerNotFound(arn);
  return entry;
}

const newResource = (url: string, { partition, principal: { account } }: Call) => ({
  arn: providerArn({ partition, account, url }),
  account,
  type,
});

async function createProvider(
  { records }: IamContext,
  input: CreateOpenIDConnectProviderRequest,
  call: Call,
): Promise<{ OpenIDConnectProviderArn: string }> {
  const { oidcProviders } = records;
  const { Url, ClientIDList = [], ThumbprintList = [], Tags } = input;
  const { account } = call.principal;
  const url = checkedProviderUrl(Url);
  const resource = newResource(url, call);
  if (Tags !== undefined)
    call.authorize('iam:TagOpenIDConnectProvider', resource, {
      conditions: conditionsOf({ tags: Tags }),
    });
  const id = oidcProviderId(account, url);
  if ((await oidcProviders.get(id)) !== undefined) throw providerExists(Url);
  await requireRoom(oidcProviders, account, 'OpenIdConnectProviders');
  const provider: OidcProviderRecord = {
    account,
    url,
    arn: resource.arn,
    createdAt: call.now,
    clientIds: checkedClientIds(ClientIDList),
    thumbprints: checkedThumbprints(ThumbprintList),
    tags: withTags([], Tags),
  };
  call.stage(oidcProviders.insert(id, provider));
  const tags = Tags === undefined ? {} : { Tags: shownTags(provider.tags) };
  return { OpenIDConnectProviderArn: provider.arn, ...tags };
}

function checkedClientIds(ids: readonly string[]): readonly string[] {
  const unique = [...new Set(ids)];
  const limit = limits.clientIdsPerProvider;
  if (unique.length > limit) throw quotaExceeded('ClientIdsPerOpenIdConnectProvider', limit);
  return unique;
}

function checkedThumbprints(thumbprints: readonly string[]): readonly string[] {
  if (thumbprints.length > limits.thumbprintsPerProvider)
    throw tooManyThumbprints(limits.thumbprintsPerProvider);
  return thumbprints.map((thumbprint) => thumbprint.toLowerCase());
}
