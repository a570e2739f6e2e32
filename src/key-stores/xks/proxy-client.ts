/**
 * An external key store as KMS uses it: signed requests to its proxy, each within its time, each
 * answer checked before anything of it is believed.
 */
import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import { signRequest } from '../../identity/sign.ts';
import { sealSecret } from '../../identity/sigv4.ts';
import type { World } from '../../world.ts';
import {
  type Cause,
  done,
  failed,
  type Outcome,
  type XksFailure,
  type XksProxies,
  type XksStore,
} from '../key-store.ts';
import * as protocol from './protocol.ts';
import { type ProxyRoutes, type Route, routeTo } from './proxy-routes.ts';
import { AddressNotAllowed, isPublicAddress, lookUpPublic } from './reachable-address.ts';

type Members = Readonly<Record<string, unknown>>;
type Answer = Outcome<Members, XksFailure>;

/** The proxies that `routes` let this server reach. `log` learns why one is out of reach. */
export function createXksProxies(options: {
  readonly routes: ProxyRoutes;
  readonly world: World;
  readonly log: (line: string) => void;
}): XksProxies {
  const { routes, world, log } = options;
  return {
    hasService: (service) => routes.vpcServices.has(service.toLowerCase()),
    open: ({ address, accessKeyId, secretAccessKey }) => {
      const route = routeTo(routes, address);
      if (route === undefined) {
        if (address.vpcService !== undefined) return outOfReach('SERVICE_NOT_FOUND');
        return outOfReach('UNREACHABLE', () =>
          log(`External key store proxy ${address.endpoint}: --xks does not name it.`),
        );
      }
      const { endpoint, path } = address;
      const secret = sealSecret(secretAccessKey);
      const credential = { accessKeyId, secret };
      return new ProxyClient({ endpoint, path, route, credential, world, log });
    },
  };
}

/** A store that can't be reached fails as one whose proxy is gone. */
function outOfReach(failure: XksFailure, tell: () => void = () => undefined): XksStore {
  const fail = async () => {
    tell();
    return failed(failure);
  };
  return {
    encrypt: fail,
    decrypt: fail,
    health: fail,
    metadata: fail,
    close: async () => undefined,
  };
}

interface ClientOptions {
  readonly endpoint: string;
  readonly path: string;
  readonly route: Route & { readonly publicOnly: boolean };
  readonly credential: {
    readonly accessKeyId: string;
    readonly secret: ReturnType<typeof sealSecret>;
  };
  readonly world: World;
  readonly log: (line: string) => void;
}

class ProxyClient implements XksStore {
  readonly #options: ClientOptions;
  readonly #agent: http.Agent;

  constructor(options: ClientOptions) {
    this.#options = options;
    const { connect } = options.route;
    const keep = { keepAlive: true, maxSockets: 64, maxFreeSockets: 8 };
    this.#agent = connect?.protocol === 'http:' ? new http.Agent(keep) : new https.Agent(keep);
  }

  async encrypt(key: string, message: { plaintext: Buffer; aad: Buffer }, cause: Cause) {
    const body = protocol.encryptBody(metadataOf(cause), message);
    const answer = await this.#ask(`/keys/${key}/encrypt`, body, cause);
    return read(answer, (members) => protocol.readEncryptAnswer(members, message));
  }

  async decrypt(key: string, message: Parameters<XksStore['decrypt']>[1], cause: Cause) {
    const body = protocol.decryptBody(metadataOf(cause), message);
    const answer = await this.#ask(`/keys/${key}/decrypt`, body, cause);
    return read(answer, (members) => protocol.readDecryptAnswer(members, message));
  }

  async metadata(key: string, cause: Cause) {
    const body = { requestMetadata: metadataOf(cause) };
    const answer = await this.#ask(`/keys/${key}/metadata`, body, cause);
    return read(answer, protocol.readMetadataAnswer);
  }

  async health(cause: Cause): Promise<Outcome<undefined, XksFailure>> {
    const { requestId, operation } = cause;
    const body = { requestMetadata: { kmsRequestId: requestId, kmsOperation: operation } };
    const status = read(await this.#ask('/health', body, cause), protocol.readHealthAnswer);
    if (status.kind === 'failed') return status;
    return status.value.isAvailable ? done(undefined) : failed('MANAGERS_UNAVAILABLE');
  }

  async close(): Promise<void> {
    this.#agent.destroy();
  }

  async #ask(path: string, content: object, cause: Cause): Promise<Answer> {
    const { endpoint, path: base, credential, world, route } = this.#options;
    const body = Buffer.from(JSON.stringify(content));
    const headers = signRequest({
      method: 'POST',
      url: `${endpoint}${base}${path}`,
      headers: { 'content-type': 'application/json' },
      body,
      accessKeyId: credential.accessKeyId,
      secretAccessKey: credential.secret,
      region: cause.region,
      service: protocol.signingService,
      at: world.machineNow(),
    });
    const signal = AbortSignal.timeout(route.timeoutMs);
    const request = { path: `${base}${path}`, headers, body, signal };
    const sent = await this.#send(request);
    // A kept connection that the proxy closed at this moment: nobody has read the request.
    const answer = sent === 'stale' ? await this.#send(request) : sent;
    return answer === 'stale' ? failed('UNREACHABLE') : answer;
  }

