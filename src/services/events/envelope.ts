/**
 * An event as rules, targets and the dead-letter file see it
 * (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html). Pure.
 */

/** What somebody tells of an event; the bus adds the rest. */
export interface NewEvent {
  readonly source: string;
  readonly detailType: string;
  readonly account: string;
  readonly region: string;
  /** ms since 1970 */
  readonly time: number;
  readonly resources: readonly string[];
  /** An object, or what `readJson` made of one. */
  readonly detail: unknown;
}

/** JSON text. */
export const envelopeOf = (event: NewEvent, id: string): string =>
  JSON.stringify({
    version: '0',
    id,
    'detail-type': event.detailType,
    source: event.source,
    account: event.account,
    time: eventTime(event.time),
    region: event.region,
    resources: event.resources,
    detail: event.detail,
  });

/** `2024-01-01T00:00:00Z`: to the second. */
export const eventTime = (time: number): string => `${new Date(time).toISOString().slice(0, 19)}Z`;
