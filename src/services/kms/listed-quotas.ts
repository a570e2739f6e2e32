/** The quotas of KMS as Service Quotas tells of them: those whose code is known. Pure. */
import {
  awsValue,
  isSettable,
  keysQuota,
  type Quota,
  type QuotaSettings,
  quotaName,
  quotas,
  quotaValue,
} from './quotas.ts';

/** One quota in a Region; the form is Service Quotas' own (`services/servicequotas/quota.ts`). */
export interface ListedQuota {
  readonly code: string;
  readonly name: string;
  readonly defaultValue: number;
  /** In force; undefined = no limit. */
  readonly value: number | undefined;
  readonly adjustable: boolean;
  readonly isRate: boolean;
  readonly isEnforced: boolean;
}

/** Whether a quota holds without being asked for. */
const isAlwaysEnforced = (quota: Quota): boolean =>
  quota.kind === 'resource' && quota !== keysQuota;

/** `settings` undefined: the server was started without quotas, and AWS's values are shown. */
export function listedQuotas(
  settings: QuotaSettings | undefined,
  region: string,
): readonly ListedQuota[] {
  return [...quotas.values()].flatMap((quota): readonly ListedQuota[] => {
    const { code, adjustable, kind } = quota;
    if (code === undefined) return [];
    const value =
      settings === undefined || !isSettable(quota)
        ? awsValue(quota, region)
        : quotaValue(quota, { settings, region });
    return [
      {
        code,
        name: quotaName(quota),
        defaultValue: awsValue(quota, region),
        value,
        adjustable,
        isRate: kind === 'rate',
        isEnforced: value !== undefined && (settings !== undefined || isAlwaysEnforced(quota)),
      },
    ];
  });
}
