/** What a target must be like. Pure. */
import type { Target } from '../../model/events.generated.ts';
import {
  arnMalformed,
  cannotSendTo,
  inputNoJson,
  pathInvalid,
  roleNeeded,
  targetElsewhere,
  twoInputs,
  unknownPlaceholder,
} from './errors.ts';
import { parsed } from './event-json.ts';
import { parseJsonPath } from './json-path.ts';
import { type BusName, parseTargetArn } from './names.ts';
import { unknownName } from './target-input.ts';

/** @throws ApiError ValidationException */
export function checkTarget(target: Target, bus: BusName): void {
  checkInput(target);
  const { Arn: arn } = target;
  const to = parseTargetArn(arn);
  switch (to.kind) {
    case 'malformed':
      throw arnMalformed(arn);
    case 'other':
      throw cannotSendTo(arn);
    case 'bus':
      // Who may let events onto a bus is said by its policy, to other accounts; by a role, to one's
      // own.
      if (target.RoleArn === undefined && to.bus.account === bus.account) throw roleNeeded(arn);
      return;
    case 'lambda':
      if (to.region !== bus.region) throw targetElsewhere(arn);
      return;
    default:
      if (to.region !== bus.region || to.account !== bus.account) throw targetElsewhere(arn);
      if (to.kind === 'api-destination' && target.RoleArn === undefined) throw roleNeeded(arn);
  }
}

function checkInput({ Id, Input, InputPath, InputTransformer }: Target): void {
  const given = [Input, InputPath, InputTransformer].filter((each) => each !== undefined);
  if (given.length > 1) throw twoInputs(Id);
  if (Input !== undefined && parsed(Input) === undefined) throw inputNoJson(Id);
  for (const path of [InputPath, ...Object.values(InputTransformer?.InputPathsMap ?? {})])
    if (path !== undefined && parseJsonPath(path) === undefined) throw pathInvalid(Id, path);
  const unknown = InputTransformer === undefined ? undefined : unknownName(InputTransformer);
  if (unknown !== undefined) throw unknownPlaceholder(Id, unknown);
}
