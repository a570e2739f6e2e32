/**
 * ResolveReferences: puts the values into a text that CloudFormation's dynamic references stand
 * for. What they refer to is read by calls that are decided on and recorded as the caller's own.
 */
import { ApiError } from '../../api-error.ts';
import type { SealholdModel } from '../../model/sealhold.generated.ts';
import type { GetSecretValueResponse } from '../../model/secretsmanager.generated.ts';
import type { GetParametersResult } from '../../model/ssm.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import { type DynamicReference, dynamicReferences, type Found } from './dynamic-reference.ts';
import {
  noSuchParameter,
  noSuchReference,
  notSecureParameter,
  secretWithoutString,
  secureParameter,
  tooManyReferences,
  unresolved,
} from './errors.ts';
import { jsonMember } from './secret-json.ts';

/** As in a template of CloudFormation. */
export const maxReferences = 60;

export const referenceOperations = {
  ResolveReferences: {
    readOnly: true,
    // It gives no more than the calls inside it, and each of them is decided on.
    open: true,
    run: async ({ Text }, call) => {
      const found = dynamicReferences(Text);
      if (found.length > maxReferences) throw tooManyReferences(found.length, maxReferences);
      const values = valuesFor(call);
      let text = '';
      let end = 0;
      for (const each of found) {
        text += Text.slice(end, each.at) + (await placed(Text, each, values));
        end = each.at + each.written.length;
      }
      return { Text: text + Text.slice(end), Resolved: found.length };
    },
  },
} satisfies Operations<SealholdModel, 'ResolveReferences'>;

type Values = ReturnType<typeof valuesFor>;

/** What stands for a reference; a failure says which one it was. */
async function placed(text: string, found: Found, values: Values): Promise<string> {
  const { reference, written, at } = found;
  try {
    if (typeof reference === 'string') throw noSuchReference(reference);
    return await valueFor(reference, values);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    throw unresolved(error, written, lineOf(text, at));
  }
}

const lineOf = (text: string, at: number): number => text.slice(0, at).split('\n').length;

async function valueFor(reference: DynamicReference, values: Values): Promise<string> {
  if (reference.service === 'secretsmanager') {
    const secret = await values.secret(reference);
    if (reference.jsonKey === undefined) return secret;
    const member = jsonMember(secret, reference.jsonKey);
    if (member.kind === 'none') throw noSuchReference(member.why);
    return member.text;
  }
  return values.parameter(reference.service, reference.name);
}

/** Reads each value once, so that references to one secret are to one version of it. */
function valuesFor(call: Call) {
  const known = new Map<string, Promise<string>>();
  const once = (key: string, read: () => Promise<string>): Promise<string> => {
    const value = known.get(key) ?? read();
    known.set(key, value);
    return value;
  };
  return {
    parameter: (service: 'ssm' | 'ssm-secure', name: string) =>
      once(`${service} ${name}`, () => parameterValue(call, name, service === 'ssm-secure')),
    secret: (secret: Extract<DynamicReference, { service: 'secretsmanager' }>) => {
      const { secretId, versionStage, versionId } = secret;
      const asked = {
        SecretId: secretId,
        ...(versionStage === undefined ? {} : { VersionStage: versionStage }),
        ...(versionId === undefined ? {} : { VersionId: versionId }),
      };
      return once(JSON.stringify(asked), () => secretValue(call, asked));
    },
  };
}

const direct = { direct: true } as const;

async function secretValue(call: Call, asked: object): Promise<string> {
  const answer = await call.invoke('secretsmanager', 'GetSecretValue', asked, direct);
  const { SecretString } = answer as GetSecretValueResponse;
  if (SecretString === undefined) throw secretWithoutString();
  return SecretString;
}

/** By GetParameters, whose permission CloudFormation asks for. */
async function parameterValue(call: Call, name: string, isSecure: boolean): Promise<string> {
  const asked = { Names: [name], WithDecryption: isSecure };
  const answer = await call.invoke('ssm', 'GetParameters', asked, direct);
  const parameter = (answer as GetParametersResult).Parameters?.[0];
  if (parameter?.Value === undefined) throw noSuchParameter();
  if ((parameter.Type === 'SecureString') !== isSecure)
    throw isSecure ? notSecureParameter() : secureParameter();
  return parameter.Value;
}
