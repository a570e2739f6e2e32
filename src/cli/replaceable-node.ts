/** A node that can be replaced by an empty one while requests wait: what dev mode's reset needs. */
import type { HttpHandler } from '../http/message.ts';
import type { SealholdNode } from '../server.ts';

export interface ReplaceableNode {
  readonly handler: HttpHandler;
  close(): Promise<void>;
}

export async function replaceableNode(ports: {
  readonly isNew: boolean;
  readonly open: (isNew: boolean, reset: () => Promise<void>) => Promise<SealholdNode>;
  /** Takes away what the closed node has left. */
  readonly empty: () => void;
  readonly closed: () => void;
}): Promise<ReplaceableNode> {
  const requests = new UnderWay();
  let resetting: Promise<SealholdNode> | undefined;
  const replace = async (old: SealholdNode): Promise<SealholdNode> => {
    await requests.done();
    await old.close();
    ports.empty();
    return ports.open(true, reset);
  };
  const reset = async (): Promise<void> => {
    resetting ??= current.then(replace).finally(() => {
      resetting = undefined;
    });
    current = resetting;
    // Requests for a reset are under way themselves; the replacement must not wait for them.
    requests.end();
    try {
      await resetting;
    } finally {
      requests.begin();
    }
  };
  // Requests take the node that is current when they arrive; meanwhile they wait for the next one.
  let current = ports.open(ports.isNew, reset);
  await current;
  const handler: HttpHandler = async (request) => {
    const node = await current;
    requests.begin();
    try {
      return await node.handler(request);
    } finally {
      requests.end();
    }
  };
  return {
    handler,
    close: async () => {
      await (await current).close();
      ports.closed();
    },
  };
}

/** Counts requests, and tells when there are none. */
class UnderWay {
  #count = 0;
  #quiet: () => void = () => undefined;

  begin(): void {
    this.#count++;
  }

  end(): void {
    this.#count--;
    if (this.#count === 0) this.#quiet();
  }

  async done(): Promise<void> {
    while (this.#count > 0)
      await new Promise<void>((resolve) => {
        this.#quiet = resolve;
      });
  }
}
