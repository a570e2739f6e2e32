/**
 * The XKS proxy API v1 as `sealhold xks` serves it: who signed, what is asked, is it right, then
 * the external keys. Every answer and failure is the specification's.
 */
import type { HttpHandler, HttpRequest, HttpResponse } from '../../http/message.ts';
import { createVerifier } from '../../identity/verify.ts';
import type { World } from '../../world.ts';
import { type Outcome, type ProxyError, proxyErrors } from '../key-store.ts';
import type { ExternalKeys } from './external-keys.ts';
import * as protocol from './protocol.ts';
import type { ProxyConfiguration } from './proxy-configuration.ts';

export interface ProxyServerOptions {
  /** Asked for each request, so that credentials can change while it serves. */
  readonly configurations: () => readonly ProxyConfiguration[];
  /** The KMS keys that are external keys here, by their ids; others are not found. */
  readonly keys: ReadonlySet<string>;
  readonly externalKeys: ExternalKeys;
  /** What stands in the health answer. */
  readonly version: string;
  readonly world: World;
  /** One line a request; nothing of what was encrypted is in it. */
  readonly log: (line: string) => void;
}

type Members = Readonly<Record<string, unknown>>;
type Answer = Outcome<object, ProxyError>;

const fail = (failure: ProxyError): Answer => ({ kind: 'failed', failure });
const answer = (value: object): Answer => ({ kind: 'done', value });

/** `GET /ping` is for load balancers and says that the process serves, no more. */
export function createProxyServer(options: ProxyServerOptions): HttpHandler {
  const { configurations, world } = options;
  const verify = createVerifier({
    accessKeys: {
      find: (id) =>
        configurations().find(({ accessKey }) => accessKey.accessKeyId === id)?.accessKey,
    },
    world,
    services: new Set([protocol.signingService]),
  });
  return async (request) => {
    if (request.target === '/ping' && request.method === 'GET') return ping;
    if (request.method !== 'POST') return methodNotAllowed;
    // JSON's form of the claim has the five minutes that the specification allows a clock.
    const claim = { protocol: 'json-1.1', service: protocol.signingService } as const;
    const identified = await verify(request, claim);
    if (identified.kind === 'refused') {
      options.log(`Refused a request from ${request.remoteAddress}: ${identified.error.code}`);
      return encoded(fail('AuthenticationFailedException'));
    }
    const begun = world.monotonic();
    const told = await perform(request, identified.principal.accessKeyId, options);
    const tookMs = (world.monotonic() - begun).toFixed(1);
    const outcome = told.answer.kind === 'done' ? 'ok' : told.answer.failure;
    options.log(`${told.what}: ${outcome} in ${tookMs} ms`);
    return encoded(told.answer);
  };
}

interface Told {
  readonly answer: Answer;
  /** For the log. */
  readonly what: string;
}

async function perform(
  request: HttpRequest,
  accessKeyId: string,
  options: ProxyServerOptions,
): Promise<Told> {
  const configuration = options
    .configurations()
    .find(({ accessKey }) => accessKey.accessKeyId === accessKeyId);
  const base = configuration?.path ?? protocol.apiPath;
  const isBelow = request.target.startsWith(`${base}/`);
  const asked = isBelow ? protocol.parsePath(request.target.slice(base.length)) : undefined;
  if (asked === undefined) return { answer: fail('InvalidUriPathException'), what: 'unknown path' };
  const body = protocol.parseBody(request.body);
  const needs = asked.action === 'health' ? [] : (['awsPrincipalArn'] as const);
  const metadata = body && protocol.readRequestMetadata(body, needs);
  if (body === undefined || metadata === undefined)
    return { answer: fail('ValidationException'), what: asked.action };
  const agent = agentOf(metadata);
  if (asked.action === 'health')
    return { answer: answer(await health(options, agent)), what: `health ${agent}` };
  const what = `${asked.action} ${asked.key} for ${shown(metadata.awsPrincipalArn ?? '')} ${agent}`;
  if (!options.keys.has(asked.key)) return { answer: fail('KeyNotFoundException'), what };
  return { answer: await use(options.externalKeys, asked, { body, agent }), what };
}

