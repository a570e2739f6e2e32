/** API destinations as targets: authorized, let in, and not called more often than they allow. */
import { ApiError } from '../../api-error.ts';
import type { Principal } from '../../operation.ts';
import { apiDestinationArn, connectionOf, destinationId } from './api-destinations.ts';
import type { Credentials } from './connection-input.ts';
import { connectionArn } from './connections.ts';
import type { EventsContext } from './context.ts';
import { refused } from './deliver.ts';
import type { ApiDestination, Connection } from './destination.ts';
import { eventRequest, type Token, tokenOf, tokenRequest } from './endpoint-request.ts';
import type { Place } from './names.ts';
import type { OutgoingResult } from './outgoing.ts';
import type { Delivery } from './records.ts';
import type { Attempt } from './retry.ts';
import type { RoleSessions } from './role.ts';

/** EventBridge waits so long. */
const timeoutMs = 5_000;
/** So long what Secrets Manager told is used without asking again. */
const credentialsMs = 60_000;
/** A token that ends sooner is not begun with. */
const spareMs = 30_000;
const maxKept = 1_000;
/** How often and when a token is asked for before the connection counts as deauthorized. */
const maxTries = 4;
const triesApartMs = 30_000;
const longestRetryAfterMs = 60 * 60_000;

interface Kept<T> {
  readonly value: T;
  readonly until: number;
}

export class Endpoints {
  readonly #context: EventsContext;
  readonly #roles: RoleSessions;
  readonly #credentials = new Map<string, Kept<Credentials>>();
  readonly #tokens = new Map<string, Kept<string>>();
  /** When the next request may go to a destination, in monotonic ms. */
  readonly #turns = new Map<string, number>();

  constructor(context: EventsContext, roles: RoleSessions) {
    this.#context = context;
    this.#roles = roles;
  }

