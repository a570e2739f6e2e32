/** What the name of a Region tells. */

const partitions: ReadonlyArray<readonly [regionPrefix: string, partition: string]> = [
  ['cn-', 'aws-cn'],
  ['us-gov-', 'aws-us-gov'],
  ['us-iso-', 'aws-iso'],
  ['us-isob-', 'aws-iso-b'],
  ['us-isof-', 'aws-iso-f'],
  ['eu-isoe-', 'aws-iso-e'],
  ['eusc-', 'aws-eusc'],
];

/** `cn-north-1` → `aws-cn`, `us-gov-west-1` → `aws-us-gov`, nearly all others `aws`. */
export function partitionOfRegion(region: string): string {
  for (const [prefix, partition] of partitions) if (region.startsWith(prefix)) return partition;
  return 'aws';
}

/** `sts.eu-west-1.amazonaws.com`, with or without a port → `eu-west-1`. */
export function regionOfHost(host: string): string | undefined {
  return /^[a-z0-9-]+\.([a-z]{2,8}(?:-[a-z]{1,12}){1,3}-\d{1,2})\./.exec(host.toLowerCase())?.[1];
}
