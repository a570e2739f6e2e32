/** GetParameterHistory: all versions that are kept, the oldest first. */
import type {
  GetParameterHistoryRequest,
  GetParameterHistoryResult,
  ParameterHistory,
  SsmModel,
} from '../../model/ssm.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import { type SsmContext, tokenCursor } from './context.ts';
import { parameterNotFound } from './errors.ts';
import { findNamed, found, type Named, ownerOf } from './finder.ts';
import { parseParameterName } from './parameter-name.ts';
import { shownHistory, versionOf } from './show.ts';
import { whenHere } from './when.ts';

const defaultPage = 50;

export function historyOperations(ssm: SsmContext) {
  return {
    GetParameterHistory: {
      readOnly: true,
      find: (input, call) =>
        whenHere(findNamed(ssm.records, parseParameterName(input.Name), call), (named) =>
          found(named, {}),
        ),
      run: (input, call, named: Named) => history(ssm, input, call, named),
    },
  } satisfies Operations<SsmModel, 'GetParameterHistory'>;
}

async function history(
  ssm: SsmContext,
  input: GetParameterHistoryRequest,
  call: Call,
  { entry, arn }: Named,
): Promise<GetParameterHistoryResult> {
  if (entry === undefined) throw parameterNotFound();
  const { value: parameter } = entry;
  const list = ['GetParameterHistory', ownerOf(call).account, arn];
  const after =
    input.NextToken === undefined ? 0 : Number(tokenCursor(ssm, list, input.NextToken)[0]);
  const first = Math.max(after + 1, parameter.oldestVersion);
  const last = Math.min(parameter.current.version, first + (input.MaxResults ?? defaultPage) - 1);
  const shown: ParameterHistory[] = [];
  for (let number = first; number <= last; number++) {
    const version = await versionOf(ssm, entry, number);
    // It may have left the history since the parameter was read.
    if (version === undefined) continue;
    const asked = { call, withDecryption: input.WithDecryption };
    shown.push(await shownHistory(parameter, version, asked));
  }
  return {
    Parameters: shown,
    ...(last < parameter.current.version ? { NextToken: ssm.tokens.seal(list, [last]) } : {}),
  };
}
