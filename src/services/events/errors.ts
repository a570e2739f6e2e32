/**
 * Every error that EventBridge answers and its text, once. A text that AWS is not known to use says
 * so beside it.
 */
import { ApiError } from '../../api-error.ts';

const validation = (text: string) => new ApiError('ValidationException', text);
const notFound = (text: string) => new ApiError('ResourceNotFoundException', text);
const alreadyExists = (text: string) => new ApiError('ResourceAlreadyExistsException', text);

/** Buses. */
export const noSuchBus = (name: string) => notFound(`Event bus ${name} does not exist.`);
export const busExists = (name: string) => alreadyExists(`Event bus ${name} already exists.`);
export const defaultBusStays = () => validation('Cannot delete event bus default.');
/** Our texts. */
export const busHasRules = (name: string) =>
  validation(`Event bus ${name} can't be deleted since it has rules.`);
export const partnerSources = () =>
  validation('Event buses of partner event sources can not be made here.');
export const busKeys = () =>
  validation(
    'Event buses are sealed with the key of this installation. A KmsKeyIdentifier can not be given.',
  );
export const limitExceeded = () =>
  new ApiError(
    'LimitExceededException',
    'The requested resource exceeds the maximum number allowed.',
  );

/** Policies of buses. */
export const noSuchStatement = () => notFound('Statement with the provided id does not exist.');
/** Our texts. */
export const noStatementId = () => validation('Parameter StatementId is not valid.');
export const permissionIncomplete = () =>
  validation('Either Policy, or Action, Principal and StatementId must be specified.');
export const policyInvalid = (why: string) => validation(`The policy is not valid. Reason: ${why}`);
export const policyTooLong = () =>
  new ApiError(
    'PolicyLengthExceededException',
    'The policy of an event bus can not be longer than 10240 characters.',
  );

/** Rules. */
export const noSuchRule = (rule: string, bus: string) =>
  notFound(`Rule ${rule} does not exist on EventBus ${bus}.`);
export const ruleHasTargets = () => validation("Rule can't be deleted since it has targets.");
export const nothingToMatch = () =>
  validation('Parameter(s) EventPattern or ScheduleExpression must be specified.');
export const scheduleOnCustomBus = () =>
  validation('ScheduleExpression is supported only on the default event bus.');
export const scheduleInvalid = () => validation('Parameter ScheduleExpression is not valid.');
export const patternInvalid = (reason: string) =>
  new ApiError('InvalidEventPatternException', `Event pattern is not valid. Reason: ${reason}`);
export const eventInvalid = () => validation('Parameter Event is not valid.');

/** Targets. */
export const twoInputs = (targetId: string) =>
  validation(
    `Only one of Input, InputPath, or InputTransformer must be provided for target ${targetId}.`,
  );
export const unknownPlaceholder = (targetId: string, name: string) =>
  validation(`InputTemplate for target ${targetId} contains invalid placeholder ${name}.`);
export const roleNeeded = (arn: string) => validation(`RoleArn is required for target ${arn}.`);
/** Our texts. */
export const inputNoJson = (targetId: string) =>
  validation(`Input for target ${targetId} must be valid JSON.`);
export const pathInvalid = (targetId: string, path: string) =>
  validation(`Invalid InputPath for target ${targetId}: ${path}.`);
export const arnMalformed = (arn: string) =>
  validation(`Parameter ${arn} is not valid. Reason: Provided Arn is not in correct format.`);
export const cannotSendTo = (arn: string) =>
  validation(
    `Parameter ${arn} is not valid. Reason: Sealhold sends events to Lambda functions, CloudWatch log groups, event buses and API destinations.`,
  );
export const targetElsewhere = (arn: string) =>
  validation(
    `Parameter ${arn} is not valid. Reason: Provided target has to be in the rule's Region, and log groups and API destinations in its account.`,
  );

/** Tags. Our texts. */
export const reservedTag = () =>
  validation('Tag keys that begin with aws: are reserved for AWS and can not be set or removed.');
export const tooManyTags = () => validation('A resource can have at most 50 tags.');
export const notTaggable = (arn: string) =>
  validation(`Parameter ResourceARN is not valid. Reason: ${arn} names no rule and no event bus.`);

/** Lists. Our text. */
export const invalidToken = () => validation('Parameter NextToken is not valid.');

/** PutEvents. The first is of the whole request, the others of one entry. */
export const tooMuchAtOnce = () =>
  validation('Total size of the entries in the request is over the limit.');
/** Our text. */
export const noGlobalEndpoints = () =>
  validation('Parameter EndpointId is not valid. Reason: There are no global endpoints here.');
export const entryErrors = {
  missing: (member: string) => ({
    ErrorCode: 'InvalidArgument',
    ErrorMessage: `Parameter ${member} is not valid. Reason: ${member} is a required argument.`,
  }),
  malformedDetail: { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' },
  sourceOfAws: {
    ErrorCode: 'NotAuthorizedForSourceException',
    ErrorMessage: 'Not authorized for the source.',
  },
  /** These are our texts. */
  timeInvalid: { ErrorCode: 'InvalidArgument', ErrorMessage: 'Parameter Time is not valid.' },
  busy: {
    ErrorCode: 'ThrottlingException',
    ErrorMessage: 'Too many events wait to be delivered. Try again.',
  },
} as const;

/** Connections and API destinations. */
export const noSuchConnection = (name: string) =>
  notFound(`Failed to describe the connection(s). Connection '${name}' does not exist.`);
export const noSuchDestination = (name: string) =>
  notFound(
    `Failed to describe the api-destination(s). An api-destination '${name}' does not exist.`,
  );
/** Our texts. */
export const connectionExists = (name: string) =>
  alreadyExists(`Connection ${name} already exists.`);
export const destinationExists = (name: string) =>
  alreadyExists(`An api-destination ${name} already exists.`);
export const authMismatch = (type: string) =>
  validation(`AuthParameters must hold the parameters of the authorization type ${type}.`);
export const noPrivateEndpoints = () =>
  validation('Private endpoints by resource configurations are not available here.');
export const reservedHeader = (name: string) => validation(`The header ${name} can not be set.`);
export const endpointInvalid = (member: string, why: string) =>
  validation(`Parameter ${member} is not valid. Reason: ${why}`);
