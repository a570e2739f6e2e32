/** PutPermission and RemovePermission: who else may use a bus. */
import type { EventsModel, PutPermissionRequest } from '../../model/events.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import { shownPolicy } from '../../policy/shown.ts';
import { putBus } from './buses.ts';
import type { EventsContext } from './context.ts';
import {
  noStatementId,
  noSuchStatement,
  permissionIncomplete,
  policyInvalid,
  policyTooLong,
} from './errors.ts';
import { findBus, foundNothing, type NamedBus, requireBus } from './finder.ts';
import { busArn } from './names.ts';
import type { Bus, BusPolicy } from './records.ts';

const maxCharacters = 10_240;

export function permissionOperations(context: EventsContext) {
  return {
    PutPermission: {
      readOnly: false,
      find: (_input, call) => foundNothing(call),
      run: async (input, call) => {
        const named = await findBus(context, input.EventBusName, call);
        const bus = requireBus(named, call);
        const text = input.Policy ?? (await withStatement(context, { bus, input, call }));
        await save(context, { named, bus, text, call });
      },
    },
    RemovePermission: {
      readOnly: false,
      find: (_input, call) => foundNothing(call),
      run: async (input, call) => {
        const named = await findBus(context, input.EventBusName, call);
        const bus = requireBus(named, call);
        if (input.RemoveAllPermissions === true) {
          await save(context, { named, bus, text: undefined, call });
          return;
        }
        if (input.StatementId === undefined) throw noStatementId();
        const statements = await statementsOf(context, bus);
        const left = statements.filter(({ Sid }) => Sid !== input.StatementId);
        if (left.length === statements.length) throw noSuchStatement();
        const text = left.length === 0 ? undefined : policyText(left);
        await save(context, { named, bus, text, call });
      },
    },
  } satisfies Operations<EventsModel, 'PutPermission' | 'RemovePermission'>;
}

type Json = Readonly<Record<string, unknown>>;

const policyText = (statements: readonly Json[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements });

/** With the names that those in it have now: a new statement may name who has an old one. */
async function statementsOf({ ports }: EventsContext, { policy }: Bus): Promise<readonly Json[]> {
  if (policy === undefined) return [];
  const text = await shownPolicy(policy, ports.arnOf);
  return listOf((JSON.parse(text) as Json).Statement) as readonly Json[];
}

const listOf = (value: unknown): readonly unknown[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

/** A statement of the same id makes way. @throws ApiError ValidationException */
async function withStatement(
  context: EventsContext,
  {
    bus,
    input,
    call,
  }: { readonly bus: Bus; readonly input: PutPermissionRequest; readonly call: Call },
): Promise<string> {
  const { Action, Principal, StatementId, Condition } = input;
  if (Action === undefined || Principal === undefined || StatementId === undefined)
    throw permissionIncomplete();
  const statement = {
    Sid: StatementId,
    Effect: 'Allow',
    Principal: Principal === '*' ? '*' : { AWS: `arn:${call.partition}:iam::${Principal}:root` },
    Action,
    Resource: busArn(bus),
    ...(Condition === undefined
      ? {}
      : { Condition: { [Condition.Type]: { [Condition.Key]: Condition.Value } } }),
  };
  const others = (await statementsOf(context, bus)).filter(({ Sid }) => Sid !== StatementId);
  return policyText([...others, statement]);
}

async function save(
  context: EventsContext,
  change: {
    readonly named: NamedBus;
    readonly bus: Bus;
    readonly text: string | undefined;
    readonly call: Call;
  },
): Promise<void> {
  const { named, text, call } = change;
  const { policy: _, ...rest } = change.bus;
  const bus = { ...rest, modifiedAt: call.now };
  if (text === undefined) return call.stage(putBus(context, named, bus));
  if (text.length > maxCharacters) throw policyTooLong();
  const fault = context.ports.policyFault(text);
  if (fault !== undefined) throw policyInvalid(fault);
  const policy: BusPolicy = { text, principalIds: await principalIds(context, text) };
  call.stage(putBus(context, named, { ...bus, policy }));
}

/** One of the same name that is made later is a stranger. @throws ApiError ValidationException */
async function principalIds(
  { ports }: EventsContext,
  text: string,
): Promise<Readonly<Record<string, string>>> {
  const ids: Record<string, string> = {};
  for (const { Principal } of listOf((JSON.parse(text) as Json).Statement) as readonly Json[]) {
    if (typeof Principal !== 'object' || Principal === null) continue;
    for (const arn of listOf((Principal as Json).AWS)) {
      if (typeof arn !== 'string' || !/^arn:[a-z-]+:iam::\d{12}:(user|role)\//.test(arn)) continue;
      const id = await ports.uniqueIdOf(arn);
      if (id === undefined) throw policyInvalid(`Invalid principal in policy: "AWS":"${arn}"`);
      ids[arn] = id;
    }
  }
  return ids;
}
