/** The parts of a secret's own ARN. Pure. */

/** Of an ARN that a secret has. */
export function parseArn(arn: string): {
  readonly partition: string;
  readonly region: string;
  readonly account: string;
  readonly name: string;
} {
  const [, partition = '', , region = '', account = '', , rest = ''] = arn.split(':');
  return { partition, region, account, name: rest.slice(0, -7) };
}

/** The ARN of a replica: the same but for the Region. */
export function withRegion(arn: string, region: string): string {
  const parts = arn.split(':');
  parts[3] = region;
  return parts.join(':');
}
