/** Whoever calls what AWS takes without a signature: nobody, in the Region that the host names. */
import type { HttpRequest } from './http/message.ts';
import type { Identified } from './identity/verify.ts';
import type { Principal } from './operation.ts';
import { regionOfHost } from './region.ts';

const anonymous: Principal = {
  type: 'Anonymous',
  account: '',
  arn: '',
  principalId: '',
  accessKeyId: '',
};

/** A signature that came all the same proves nothing, and is not looked at. */
export function nobody({ headers }: HttpRequest): Identified {
  const region = regionOfHost(headers.get('host') ?? '') ?? 'us-east-1';
  return { kind: 'principal', principal: anonymous, region, signedService: '' };
}
