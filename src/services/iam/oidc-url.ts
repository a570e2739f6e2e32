/**
 * The URL of an identity provider, and its ARN. Pure.
 * (https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html)
 */
import {
  invalidProviderArn,
  invalidProviderUrl,
  providerUrlNotHttps,
  providerUrlWithMore,
} from './errors.ts';

/** Letters, digits and hyphens between dots (RFC 1123 §2.1). */
const hostForm =
  /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;

/**
 * The URL without `https://`, as it is stored and shown.
 * @throws ApiError when it isn't `https://`, a host, and perhaps a path.
 */
export function checkedProviderUrl(url: string): string {
  if (!url.includes('://')) throw invalidProviderUrl();
  if (!url.startsWith('https://')) throw providerUrlNotHttps();
  const rest = url.slice('https://'.length).replace(/\/$/, '');
  const [host, ...path] = rest.split('/');
  if (!hostForm.test(host as string)) throw providerUrlWithMore();
  // A path of unreserved characters (RFC 3986 §2.3): neither query nor fragment, nothing encoded.
  if (!path.every((segment) => /^[\w.~-]+$/.test(segment))) throw providerUrlWithMore();
  return rest;
}

export const providerArn = (owner: {
  readonly partition: string;
  readonly account: string;
  readonly url: string;
}): string => `arn:${owner.partition}:iam::${owner.account}:oidc-provider/${owner.url}`;

/** @throws ApiError ValidationError when it is no ARN of an identity provider. */
export function parseProviderArn(arn: string): { readonly account: string; readonly url: string } {
  const match = /^arn:aws[a-z-]*:iam::(\d{12}):oidc-provider\/(.+)$/.exec(arn);
  if (match === null) throw invalidProviderArn(arn);
  const [, account, url] = match as unknown as [string, string, string];
  return { account, url };
}
