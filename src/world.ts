/**
 * The port for time and chance. Nothing outside main.ts reads a clock or draws randomness by
 * itself, so that one call moves every expiry and a test can fix both.
 */
export interface World {
  /**
   * Milliseconds since 1970 by the product's clock, which dev mode can move. Everything that
   * expires or falls due asks this
   * one.
   */
  now(): number;
  /**
   * Milliseconds since 1970 by the machine's own clock. Only the age of signatures is judged by it,
   * so that clients go on working in a moved
   * time.
   */
  machineNow(): number;
  /** Milliseconds that only ever grow, for measuring spans. */
  monotonic(): number;
  /** Fresh bytes from the system's generator. The caller owns the buffer. */
  randomBytes(sizeBytes: number): Buffer;
}
