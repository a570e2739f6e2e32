/** Reads what select.ts wrote, and settles each vector against its expected outcome. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** A test vector together with what its group shares. */
export class Vector {
  readonly id: number;
  readonly result: 'valid' | 'invalid' | 'acceptable';
  readonly flags: readonly string[];
  readonly #fields: Readonly<Record<string, unknown>>;

  constructor(fields: Readonly<Record<string, unknown>>) {
    this.#fields = fields;
    this.id = this.number('id');
    this.result = (fields.result ?? 'valid') as Vector['result'];
    this.flags = (fields.flags ?? []) as string[];
  }

  has(name: string): boolean {
    return this.#fields[name] !== undefined;
  }

  bytes(name: string): Buffer {
    return Buffer.from(this.text(name), 'base64');
  }

  text(name: string): string {
    const value = this.#fields[name];
    assert.equal(typeof value, 'string', `vector has no text ${name}`);
    return value as string;
  }

  number(name: string): number {
    const value = this.#fields[name];
    assert.equal(typeof value, 'number', `vector has no number ${name}`);
    return value as number;
  }
}

export function readVectors(name: string): readonly Vector[] {
  const text = readFileSync(join(import.meta.dirname, 'data', `${name}.json`), 'utf8');
  const { groups } = JSON.parse(text) as {
    groups: Array<{ shared: object; tests: object[] }>;
  };
  return groups.flatMap(({ shared, tests }) =>
    tests.map((test) => new Vector({ ...shared, ...test })),
  );
}

/**
 * Checks every vector of a file: what is valid must be accepted, what is invalid refused. Of what
 * is "acceptable" (legal but legacy) either is right, and how many we accept is printed beside the
 * count.
 */
export async function settle(
  t: TestContext,
  name: string,
  accepts: (vector: Vector) => boolean | Promise<boolean>,
): Promise<void> {
  const vectors = readVectors(name);
  assert.ok(vectors.length > 0, `${name} has no vectors`);
  const counts = { valid: 0, invalid: 0, acceptable: 0, taken: 0 };
  for (const vector of vectors) {
    const accepted = await accepts(vector);
    counts[vector.result]++;
    if (vector.result === 'acceptable') counts.taken += accepted ? 1 : 0;
    else assert.equal(accepted, vector.result === 'valid', describe(name, vector));
  }
  const { valid, invalid, acceptable, taken } = counts;
  const legacy = acceptable === 0 ? '' : `, ${taken} of ${acceptable} acceptable taken`;
  t.diagnostic(`${name}: ${vectors.length} vectors (${valid} valid, ${invalid} invalid${legacy})`);
}

function describe(name: string, { id, result, flags }: Vector): string {
  return `${name} vector ${id} is ${result} (${flags.join(', ')})`;
}
