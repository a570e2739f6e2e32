/**
 * Why a call was denied, in the encoded form that some services put into their answer (EC2's
 * `Encoded authorization failure message`) and that sts:DecodeAuthorizationMessage reads.
 * (https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html)
 */
import type { Denied } from '../policy/evaluate.ts';
import type { Statement } from '../policy/policy.ts';
import { globalKeyNames } from './condition-keys.ts';
import type { Matter } from './decide.ts';

/** Seals a text, and opens what it has sealed. */
export interface Seal {
  seal(text: string): string;
  open(message: string): string | undefined;
}

export interface EncodedMessages {
  /** At most 10,240 characters, which DecodeAuthorizationMessage takes. */
  encode(matter: Matter, denied: Denied): string;
  /** The JSON that AWS documents, and the account whose people may read it. */
  decode(message: string): { readonly account: string; readonly text: string } | undefined;
}

export function encodedMessages({ seal, open }: Seal): EncodedMessages {
  return {
    encode: (matter, denied) => {
      const { account } = matter.question.caller;
      const texts = [20, 5, 1].map((most) =>
        JSON.stringify([account, messageOf(matter, denied, most)]),
      );
      const [fullest] = texts.filter((text) => Buffer.byteLength(text) <= mostBytes);
      return seal(fullest ?? JSON.stringify([account, {}]));
    },
    decode: (message) => {
      const text = open(message);
      if (text === undefined) return undefined;
      const [account, content] = JSON.parse(text) as [string, unknown];
      return { account, text: JSON.stringify(content) };
    },
  };
}

/** So much is 10,240 characters when it is sealed. */
const mostBytes = 7_500;
/** No value is longer: what callers write into their requests must not fill the message. */
const mostChars = 256;

const items = (list: readonly unknown[]) => ({ items: list });

const valuesOf = (values: readonly string[], most: number) =>
  items(values.slice(0, most).map((value) => ({ value: value.slice(0, mostChars) })));

/** With at most so many of everything. */
function messageOf({ question }: Matter, denied: Denied, most: number): object {
  const { caller, action, resource, conditions } = question;
  const known = globalKeyNames.flatMap((key) => {
    const value = conditions(key);
    if (value === undefined) return [];
    return [{ key, values: valuesOf(typeof value === 'string' ? [value] : value, most) }];
  });
  const matched = denied.explicit ? statementOf(denied) : undefined;
  return {
    allowed: false,
    explicitDeny: denied.explicit,
    matchedStatements: items(matched === undefined ? [] : [shownStatement(matched, most)]),
    failures: items([]),
    context: {
      principal: {
        id: caller.principalId,
        name: caller.arn.slice(caller.arn.lastIndexOf('/') + 1),
        arn: caller.arn,
      },
      action,
      resource: resource.arn,
      conditions: items(known.slice(0, most)),
    },
  };
}

const statementOf = ({ policy, statement }: Denied): Statement | undefined =>
  policy?.policy.statements.find(({ index }) => index === statement);

function shownStatement(
  { sid, principals, actions, resources, conditions }: Statement,
  most: number,
): object {
  const texts = (element: { readonly patterns: ReadonlyArray<{ text: string }> } | undefined) =>
    valuesOf(
      (element?.patterns ?? []).map(({ text }) => text),
      most,
    );
  return {
    statementId: sid ?? '',
    effect: 'DENY',
    principals: texts(principals),
    principalGroups: items([]),
    actions: texts(actions),
    resources: texts(resources),
    conditions: items(
      conditions
        .slice(0, most)
        .map(({ name, values }) => ({ key: name, values: valuesOf(values, most) })),
    ),
  };
}
