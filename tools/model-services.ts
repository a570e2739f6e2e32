/** Which of AWS's services have a generated model, and which of their operations it has. */

/** What is generated: all of a service's operations, or those that we are about. */
export const services: ReadonlyMap<string, RegExp | undefined> = new Map([
  [
    'events',
    endingIn(
      'Rules?|Targets?|RuleNamesByTarget|TargetsByRule|^PutEvents|EventPattern|EventBus|EventBuses',
      'Permission|agResource|TagsForResource|Connections?|ApiDestinations?',
    ),
  ],
  ['iam', undefined],
  ['iam-toolbox', undefined],
  ['kms', undefined],
  // Functions, their versions, aliases, permissions, tags and how they are invoked.
  [
    'lambda',
    endingIn(
      '^(Create|Delete)Function|^(Get|List)Functions?|^UpdateFunction(Code|Configuration)',
      '^GetFunctionConfiguration|^(Put|Get|Delete)FunctionConcurrency|^GetAccountSettings',
      '^(Put|Get|Delete|Update)FunctionEventInvokeConfig|^ListFunctionEventInvokeConfigs',
      '^PublishVersion|^ListVersionsByFunction|Alias(es)?|^(Add|Remove)Permission|^GetPolicy',
      '^Invoke|^(Unt|T)agResource|^ListTags',
    ),
  ],
  // What functions print, and how it is read.
  [
    'logs',
    endingIn('^DescribeLog(Group|Stream)s', '^(Get|Filter)LogEvents', '^DeleteLog(Group|Stream)'),
  ],
  ['sealhold', undefined],
  ['secretsmanager', undefined],
  ['servicequotas', undefined],
  // Parameter Store: the rest of SSM has nothing to do with keys and secrets.
  [
    'ssm',
    endingIn(
      'Parameters?(ByPath|History|Version)?|ServiceSetting|^(Get|Put|Delete)ResourcePolic(y|ies)',
      '^(AddTagsToResource|ListTagsForResource|RemoveTagsFromResource)',
    ),
  ],
  ['sts', undefined],
]);

/** Names that end in one of these, or with `^` are one. */
function endingIn(...endings: readonly string[]): RegExp {
  return new RegExp(`(${endings.join('|')})$`);
}
