/** What a function is to whoever runs it, and what running it gives. */

/** Of the execution role, for as long as they last. */
export interface RoleCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** ms since 1970, by the product's clock. */
  readonly expiresAt: number;
}

export interface Setting {
  /** The function's own variables, in clear. */
  readonly variables: Readonly<Record<string, string>>;
  readonly credentials: RoleCredentials;
}

export interface FunctionSpec {
  /** Another text for any other code or configuration: a process runs for one key only. */
  readonly key: string;
  /** Without a qualifier. */
  readonly arn: string;
  readonly name: string;
  /** `$LATEST` or a number. */
  readonly version: string;
  readonly region: string;
  /** `nodejs24.x` */
  readonly runtime: string;
  /** `index.handler` */
  readonly handler: string;
  readonly memoryBytes: number;
  /** What its processes may write to their folder. */
  readonly storageBytes: number;
  readonly timeoutMs: number;
  readonly logGroup: string;
  /** Identifies the code alone, so that one unpacked copy serves several keys. */
  readonly codeId: string;
  /** The zip archive; asked for when there is no unpacked copy. */
  readonly code: () => Promise<Buffer>;
  /** What a process is given at its start. */
  readonly setting: () => Promise<Setting>;
  /** How many invocations may run at once. */
  readonly concurrency: number;
}

export interface Invocation {
  readonly requestId: string;
  /** JSON text. */
  readonly payload: Buffer;
  /** With the qualifier that the caller named. */
  readonly invokedArn: string;
  /** JSON text. */
  readonly clientContext: string | undefined;
}

/** How an invocation ended. `log` is what it printed, the last 4 KiB. */
export type InvocationResult =
  | { readonly kind: 'answered'; readonly payload: Buffer; readonly log: string }
  /** The function failed, or was ended; `payload` is AWS's JSON of the error. */
  | { readonly kind: 'failed'; readonly payload: Buffer; readonly log: string }
  /** Not run: as many as may run at once are running. */
  | { readonly kind: 'busy'; readonly bound: 'function' | 'node' }
  /** The machine has no program for it, or its process can't be started. */
  | { readonly kind: 'cannot-run'; readonly text: string }
  /** Its archive can't be unpacked. */
  | { readonly kind: 'bad-code'; readonly text: string };

/** The function can't be run here; the text says why. */
export class CannotRun extends Error {
  override name = 'CannotRun';
}
