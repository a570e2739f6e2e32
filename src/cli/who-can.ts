/** `sealhold who-can`: who may do something with a key. */
import { callSealhold } from './client.ts';
import { type Command, exit } from './command.ts';

interface Answer {
  readonly Resource: string;
  readonly Principals: readonly {
    readonly Arn: string;
    readonly Can: 'yes' | 'conditionally';
    readonly Because: string;
    readonly Policy?: string;
  }[];
  readonly Others: readonly {
    readonly Principal: string;
    readonly Through: string;
    readonly Note?: string;
  }[];
}

export const whoCan: Command = {
  name: 'who-can',
  summary: 'list who may do something with a key: sealhold who-can kms:Decrypt alias/mine',
  words: ['ACTION', 'KEY'],
  flags: [],
  run: async (input) => {
    const [Action, Resource] = input.words;
    const answer = await callSealhold('WhoCan', { Action, Resource }, input);
    input.out(
      input.flags.has('json')
        ? `${JSON.stringify(answer)}\n`
        : told(answer as unknown as Answer, String(Action)),
    );
    return exit.done;
  },
};

function told({ Resource, Principals, Others }: Answer, action: string): string {
  const own = Principals.map(
    ({ Arn, Can, Because, Policy }) =>
      `  ${Arn}  ${Can === 'yes' ? '' : 'under conditions, '}by ${Because}${Policy === undefined ? '' : ` ${Policy}`}`,
  );
  const others = Others.map(
    ({ Principal, Through, Note }) =>
      `  ${Principal}  by ${Through}${Note === undefined ? '' : `; ${Note}`}`,
  );
  return [
    `${action} on ${Resource}`,
    '',
    'In its account:',
    ...(own.length === 0 ? ['  nobody'] : own),
    ...(others.length === 0 ? [] : ['', 'Besides:', ...others]),
    '',
  ].join('\n');
}
