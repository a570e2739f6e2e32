/**
 * What every wire protocol does: it reads a claimed request into an operation's input, and gives
 * answers and errors their form.
 */
import type { HttpResponse } from '../http/message.ts';
import type { OperationModel, ServiceModel } from '../model/schema.ts';

/** What a request asks for, once the wire has recognised it. */
export interface Target {
  readonly model: ServiceModel;
  readonly operation: OperationModel;
}

/** A recognised request. Its fields are not looked at before its signature has been. */
export interface ClaimedOperation extends Target {
  readonly kind: 'operation';
  /** The model's name: `kms`. */
  readonly service: string;
  readonly protocol: Protocol;
  /**
   * The request as its protocol parsed it, once: a JSON object, the tree of query parameters, or
   * the parts of a REST request. Only `protocol.decode` knows its form.
   */
  readonly document: unknown;
}

/** A failure in AWS's words; an ApiError is one. */
export interface WireError {
  readonly code: string;
  /** Undefined where AWS sends no text. */
  readonly text: string | undefined;
}

export interface Protocol {
  readonly name: ServiceModel['protocol'];
  /**
   * The operation's input as the generated types describe it. Throws ApiError when a member has the
   * wrong type (`SerializationException`, `MalformedInput`) or breaks a constraint of the model
   * (`ValidationException`, `ValidationError`).
   */
  decode(claimed: ClaimedOperation): unknown;
  /**
   * The answer. `output` is what the operation's output type says; members that are undefined are
   * left out.
   */
  encode(target: Target, output: unknown, requestId: string): HttpResponse;
  /** The answer to a failure. Without a model the status is the protocol's own for this code. */
  encodeError(error: WireError, requestId: string, model?: ServiceModel): HttpResponse;
}