  #send(sent: Request): Promise<Answer | 'stale'> {
    const { endpoint, route } = this.#options;
    const { promise, resolve } = Promise.withResolvers<Answer | 'stale'>();
    const { hostname } = new URL(endpoint);
    const isPlain = route.connect?.protocol === 'http:';
    if (route.publicOnly && isIP(hostname) !== 0 && !isPublicAddress(hostname))
      return Promise.resolve(failed('UNREACHABLE'));
    const request = (isPlain ? http : https).request({
      method: 'POST',
      agent: this.#agent,
      host: route.connect?.hostname.replace(/^\[|\]$/g, '') ?? hostname,
      port: route.connect?.port || (isPlain ? 80 : 443),
      path: sent.path,
      headers: { ...sent.headers, 'content-length': String(sent.body.length) },
      signal: sent.signal,
      ...(isPlain ? {} : { servername: hostname, minVersion: 'TLSv1.2' }),
      ...(route.ca === undefined ? {} : { ca: route.ca }),
      ...(route.publicOnly ? { lookup: lookUpPublic } : {}),
    });
    const stage = watchStage(request, isPlain);
    request.on('response', (response) => collect(response, sent.signal, resolve));
    request.on('error', (error) =>
      resolve(sent.signal.aborted ? late(stage()) : this.#failureOf(error, request, stage())),
    );
    request.end(sent.body);
    return promise;
  }

  #failureOf(error: Error, request: http.ClientRequest, stage: Stage): Answer | 'stale' {
    if (request.reusedSocket) return 'stale';
    if (error instanceof AddressNotAllowed)
      this.#options.log(`External key store proxy: ${error.message}; --xks can name it.`);
    return failed(stage === 'securing' ? 'TLS' : 'UNREACHABLE');
  }
}

interface Request {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
  readonly signal: AbortSignal;
}

/** How far a request has come, which says what its failure means. */
type Stage = 'connecting' | 'securing' | 'asking';

function watchStage(request: http.ClientRequest, isPlain: boolean): () => Stage {
  let stage: Stage = 'connecting';
  request.on('socket', (socket) => {
    // A kept connection has all that behind it.
    if (!socket.connecting) stage = 'asking';
    else {
      socket.once('connect', () => {
        stage = isPlain ? 'asking' : 'securing';
      });
      if (!isPlain)
        socket.once('secureConnect', () => {
          stage = 'asking';
        });
    }
  });
  return () => stage;
}

const late = (stage: Stage): Answer => failed(stage === 'connecting' ? 'UNREACHABLE' : 'TIMED_OUT');

/** Reads the whole answer, as far as one of the protocol can go. */
function collect(
  response: http.IncomingMessage,
  signal: AbortSignal,
  resolve: (answer: Answer) => void,
): void {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  response.on('data', (chunk: Buffer) => {
    sizeBytes += chunk.length;
    if (sizeBytes <= protocol.limits.bodyBytes) chunks.push(chunk);
    else {
      resolve(failed('MALFORMED'));
      response.destroy();
    }
  });
  response.on('error', () => resolve(failed(signal.aborted ? 'TIMED_OUT' : 'UNREACHABLE')));
  response.on('end', () => {
    const body = protocol.parseBody(Buffer.concat(chunks));
    if (body === undefined) resolve(failed('MALFORMED'));
    else if (response.statusCode === 200) resolve(done(body));
    else resolve(failed(protocol.readErrorAnswer(body) ?? 'MALFORMED'));
  });
}

function read<T>(
  answer: Answer,
  reader: (members: Members) => T | undefined,
): Outcome<T, XksFailure> {
  if (answer.kind === 'failed') return answer;
  const value = reader(answer.value);
  return value === undefined ? failed('MALFORMED') : done(value);
}

const metadataOf = (cause: Cause): object => ({
  awsPrincipalArn: cause.principalArn,
  ...(cause.keyArn === undefined ? {} : { kmsKeyArn: cause.keyArn }),
  kmsOperation: cause.operation,
  kmsRequestId: cause.requestId,
  ...(cause.viaService === undefined ? {} : { kmsViaService: cause.viaService }),
});
