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
