/** Requests to HTTP endpoints, as EventBridge needs them of the node that it runs on. */

export interface OutgoingRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly timeoutMs: number;
}

export type OutgoingResult =
  | {
      readonly kind: 'answered';
      readonly status: number;
      /** The header's value, where there is one. */
      readonly retryAfter: string | undefined;
      /** The beginning of it, if it is long. */
      readonly body: string;
    }
  /** Nothing came, or not in time. `reason` tells nothing of what was sent. */
  | { readonly kind: 'failed'; readonly reason: string }
  /** The address is one that this server does not call. */
  | { readonly kind: 'forbidden'; readonly reason: string };

export interface Outgoing {
  readonly send: (request: OutgoingRequest) => Promise<OutgoingResult>;
  /** Why no request may go to such a URL, whatever its name leads to; undefined: it may. */
  readonly urlFault: (url: string) => string | undefined;
}
