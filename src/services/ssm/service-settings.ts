/** GetServiceSetting, UpdateServiceSetting and ResetServiceSetting, as far as parameters go. */
import type { ParameterTier, ServiceSetting, SsmModel } from '../../model/ssm.generated.ts';
import type { Call, Found, Operations } from '../../operation.ts';
import type { Entry } from '../../store/store.ts';
import type { SsmContext } from './context.ts';
import { settingNotFound, settingValueInvalid } from './errors.ts';
import { ownerOf } from './finder.ts';
import type { Owner } from './parameter-name.ts';
import { type Setting, settingId } from './records.ts';

const defaultTierSetting = '/ssm/parameter-store/default-parameter-tier';

/** By setting id: its values, of which the first is the one that AWS begins with. */
const settings: ReadonlyMap<string, readonly string[]> = new Map([
  [defaultTierSetting, ['Standard', 'Advanced', 'Intelligent-Tiering']],
  ['/ssm/parameter-store/high-throughput-enabled', ['false', 'true']],
]);

/** When AWS set what every account begins with; it shows one date for all. */
const beginningAt = Date.UTC(2019, 3, 17);

/** The tier of parameters that are put without one. */
export async function defaultTier({ records }: SsmContext, owner: Owner): Promise<ParameterTier> {
  const id = settingId(owner, defaultTierSetting);
  const entry = records.settings.peek(id) ?? (await records.settings.get(id));
  return (entry?.value.value ?? 'Standard') as ParameterTier;
}

interface Named {
  readonly id: string;
  readonly arn: string;
  readonly values: readonly string[];
  readonly entry: Entry<Setting> | undefined;
}

export function settingOperations(ssm: SsmContext) {
  const find = (input: { readonly SettingId: string }, call: Call) =>
    findSetting(ssm, input.SettingId, call);
  return {
    GetServiceSetting: {
      readOnly: true,
      find,
      run: (_input, _call, named: Named) => ({ ServiceSetting: shown(named) }),
    },
    UpdateServiceSetting: {
      readOnly: false,
      find,
      run: (input, call, named: Named) => {
        const { SettingValue: value } = input;
        if (!named.values.includes(value)) throw settingValueInvalid(value, named.values);
        const setting = { value, modifiedAt: call.now, modifiedBy: call.principal.arn };
        call.stage(ssm.records.settings.put(settingId(ownerOf(call), named.id), setting));
        return {};
      },
    },
    ResetServiceSetting: {
      readOnly: false,
      find,
      run: (_input, call, named: Named) => {
        if (named.entry !== undefined) call.stage(ssm.records.settings.remove(named.entry));
        return { ServiceSetting: shown({ ...named, entry: undefined }) };
      },
    },
  } satisfies Operations<
    SsmModel,
    'GetServiceSetting' | 'UpdateServiceSetting' | 'ResetServiceSetting'
  >;
}

/** By its id or its ARN. @throws ApiError ServiceSettingNotFound */
async function findSetting(
  { records }: SsmContext,
  given: string,
  call: Call,
): Promise<Found<Named>> {
  const { partition, ...owner } = ownerOf(call);
  const arnStart = `arn:${partition}:ssm:${owner.region}:${owner.account}:servicesetting`;
  const id = given.startsWith(`${arnStart}/`) ? given.slice(arnStart.length) : given;
  const values = settings.get(id);
  if (values === undefined) throw settingNotFound(given);
  const arn = `${arnStart}${id}`;
  const entry = await records.settings.get(settingId(owner, id));
  return {
    resource: { arn, account: owner.account },
    subject: { id, arn, values, entry },
  };
}

function shown({ id, arn, values, entry }: Named): ServiceSetting {
  return {
    SettingId: id,
    SettingValue: entry?.value.value ?? (values[0] as string),
    LastModifiedDate: entry?.value.modifiedAt ?? beginningAt,
    LastModifiedUser: entry?.value.modifiedBy ?? 'System',
    ARN: arn,
    Status: entry === undefined ? 'Default' : 'Customized',
  };
}
