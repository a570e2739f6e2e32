/**
 * What the generated models are made of: AWS's shapes and constraints, in the form the wire and the
 * audit read.
 */

export type Shape =
  | StringShape
  | BlobShape
  | NumberShape
  | BooleanShape
  | TimestampShape
  | ListShape
  | MapShape
  | StructureShape
  | DocumentShape;

interface ShapeBase {
  /** AWS's shape name. */
  readonly name: string;
  /** Never printed, logged or recorded. */
  readonly sensitive?: true;
}
export interface StringShape extends ShapeBase {
  readonly type: 'string';
  readonly min?: number;
  readonly max?: number;
  /** AWS's pattern, as AWS prints it. */
  readonly pattern?: string;
  /** What the service says of a value that breaks the pattern, in a sentence of its own. */
  readonly refusal?: string;
  /** In the order in which AWS prints it. */
  readonly enum?: readonly string[];
  /** What a request may say where that differs from what AWS prints (models/departures.json). */
  readonly accepts?: readonly string[];
}
export interface BlobShape extends ShapeBase {
  readonly type: 'blob';
  readonly min?: number;
  readonly max?: number;
}
export interface NumberShape extends ShapeBase {
  readonly type: 'integer' | 'long' | 'float' | 'double';
  readonly min?: number;
  readonly max?: number;
}
export interface BooleanShape extends ShapeBase {
  readonly type: 'boolean';
}
export interface TimestampShape extends ShapeBase {
  readonly type: 'timestamp';
}
export interface ListShape extends ShapeBase {
  readonly type: 'list';
  readonly member: Shape;
  readonly min?: number;
  readonly max?: number;
}
export interface MapShape extends ShapeBase {
  readonly type: 'map';
  readonly key: Shape;
  readonly value: Shape;
  readonly min?: number;
  readonly max?: number;
}
export interface StructureShape extends ShapeBase {
  readonly type: 'structure';
  readonly members: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  /** REST: the members that don't travel in the body, and where they do. */
  readonly bindings?: Readonly<Record<string, Binding>>;
  /** REST: the member that is the whole body. */
  readonly payload?: string;
}
/** Any JSON value. */
export interface DocumentShape extends ShapeBase {
  readonly type: 'document';
}

/** What a document holds, in TypeScript's words. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

/** A member's place in a REST request or answer. */
export interface Binding {
  /** `statusCode` is in answers only. */
  readonly location: 'uri' | 'querystring' | 'header' | 'statusCode';
  /** Its name there: of the label in the path, the parameter or the header. */
  readonly name: string;
}

export interface ErrorModel {
  readonly code: string;
  readonly httpStatus: number;
  readonly senderFault: boolean;
  /** REST-JSON: the body's member that holds the text, where it is not `message`. */
  readonly textMember?: 'Message';
  /** REST-JSON: the body says whose fault it is, in a member `Type`. */
  readonly hasType?: true;
}

export interface OperationModel {
  readonly name: string;
  readonly input: StructureShape | undefined;
  readonly output: StructureShape | undefined;
  /** REST: what a request for it looks like, and the status of an answer that names none. */
  readonly http?: HttpBinding;
  /** Query protocol: the element around the output. */
  readonly resultWrapper?: string;
  /** AWS takes it without a signature (`sts:AssumeRoleWithWebIdentity`). */
  readonly unsigned?: true;
}

export interface HttpBinding {
  readonly method: string;
  /** `/2015-03-31/functions/{FunctionName}`; a label `{Key+}` takes the rest of the path. */
  readonly path: string;
  readonly status: number;
}

export interface ServiceModel {
  /**
   * Our folder name and AWS's endpoint prefix: `kms`, `sts`. Also the IAM action prefix and, unless
   * `signingName` says otherwise, the signing name.
   */
  readonly service: string;
  readonly signingName?: string;
  readonly apiVersion: string;
  readonly protocol: 'json-1.1' | 'query' | 'rest-json';
  /** JSON: what stands before the dot in X-Amz-Target. */
  readonly targetPrefix?: string;
  /** Texts about wrong input name the member and the constraint only. */
  readonly printsValues?: false;
  /** Query: the namespace of answers. */
  readonly xmlNamespace?: string;
  readonly operations: ReadonlyMap<string, OperationModel>;
  /** By code as on the wire. Errors that are not here have the protocol's default status. */
  readonly errors: ReadonlyMap<string, ErrorModel>;
}
