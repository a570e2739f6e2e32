/** The commands of histories of keys, drawn at random. See envelope-histories.test.ts. */
import fc from 'fast-check';
import { dayMs, type Kind } from './envelope-model.ts';

export const regions = ['eu-west-1', 'us-east-1', 'ap-southeast-1'] as const;
export type Region = (typeof regions)[number];

export const hourMs = dayMs / 24;

/** Those to which most can happen come most. */
export const kind = fc.oneof(
  { weight: 2, arbitrary: fc.constant<Kind>('made') },
  { weight: 4, arbitrary: fc.constant<Kind>('madeEverywhere') },
  { weight: 2, arbitrary: fc.constant<Kind>('imported') },
  { weight: 5, arbitrary: fc.constant<Kind>('importedEverywhere') },
  { weight: 1, arbitrary: fc.constant<Kind>('importedRsa') },
);
const region = fc.constantFrom(...regions);
/** Where a request is sent: mostly where the key is, counted round, else into some Region. */
const place = fc.oneof(
  { weight: 8, arbitrary: fc.nat({ max: 5 }) },
  { weight: 1, arbitrary: region },
);
export type Place = number | Region;
/** Which key, ciphertext or material: counted round. */
const which = fc.nat({ max: 999 });
const bytes = fc.uint8Array({ minLength: 1, maxLength: 40 }).map((each) => Buffer.from(each));
const contexts = fc.constantFrom<Record<string, string>>({}, { a: 'b' }, { a: 'bc', d: '' });

const on = <Do extends string>(what: Do) => ({ do: fc.constant(what), key: which, place });
const steps = {
  create: fc.record({ do: fc.constant('create'), kind, region }),
  encrypt: fc.record({ ...on('encrypt'), bytes, context: contexts }),
  dataKey: fc.record({ ...on('dataKey'), context: contexts }),
  decrypt: fc.record({ do: fc.constant('decrypt'), blob: which, place }),
  reEncrypt: fc.record({ ...on('reEncrypt'), blob: which, context: contexts }),
  rotate: fc.record(on('rotate')),
  schedule: fc.record({
    ...on('setRotation'),
    days: fc.option(fc.integer({ min: 90, max: 200 }), { nil: undefined }),
  }),
  replicate: fc.record({ ...on('replicate'), to: region }),
  promote: fc.record({ ...on('promote'), to: place }),
  import: fc.record({
    ...on('import'),
    material: which,
    type: fc.constantFrom(undefined, 'NEW_KEY_MATERIAL' as const, 'EXISTING_KEY_MATERIAL' as const),
    hours: fc.option(fc.integer({ min: 1, max: 72 }), { nil: undefined }),
  }),
  remove: fc.record({ ...on('remove'), material: fc.option(which, { nil: undefined }) }),
  able: fc.record({
    ...on('able'),
    state: fc.constantFrom('Enabled' as const, 'Disabled' as const),
  }),
  delete: fc.record({ ...on('delete'), days: fc.integer({ min: 7, max: 30 }) }),
  cancel: fc.record(on('cancel')),
  wait: fc.record({
    do: fc.constant('wait'),
    ms: fc.constantFrom(
      ...[500, 1_000, 1_000, 2_000, hourMs, 25 * hourMs],
      ...[8 * dayMs, 100 * dayMs, 150 * dayMs, 450 * dayMs, -2 * hourMs],
    ),
  }),
  restart: fc.record({ do: fc.constant('restart') }),
  rewrap: fc.record({ do: fc.constant('rewrap') }),
};
export type Step = {
  [Name in keyof typeof steps]: (typeof steps)[Name] extends fc.Arbitrary<infer S> ? S : never;
}[keyof typeof steps];

/** How often each comes among a hundred or so; what fails shrinks to nothing happening. */
const weights: Readonly<Record<keyof typeof steps, number>> = {
  create: 4,
  encrypt: 14,
  dataKey: 5,
  decrypt: 12,
  reEncrypt: 6,
  rotate: 8,
  schedule: 5,
  replicate: 9,
  promote: 5,
  import: 20,
  remove: 5,
  able: 6,
  delete: 3,
  cancel: 4,
  wait: 14,
  restart: 3,
  rewrap: 2,
};
export const step = fc.record({
  node: fc.nat({ max: 1 }),
  what: fc.oneof(
    { withCrossShrink: true },
    { weight: 1, arbitrary: fc.constant({ do: 'nothing' as const }) },
    ...(Object.keys(steps) as (keyof typeof steps)[]).map((name) => ({
      weight: weights[name],
      arbitrary: steps[name] as fc.Arbitrary<Step>,
    })),
  ),
});
