/**
 * A failure that is the caller's to know: AWS's error code and text. Anything else that is thrown
 * is our own bug and is answered as an internal failure without its text. The wire gives an
 * ApiError its form and status.
 */
export class ApiError extends Error {
  /** AWS's error code as on the wire, for example `NotFoundException`. */
  readonly code: string;
  /**
   * AWS's text. Undefined where AWS sends none (`InvalidCiphertextException`), which is different
   * from an empty
   * one.
   */
  readonly text: string | undefined;

  constructor(code: string, text?: string) {
    super(text ?? code);
    this.name = 'ApiError';
    this.code = code;
    this.text = text;
  }
}
