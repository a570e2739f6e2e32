/** EventBridge: its operation table, what brings events to targets, and what falls due. */
import type { EventsModel } from '../../model/events.generated.ts';
import type { Operations, OperationTable } from '../../operation.ts';
import { openPageTokens } from '../../paging/page-token.ts';
import { destinationOperations } from './api-destinations.ts';
import { permissionOperations } from './bus-policy.ts';
import { busOperations } from './buses.ts';
import { compiledPatterns } from './compiled-patterns.ts';
import { connectionOperations } from './connections.ts';
import type { EventsContext, EventsPorts } from './context.ts';
import type { Deliverer } from './deliver.ts';
import { openDispatcher } from './dispatcher.ts';
import { Endpoints } from './endpoint.ts';
import { type Inbox, openInbox } from './inbox.ts';
import { listOperations } from './list-rules.ts';
import { putEventsOperations } from './put-events.ts';
import { openRecords } from './records.ts';
import { repeating } from './repeating.ts';
import { openRoleSessions } from './role.ts';
import { ruleOperations } from './rules.ts';
import { type DueWork, scheduleWork } from './schedules.ts';
import { tagOperations } from './tags.ts';
import { targetOperations } from './targets.ts';
import { patternOperations } from './test-pattern.ts';
import { openTrailWatch } from './trail-watch.ts';

export interface EventBridge {
  readonly operations: OperationTable;
  readonly dueWork: readonly DueWork[];
  /** The writes by which a service tells of something, in the commit of what it tells of. */
  readonly emit: Inbox['emit'];
  /** To be told of each record that the trail has taken. */
  readonly seeRecord: (json: string) => void;
  /** Delivers all that is due by now, and waits for it. */
  readonly runDue: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** At the very first start it commits the key that seals page tokens. */
export async function createEventBridge(ports: EventsPorts): Promise<EventBridge> {
  const { store, world, log } = ports;
  const records = openRecords(store);
  const tokens = await openPageTokens({ store, path: 'events/token-key', world });
  const rulesChange = (): void => trail.rulesChange();
  const context: EventsContext = { records, tokens, ports, rulesChange };
  const matches = compiledPatterns();
  const dispatcher = openDispatcher({ deliverer: () => deliverer, matches });
  const { nudge, isFull } = dispatcher;
  const inbox = openInbox({ records, world, nudge, isFull });
  const roles = openRoleSessions(ports);
  const endpoints = new Endpoints(context, roles);
  const deliverer: Deliverer = { ...context, inbox, roles, sendToEndpoint: endpoints.send };
  const authorizing = repeating(endpoints.authorizeDue, {
    everyMs: 1_000,
    onFault: (error) => log(`Connections could not be authorized: ${(error as Error).stack}`),
  });
  const trail = openTrailWatch(context, { dispatcher, matches });
  return {
    operations: new Map(Object.entries(rowsOf(context, inbox))),
    dueWork: [scheduleWork(context, inbox)],
    emit: inbox.emit,
    seeRecord: trail.see,
    runDue: async () => {
      await trail.runDue();
      await authorizing.now();
      await dispatcher.runDue();
    },
    close: async () => {
      await trail.close();
      await authorizing.close();
      await dispatcher.close();
    },
  };
}

function rowsOf(context: EventsContext, inbox: Inbox) {
  return {
    ...busOperations(context),
    ...permissionOperations(context),
    ...ruleOperations(context),
    ...targetOperations(context),
    ...listOperations(context),
    ...patternOperations,
    ...putEventsOperations(context, inbox),
    ...tagOperations(context),
    ...connectionOperations(context),
    ...destinationOperations(context),
  } satisfies Operations<EventsModel>;
}
