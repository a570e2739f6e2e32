/**
 * A value that is easy to recognize goes through every operation of Parameter Store, right and
 * wrong: it must be nowhere but in the answers that are asked for it.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type Body, ssmOf } from '../parameter-calls.ts';
import { freshFolder, removeFolder, startServer } from '../running-server.ts';

const canary = 'Canary-7f3a9c51-sings';
/** As it is, and as base64 has it wherever it begins. */
const forms = [
  canary,
  ...['', 'x', 'xx'].map((front) =>
    Buffer.from(front + canary)
      .toString('base64')
      .slice(front.length === 0 ? 0 : 4, -4),
  ),
  Buffer.from(canary).toString('hex'),
];

const hold = (text: string): string | undefined => forms.find((form) => text.includes(form));

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile())
    .map((each) => join(each.parentPath, each.name));
}

describe('values of parameters', () => {
  test('are in no file, record, log or error', async () => {
    const data = freshFolder();
    const server = await startServer({ mode: 'start', data });
    const call = ssmOf(server);
    const refused: string[] = [];
    const good = async (operation: string, input: object): Promise<Body> => {
      const answer = await call(operation, input);
      assert.equal(answer.status, 200, `${operation} ${answer.text}`);
      return answer.body;
    };
    const bad = async (operation: string, input: object): Promise<void> => {
      const answer = await call(operation, input);
      assert.equal(answer.status, 400, `${operation} ${answer.text}`);
      refused.push(answer.text);
    };
    const names: string[] = [];
    for (const Type of ['String', 'StringList', 'SecureString'])
      for (const Tier of ['Standard', 'Advanced']) {
        const Name = `/canary/${Type}/${Tier}`;
        names.push(Name);
        const put = { Name, Type, Tier, Value: `${canary},${canary}` };
        await good('PutParameter', put);
        await good('PutParameter', { ...put, Overwrite: true });
        await bad('PutParameter', put);
        await bad('PutParameter', { ...put, Overwrite: true, AllowedPattern: '[0-9]+' });
        await bad('PutParameter', { ...put, Overwrite: true, DataType: 'integer' });
        await bad('PutParameter', { ...put, Overwrite: true, Value: `{{${canary}}}` });
        await bad('PutParameter', { ...put, Overwrite: true, Value: canary.repeat(2_000) });
        await bad('PutParameter', {
          ...put,
          Overwrite: true,
          KeyId: 'alias/none',
          Type: 'SecureString',
        });
        const shown = await good('GetParameter', { Name, WithDecryption: true });
        assert.match(String((shown.Parameter as Body).Value), /^Canary-/);
        await good('GetParameterHistory', { Name, WithDecryption: true });
      }
    await good('GetParameters', { Names: names, WithDecryption: true });
    await good('GetParametersByPath', { Path: '/canary', Recursive: true, WithDecryption: true });
    const described = await good('DescribeParameters', {});
    assert.equal(hold(JSON.stringify(described)), undefined, 'descriptions');
    const sealed = await good('GetParameters', { Names: names.slice(4) });
    assert.equal(hold(JSON.stringify(sealed)), undefined, 'SecureStrings without decryption');
    await good('DeleteParameters', { Names: names.slice(0, 3) });
    await server.stop();
    for (const text of refused) assert.equal(hold(text), undefined, text);
    assert.equal(hold(server.output()), undefined, 'the log');
    const files = filesOf(data);
    assert.ok(files.some((file) => file.includes('trail')));
    for (const file of files) assert.equal(hold(readFileSync(file, 'latin1')), undefined, file);
    removeFolder(data);
  });
});
