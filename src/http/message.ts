/** A request as it came and an answer as it goes: bytes and names, nothing interpreted. */
export interface HttpRequest {
  readonly method: string;
  /**
   * The request target as the client sent it, undecoded: path and query. Signatures cover this
   * form.
   */
  readonly target: string;
  /**
   * Lower-case name → value; a header sent more than once holds its values joined by `,` in order
   * (RFC 9110
   * §5.3).
   */
  readonly headers: ReadonlyMap<string, string>;
  /** Lower-case names of headers that came more than once. */
  readonly repeated: readonly string[];
  readonly body: Buffer;
  readonly remoteAddress: string;
  readonly tls: { readonly version: string; readonly cipherSuite: string } | undefined;
}

export interface HttpResponse {
  readonly status: number;
  /** Names as they go on the wire. Date, Content-Length and Connection are added by http/. */
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>;
  /**
   * A string is UTF-8 text and goes out in one write with the header. An iterable is sent as it
   * comes, until it ends or the client
   * leaves.
   */
  readonly body: string | Buffer | AsyncIterable<string>;
}

export type HttpHandler = (request: HttpRequest) => HttpResponse | Promise<HttpResponse>;
