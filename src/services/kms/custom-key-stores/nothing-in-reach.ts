/** What custom key stores find where the operator has named no cluster and no proxy. */
import type { HsmStore, XksStore } from '../../../key-stores/key-store.ts';
import type { KeyStorePorts } from './store-connections.ts';

const absent = async () => ({ kind: 'failed', failure: 'TOKEN_ABSENT' }) as const;
const unreachable = async () => ({ kind: 'failed', failure: 'UNREACHABLE' }) as const;
const close = async (): Promise<void> => undefined;

const noToken: HsmStore = {
  connect: absent,
  createKey: absent,
  removeKey: absent,
  randomBytes: absent,
  encrypt: absent,
  decrypt: absent,
  close,
};
const noProxy: XksStore = {
  health: unreachable,
  metadata: unreachable,
  encrypt: unreachable,
  decrypt: unreachable,
  close,
};

export const nothingInReach: KeyStorePorts = {
  clusters: { find: () => undefined, look: absent, open: () => noToken },
  proxies: { hasService: () => false, open: () => noProxy },
};
