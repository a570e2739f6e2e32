/** Brings an event to its target, once: how each kind of target is called. */
import { ApiError } from '../../api-error.ts';
import { newUuid } from '../../uuid.ts';
import type { EventsContext } from './context.ts';
import { eventTime } from './envelope.ts';
import { readJson } from './event-json.ts';
import { busResource } from './finder.ts';
import type { Inbox } from './inbox.ts';
import { type BusName, logGroupOf, parseTargetArn, ruleArn } from './names.ts';
import { busId, type Delivery } from './records.ts';
import type { Attempt } from './retry.ts';
import { eventsPrincipal, isPassing, type RoleSessions } from './role.ts';
import { targetInput } from './target-input.ts';

export interface Deliverer extends EventsContext {
  readonly inbox: Inbox;
  readonly roles: RoleSessions;
  readonly sendToEndpoint: (delivery: Delivery, input: string) => Promise<Attempt>;
}

/** Rejects for faults of ours only. */
export async function deliver(deliverer: Deliverer, delivery: Delivery): Promise<Attempt> {
  const { rule, target, event } = delivery;
  const arn = ruleArn(rule);
  const ingestionTime = eventTime(delivery.ingestedAt);
  const input = targetInput(target, { event, ruleArn: arn, ruleName: rule.name, ingestionTime });
  if (input === undefined)
    return refused('INVALID_JSON', 'The input transformer made no JSON of this event.');
  const to = parseTargetArn(target.Arn);
  switch (to.kind) {
    case 'lambda':
      return invoke(deliverer, delivery, { input, region: to.region });
    case 'log-group':
      return writeLog(deliverer, delivery, input);
    case 'bus':
      return forward(deliverer, delivery, to.bus);
    case 'api-destination':
      return deliverer.sendToEndpoint(delivery, input);
    default:
      return refused('SDK_CLIENT_ERROR', 'Nothing can be sent to such a target.');
  }
}

export const refused = (code: string, message: string): Attempt => ({
  kind: 'refused',
  code,
  message,
});

const delivered: Attempt = { kind: 'delivered' };

/** Codes as AWS writes them into dead letters. */
const codes: ReadonlyMap<string, string> = new Map([
  ['AccessDeniedException', 'NO_PERMISSIONS'],
  ['ResourceNotFoundException', 'NO_RESOURCE'],
  ['InvalidRequestContentException', 'INVALID_JSON'],
]);

async function invoke(
  { ports }: Deliverer,
  { rule, target }: Delivery,
  { input, region }: { readonly input: string; readonly region: string },
): Promise<Attempt> {
  try {
    await ports.perform({
      principal: eventsPrincipal(rule.bus.account),
      region,
      service: 'lambda',
      operation: 'Invoke',
      input: { FunctionName: target.Arn, InvocationType: 'Event', Payload: Buffer.from(input) },
      sourceArn: ruleArn(rule),
    });
    return delivered;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const { code, text: message = code } = error;
    if (isPassing(error)) return { kind: 'failed', code: 'THROTTLING', message };
    return refused(codes.get(code) ?? 'SDK_CLIENT_ERROR', message);
  }
}

/** One stream for each rule and process would never end; one for each rule is enough. */
async function writeLog(
  { ports }: Deliverer,
  { rule, target, ingestedAt }: Delivery,
  input: string,
): Promise<Attempt> {
  const place = { functionArn: ruleArn(rule), group: logGroupOf(target.Arn), stream: rule.name };
  ports.logs.append(place, [{ at: ingestedAt, message: input }]);
  await ports.logs.flush();
  return delivered;
}

/**
 * To a bus, by the rule's role, or as the rule's account where the bus of another account lets that
 * in. The event stays as it is but for its id.
 */
async function forward(
  { ports, records, inbox, roles }: Deliverer,
  { rule, target, event }: Delivery,
  to: BusName,
): Promise<Attempt> {
  const entry = await records.buses.get(busId(to));
  const envelope = readJson(event) as Record<string, unknown>;
  const keys: Readonly<Record<string, string>> = {
    'events:source': String(envelope.source),
    'events:detail-type': String(envelope['detail-type']),
    'events:eventbusinvocation': 'true',
  };
  const question = {
    action: 'events:PutEvents',
    region: to.region,
    resource: busResource({ name: to, entry }),
    conditions: (key: string) => keys[key],
  };
  const isAllowed =
    target.RoleArn === undefined
      ? await ports.isAllowed({ ...question, principal: rootOf(rule.bus) })
      : await roles.isAllowed({ arn: target.RoleArn, rule }, question);
  if (!isAllowed)
    return refused('NO_PERMISSIONS', `events:PutEvents is not allowed on ${target.Arn}.`);
  const text = JSON.stringify({ ...envelope, id: newUuid(ports.world) });
  const ingestedAt = ports.world.now();
  await ports.store.commit(inbox.add({ bus: to, event: text, ingestedAt, isForwarded: true }));
  return delivered;
}

const rootOf = ({ account, partition }: BusName) =>
  ({
    type: 'Root',
    account,
    arn: `arn:${partition}:iam::${account}:root`,
    principalId: account,
    accessKeyId: '',
  }) as const;
