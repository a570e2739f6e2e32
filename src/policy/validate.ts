/**
 * What IAM demands of a document beyond its structure before it saves it, in IAM's order and with
 * the messages of its MalformedPolicyDocument; and what every service demands of a resource policy.
 */
import { foldCase } from './context.ts';
import { firstFault, legacyParsing, type PolicyFault, readDocument } from './document.ts';
import { compilePattern, wildcardParts } from './pattern.ts';
import type { Policy, Statement } from './policy.ts';

/** Managed and inline policies, boundaries, session policies. undefined: nothing is wrong. */
export function validateIdentityPolicy(text: string): string | undefined {
  return faultOf(text, [
    noStatements,
    ({ version }) =>
      version === '2012-10-17'
        ? []
        : [{ code: 'version', text: 'Policy document must be version 2012-10-17 or greater.' }],
    each(({ principals }) =>
      principals === undefined
        ? []
        : [{ code: 'prohibited', text: 'Policy document should not specify a principal.' }],
    ),
    sids,
    each(missingActions),
    each(missingResources),
    each(resourceForms),
  ])?.text;
}

/** undefined: nothing is wrong. */
export function validateTrustPolicy(text: string): string | undefined {
  const fault = faultOf(text, [noStatements, sids, each(trustStatement)]);
  return fault?.code === 'json' ? 'This policy contains invalid Json' : fault?.text;
}

/**
 * Each service has its own rules and messages; this is what they share: a document that can be read
 * and that says of each statement for whom it is. undefined: nothing is wrong.
 */
export function validateResourcePolicy(text: string): PolicyFault | undefined {
  return faultOf(text, [each(missingPrincipal)]);
}

type Check = (policy: Policy) => readonly PolicyFault[];

function faultOf(text: string, checks: readonly Check[]): PolicyFault | undefined {
  const { draft, faults } = readDocument(text);
  if (draft === undefined) return firstFault(faults);
  return firstFault([...faults, ...checks.flatMap((check) => check(draft))]);
}

function each(check: (statement: Statement) => readonly PolicyFault[]): Check {
  return ({ statements }) => statements.flatMap(check);
}

function noStatements({ statements }: Policy): readonly PolicyFault[] {
  return statements.length > 0 ? [] : [{ code: 'syntax', text: 'Syntax errors in policy.' }];
}

function sids({ statements }: Policy): readonly PolicyFault[] {
  const given = statements.flatMap(({ sid }) => (sid ? [sid] : []));
  const text =
    'Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*';
  if (!given.every((sid) => /^[0-9A-Za-z]*$/.test(sid))) return [{ code: 'sid', text }];
  if (new Set(given).size === given.length) return [];
  return [{ code: 'sid', text: 'Statement IDs (SID) in a single policy must be unique.' }];
}

function missingPrincipal({ principals }: Statement): readonly PolicyFault[] {
  if (principals !== undefined) return [];
  return [{ code: 'principal', text: 'Missing required field Principal' }];
}

function missingActions({ actions }: Statement): readonly PolicyFault[] {
  if (actions !== undefined && actions.patterns.length > 0) return [];
  return [{ code: 'no-actions', text: 'Policy statement must contain actions.' }];
}

function missingResources({ resources }: Statement): readonly PolicyFault[] {
  if (resources !== undefined && resources.patterns.length > 0) return [];
  return [{ code: 'no-resources', text: 'Policy statement must contain resources.' }];
}

function resourceForms({ resources }: Statement): readonly PolicyFault[] {
  return (resources?.patterns ?? []).flatMap(({ text }) => {
    const fault = text === '*' ? undefined : resourceForm(text);
    return fault === undefined ? [] : [fault];
  });
}

/** What IAM resources begin with behind the account. */
const iamResources = [
  'user/',
  'federated-user/',
  'role/',
  'group/',
  'instance-profile/',
  'mfa/',
  'server-certificate/',
  'policy/',
  'sms-mfa/',
  'saml-provider/',
  'oidc-provider/',
  'report/',
  'access-report/',
];

const partition = /^(\*|aws(-[a-z]+)*)$/;

function resourceForm(text: string): PolicyFault | undefined {
  const fault = (message: string): PolicyFault => ({ code: 'resources', text: message });
  const [prefix, name, service, region, account, ...rest] = text.split(':');
  if (name === undefined) return fault(`Resource ${text} must be in ARN format or "*".`);
  if (!partition.test(name)) {
    const parts = [service, region, account].map((part) => part ?? '*');
    const end = rest.length > 0 ? rest.join(':') : '*';
    return fault(
      `Partition "${name}" is not valid for resource "arn:${name}:${parts.join(':')}:${end}".`,
    );
  }
  if (prefix !== 'arn') return fault(`Resource ${text} must be in ARN format or "*".`);
  if (service === undefined)
    return fault('Resource vendor must be fully qualified and cannot contain regexes.');
  const isCut = rest.length === 0 && text.includes('::');
  if (service === '' || isCut) return { code: 'legacy', text: legacyParsing };
  if (/[*?]/.test(service) && service !== '*' && region !== undefined)
    return fault('Resource vendor must be fully qualified and cannot contain regexes.');
  return serviceForm(text, { service, region, resource: rest.join(':') });
}

function serviceForm(
  text: string,
  {
    service,
    region = '',
    resource,
  }: { service: string; region: string | undefined; resource: string },
): PolicyFault | undefined {
  if (service === 'iam' && region !== '')
    return { code: 'resources', text: `IAM resource ${text} cannot contain region information.` };
  if (service === 's3' && region !== '')
    return { code: 'resources', text: `Resource ${text} can not contain region information.` };
  const isKnown = resource === '*' || iamResources.some((start) => resource.startsWith(start));
  if (service !== 'iam' || isKnown) return undefined;
  const starts = iamResources.join(', ');
  return {
    code: 'resources',
    text: `IAM resource path must either be "*" or start with ${starts}.`,
  };
}

function trustStatement(statement: Statement): readonly PolicyFault[] {
  const { principals, resources, actions } = statement;
  if (resources !== undefined)
    return [{ code: 'prohibited', text: 'Has prohibited field Resource' }];
  if (principals?.not) return [{ code: 'prohibited', text: 'Has prohibited field NotPrincipal' }];
  const missing = missingPrincipal(statement);
  const named = actions?.not === false ? actions.patterns : [];
  if (named.length > 0 && named.every(({ text }) => isTrustAction(text))) return missing;
  const text = 'AssumeRole policy may only specify STS AssumeRole actions.';
  return [...missing, { code: 'actions', text }];
}

const trustActions = [
  'sts:assumerole',
  'sts:assumerolewithsaml',
  'sts:assumerolewithwebidentity',
  'sts:tagsession',
  'sts:setsourceidentity',
  'sts:setcontext',
];

function isTrustAction(text: string): boolean {
  const folded = foldCase(text);
  return folded.startsWith('sts:') && trustActions.some(compilePattern(wildcardParts(folded)));
}
