/**
 * Which tier a parameter gets.
 * (https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html)
 */
import type { ParameterTier } from '../../model/ssm.generated.ts';
import type { SsmContext } from './context.ts';
import {
  cannotDowngrade,
  needsAdvanced,
  valueTooLarge,
  valueTooLargeForStandard,
} from './errors.ts';
import type { Tier } from './parameter.ts';
import type { Owner } from './parameter-name.ts';
import type { Needs } from './planned-version.ts';
import { advancedBytes, standardBytes } from './value-rules.ts';

/**
 * `preset`: what the account has set for requests that name none. `existing`: the tier that the
 * parameter has.
 * @throws ApiError ValidationException for what the tier can't hold.
 */
export async function decideTier(
  { counts }: SsmContext,
  asked: {
    readonly requested: ParameterTier | undefined;
    readonly preset: ParameterTier;
    readonly existing: Tier | undefined;
    readonly needs: Needs;
    readonly owner: Owner;
  },
): Promise<Tier> {
  const { requested, preset, existing, needs, owner } = asked;
  if (existing === 'Advanced' && requested === 'Standard') throw cannotDowngrade();
  const wanted = existing === 'Advanced' ? existing : (requested ?? preset);
  const isStandard =
    wanted === 'Standard' ||
    (wanted === 'Intelligent-Tiering' &&
      fitsStandard(needs) &&
      (existing !== undefined || (await counts.hasRoom(owner, 'Standard'))));
  if (isStandard) requireStandard(needs);
  else if (needs.valueBytes > advancedBytes) throw valueTooLarge();
  return isStandard ? 'Standard' : 'Advanced';
}

const fitsStandard = ({ valueBytes, policies, dataType }: Needs): boolean =>
  valueBytes <= standardBytes && !policies && dataType === undefined;

function requireStandard({ valueBytes, policies, dataType }: Needs): void {
  if (valueBytes > standardBytes) throw valueTooLargeForStandard();
  if (policies) throw needsAdvanced('Parameter policies');
  if (dataType !== undefined) throw needsAdvanced(`The data type ${dataType}`);
}
