/** The recorded Parameter Store cases, as calls. */
import { type Case, recordable } from './case.ts';

const parameterOf = ({ body }: Awaited<ReturnType<Parameters<Case>[0]>>) => body.Parameter;

export const cases: ReadonlyMap<string, Case> = new Map<string, Case>([
  [
    'test_get_parameter_by_arn',
    async (ask) => {
      const Name = `param-${process.pid}`;
      await ask('PutParameter', { Name, Value: 'test', Type: 'String' });
      const byName = await ask('GetParameter', { Name });
      const { ARN } = parameterOf(byName) as { ARN: string };
      return { Parameter: parameterOf(await ask('GetParameter', { Name: ARN })) };
    },
  ],
  [
    'test_parameters_with_path',
    async (ask) => {
      const Name = `/test/${process.pid}`;
      const put = await ask('PutParameter', { Name, Value: '123', Type: 'String' });
      const get = await ask('GetParameter', { Name });
      const { ARN } = parameterOf(get) as { ARN: string };
      const answers = {
        'put-parameter-response': put,
        'get-parameter-response': get,
        'get-parameter-by-arn-response': await ask('GetParameter', { Name: ARN }),
        'get-parameters-response': await ask('GetParameters', { Names: [Name] }),
        'get-parameters-by-arn-response': await ask('GetParameters', { Names: [ARN] }),
      };
      return Object.fromEntries(
        Object.entries(answers).map(([name, answer]) => [name, recordable(answer)]),
      );
    },
  ],
]);
