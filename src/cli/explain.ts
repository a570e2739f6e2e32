/** `sealhold explain`: why a call was denied, and the smallest change that would allow it. */
import type { DenialRecord } from '../access/denials.ts';
import type { ExplainedPolicy, ExplainedStatement, Mismatch } from '../policy/explain.ts';
import { callSealhold } from './client.ts';
import { type Command, exit } from './command.ts';

export const explain: Command = {
  name: 'explain',
  summary: "tell why a call was denied, by the authorization id in its error or the request's id",
  words: ['ID'],
  flags: [],
  run: async (input) => {
    const { Denial } = await callSealhold('ExplainDenial', { Id: input.words[0] }, input);
    const text = String(Denial);
    input.out(
      input.flags.has('json') ? `${text}\n` : told(JSON.parse(text) as DenialRecord).join('\n'),
    );
    return exit.done;
  },
};

function told(denial: DenialRecord): readonly string[] {
  const { explanation, grants = [] } = denial;
  const { smallestChange } = explanation;
  return [
    denial.text,
    '',
    `at        ${new Date(denial.at).toISOString()} in ${denial.region}`,
    `request   ${denial.requestId}${madeFor(denial)}`,
    '',
    ...explanation.policies.flatMap(policyLines),
    ...(explanation.policies.length === 0 ? ['No policy was there to look at.', ''] : []),
    ...grants.flatMap(({ grantId, why }) => [
      `grant ${grantId}`,
      `  does not allow it: ${why}`,
      '',
    ]),
    smallestChange === undefined
      ? 'No change of policies would allow this.'
      : `Smallest change: ${smallestChange.text}`,
    ...(smallestChange?.steps ?? []).flatMap(({ add }) =>
      add === undefined ? [] : [JSON.stringify(add, undefined, 2)],
    ),
    '',
  ];
}

const madeFor = ({ outerRequestId: outer }: DenialRecord): string =>
  outer === undefined ? '' : `, which a service made for ${outer}`;

function policyLines({ type, name, arn, attachedTo, statements }: ExplainedPolicy): string[] {
  const where = attachedTo === undefined ? '' : ` of ${attachedTo}`;
  return [
    `${type} policy ${arn ?? name}${where}`,
    ...(statements.length === 0 ? ['  has no statements'] : statements.map(statementLine)),
    '',
  ];
}

function statementLine(statement: ExplainedStatement): string {
  const { effect, line, sid, matched, mismatch } = statement;
  const name = `  line ${line}${sid === undefined ? '' : ` (${sid})`}: ${effect}`;
  if (matched) return `${name} matches`;
  return `${name} does not match${mismatch === undefined ? '' : `: ${mismatchText(mismatch)}`}`;
}

function mismatchText({ element, operator, key, policy, request, note }: Mismatch): string {
  const what = operator === undefined ? element : `${element} ${operator} ${key}`;
  const has = policy.length === 0 ? 'nothing' : policy.join(', ');
  const asked = request === null ? 'nothing' : [request].flat().join(', ');
  return `${what} is ${has}, the request has ${asked}${note === undefined ? '' : ` (${note})`}`;
}
