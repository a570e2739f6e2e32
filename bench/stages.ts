/** Where the time of a hot call goes: each stage called in a loop in this process, without sockets and disk. */
import type { Claim } from './claim.ts';

export const stages: Claim = {
  name: 'stages',
  says: 'one Encrypt of 1 KB, stage by stage, in this process',
  measure: async () => [],
};
