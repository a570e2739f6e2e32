/** An operation's way in and out of a protocol, compiled from its shapes when first needed. */
import type { OperationModel, StructureShape } from '../model/schema.ts';
import { type Check, compileCheck } from './validate.ts';

export interface Codec<Document, Written> {
  readonly convert: (document: Document) => unknown;
  readonly check: Check | undefined;
  /** Undefined for an operation without output. */
  readonly write: ((output: unknown) => Written) | undefined;
}

/** The codecs of one protocol, each compiled once. */
export function codecsOf<Document, Written = string>(protocol: {
  readonly compileConvert: (shape: StructureShape) => (document: Document) => unknown;
  readonly compileWrite: (shape: StructureShape) => (output: unknown) => Written;
}): (operation: OperationModel) => Codec<Document, Written> {
  const codecs = new WeakMap<OperationModel, Codec<Document, Written>>();
  const compile = (operation: OperationModel): Codec<Document, Written> => {
    const { input, output } = operation;
    const codec: Codec<Document, Written> = {
      convert: input === undefined ? () => ({}) : protocol.compileConvert(input),
      check: input === undefined ? undefined : compileCheck(input),
      write: output === undefined ? undefined : protocol.compileWrite(output),
    };
    codecs.set(operation, codec);
    return codec;
  };
  return (operation) => codecs.get(operation) ?? compile(operation);
}
