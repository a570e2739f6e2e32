/** A function's zip archive: checked, and kept as sealed chunks. */
import { sha256 } from '../../crypto/hash.ts';
import { codeBounds } from '../../functions/code-store.ts';
import { faultOf } from '../../functions/zip.ts';
import type { Call } from '../../operation.ts';
import type { Write } from '../../store/engine.ts';
import { newUuid } from '../../uuid.ts';
import type { LambdaContext } from './context.ts';
import {
  codeMissing,
  notRunHere,
  unzipFailed,
  unzippedTooLarge,
  zippedTooLarge,
} from './errors.ts';
import { type CodeFacts, everyEntry, type FunctionRecord, functionId } from './records.ts';

/** Lambda's quota for a direct upload. */
const mostBytes = 50 * 1024 * 1024;
const chunkBytes = 512 * 1024;

export interface GivenCode {
  readonly ZipFile?: Buffer;
  readonly S3Bucket?: string;
  readonly ImageUri?: string;
  readonly SourceKMSKeyArn?: string;
}

export interface NewCode {
  readonly facts: CodeFacts;
  readonly writes: readonly Write[];
}

/** @throws ApiError InvalidParameterValueException, RequestEntityTooLargeException */
export function newCode(context: LambdaContext, call: Call, given: GivenCode): NewCode {
  if (given.S3Bucket !== undefined) throw notRunHere('S3 to take code from; send it as ZipFile');
  if (given.ImageUri !== undefined) throw notRunHere('container images');
  if (given.SourceKMSKeyArn)
    throw notRunHere('keys for code; it is sealed like all that is stored');
  const archive = given.ZipFile;
  if (archive === undefined || archive.length === 0) throw codeMissing();
  if (archive.length > mostBytes) throw zippedTooLarge(mostBytes);
  const fault = faultOf(archive, codeBounds);
  if (fault === 'too-large') throw unzippedTooLarge(codeBounds.totalBytes);
  if (fault === 'unreadable') throw unzipFailed();
  const codeId = newUuid(call.world);
  const writes: Write[] = [];
  for (let at = 0, i = 0; at < archive.length; at += chunkBytes, i++) {
    const data = archive.subarray(at, at + chunkBytes).toString('base64');
    writes.push(...context.records.chunks.insert(chunkId(codeId, i), { data }));
  }
  const digest = sha256(archive).toString('base64');
  return { facts: { codeId, sha256: digest, sizeBytes: archive.length }, writes };
}

const chunkId = (codeId: string, i: number): string => `${codeId}/${String(i).padStart(4, '0')}`;

/** The archive, whole. */
export async function readCode({ records }: LambdaContext, code: CodeFacts): Promise<Buffer> {
  const chunks = await everyEntry(records.chunks, `${code.codeId}/`);
  const archive = Buffer.concat(chunks.map(({ value }) => Buffer.from(value.data, 'base64')));
  if (archive.length !== code.sizeBytes)
    throw new Error(`the code ${code.codeId} is not there as a whole`);
  return archive;
}

/** What takes this code away, unless a published version still has it; `but` goes itself. */
export async function dropCode(
  context: LambdaContext,
  record: FunctionRecord,
  { codeId }: CodeFacts,
  but?: string,
): Promise<readonly Write[]> {
  const { records } = context;
  const versions = await everyEntry(records.versions, `${functionId(record, record.name)}/`);
  const isInUse = versions.some(
    ({ value }) => value.code.codeId === codeId && value.version !== but,
  );
  return isInUse ? [] : removeCode(context, codeId);
}

export async function removeCode(
  { records }: LambdaContext,
  codeId: string,
): Promise<readonly Write[]> {
  const chunks = await everyEntry(records.chunks, `${codeId}/`);
  return chunks.flatMap((chunk) => records.chunks.remove(chunk));
}
