/** Names and ARNs of EventBridge's things. Pure. */

/** Whose, and where. */
export interface Place {
  readonly account: string;
  readonly region: string;
  readonly partition: string;
}

export interface BusName extends Place {
  readonly name: string;
}

export interface RuleName {
  readonly bus: BusName;
  readonly name: string;
}

export const defaultBus = 'default';

const arnStart = ({ partition, region, account }: Place): string =>
  `arn:${partition}:events:${region}:${account}:`;

export const busArn = (bus: BusName): string => `${arnStart(bus)}event-bus/${bus.name}`;

export const ruleArn = ({ bus, name }: RuleName): string =>
  `${arnStart(bus)}rule/${bus.name === defaultBus ? '' : `${bus.name}/`}${name}`;

/** What a connection or an API destination is called by. */
export const destinationArn = (
  place: Place,
  kind: 'connection' | 'api-destination',
  { name, id }: { readonly name: string; readonly id: string },
): string => `${arnStart(place)}${kind}/${name}/${id}`;

/** `given`: a name, an ARN, or nothing for the default bus of `caller`. */
export function parseBusName(given: string | undefined, caller: Place): BusName {
  if (given === undefined) return { ...caller, name: defaultBus };
  const [, partition, region, account, name] =
    /^arn:([\w-]+):events:([\w-]+):(\d{12}):event-bus\/(.+)$/.exec(given) ?? [];
  return name === undefined
    ? { ...caller, name: given }
    : ({ partition, region, account, name } as BusName);
}

export type Tagged =
  | { readonly kind: 'bus'; readonly bus: BusName }
  | { readonly kind: 'rule'; readonly rule: RuleName };

/** Undefined: it is not the ARN of a bus or a rule. */
export function parseTaggedArn(arn: string): Tagged | undefined {
  const [, partition, region, account, kind, rest = ''] =
    /^arn:([\w-]+):events:([\w-]+):(\d{12}):(event-bus|rule)\/(.+)$/.exec(arn) ?? [];
  if (kind === undefined) return undefined;
  const place = { partition, region, account } as Place;
  if (kind === 'event-bus') return { kind: 'bus', bus: { ...place, name: rest } };
  const at = rest.lastIndexOf('/');
  const bus = { ...place, name: at < 0 ? defaultBus : rest.slice(0, at) };
  return { kind: 'rule', rule: { bus, name: rest.slice(at + 1) } };
}

export type TargetArn =
  | { readonly kind: 'lambda' | 'log-group'; readonly account: string; readonly region: string }
  | { readonly kind: 'bus'; readonly bus: BusName }
  | { readonly kind: 'api-destination'; readonly account: string; readonly region: string }
  /** Something that AWS can send events to, and we can't. */
  | { readonly kind: 'other' }
  | { readonly kind: 'malformed' };

const targetForms: ReadonlyArray<readonly ['lambda' | 'log-group' | 'api-destination', RegExp]> = [
  ['lambda', /^lambda:([\w-]+):(\d{12}):function:[\w-]+(?::[\w$-]+)?$/],
  ['log-group', /^logs:([\w-]+):(\d{12}):log-group:[\w./#-]+(?::\*)?$/],
  ['api-destination', /^events:([\w-]+):(\d{12}):api-destination\/[\w.-]+\/[\w-]+$/],
];

export function parseTargetArn(arn: string): TargetArn {
  const [, partition, rest = ''] = /^arn:([\w-]+):(.+)$/.exec(arn) ?? [];
  if (partition === undefined) return { kind: 'malformed' };
  for (const [kind, form] of targetForms) {
    const [, region, account] = form.exec(rest) ?? [];
    if (region !== undefined && account !== undefined) return { kind, region, account };
  }
  const [, region, account, name] =
    /^events:([\w-]+):(\d{12}):event-bus\/([\w./-]+)$/.exec(rest) ?? [];
  if (name !== undefined)
    return { kind: 'bus', bus: { partition, region, account, name } as BusName };
  return /^[\w-]+:[\w-]*:(\d{12})?:.+$/.test(rest) ? { kind: 'other' } : { kind: 'malformed' };
}

/** `/my/group` of the ARN of a log group. */
export const logGroupOf = (arn: string): string =>
  arn.replace(/^(?:[^:]*:){6}/, '').replace(/:\*$/, '');
