/** What a quota is to Service Quotas, and how it is shown. Pure. */
import type { ServiceQuota } from '../../model/servicequotas.generated.ts';

/** A quota as its own service tells of it. */
export interface QuotaFacts {
  /** `L-…` */
  readonly code: string;
  readonly name: string;
  /** AWS's value in the Region asked about. */
  readonly defaultValue: number;
  /** The value in force here; undefined = no limit. */
  readonly value: number | undefined;
  readonly adjustable: boolean;
  /** Whether the value is one a second. */
  readonly isRate: boolean;
  /** Whether this server refuses what exceeds it. */
  readonly isEnforced: boolean;
}

/** A service whose quotas are told of. */
export interface QuotaService {
  /** `kms` */
  readonly code: string;
  readonly name: string;
  /** In a Region, in the order in which they are listed. */
  readonly quotas: (region: string) => readonly QuotaFacts[];
}

/** Where a quota is asked about. */
export interface Place {
  readonly account: string;
  readonly region: string;
  readonly partition: string;
}

/** What Service Quotas can say at most: it stands for quotas that were lifted. */
const noLimit = 10_000_000_000;

export const appliedValue = (quota: QuotaFacts): number => quota.value ?? noLimit;

/** Without an account it is the ARN of AWS's default. */
export const quotaArn = (
  { partition, region, account }: Place,
  { service, quota }: { readonly service: QuotaService; readonly quota: QuotaFacts },
): string => `arn:${partition}:servicequotas:${region}:${account}:${service.code}/${quota.code}`;

interface Shown {
  readonly service: QuotaService;
  readonly quota: QuotaFacts;
  readonly place: Place;
}

/** As GetServiceQuota and ListServiceQuotas show it: the value in force. */
export function appliedQuota({ service, quota, place }: Shown): ServiceQuota {
  return {
    ...common(service, quota),
    QuotaArn: quotaArn(place, { service, quota }),
    Value: appliedValue(quota),
    QuotaAppliedAtLevel: 'ACCOUNT',
    ...(quota.isEnforced ? {} : { Description: 'Sealhold does not enforce this quota.' }),
  };
}

/** As GetAWSDefaultServiceQuota and ListAWSDefaultServiceQuotas show it. */
export function defaultQuota({ service, quota, place }: Shown): ServiceQuota {
  return {
    ...common(service, quota),
    QuotaArn: quotaArn({ ...place, account: '' }, { service, quota }),
    Value: quota.defaultValue,
  };
}

const common = (service: QuotaService, quota: QuotaFacts): ServiceQuota => ({
  ServiceCode: service.code,
  ServiceName: service.name,
  QuotaCode: quota.code,
  QuotaName: quota.name,
  Unit: 'None',
  Adjustable: quota.adjustable,
  GlobalQuota: false,
  ...(quota.isRate ? { Period: { PeriodValue: 1, PeriodUnit: 'SECOND' as const } } : {}),
});
