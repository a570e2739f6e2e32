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
  | StructureShape;

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
}

export interface ErrorModel {
  readonly code: string;
  readonly httpStatus: number;
  readonly senderFault: boolean;
}

export interface OperationModel {
  readonly name: string;
  readonly input: StructureShape | undefined;
  readonly output: StructureShape | undefined;
  /** Query protocol: the element around the output. */
  readonly resultWrapper?: string;
  /** AWS takes it without a signature (`sts:AssumeRoleWithWebIdentity`). */
  readonly unsigned?: true;
}

export interface ServiceModel {
  /**
   * Our folder name and AWS's endpoint prefix: `kms`, `sts`. Also the IAM action prefix and the
   * signing name.
   */
  readonly service: string;
  readonly apiVersion: string;
  readonly protocol: 'json-1.1' | 'query';
  /** JSON: what stands before the dot in X-Amz-Target. */
  readonly targetPrefix?: string;
  /** Query: the namespace of answers. */
  readonly xmlNamespace?: string;
  readonly operations: ReadonlyMap<string, OperationModel>;
  /** By code as on the wire. Errors that are not here have the protocol's default status. */
  readonly errors: ReadonlyMap<string, ErrorModel>;
}
