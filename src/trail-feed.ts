/** The trail as a stream of JSON lines: the newest records, then those that come. */
import type { Audit } from './audit/audit.ts';

/** A reader who falls this far behind is let go: the trail itself keeps everything. */
const mostWaiting = 10_000;
const pollMs = 250;
const polledRecords = 1_000;

export interface FeedOptions {
  readonly last: number;
  readonly follow: boolean;
  /**
   * Other processes write lanes of their own: their records are found by looking, not by being
   * told.
   */
  readonly alone: boolean;
}

export async function* trailFeed(audit: Audit, options: FeedOptions): AsyncIterable<string> {
  if (!options.follow) {
    for (const json of await audit.recent(options.last)) yield `${json}\n`;
    return;
  }
  yield* options.alone ? subscribed(audit, options.last) : polled(audit, options.last);
}

async function* subscribed(audit: Audit, last: number): AsyncIterable<string> {
  const waiting: string[] = [];
  let wake: () => void = () => undefined;
  const end = audit.subscribe((json) => {
    if (waiting.length <= mostWaiting) waiting.push(json);
    wake();
  });
  try {
    const before = await audit.recent(last);
    // A record may have come between the subscription and the look back: it is in both.
    const seen = new Set(before);
    for (const json of before) yield `${json}\n`;
    for (;;) {
      for (const json of waiting.splice(0)) if (!seen.has(json)) yield `${json}\n`;
      if (waiting.length > mostWaiting) return;
      if (waiting.length === 0)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  } finally {
    end();
  }
}

async function* polled(audit: Audit, last: number): AsyncIterable<string> {
  let seen = new Set<string>();
  let first = true;
  for (;;) {
    const recent = await audit.recent(Math.max(last, polledRecords));
    const fresh = recent.filter((json) => !seen.has(json));
    for (const json of first ? fresh.slice(fresh.length - Math.min(last, fresh.length)) : fresh)
      yield `${json}\n`;
    first = false;
    seen = new Set(recent);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}
