/**
 * Requests for larger quotas: they are written down and wait. Nobody here can grant them but the
 * operator, who raises the value in the file of `--quotas`; from then on the request is approved.
 */
import type {
  RequestedServiceQuotaChange,
  RequestServiceQuotaIncreaseRequest,
  RequestServiceQuotaIncreaseResponse,
} from '../../model/servicequotas.generated.ts';
import type { Call } from '../../operation.ts';
import type { Collection, Entry, Store } from '../../store/store.ts';
import { contextNotFound, noIncrease, notAdjustable, requestIsOpen } from './errors.ts';
import { appliedValue, type Place, type QuotaFacts, type QuotaService, quotaArn } from './quota.ts';

export interface IncreaseRecord {
  readonly requestId: string;
  readonly serviceCode: string;
  readonly quotaCode: string;
  readonly desiredValue: number;
  readonly createdAt: number;
  /** ARN of who asked. */
  readonly requester: string;
}

/** Ids: account, Region, service, quota, and which request of the quota it is, from 1. */
export type Increases = Collection<IncreaseRecord>;

export const openIncreases = (store: Store): Increases =>
  store.collection<IncreaseRecord>({ path: 'servicequotas/increases' });

interface Asked {
  readonly service: QuotaService;
  readonly quota: QuotaFacts;
}

export async function requestIncrease(
  increases: Increases,
  { service, quota }: Asked,
  { input, call }: { readonly input: RequestServiceQuotaIncreaseRequest; readonly call: Call },
): Promise<RequestServiceQuotaIncreaseResponse> {
  if (input.ContextId !== undefined) throw contextNotFound();
  if (!quota.adjustable) throw notAdjustable();
  if (input.DesiredValue <= appliedValue(quota)) throw noIncrease(appliedValue(quota));
  const prefix = `${call.principal.account}/${call.region}/${service.code}/${quota.code}/`;
  const earlier = await allOf(increases, prefix);
  if (earlier.some(({ value }) => !isGranted(value, quota))) throw requestIsOpen();
  const record: IncreaseRecord = {
    requestId: call.world.randomBytes(20).toString('hex'),
    serviceCode: service.code,
    quotaCode: quota.code,
    desiredValue: input.DesiredValue,
    createdAt: call.now,
    requester: call.principal.arn,
  };
  // Of two at one moment the second finds its number taken, runs again and finds the first open.
  const number = String(earlier.length + 1).padStart(8, '0');
  call.stage(increases.insert(`${prefix}${number}`, record));
  return { RequestedQuota: shownIncrease(record, { service, quota }, placeOf(call)) };
}

const isGranted = ({ desiredValue }: IncreaseRecord, quota: QuotaFacts): boolean =>
  appliedValue(quota) >= desiredValue;

/** The requests of the caller's account and Region, by service and quota, the oldest first. */
export async function increasesOf(
  increases: Increases,
  { account, region }: Place,
): Promise<readonly IncreaseRecord[]> {
  return (await allOf(increases, `${account}/${region}/`)).map(({ value }) => value);
}

const pageEntries = 500;

async function allOf(
  increases: Increases,
  prefix: string,
): Promise<readonly Entry<IncreaseRecord>[]> {
  const found: Entry<IncreaseRecord>[] = [];
  let after: string | undefined;
  do {
    const page = await increases.page({
      prefix,
      ...(after === undefined ? {} : { after }),
      limit: pageEntries,
    });
    found.push(...page.entries);
    after = page.next;
  } while (after !== undefined);
  return found;
}

export const placeOf = (call: Call): Place => ({
  account: call.principal.account,
  region: call.region,
  partition: call.partition,
});

export function shownIncrease(
  record: IncreaseRecord,
  { service, quota }: Asked,
  place: Place,
): RequestedServiceQuotaChange {
  return {
    Id: record.requestId,
    ServiceCode: service.code,
    ServiceName: service.name,
    QuotaCode: quota.code,
    QuotaName: quota.name,
    DesiredValue: record.desiredValue,
    Status: isGranted(record, quota) ? 'APPROVED' : 'PENDING',
    Created: record.createdAt,
    LastUpdated: record.createdAt,
    Requester: JSON.stringify({ accountId: place.account, callerArn: record.requester }),
    QuotaArn: quotaArn(place, { service, quota }),
    GlobalQuota: false,
    Unit: 'None',
    QuotaRequestedAtLevel: 'ACCOUNT',
  };
}
