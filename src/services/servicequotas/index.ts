/** Service Quotas: its operation table. It tells of quotas that other services hold and enforce. */
import type {
  ListRequestedServiceQuotaChangeHistoryByQuotaRequest,
  RequestedServiceQuotaChange,
  ServicequotasModel,
} from '../../model/servicequotas.generated.ts';
import type { Call, Found, Operations, OperationTable } from '../../operation.ts';
import type { Store } from '../../store/store.ts';
import { contextNotFound, quotaNotFound, requestNotFound, serviceNotFound } from './errors.ts';
import {
  type Increases,
  increasesOf,
  openIncreases,
  placeOf,
  requestIncrease,
  shownIncrease,
} from './increases.ts';
import { pageOf } from './page.ts';
import {
  appliedQuota,
  defaultQuota,
  type QuotaFacts,
  type QuotaService,
  quotaArn,
} from './quota.ts';

export interface ServiceQuotasPorts {
  readonly store: Store;
  /** In the order in which they are listed. */
  readonly services: readonly QuotaService[];
}

/** Operations of AWS's model that this server does not have yet. */
type NotYet =
  | 'CreateSupportCase'
  // Templates for new accounts of an organization
  | 'AssociateServiceQuotaTemplate'
  | 'DeleteServiceQuotaIncreaseRequestFromTemplate'
  | 'DisassociateServiceQuotaTemplate'
  | 'GetAssociationForServiceQuotaTemplate'
  | 'GetServiceQuotaIncreaseRequestFromTemplate'
  | 'ListServiceQuotaIncreaseRequestsInTemplate'
  | 'PutServiceQuotaIncreaseRequestIntoTemplate'
  // Tags
  | 'ListTagsForResource'
  | 'TagResource'
  | 'UntagResource'
  // Reports and automatic management
  | 'GetAutoManagementConfiguration'
  | 'GetQuotaUtilizationReport'
  | 'StartAutoManagement'
  | 'StartQuotaUtilizationReport'
  | 'StopAutoManagement'
  | 'UpdateAutoManagement';

/** A quota that a request names. */
interface Named {
  readonly service: QuotaService;
  readonly quota: QuotaFacts;
}

export function createServiceQuotas({ store, services }: ServiceQuotasPorts): OperationTable {
  const byCode = new Map(services.map((service) => [service.code, service]));
  const serviceOf = (code: string): QuotaService => {
    const service = byCode.get(code);
    if (service === undefined) throw serviceNotFound();
    return service;
  };
  const find = ({ ServiceCode, QuotaCode }: Codes, region: string): Named | undefined => {
    const service = byCode.get(ServiceCode);
    const quota = service?.quotas(region).find(({ code }) => code === QuotaCode);
    return service === undefined || quota === undefined ? undefined : { service, quota };
  };
  const named = (codes: Codes, { region }: Call): Named => {
    serviceOf(codes.ServiceCode);
    const found = find(codes, region);
    if (found === undefined) throw quotaNotFound();
    return found;
  };
  const lookUp = { services, serviceOf, find, named };
  const rows = {
    ...quotaOperations(lookUp),
    ...increaseOperations(openIncreases(store), lookUp),
  } satisfies Operations<ServicequotasModel, Exclude<keyof ServicequotasModel, NotYet>>;
  return new Map(Object.entries(rows));
}

interface Codes {
  readonly ServiceCode: string;
  readonly QuotaCode: string;
}

interface LookUp {
  readonly services: readonly QuotaService[];
  /** @throws ApiError NoSuchResourceException */
  readonly serviceOf: (code: string) => QuotaService;
  readonly find: (codes: Codes, region: string) => Named | undefined;
  /** @throws ApiError NoSuchResourceException */
  readonly named: (codes: Codes, call: Call) => Named;
}

const foundNothing = (_input: unknown, call: Call): Found<undefined> => ({
  resource: { arn: '*', account: call.principal.account },
  subject: undefined,
});

