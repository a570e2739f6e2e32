/** Parameter Store on a running server, called as anybody would. */
import assert from 'node:assert/strict';
import { type Answer, ask, type Caller } from './ask.ts';

export type Body = Record<string, unknown>;

export interface Asked {
  readonly region?: string;
}

/** `ssmOf(server)('GetParameter', {…})`: one signed call and what it answered, whatever it is. */
export function ssmOf(caller: Caller) {
  return (operation: string, input: object = {}, { region }: Asked = {}): Promise<Answer> =>
    ask(caller)(operation, input, {
      target: `AmazonSSM.${operation}`,
      service: 'ssm',
      ...(region === undefined ? {} : { region }),
    });
}

/** The body of an answer that must be none of an error. */
export function callsOf(caller: Caller) {
  const call = ssmOf(caller);
  return async (operation: string, input: object = {}, asked: Asked = {}): Promise<Body> => {
    const answer = await call(operation, input, asked);
    assert.equal(answer.status, 200, `${operation}: ${answer.text}`);
    return answer.body;
  };
}

/** Names on all pages of a list. */
export async function namesOf(
  call: ReturnType<typeof callsOf>,
  operation: 'GetParametersByPath' | 'DescribeParameters',
  input: object,
): Promise<string[]> {
  const names: string[] = [];
  let more: object = {};
  do {
    const page = await call(operation, { ...input, ...more });
    names.push(...(page.Parameters as Body[]).map(({ Name }) => String(Name)));
    more = page.NextToken === undefined ? {} : { NextToken: page.NextToken };
  } while ('NextToken' in more);
  return names;
}

export async function moveClock(endpoint: string, advance: string): Promise<void> {
  const response = await fetch(`${endpoint}/_sealhold/clock`, {
    method: 'POST',
    body: JSON.stringify({ advance }),
  });
  assert.equal(response.status, 200, await response.text());
}
