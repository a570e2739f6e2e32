/** What Lambda's and CloudWatch Logs' operations need to reach their decision. */
import { zipOf } from '../zip-of.ts';
import { type ServiceSamples, unused } from './sample.ts';

const archive = zipOf([{ name: 'index.mjs', content: 'export const handler = 1;' }]);
const name = async () => unused('function');
const tagged = async () => ({
  input: { Resource: `arn:aws:lambda:us-east-1:000000000000:function:${unused('tagged')}` },
});

/** A function that isn't there is looked for after the decision only. */
export const lambda: ServiceSamples = {
  members: {
    FunctionName: name,
    Role: async () => 'arn:aws:iam::000000000000:role/none',
    Code: async () => ({ ZipFile: archive }),
    Principal: async () => 'events.amazonaws.com',
    Action: async () => 'lambda:InvokeFunction',
  },
  operations: {
    CreateFunction: async () => ({
      input: { Runtime: 'nodejs24.x', Handler: 'index.handler' },
      actions: ['lambda:CreateFunction', 'iam:PassRole'],
    }),
    Invoke: async () => ({ actions: ['lambda:InvokeFunction'] }),
    TagResource: tagged,
    UntagResource: tagged,
    ListTags: tagged,
  },
};

const group = async () => ({ input: { logGroupName: '/aws/lambda/none' } });

export const logs: ServiceSamples = {
  members: { logGroupName: async () => '/aws/lambda/none', logStreamName: async () => 'none' },
  operations: { DescribeLogStreams: group, GetLogEvents: group, FilterLogEvents: group },
};