  send = async (delivery: Delivery, input: string): Promise<Attempt> => {
    const destination = await this.#destinationOf(delivery.target.Arn);
    if (destination === undefined)
      return refused('NO_RESOURCE', `There is no API destination ${delivery.target.Arn}.`);
    if (!(await this.#isAllowed(delivery, destination)))
      return refused(
        'NO_PERMISSIONS',
        `The role of the target may not do events:InvokeApiDestination on ${delivery.target.Arn}.`,
      );
    const connection = await connectionOf(this.#context, destination.connectionArn);
    if (connection?.state !== 'AUTHORIZED') {
      const message = `The connection ${destination.connectionArn} is not authorized.`;
      return { kind: 'failed', code: 'CONNECTION_NOT_AUTHORIZED', message };
    }
    const waitMs = this.#waitMs(destination);
    if (waitMs > 0) return { kind: 'postponed', waitMs };
    return this.#sendTo(destination, connection, { delivery, input });
  };

  async #sendTo(
    destination: ApiDestination,
    connection: Connection,
    { delivery, input }: { readonly delivery: Delivery; readonly input: string },
  ): Promise<Attempt> {
    const credentials = await this.#credentialsOf(connection);
    const { type } = connection.authorization;
    const isAsked = type === 'OAUTH_CLIENT_CREDENTIALS';
    const token = isAsked ? await this.#tokenOf(connection, credentials) : undefined;
    if (credentials === undefined || (isAsked && token === undefined))
      return {
        kind: 'failed',
        code: 'CONNECTION_NOT_AUTHORIZED',
        message:
          credentials === undefined
            ? 'The secret of the connection can not be read.'
            : 'The authorization endpoint gave no token.',
      };
    const parameters = delivery.target.HttpParameters;
    const request = eventRequest(destination, { input, parameters, type, credentials, token });
    if (request === undefined)
      return refused('SDK_CLIENT_ERROR', 'What the connection or the target adds is no header.');
    const result = await this.#context.ports.http.send({ ...request, timeoutMs });
    // What was wrong this time may be right with what is read again.
    if (result.kind === 'answered' && (result.status === 401 || result.status === 407)) {
      this.#credentials.delete(versionOf(connection));
      this.#tokens.delete(versionOf(connection));
    }
    return attemptOf(result);
  }

  async #destinationOf(arn: string): Promise<ApiDestination | undefined> {
    const [, , , region, account, path = ''] = arn.split(':');
    const place = { account, region, partition: '' } as Place;
    const id = destinationId(place, path.split('/')[1] ?? '');
    const entry = await this.#context.records.destinations.get(id);
    return entry !== undefined && apiDestinationArn(entry.value) === arn ? entry.value : undefined;
  }

  #isAllowed({ rule, target }: Delivery, destination: ApiDestination): Promise<boolean> {
    return this.#roles.isAllowed(
      { arn: target.RoleArn ?? '', rule },
      {
        action: 'events:InvokeApiDestination',
        region: destination.region,
        resource: {
          arn: apiDestinationArn(destination),
          account: destination.account,
          type: 'AWS::Events::ApiDestination',
        },
      },
    );
  }

  /**
   * Takes a turn, or tells how long until the next one; a second's turns may be taken at once. Each
   * node counts for itself.
   */
  #waitMs(destination: ApiDestination): number {
    const arn = apiDestinationArn(destination);
    const now = this.#context.ports.world.monotonic();
    const turn = Math.max(this.#turns.get(arn) ?? 0, now - 1000);
    if (turn > now) return Math.ceil(turn - now);
    if (this.#turns.size >= maxKept) this.#turns.clear();
    this.#turns.set(arn, turn + 1000 / destination.ratePerSecond);
    return 0;
  }

  /**
   * Read as the connection's account, through EventBridge. Undefined: the secret, or its key, is
   * gone or closed.
   */
  async #credentialsOf(connection: Connection): Promise<Credentials | undefined> {
    const { ports } = this.#context;
    const now = ports.world.now();
    const known = this.#credentials.get(versionOf(connection));
    if (known !== undefined && known.until > now) return known.value;
    const value = await this.#readSecret(connection);
    if (value === undefined) return undefined;
    keep(this.#credentials, versionOf(connection), { value, until: now + credentialsMs });
    return value;
  }

  async #readSecret(connection: Connection): Promise<Credentials | undefined> {
    try {
      const { SecretString } = (await this.#context.ports.perform({
        principal: accountPrincipal(connection),
        region: connection.region,
        service: 'secretsmanager',
        operation: 'GetSecretValue',
        input: { SecretId: connection.secretArn },
        via: ['events.amazonaws.com'],
      })) as { readonly SecretString: string };
      return JSON.parse(SecretString) as Credentials;
    } catch (error) {
      if (error instanceof ApiError) return undefined;
      throw error;
    }
  }

  async #tokenOf(
    connection: Connection,
    credentials: Credentials | undefined,
  ): Promise<string | undefined> {
    if (credentials === undefined) return undefined;
    const { ports } = this.#context;
    const known = this.#tokens.get(versionOf(connection));
    if (known !== undefined && known.until > ports.world.now()) return known.value;
    const token = await this.#askForToken(credentials);
    if (token === undefined) return undefined;
    const until = ports.world.now() + Math.max(0, token.lifeMs - spareMs);
    keep(this.#tokens, versionOf(connection), { value: token.token, until });
    return token.token;
  }

  async #askForToken(credentials: Credentials): Promise<Token | undefined> {
    const request = tokenRequest(credentials);
    if (request === undefined) return undefined;
    const result = await this.#context.ports.http.send({ ...request, timeoutMs });
    return result.kind === 'answered' && isGood(result.status) ? tokenOf(result.body) : undefined;
  }

  /** Asks for the tokens of connections that are to be authorized. */
  authorizeDue = async (): Promise<void> => {
    const { records, ports } = this.#context;
    const page = await records.connections.pageBy('due', { key: '', limit: 20 });
    for (const entry of page.entries) {
      const { tryAt, tries = 0, ...connection } = entry.value;
      const now = ports.world.now();
      if (tryAt === undefined || tryAt > now) return;
      const credentials = await this.#credentialsOf(entry.value);
      const isLetIn = (await this.#tokenOf(entry.value, credentials)) !== undefined;
      const after: Connection = isLetIn
        ? { ...connection, state: 'AUTHORIZED', authorizedAt: now }
        : tries + 1 < maxTries
          ? { ...connection, tryAt: now + triesApartMs, tries: tries + 1 }
          : {
              ...connection,
              state: 'DEAUTHORIZED',
              stateReason: 'The authorization endpoint gave no access token.',
            };
      await ports.store.commit(records.connections.replace(entry, after));
    }
  };
}

/** What is kept of a connection is good until it changes. */
const versionOf = (connection: Connection): string =>
  `${connectionArn(connection)} ${connection.modifiedAt}`;

function keep<T>(kept: Map<string, Kept<T>>, key: string, value: Kept<T>): void {
  if (kept.size >= maxKept) kept.clear();
  kept.set(key, value);
}

const accountPrincipal = ({ account, partition }: Connection): Principal => ({
  type: 'Root',
  account,
  arn: `arn:${partition}:iam::${account}:root`,
  principalId: account,
  accessKeyId: '',
});

const isGood = (status: number): boolean => status >= 200 && status < 300;
const again: ReadonlySet<number> = new Set([401, 407, 409, 429]);

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html */
function attemptOf(result: OutgoingResult): Attempt {
  if (result.kind === 'forbidden') return refused('FORBIDDEN_ADDRESS', result.reason);
  if (result.kind === 'failed')
    return { kind: 'failed', code: 'CONNECTION_FAILURE', message: result.reason };
  const { status, retryAfter = '' } = result;
  if (isGood(status)) return { kind: 'delivered' };
  const code = `HTTP_${status}`;
  const message = `The endpoint answered with status ${status}.`;
  if (status < 500 && !again.has(status)) return refused(code, message);
  const waitMs = /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) * 1000 : 0;
  return { kind: 'failed', code, message, waitMs: Math.min(waitMs, longestRetryAfterMs) };
}
