/**
 * An XKS proxy in this process, as `sealhold xks` puts it together, over a KMS on a real store; for
 * tests that need no processes. It listens on loopback and can be asked directly, too.
 */
import type { HttpHandler, HttpRequest } from '../src/http/message.ts';
import { listen } from '../src/http/server.ts';
import { signRequest } from '../src/identity/sign.ts';
import { done, failed } from '../src/key-stores/key-store.ts';
import { createExternalKeys, type ExternalKeys } from '../src/key-stores/xks/external-keys.ts';
import type { AskKms } from '../src/key-stores/xks/kms-api.ts';
import { createXksProxies } from '../src/key-stores/xks/proxy-client.ts';
import {
  newConfiguration,
  type ProxyConfiguration,
  parseConfiguration,
} from '../src/key-stores/xks/proxy-configuration.ts';
import { createProxyServer } from '../src/key-stores/xks/proxy-server.ts';
import type { KmsUnderTest } from './open-kms.ts';

export const endpoint = 'https://xks.test';

export interface Credential {
  readonly AccessKeyId: string;
  readonly RawSecretAccessKey: string;
}

export interface XksUnderTest {
  /** The external key that is there, an HMAC_256 key of the KMS behind. */
  readonly key: string;
  readonly path: string;
  readonly credential: Credential;
  readonly externalKeys: ExternalKeys;
  readonly handler: HttpHandler;
  /** What the proxy has logged. */
  readonly lines: readonly string[];
  /** What a KMS under test is opened with to reach it at `endpoint`. */
  readonly proxies: ReturnType<typeof createXksProxies>;
  /** Adds a configuration; takes the others away when told to. */
  configure(text: string, options?: { readonly alone?: boolean }): ProxyConfiguration;
  /** Another external key. */
  newKey(): Promise<string>;
  /** Stops and starts listening on the same port. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

export async function openXks(holder: KmsUnderTest): Promise<XksUnderTest> {
  const { world } = holder;
  const keys = new Set<string>();
  const newKey = async (): Promise<string> => {
    const made = await holder.ask('CreateKey', {
      KeySpec: 'HMAC_256',
      KeyUsage: 'GENERATE_VERIFY_MAC',
    });
    const id = made.KeyMetadata?.KeyId ?? '';
    keys.add(id);
    return id;
  };
  const key = await newKey();
  const text = newConfiguration('', world);
  const { XksProxyUriPath: path, XksProxyAuthenticationCredential: credential } = JSON.parse(text);
  let configurations = [parseConfiguration(text)];
  const externalKeys = createExternalKeys(askOf(holder), world);
  const lines: string[] = [];
  const log = (line: string) => void lines.push(line);
  const handler = createProxyServer({
    configurations: () => configurations,
    keys,
    externalKeys,
    version: 'under test',
    world,
    log,
  });
  const onFault = (error: unknown): void => {
    throw error;
  };
  const open = (port: number) =>
    listen({ port, host: '127.0.0.1', tls: undefined, handler, onFault });
  let listener = await open(0);
  const connect = new URL(`http://127.0.0.1:${listener.port}`);
  const route = { connect, ca: undefined, timeoutMs: 5_000 };
  const routes = {
    endpoints: new Map([[endpoint, route]]),
    vpcServices: new Map(),
    others: 'none' as const,
  };
  return {
    key,
    path,
    credential,
    externalKeys,
    handler,
    lines,
    proxies: createXksProxies({ routes, world, log }),
    configure: (more, { alone = false } = {}) => {
      const parsed = parseConfiguration(more);
      configurations = alone ? [parsed] : [...configurations, parsed];
      return parsed;
    },
    newKey,
    stop: () => listener.close(),
    start: async () => {
      listener = await open(listener.port);
    },
  };
}

/** KMS as its API answers the proxy, without the wire between. */
function askOf(kms: KmsUnderTest): AskKms {
  return async (operation, { Message, ...input }) => {
    try {
      const message =
        typeof Message === 'string' ? { Message: Buffer.from(Message, 'base64') } : {};
      const answer = (await kms.ask(operation as never, { ...input, ...message } as never)) as {
        Mac?: Buffer;
      };
      return done({ ...answer, Mac: answer.Mac?.toString('base64') });
    } catch (error) {
      const code = (error as { code?: string }).code;
      return failed(
        code === 'NotFoundException'
          ? 'KeyNotFoundException'
          : code === 'DisabledException' || code === 'KMSInvalidStateException'
            ? 'InvalidStateException'
            : 'InternalException',
      );
    }
  };
}

/** One signed request, as it would arrive. */
export function signedRequest(asked: {
  readonly path: string;
  readonly body: object | string;
  readonly credential: Credential;
  readonly method?: string;
  readonly at?: number;
  readonly service?: string;
}): HttpRequest {
  const body = typeof asked.body === 'string' ? asked.body : JSON.stringify(asked.body);
  const method = asked.method ?? 'POST';
  const headers = signRequest({
    method,
    url: `${endpoint}${asked.path}`,
    headers: { 'content-type': 'application/json' },
    body,
    accessKeyId: asked.credential.AccessKeyId,
    secretAccessKey: asked.credential.RawSecretAccessKey,
    region: 'us-east-2',
    service: asked.service ?? 'kms-xks-proxy',
    at: asked.at ?? Date.now(),
  });
  return {
    method,
    target: asked.path,
    headers: new Map(Object.entries(headers)),
    repeated: [],
    body: Buffer.from(body),
    remoteAddress: '192.0.2.1',
    tls: undefined,
  };
}