/** What the trail of the KMS behind us shows as the user agent, to be matched with the caller's. */
const agentOf = ({ kmsOperation, kmsRequestId }: protocol.RequestMetadata): string =>
  `sealhold-xks kmsOperation=${shown(kmsOperation)} kmsRequestId=${shown(kmsRequestId)}`;

/** Printable and short, whatever it was. */
const shown = (text: string): string => text.slice(0, 128).replace(/[^\x21-\x7e]/g, '?');

async function use(
  keys: ExternalKeys,
  asked: { readonly action: protocol.Action; readonly key: string },
  { body, agent }: { readonly body: Members; readonly agent: string },
): Promise<Answer> {
  if (asked.action === 'metadata') return keys.metadata(asked.key, agent);
  return asked.action === 'encrypt'
    ? encrypt(keys, asked.key, { body, agent })
    : decrypt(keys, asked.key, { body, agent });
}

/**
 * An integrity value promises that the ciphertext will decrypt: it is computed first, then the
 * ciphertext is decrypted, in the order of the specification's appendix C.
 */
async function encrypt(
  keys: ExternalKeys,
  key: string,
  { body, agent }: { readonly body: Members; readonly agent: string },
): Promise<Answer> {
  const request = protocol.readEncryptRequest(body);
  if (request === undefined) return fail('ValidationException');
  const { aad, plaintext } = request;
  const made = await keys.encrypt(key, { plaintext, aad }, agent);
  if (made.kind === 'failed') return made;
  const members = protocol.ciphertextMembers(made.value);
  if (!request.wantsIntegrityValue) return answer(members);
  const value = protocol.integrityValue(made.value, aad).toString('base64');
  const opened = await keys.decrypt(key, { ...made.value, aad }, agent);
  if (opened.kind === 'failed') return opened;
  const isRight = opened.value.equals(plaintext);
  opened.value.fill(0);
  if (!isRight) return fail('InternalException');
  return answer({ ...members, ciphertextDataIntegrityValue: value });
}

async function decrypt(
  keys: ExternalKeys,
  key: string,
  { body, agent }: { readonly body: Members; readonly agent: string },
): Promise<Answer> {
  const request = protocol.readDecryptRequest(body);
  if (request === undefined) return fail('ValidationException');
  const opened = await keys.decrypt(key, request, agent);
  if (opened.kind === 'failed') return opened;
  const plaintext = opened.value.toString('base64');
  opened.value.fill(0);
  return answer({ plaintext });
}

async function health({ externalKeys, version }: ProxyServerOptions, agent: string) {
  const isAvailable = await externalKeys.isAvailable(agent);
  return {
    xksProxyFleetSize: 1,
    xksProxyVendor: 'Sealhold',
    xksProxyModel: `Sealhold XKS proxy ${version}`,
    ekmVendor: 'Sealhold',
    ekmFleetDetails: [
      { id: 'kms', model: 'Sealhold KMS', healthStatus: isAvailable ? 'ACTIVE' : 'UNAVAILABLE' },
    ],
  };
}

const json = [['Content-Type', 'application/json']] as const;
const ping: HttpResponse = {
  status: 200,
  headers: [['Content-Type', 'text/plain']],
  body: 'pong\n',
};
const methodNotAllowed: HttpResponse = {
  status: 405,
  headers: [['Allow', 'POST'], ...json],
  body: '',
};

function encoded(told: Answer): HttpResponse {
  return told.kind === 'done'
    ? { status: 200, headers: json, body: JSON.stringify(told.value) }
    : {
        status: proxyErrors[told.failure],
        headers: json,
        body: JSON.stringify({ errorName: told.failure }),
      };
}
