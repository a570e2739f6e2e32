/** Connections and API destinations: HTTP endpoints that events go to, and how they are let in. */
import type { Place } from './names.ts';

export type AuthorizationType = 'BASIC' | 'OAUTH_CLIENT_CREDENTIALS' | 'API_KEY';
export type ConnectionState =
  | 'AUTHORIZED'
  | 'AUTHORIZING'
  | 'DEAUTHORIZED'
  | 'DEAUTHORIZING'
  | 'DELETING';

/** A header, a query parameter or a member of the body that goes with each request. */
export interface Extra {
  readonly key: string;
  /** Undefined: it is secret and lies with the credentials. */
  readonly value?: string;
}

export interface Extras {
  readonly headers?: readonly Extra[];
  readonly query?: readonly Extra[];
  readonly body?: readonly Extra[];
}

export interface Connection extends Place {
  readonly name: string;
  /** The last part of its ARN. */
  readonly id: string;
  readonly description?: string;
  readonly state: ConnectionState;
  readonly stateReason?: string;
  readonly authorization: Authorization;
  readonly extras?: Extras;
  /** The secret in Secrets Manager that holds what is secret; gone when it is deauthorized. */
  readonly secretArn?: string;
  readonly kmsKeyId?: string;
  readonly createdAt: number;
  readonly modifiedAt: number;
  readonly authorizedAt: number;
  /** When to ask for a token, while it is being authorized. */
  readonly tryAt?: number;
  readonly tries?: number;
}

/** What of the credentials is shown. */
export type Authorization =
  | { readonly type: 'BASIC'; readonly userName: string }
  | { readonly type: 'API_KEY'; readonly keyName: string }
  | {
      readonly type: 'OAUTH_CLIENT_CREDENTIALS';
      readonly clientId: string;
      readonly endpoint: string;
      readonly method: 'GET' | 'POST' | 'PUT';
      readonly extras?: Extras;
    };

export interface ApiDestination extends Place {
  readonly name: string;
  readonly id: string;
  readonly description?: string;
  readonly connectionArn: string;
  readonly endpoint: string;
  readonly method: 'POST' | 'GET' | 'HEAD' | 'OPTIONS' | 'PUT' | 'PATCH' | 'DELETE';
  readonly ratePerSecond: number;
  readonly createdAt: number;
  readonly modifiedAt: number;
}
