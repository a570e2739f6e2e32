/** GetParameter and GetParameters. */
import { ApiError } from '../../api-error.ts';
import type {
  GetParameterResult,
  GetParametersResult,
  Parameter as ShownParameter,
  SsmModel,
} from '../../model/ssm.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import type { SsmContext } from './context.ts';
import { parameterNotFound } from './errors.ts';
import { circumstances, findNamed, found, type Named, resourceOf } from './finder.ts';
import { parseParameterName } from './parameter-name.ts';
import { isSecretReference, readSecret, secretName } from './secret-reference.ts';
import { selectVersion, shownParameter } from './show.ts';
import { type MaybePromise, whenHere } from './when.ts';

const noMembers = {};

export function readOperations(ssm: SsmContext) {
  return {
    GetParameter: {
      readOnly: true,
      find: (input, call) =>
        whenHere(findNamed(ssm.records, nameOf(input.Name), call), (named) =>
          found(named, noMembers),
        ),
      run: (input, call, named: Named) =>
        whenHere(
          read(ssm, named, { call, given: input.Name, withDecryption: input.WithDecryption }),
          (parameter): GetParameterResult => ({ Parameter: parameter }),
        ),
    },
    GetParameters: {
      readOnly: true,
      run: (input, call) => getParameters(ssm, input, call),
    },
  } satisfies Operations<SsmModel, 'GetParameter' | 'GetParameters'>;
}

const nameOf = (given: string) =>
  isSecretReference(given) ? secretName(given) : parseParameterName(given);

interface Asked {
  readonly call: Call;
  /** The name as it was given. */
  readonly given: string;
  readonly withDecryption: boolean | undefined;
}

/** @throws ApiError ParameterNotFound, ParameterVersionNotFound, and what KMS refuses. */
function read(ssm: SsmContext, named: Named, asked: Asked): MaybePromise<ShownParameter> {
  const { entry, name } = named;
  if (isSecretReference(asked.given)) return readSecret(asked);
  if (entry === undefined) throw parameterNotFound();
  const { call, withDecryption } = asked;
  const shownAs = name.owner === undefined ? { shownAs: name.written } : {};
  return whenHere(selectVersion(ssm, entry, name), (version) =>
    shownParameter(entry.value, version, {
      call,
      withDecryption,
      selector: name.selector,
      ...shownAs,
    }),
  );
}

/** Each name is decided on, whether it is there or not; one that is denied denies the request. */
async function getParameters(
  ssm: SsmContext,
  input: { readonly Names: readonly string[]; readonly WithDecryption?: boolean },
  call: Call,
): Promise<GetParametersResult> {
  const asked = [...new Set(input.Names)];
  const all: Named[] = [];
  for (const given of asked) {
    const named = await findNamed(ssm.records, nameOf(given), call);
    call.authorize('ssm:GetParameters', resourceOf(named), circumstances({}, named.entry));
    all.push(named);
  }
  const Parameters: ShownParameter[] = [];
  const InvalidParameters: string[] = [];
  for (const [i, named] of all.entries()) {
    const given = asked[i] as string;
    try {
      const { WithDecryption: withDecryption } = input;
      Parameters.push(await read(ssm, named, { call, given, withDecryption }));
    } catch (error) {
      if (!(error instanceof ApiError) || !isMissing.test(error.code)) throw error;
      InvalidParameters.push(given);
    }
  }
  Parameters.sort((a, b) => (String(a.Name) < String(b.Name) ? -1 : 1));
  return { Parameters, InvalidParameters };
}

const isMissing = /^Parameter(Version)?NotFound$/;
