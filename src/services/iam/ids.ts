/**
 * IAM's names for things: ARNs and unique ids.
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html)
 */
import type { World } from '../../world.ts';

/** AWS's prefixes of unique ids, by what they are of. */
const prefixes = {
  user: 'AIDA',
  group: 'AGPA',
  role: 'AROA',
  policy: 'ANPA',
  'instance-profile': 'AIPA',
} as const;

export type EntityType = keyof typeof prefixes;

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** A new unique id: the prefix and 17 random characters. One is never given twice. */
export function newUniqueId(type: EntityType, world: World): string {
  let id: string = prefixes[type];
  for (const byte of world.randomBytes(17)) id += base32[byte & 31];
  return id;
}

export interface ArnParts {
  readonly partition: string;
  readonly account: string;
  readonly type: EntityType;
  readonly path: string;
  readonly name: string;
}

export const iamArn = ({ partition, account, type, path, name }: ArnParts): string =>
  `arn:${partition}:iam::${account}:${type}${path}${name}`;

/** The partition that an ARN of ours stands in. */
export const partitionOf = (arn: string): string => arn.split(':', 2)[1] as string;
