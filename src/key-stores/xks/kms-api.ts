/**
 * The KMS that holds the keys behind our XKS proxy, called over its own wire and signed with the
 * operator's credentials, so that every use is authorized and recorded there.
 */
import { signRequest } from '../../identity/sign.ts';
import type { World } from '../../world.ts';
import { done, failed, type Outcome, type ProxyError } from '../key-store.ts';

export interface KmsApiOptions {
  /** `http://127.0.0.1:4566` */
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
  /** For one request. */
  readonly timeoutMs: number;
  readonly world: World;
  /** Told what KMS refused, which the proxy's caller does not get to see. */
  readonly log: (line: string) => void;
}

type Members = Readonly<Record<string, unknown>>;
/** `agent` stands in KMS's trail as the user agent. */
export type AskKms = (
  operation: string,
  input: Members,
  agent: string,
) => Promise<Outcome<Members, ProxyError>>;

/** What KMS answers, as an error of the proxy's. */
const errorNames: ReadonlyMap<string, ProxyError> = new Map([
  ['NotFoundException', 'KeyNotFoundException'],
  ['DisabledException', 'InvalidStateException'],
  ['KMSInvalidStateException', 'InvalidStateException'],
  ['InvalidKeyUsageException', 'InvalidKeyUsageException'],
  ['AccessDeniedException', 'AccessDeniedException'],
  ['ThrottlingException', 'ThrottlingException'],
  ['DependencyTimeoutException', 'DependencyTimeoutException'],
]);

export function createKmsApi(options: KmsApiOptions): AskKms {
  const { region, accessKeyId, secretAccessKey, sessionToken, world, log } = options;
  const url = `${options.endpoint.replace(/\/+$/, '')}/`;
  return async (operation, input, agent) => {
    const body = JSON.stringify(input);
    const { host: _, ...headers } = signRequest({
      method: 'POST',
      url,
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `TrentService.${operation}`,
      },
      body,
      accessKeyId,
      secretAccessKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
      region,
      service: 'kms',
      at: world.machineNow(),
    });
    const signal = AbortSignal.timeout(options.timeoutMs);
    try {
      const sent = { method: 'POST', headers: { ...headers, 'user-agent': agent }, body, signal };
      const response = await fetch(url, { ...sent, redirect: 'error' });
      const answer = (await response.json()) as Members;
      if (response.status === 200) return done(answer);
      const code = String(answer.__type).replace(/^.*#/, '');
      log(`${operation} was answered ${code}: ${String(answer.message ?? answer.Message ?? '')}`);
      return failed(errorNames.get(code) ?? 'InternalException');
    } catch (error) {
      const { cause, message } = error as { readonly cause?: Error; readonly message: string };
      log(`${operation} got no answer from ${url}: ${cause?.message ?? message}`);
      return failed('DependencyTimeoutException');
    }
  };
}
