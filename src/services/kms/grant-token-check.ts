/** The grant tokens of requests: every operation that takes them refuses those that are none. */
import { kms as model } from '../../model/kms.generated.ts';
import type { Call, Operation, OperationTable } from '../../operation.ts';
import { grantTokenInvalid } from './errors.ts';
import type { GrantTokens } from './grant-token.ts';

interface Request {
  readonly GrantTokens?: readonly string[];
}

/**
 * The same operations, asked only with tokens that this installation gave out for the Region of the
 * request. A token of a grant that is gone, or that the request doesn't need, does no harm and no
 * good. Which operations take tokens is AWS's model's to say, so none is forgotten.
 */
export function refusingFalseTokens(
  operations: OperationTable,
  tokens: GrantTokens,
): OperationTable {
  return new Map(
    [...operations].map(([name, row]) => [name, takesTokens(name) ? checked(row, tokens) : row]),
  );
}

const takesTokens = (operation: string): boolean =>
  model.operations.get(operation)?.input?.members.GrantTokens !== undefined;

type Row = Operation<Request, unknown, unknown>;

function checked(row: Row, tokens: GrantTokens): Row {
  const { find } = row;
  if (find === undefined) throw new Error('What takes grant tokens is found first');
  return {
    ...row,
    find: (input, call) => {
      if (input.GrantTokens !== undefined) requireGenuine(input.GrantTokens, tokens, call);
      return find(input, call);
    },
  };
}

/** @throws ApiError InvalidGrantTokenException. */
function requireGenuine(given: readonly string[], tokens: GrantTokens, call: Call): void {
  for (const token of given)
    if (tokens.read(token)?.region !== call.region) throw grantTokenInvalid();
}
