/** What Lambda stores: functions, published versions, aliases, code, and what waits to run. */
import type { Architecture, Runtime } from '../../model/lambda.generated.ts';
import type { Collection, Entry, Store } from '../../store/store.ts';

/** Where a function is. */
export interface Place {
  readonly account: string;
  readonly region: string;
  readonly partition: string;
}

export interface FunctionRecord extends Place {
  readonly name: string;
  readonly latest: VersionRecord;
  /** The number of the last version that was published; 0 for none. None is used again. */
  readonly lastVersion: number;
  readonly tags: Readonly<Record<string, string>>;
  /** By qualifier, '' for the function itself. */
  readonly policies: Readonly<Record<string, PolicyRecord>>;
  readonly reservedConcurrency?: number;
  /** By qualifier, `$LATEST` for the function itself. */
  readonly invokeConfigs: Readonly<Record<string, InvokeConfigRecord>>;
}

/** Code and configuration: `$LATEST`, or a published version, which never changes. */
export interface VersionRecord {
  /** `$LATEST`, `1`, `2` … */
  readonly version: string;
  readonly description: string;
  readonly role: string;
  readonly runtime: Runtime;
  readonly handler: string;
  readonly timeoutSeconds: number;
  readonly memoryMegabytes: number;
  readonly storageMegabytes: number;
  readonly architecture: Architecture;
  readonly logGroup: string;
  readonly environment?: SealedEnvironment;
  /** As it was given; undefined: Lambda's own key. */
  readonly kmsKeyArn?: string;
  readonly code: CodeFacts;
  readonly revisionId: string;
  /** ms since 1970 */
  readonly modifiedAt: number;
}

/** A function's variables, encrypted by KMS under the function's ARN as context. */
export interface SealedEnvironment {
  /** base64 */
  readonly ciphertext: string;
  /** The grant by which the execution role decrypts it, where the key is the customer's. */
  readonly grant?: { readonly id: string; readonly keyArn: string };
}

export interface CodeFacts {
  /** What its chunks are found by. */
  readonly codeId: string;
  /** base64 */
  readonly sha256: string;
  readonly sizeBytes: number;
}

export interface PolicyRecord {
  /** The document as GetPolicy answers it. */
  readonly text: string;
  /** Unique ids of the users and roles that it names, by the ARNs that they had. */
  readonly principalIds: Readonly<Record<string, string>>;
  readonly revisionId: string;
}

export interface AliasRecord {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  /** Version → its share of invocations, 0 to 1. */
  readonly routing: Readonly<Record<string, number>>;
  readonly revisionId: string;
}

export interface InvokeConfigRecord {
  readonly maximumRetryAttempts?: number;
  readonly maximumEventAgeSeconds?: number;
  readonly modifiedAt: number;
}

/** A piece of a zip archive, base64. */
export interface CodeChunk {
  readonly data: string;
}

/** An invocation that nobody waits for. Times are ms since 1970. */
export interface EventRecord extends Place {
  readonly name: string;
  /** As the caller named it, '' for none. */
  readonly qualifier: string;
  readonly requestId: string;
  /** base64 of JSON text */
  readonly payload: string;
  readonly clientContext?: string;
  readonly receivedAt: number;
  /** How often it has been tried. */
  readonly attempts: number;
  /** When it is tried next; while it runs, when it is taken for lost. */
  readonly dueAt: number;
}

/** Grants that no function needs any more. */
export interface RetiredGrant {
  readonly keyArn: string;
  readonly grantId: string;
  readonly account: string;
}

export type FunctionEntry = Entry<FunctionRecord>;

export interface LambdaRecords {
  readonly functions: Collection<FunctionRecord>;
  readonly versions: Collection<VersionRecord>;
  readonly aliases: Collection<AliasRecord>;
  readonly chunks: Collection<CodeChunk>;
  readonly events: Collection<EventRecord>;
  readonly retiredGrants: Collection<RetiredGrant>;
}

export function openRecords(store: Store): LambdaRecords {
  return {
    functions: store.collection({ path: 'lambda/functions' }),
    versions: store.collection({ path: 'lambda/versions' }),
    aliases: store.collection({ path: 'lambda/aliases' }),
    // Read once for each unpacked copy; no cache is worth their size.
    chunks: store.collection({ path: 'lambda/code', cacheEntries: 0 }),
    events: store.collection({
      path: 'lambda/events',
      indexes: { due: (id, { dueAt }) => [`${dueKey(dueAt)}/${id}`] },
      cacheEntries: 0,
    }),
    retiredGrants: store.collection({ path: 'lambda/retired-grants', cacheEntries: 0 }),
  };
}

/** Sorts as the times do. */
export const dueKey = (at: number): string => String(Math.max(0, Math.floor(at))).padStart(16, '0');

export const placeId = ({ account, region }: Pick<Place, 'account' | 'region'>): string =>
  `${account}/${region}/`;

export const functionId = (place: Pick<Place, 'account' | 'region'>, name: string): string =>
  `${placeId(place)}${name}`;

/** Sorts as the numbers do. */
export const versionId = (record: FunctionRecord, version: string): string =>
  `${functionId(record, record.name)}/${version.padStart(10, '0')}`;

export const aliasId = (record: FunctionRecord, name: string): string =>
  `${functionId(record, record.name)}/${name}`;

/** All of a collection below a prefix. */
export async function everyEntry<T>(
  collection: Collection<T>,
  prefix: string,
): Promise<Entry<T>[]> {
  const found: Entry<T>[] = [];
  let after: string | undefined;
  do {
    const page = await collection.page({
      prefix,
      limit: 500,
      ...(after === undefined ? {} : { after }),
    });
    found.push(...page.entries);
    after = page.next;
  } while (after !== undefined);
  return found;
}