function quotaOperations({ services, serviceOf, named }: LookUp) {
  return {
    ListServices: {
      readOnly: true,
      find: foundNothing,
      run: (input) => {
        const nameOf = ({ code }: QuotaService) => code;
        const { items, next } = pageOf(services, input, { list: 'services', nameOf });
        return {
          ...next,
          Services: items.map(({ code, name }) => ({ ServiceCode: code, ServiceName: name })),
        };
      },
    },
    GetServiceQuota: {
      readOnly: true,
      find: foundNothing,
      run: (input, call) => {
        if (input.ContextId !== undefined) throw contextNotFound();
        return { Quota: appliedQuota({ ...named(input, call), place: placeOf(call) }) };
      },
    },
    GetAWSDefaultServiceQuota: {
      readOnly: true,
      find: foundNothing,
      run: (input, call) => ({
        Quota: defaultQuota({ ...named(input, call), place: placeOf(call) }),
      }),
    },
    ListServiceQuotas: {
      readOnly: true,
      find: foundNothing,
      run: (input, call) => {
        const service = serviceOf(input.ServiceCode);
        // No quota here is a single resource's.
        const all = input.QuotaAppliedAtLevel === 'RESOURCE' ? [] : service.quotas(call.region);
        const asked = all.filter(({ code }) => (input.QuotaCode ?? code) === code);
        const list = `quotas/${service.code}`;
        const { items, next } = pageOf(asked, input, { list, nameOf: ({ code }) => code });
        const place = placeOf(call);
        return { ...next, Quotas: items.map((quota) => appliedQuota({ service, quota, place })) };
      },
    },
    ListAWSDefaultServiceQuotas: {
      readOnly: true,
      find: foundNothing,
      run: (input, call) => {
        const service = serviceOf(input.ServiceCode);
        const list = `defaults/${service.code}`;
        const nameOf = ({ code }: QuotaFacts) => code;
        const { items, next } = pageOf(service.quotas(call.region), input, { list, nameOf });
        const place = placeOf(call);
        return { ...next, Quotas: items.map((quota) => defaultQuota({ service, quota, place })) };
      },
    },
  } satisfies Operations<
    ServicequotasModel,
    | 'ListServices'
    | 'GetServiceQuota'
    | 'GetAWSDefaultServiceQuota'
    | 'ListServiceQuotas'
    | 'ListAWSDefaultServiceQuotas'
  >;
}

function increaseOperations(increases: Increases, { serviceOf, find, named }: LookUp) {
  /** Those for quotas that there still are. */
  const shown = async (call: Call): Promise<readonly RequestedServiceQuotaChange[]> => {
    const place = placeOf(call);
    return (await increasesOf(increases, place)).flatMap((record) => {
      const codes = { ServiceCode: record.serviceCode, QuotaCode: record.quotaCode };
      const asked = find(codes, call.region);
      return asked === undefined ? [] : [shownIncrease(record, asked, place)];
    });
  };
  const history = async (input: HistoryRequest, call: Call) => {
    const all = (await shown(call)).filter((change) => isAskedFor(change, input));
    const nameOf = ({ Id }: RequestedServiceQuotaChange) => String(Id);
    const { items, next } = pageOf(all, input, { list: 'increases', nameOf });
    return { ...next, RequestedQuotas: [...items] };
  };
  return {
    RequestServiceQuotaIncrease: {
      readOnly: false,
      find: (input, call): Found<Named> => {
        const asked = named(input, call);
        const { account } = call.principal;
        return { resource: { arn: quotaArn(placeOf(call), asked), account }, subject: asked };
      },
      run: (input, call, asked: Named) => requestIncrease(increases, asked, { input, call }),
    },
    GetRequestedServiceQuotaChange: {
      readOnly: true,
      find: foundNothing,
      run: async (input, call) => {
        const change = (await shown(call)).find(({ Id }) => Id === input.RequestId);
        if (change === undefined) throw requestNotFound();
        return { RequestedQuota: change };
      },
    },
    ListRequestedServiceQuotaChangeHistory: {
      readOnly: true,
      find: foundNothing,
      run: (input, call) => {
        if (input.ServiceCode !== undefined) serviceOf(input.ServiceCode);
        return history(input, call);
      },
    },
    ListRequestedServiceQuotaChangeHistoryByQuota: {
      readOnly: true,
      find: foundNothing,
      run: (input, call) => {
        named(input, call);
        return history(input, call);
      },
    },
  } satisfies Operations<
    ServicequotasModel,
    | 'RequestServiceQuotaIncrease'
    | 'GetRequestedServiceQuotaChange'
    | 'ListRequestedServiceQuotaChangeHistory'
    | 'ListRequestedServiceQuotaChangeHistoryByQuota'
  >;
}

type HistoryRequest = Partial<ListRequestedServiceQuotaChangeHistoryByQuotaRequest>;

function isAskedFor(change: RequestedServiceQuotaChange, asked: HistoryRequest): boolean {
  return (
    (asked.ServiceCode ?? change.ServiceCode) === change.ServiceCode &&
    (asked.QuotaCode ?? change.QuotaCode) === change.QuotaCode &&
    (asked.Status ?? change.Status) === change.Status &&
    asked.QuotaRequestedAtLevel !== 'RESOURCE'
  );
}
