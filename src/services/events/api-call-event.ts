/**
 * What EventBridge is told of a record of the trail
 * (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html). Pure.
 */
import type { NewEvent } from './envelope.ts';
import { isObject, parsed } from './event-json.ts';

const detailTypes: ReadonlyMap<unknown, string> = new Map([
  ['AwsApiCall', 'AWS API Call via CloudTrail'],
  ['AwsServiceEvent', 'AWS Service Event via CloudTrail'],
]);

/** Data events of AWS's, which EventBridge is not told. */
const dataEvents: ReadonlySet<string> = new Set([
  'events.amazonaws.com PutEvents',
  'lambda.amazonaws.com Invoke',
]);

const itself = 'events.amazonaws.com';
const suffix = '.amazonaws.com';

export interface ApiCallEvent extends NewEvent {
  readonly isReadOnly: boolean;
}

/** Undefined: nothing is told of it. What EventBridge does itself would never end. */
export function apiCallEvent(json: string): ApiCallEvent | undefined {
  const record = parsed(json)?.value;
  if (!isObject(record)) return undefined;
  const { eventSource, eventName, eventType, eventTime, awsRegion, recipientAccountId } = record;
  const detailType = detailTypes.get(eventType);
  if (detailType === undefined || typeof recipientAccountId !== 'string') return undefined;
  if (typeof eventSource !== 'string' || !eventSource.endsWith(suffix)) return undefined;
  if (dataEvents.has(`${eventSource} ${eventName}`)) return undefined;
  const { userIdentity } = record;
  if (isObject(userIdentity) && userIdentity.invokedBy === itself) return undefined;
  return {
    source: `aws.${eventSource.slice(0, -suffix.length)}`,
    detailType,
    account: recipientAccountId,
    region: String(awsRegion),
    time: Date.parse(String(eventTime)),
    resources: [],
    detail: record,
    isReadOnly: record.readOnly === true,
  };
}
