/**
 * What a KMS must know of a proxy: its path and the credential to sign with, in the form that AWS's
 * console reads (XKS Proxy API v1, "XKS proxy configuration in AWS KMS console"). Pure.
 */
import type { AccessKey } from '../../identity/access-key.ts';
import { sealSecret } from '../../identity/sigv4.ts';
import type { World } from '../../world.ts';
import { accessKeyIdForm, apiPath, secretAccessKeyForm, uriPathForm } from './protocol.ts';

export interface ProxyConfiguration {
  readonly path: string;
  readonly accessKey: AccessKey;
}

/** @throws RangeError with a text for people. */
export function parseConfiguration(json: string): ProxyConfiguration {
  let file: unknown;
  try {
    file = JSON.parse(json);
  } catch (error) {
    throw new RangeError(`it is not JSON (${(error as Error).message})`);
  }
  const { XksProxyUriPath: path, XksProxyAuthenticationCredential: credential } = membersOf(file);
  const { AccessKeyId: accessKeyId, RawSecretAccessKey: secret } = membersOf(credential);
  if (typeof path !== 'string' || path.length > 128 || !uriPathForm.test(path))
    throw new RangeError(`XksProxyUriPath is a path that ends in ${apiPath}`);
  // Ids of temporary keys begin so, and those come with a token.
  const isKeyId = typeof accessKeyId === 'string' && accessKeyIdForm.test(accessKeyId);
  if (!isKeyId || accessKeyId.startsWith('ASIA'))
    throw new RangeError('AccessKeyId has 20 to 30 of A-Z and 2-7, and not ASIA at its beginning');
  if (typeof secret !== 'string' || !secretAccessKeyForm.test(secret))
    throw new RangeError('RawSecretAccessKey has 43 to 64 of A-Z, a-z, 0-9, /, + and =');
  return { path, accessKey: accessKeyOf(accessKeyId, secret) };
}

const membersOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};

/** Whoever signs with it is KMS to us. */
const accessKeyOf = (accessKeyId: string, secret: string): AccessKey => ({
  accessKeyId,
  secret: sealSecret(secret),
  status: 'Active',
  principal: {
    type: 'AWSService',
    account: '',
    arn: 'kms.amazonaws.com',
    principalId: 'kms.amazonaws.com',
    accessKeyId,
  },
});

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const accessKeyIdChars = 24;

/** A new configuration as the text of its file. `prefix`: empty, or like `/team-a`. */
export function newConfiguration(prefix: string, world: World): string {
  const random = world.randomBytes(accessKeyIdChars);
  const accessKeyId = [...random].map((byte) => letters[byte & 31]).join('');
  const secret = world.randomBytes(32);
  const configuration = {
    XksProxyUriPath: `${prefix}${apiPath}`,
    XksProxyAuthenticationCredential: {
      AccessKeyId: `X${accessKeyId.slice(1)}`,
      RawSecretAccessKey: secret.toString('base64'),
    },
  };
  secret.fill(0);
  return `${JSON.stringify(configuration, undefined, 2)}\n`;
}
