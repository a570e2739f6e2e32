/**
 * The world of the differential test, small so that much meets much: two accounts, twelve callers,
 * few resources, and the values that a request's keys may have.
 */
import type { RawCaller } from './reference-evaluator.ts';

export const ours = '111122223333';
export const theirs = '444455556666';

const session = (account: string, name: string, id: string): RawCaller => ({
  type: 'AssumedRole',
  account,
  arn: `arn:aws:sts::${account}:assumed-role/${name}/s1`,
  principalId: `${id}:s1`,
  role: { arn: `arn:aws:iam::${account}:role/work/${name}`, id },
});

const user = (account: string, name: string, id: string): RawCaller => ({
  type: 'IAMUser',
  account,
  arn: `arn:aws:iam::${account}:user/team/${name}`,
  principalId: id,
});

const root = (account: string): RawCaller => ({
  type: 'Root',
  account,
  arn: `arn:aws:iam::${account}:root`,
  principalId: account,
});

const outside = (type: string, arn: string, more: Partial<RawCaller>): RawCaller => ({
  type,
  account: '',
  arn,
  principalId: 'outside',
  ...more,
});

export const identities: readonly RawCaller[] = [
  user(ours, 'bo', 'AIDABOBOBOBOBOBOBOBO'),
  user(theirs, 'al', 'AIDAALALALALALALALAL'),
  session(ours, 'Ops', 'AROAOPSOPSOPSOPSOPSO'),
  session(theirs, 'Dev', 'AROADEVDEVDEVDEVDEVD'),
  root(ours),
  root(theirs),
  {
    type: 'FederatedUser',
    account: ours,
    arn: `arn:aws:sts::${ours}:federated-user/fay`,
    principalId: `${ours}:fay`,
    user: { arn: `arn:aws:iam::${ours}:user/team/bo`, id: 'AIDABOBOBOBOBOBOBOBO' },
  },
  {
    // Let in by the root user.
    type: 'FederatedUser',
    account: ours,
    arn: `arn:aws:sts::${ours}:federated-user/fritz`,
    principalId: `${ours}:fritz`,
  },
];

export const callers: readonly RawCaller[] = [
  ...identities,
  outside('AWSService', 'lambda.amazonaws.com', { serviceName: 'lambda.amazonaws.com' }),
  outside('WebIdentityUser', 'accounts.google.com:1', { federatedProvider: 'accounts.google.com' }),
  outside('SAMLUser', 'saml:1', { federatedProvider: `arn:aws:iam::${ours}:saml-provider/x` }),
  outside('Anonymous', 'anonymous', {}),
];

export const key = (account: string, name: string): string =>
  `arn:aws:kms:us-east-1:${account}:key/${name}`;
export const resources = [
  // Twice, so that not too much is another account's.
  { arn: key(ours, 'bo-1'), account: ours },
  { arn: key(ours, 'bo-1'), account: ours },
  { arn: key(ours, 'blue-1'), account: ours },
  { arn: key(theirs, '*-1'), account: theirs },
  { arn: `arn:aws:secretsmanager:eu-west-1:${ours}:secret:team/db:x`, account: ours },
  { arn: 'arn:aws:s3:::bucket/a:b', account: theirs },
  { arn: '*', account: ours },
];

export const contextPools: Readonly<Record<string, readonly (string | string[])[]>> = {
  'aws:username': ['bo', 'al', '*', 'b?', '', ours],
  'aws:principaltag/team': ['blue', '*', 'a:b', 'arn:aws:s3:::bucket/a:b'],
  'aws:requesttag/a': ['Blue', 'blue', 'bl*', 'a,b', 'a blue', 'blu'],
  'aws:tagkeys': [['a'], ['a', 'b'], [], ['A', 'c', 'blue']],
  'aws:sourceip': ['10.0.0.5', '192.0.2.1', '2001:db8::1', '::ffff:10.0.0.5', '10.0.0.5.', ''],
  'aws:currenttime': ['2026-05-01T12:00:00Z', '2026-05-01T14:00:00.000+02:00', '1777636800', 'now'],
  'kms:days': ['7', '07.0', '30', '-1', '-1.5', '1e1', 'seven', '99999999999999999999.1'],
  'aws:securetransport': ['true', 'FALSE', 'yes'],
  'aws:sourcearn': [
    'arn:aws:s3:::bucket',
    `arn:aws:sns:us-east-1:${ours}:topic:x`,
    'bucket',
    'arn:aws:s3:::bucket/a:b',
  ],
  'x:bin': ['AQID', 'AQI=', 'AQJ=', '?'],
  // Written so, it is a key like any other.
  ['__proto__']: ['a'],
  constructor: ['a', 'b'],
};
