/**
 * A second evaluator, to hold src/policy against: it reads the JSON of the policies as it stands,
 * for each question anew, follows the reference text sentence by sentence, and shares no code with
 * the first. Slow and obvious on purpose.
 */
import {
  arnOf,
  type Expanded,
  expand,
  glob,
  globArn,
  inRange,
  type Lookup,
  lower,
  numberOf,
  onlyStars,
  segmentsOf,
  timeOf,
} from './reference-text.ts';

export interface RawCaller {
  readonly type: string;
  readonly account: string;
  readonly arn: string;
  readonly principalId: string;
  readonly role?: { readonly arn: string; readonly id: string };
  /** Who let a federated user in. */
  readonly user?: { readonly arn: string; readonly id: string };
  readonly serviceName?: string;
  readonly federatedProvider?: string;
}

export interface RawQuestion {
  readonly caller: RawCaller;
  readonly action: string;
  readonly resource: { readonly arn: string; readonly account: string };
  /** Keys in lower case. */
  readonly context: ReadonlyMap<string, string | string[]>;
}

/** Documents as JSON values. */
export interface RawPolicies {
  readonly identity: readonly RawPolicy[];
  readonly boundary?: RawPolicy;
  readonly session?: readonly RawPolicy[];
  readonly serviceControl?: readonly (readonly RawPolicy[])[];
  readonly resourceControl?: readonly (readonly RawPolicy[])[];
  readonly vpcEndpoint?: RawPolicy;
  readonly resource?: {
    readonly policy: RawPolicy;
    readonly type: 'resource' | 'trust';
    readonly rule: 'ordinary' | 'required';
    readonly ids: Readonly<Record<string, string>>;
  };
  readonly grant?: { readonly needsIdentityPolicy: boolean };
}

export interface RawPolicy {
  readonly Version?: string;
  readonly Statement: RawStatement | readonly RawStatement[];
}

type Strings = string | readonly string[];

export interface RawStatement {
  readonly Effect: string;
  readonly Principal?: '*' | Readonly<Record<string, Strings>>;
  readonly NotPrincipal?: Readonly<Record<string, Strings>>;
  readonly Action?: Strings;
  readonly NotAction?: Strings;
  readonly Resource?: Strings;
  readonly NotResource?: Strings;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, Strings>>>>;
}

/** `allowed by identity-policy`, `explicit deny in boundary`, `no allow in session`. */
export type Verdict = string;

/** Told of every condition that was decided, so that a test can see what it has covered. */
export type Watch = (operator: string, holds: boolean) => void;

const list = <T>(value: T | readonly T[]): readonly T[] =>
  Array.isArray(value) ? value : [value as T];

export function judge(question: RawQuestion, policies: RawPolicies, watch: Watch): Verdict {
  return new Judge(question, policies, watch).verdict();
}

class Judge {
  readonly #question: RawQuestion;
  readonly #policies: RawPolicies;
  readonly #lookup: Lookup;
  readonly #watch: Watch;

  constructor(question: RawQuestion, policies: RawPolicies, watch: Watch) {
    this.#question = question;
    this.#policies = policies;
    this.#lookup = (key) => question.context.get(lower(key));
    this.#watch = watch;
  }

  verdict(): Verdict {
    const all = this.#everything();
    const denying = all.find(({ type, policy }) => this.#denies(policy, type));
    if (denying !== undefined) return `explicit deny in ${denying.type}`;
    const { serviceControl = [], resourceControl = [], vpcEndpoint } = this.#policies;
    const allows = (level: readonly RawPolicy[], type: string): boolean =>
      level.some((policy) => this.#allowing(policy, type).length > 0);
    if (!serviceControl.every((level) => allows(level, 'service-control')))
      return 'no allow in service-control';
    if (!resourceControl.every((level) => allows(level, 'resource-control')))
      return 'no allow in resource-control';
    if (vpcEndpoint !== undefined && !allows([vpcEndpoint], 'vpc-endpoint'))
      return 'no allow in vpc-endpoint';
    return this.#afterGuardrails();
  }

  #everything(): { type: string; policy: RawPolicy }[] {
    const p = this.#policies;
    const typed = (type: string, ...policies: readonly (RawPolicy | undefined)[]) =>
      policies.flatMap((policy) => (policy === undefined ? [] : [{ type, policy }]));
    return [
      ...typed('service-control', ...(p.serviceControl ?? []).flat()),
      ...typed('resource-control', ...(p.resourceControl ?? []).flat()),
      ...typed('vpc-endpoint', p.vpcEndpoint),
      ...typed(p.resource?.type ?? 'resource', p.resource?.policy),
      ...typed('identity', ...p.identity),
      ...typed('boundary', p.boundary),
      ...typed('session', ...(p.session ?? [])),
    ];
  }

  #afterGuardrails(): Verdict {
    const { caller, resource } = this.#question;
    const { identity, resource: resourcePolicy, grant } = this.#policies;
    const resourceType = resourcePolicy?.type ?? 'resource';
    const ways =
      resourcePolicy === undefined ? [] : this.#waysNamed(resourcePolicy.policy, resourceType);
    const mine = ['Root', 'IAMUser', 'AssumedRole', 'FederatedUser'].includes(caller.type);
    if (!mine) {
      if (ways.length > 0) return this.#capped('allowed by resource-policy');
      if (grant === undefined || caller.type === 'Anonymous') return `no allow in ${resourceType}`;
      if (grant.needsIdentityPolicy) return `no allow in ${resourceType}`;
      return this.#capped('allowed by grant');
    }
    const root = caller.type === 'Root';
    const identityAllows =
      root || identity.some((policy) => this.#allowing(policy, 'identity').length > 0);
    const byIdentity = root ? 'allowed by root-user' : 'allowed by identity-policy';
    const own = caller.account === resource.account;
    const required = resourcePolicy?.rule === 'required';
    if (own && ways.includes('itself')) return 'allowed by resource-policy';
    if (own && ways.includes('role')) return this.#capped('allowed by resource-policy');
    const trusted = ways.length > 0;
    const opened = own ? !required || ways.includes('account') : trusted;
    if (opened && identityAllows) return this.#capped(byIdentity);
    if (grant !== undefined) {
      if (grant.needsIdentityPolicy && !identityAllows) return 'no allow in identity';
      return this.#capped('allowed by grant');
    }
    return (!own || required) && !trusted ? `no allow in ${resourceType}` : 'no allow in identity';
  }

  #capped(verdict: Verdict): Verdict {
    const { boundary, session } = this.#policies;
    if (boundary !== undefined && this.#allowing(boundary, 'boundary').length === 0)
      return 'no allow in boundary';
    if (session?.every((policy) => this.#allowing(policy, 'session').length === 0))
      return 'no allow in session';
    return verdict;
  }

  #denies(policy: RawPolicy, type: string): boolean {
    return list(policy.Statement).some(
      (statement) =>
        statement.Effect === 'Deny' &&
        this.#isDenied(statement, type) &&
        this.#covers(statement, policy, type),
    );
  }

  #allowing(policy: RawPolicy, type: string): RawStatement[] {
    const names = type === 'resource-control' || type === 'vpc-endpoint';
    return list(policy.Statement).filter((statement) => {
      if (statement.Effect !== 'Allow' || statement.NotPrincipal !== undefined) return false;
      if (!names && statement.Principal !== undefined) return false;
      if (names && !this.#named(statement.Principal).length) return false;
      return this.#covers(statement, policy, type);
    });
  }

  /** `itself`, `role` or `account`, for each way in which the policy opens the resource. */
  #waysNamed(policy: RawPolicy, type: string): string[] {
    return list(policy.Statement)
      .filter(({ Effect }) => Effect === 'Allow')
      .filter((statement) => this.#covers(statement, policy, type))
      .flatMap(({ Principal }) => this.#named(Principal, this.#policies.resource?.ids))
      .filter((way) => way !== 'nobody in particular' || this.#mayBeAnyone())
      .map((way) => (way === 'nobody in particular' ? 'itself' : way));
  }

  /** `*` isn't how services and identity providers' users are let in. */
  #mayBeAnyone(): boolean {
    return !['AWSService', 'WebIdentityUser', 'SAMLUser'].includes(this.#question.caller.type);
  }

  #named(
    principal: RawStatement['Principal'],
    ids: Readonly<Record<string, string>> = {},
  ): string[] {
    if (principal === undefined) return [];
    if (principal === '*') return ['nobody in particular'];
    return Object.entries(principal).flatMap(([kind, names]) =>
      list(names).flatMap((name) => this.#wayOf(kind, name, ids)),
    );
  }

  #wayOf(kind: string, name: string, ids: Readonly<Record<string, string>>): string[] {
    const { caller } = this.#question;
    const { type } = caller;
    const when = (is: boolean, way: string): string[] => (is ? [way] : []);
    const known = (id: string | undefined): boolean => ids[name] === undefined || ids[name] === id;
    if (kind === 'Service')
      return when(type === 'AWSService' && caller.serviceName === name, 'role');
    if (kind === 'Federated')
      return when(
        /^(WebIdentity|SAML)User$/.test(type) && caller.federatedProvider === name,
        'role',
      );
    if (name === '*') return ['nobody in particular'];
    const mine = ['Root', 'IAMUser', 'AssumedRole', 'FederatedUser'].includes(type);
    if (/^\d+$/.test(name) || name.endsWith(':root')) {
      const id = name.replace(/^arn:aws:iam::/, '').replace(/:root$/, '');
      return when(mine && caller.account === id, 'account');
    }
    const named = (arn: string | undefined, id: string | undefined): boolean => {
      if (id === undefined) return false;
      return name === id || (ids[name] === undefined ? name === arn : known(id));
    };
    if (name.startsWith('AIDA') || name.includes(':user/')) {
      if (type === 'IAMUser') return when(named(caller.arn, caller.principalId), 'itself');
      // The user's right is the session's, as far as the session policies let it.
      return when(type === 'FederatedUser' && named(caller.user?.arn, caller.user?.id), 'role');
    }
    const isSession = type === 'AssumedRole';
    if (name.startsWith('AROA')) return when(isSession && caller.role?.id === name, 'role');
    if (name.includes(':role/'))
      return when(isSession && named(caller.role?.arn, caller.role?.id), 'role');
    if (name.includes(':assumed-role/'))
      return when(isSession && caller.arn === name && known(caller.role?.id), 'itself');
    return when(type === 'FederatedUser' && caller.arn === name, 'itself');
  }

  #isDenied(statement: RawStatement, type: string): boolean {
    const { Principal, NotPrincipal } = statement;
    const names = ['resource', 'trust', 'resource-control', 'vpc-endpoint'].includes(type);
    if (!names || (Principal === undefined && NotPrincipal === undefined)) return true;
    const ids = type === 'resource' || type === 'trust' ? this.#policies.resource?.ids : {};
    if (NotPrincipal === undefined) return this.#named(Principal, ids).length > 0;
    return !this.#isExcepted(NotPrincipal, ids);
  }

  #isExcepted(
    except: Readonly<Record<string, Strings>>,
    ids: Readonly<Record<string, string>> = {},
  ): boolean {
    const { caller } = this.#question;
    if (this.#policies.boundary !== undefined || caller.type === 'Anonymous') return false;
    const ways = this.#named(except, ids);
    if (!this.#mayBeAnyone()) return ways.includes('role');
    if (!ways.includes('account')) return false;
    if (caller.type === 'Root') return true;
    return ways.includes('itself') && (caller.type !== 'AssumedRole' || ways.includes('role'));
  }

  /** Action, Resource and Condition. */
  #covers(statement: RawStatement, policy: RawPolicy, type: string): boolean {
    const variables = policy.Version === '2012-10-17';
    return (
      this.#coversAction(statement) &&
      this.#coversResource(statement, variables, type) &&
      Object.entries(statement.Condition ?? {}).every(([operator, keys]) =>
        Object.entries(keys).every(([key, values]) => {
          const isDeny = statement.Effect === 'Deny';
          const holds = this.#holds({ operator, key, values: list(values), variables, isDeny });
          this.#watch(operator, holds);
          return holds;
        }),
      )
    );
  }

  #coversAction({ Action, NotAction }: RawStatement): boolean {
    const listed = list(Action ?? NotAction ?? []);
    if (listed.length === 0) return false;
    const options = { variables: false, wildcards: true, lookup: this.#lookup };
    const found = listed.some((text) =>
      glob(expand(lower(text), options).tokens, lower(this.#question.action)),
    );
    return Action === undefined ? !found : found;
  }

  #coversResource(statement: RawStatement, variables: boolean, type: string): boolean {
    const { Resource, NotResource, Effect } = statement;
    if (Resource === undefined && NotResource === undefined) return type === 'trust';
    const listed = list(Resource ?? NotResource ?? []);
    if (listed.length === 0) return false;
    const options = { variables, wildcards: true, lookup: this.#lookup };
    const expanded = listed.map((text) => expand(text, options));
    const againstCaller = (Effect === 'Deny') === (Resource !== undefined);
    const results = expanded.map((one) => this.#isThis(one, againstCaller));
    if (Resource !== undefined) return results.includes('yes');
    return !results.includes('yes') && (Effect === 'Deny' || !results.includes('unknown'));
  }

  #isThis(pattern: Expanded, wide: boolean): 'yes' | 'no' | 'unknown' {
    const { arn: text } = this.#question.resource;
    const { tokens, unresolved, colonsBeforeVariable } = pattern;
    if (!unresolved && colonsBeforeVariable === Number.POSITIVE_INFINITY && onlyStars(tokens))
      return 'yes';
    if (text === '*') return 'no';
    const segments = segmentsOf(tokens);
    if (wide) {
      if (unresolved) return 'unknown';
      const isWhole = glob(tokens, text);
      const isShort = segments.length < 6 && glob([...tokens, 'colon', 'any'], text);
      return isWhole || isShort ? 'yes' : 'no';
    }
    const arn = arnOf(text);
    if (arn === undefined || colonsBeforeVariable < 5) return 'no';
    const isOpen = segments.length < 6 && tokens.at(-1) === 'any';
    const full = isOpen
      ? [...segments, ...Array.from({ length: 6 - segments.length }, (): 'any'[] => ['any'])]
      : segments;
    if (unresolved) {
      const fits = full.slice(0, 5).every((part, i) => glob(part, arn[i] as string));
      return full.length === 6 && fits ? 'unknown' : 'no';
    }
    return globArn(full, arn) ? 'yes' : 'no';
  }

  #holds(condition: Condition): boolean {
    const { operator, key, values, isDeny } = condition;
    const set = /^(ForAnyValue|ForAllValues):/.exec(operator)?.[1];
    const ifExists = operator.endsWith('IfExists');
    const base = operator.replace(/^\w+:/, '').replace(/IfExists$/, '');
    const value = this.#lookup(key);
    const given = value === undefined ? [] : list(value);
    if (base === 'Null')
      return values.some((wanted) => (lower(wanted) === 'true') === (given.length === 0));
    const negated = base.includes('Not');
    if (given.length === 0) {
      if (ifExists || set === 'ForAllValues') return true;
      return set === 'ForAnyValue' ? false : negated;
    }
    const each = given.map((one) => {
      const answers = values.map((wanted) => this.#compare(base, one, wanted, condition));
      if (answers.includes('yes')) return !negated;
      const open = answers.length === 0 || answers.includes('unreadable');
      return negated && (!open || isDeny);
    });
    if (set === 'ForAnyValue') return each.includes(true);
    if (set === 'ForAllValues' || !isDeny) return !each.includes(false);
    return each.includes(true);
  }

  #compare(base: string, one: string, wanted: string, { variables }: Condition): Answer {
    const kind = base.replace('Not', '');
    const answer = (is: boolean | undefined): Answer =>
      is === undefined ? 'unreadable' : is ? 'yes' : 'no';
    const expanded = (wildcards: boolean): Expanded =>
      expand(wanted, { variables, wildcards, lookup: this.#lookup });
    if (kind.startsWith('String')) {
      const { tokens, unresolved } = expanded(kind === 'StringLike');
      if (unresolved) return 'no';
      if (kind !== 'StringEqualsIgnoreCase') return answer(glob(tokens, one));
      const folded = tokens.map((token) =>
        typeof token === 'object' ? { char: lower(token.char) } : token,
      );
      return answer(glob(folded, lower(one)));
    }
    if (kind.startsWith('Arn')) return answer(this.#compareArn(one, wanted, variables));
    if (kind === 'IpAddress') return answer(inRange(one, wanted));
    if (kind === 'BinaryEquals') return isBase64(one) ? answer(one === wanted) : 'unreadable';
    if (kind === 'Bool') {
      if (!['true', 'false'].includes(lower(one))) return 'unreadable';
      const { tokens, unresolved } = expanded(false);
      const text = tokens.map((token) => (typeof token === 'object' ? token.char : ':')).join('');
      return answer(!unresolved && lower(text) === lower(one));
    }
    const read = kind.startsWith('Numeric') ? numberOf : timeOf;
    const [left, right] = [read(one), read(wanted)];
    if (right === undefined) throw new Error(`not generated: ${wanted}`);
    if (left === undefined) return 'unreadable';
    const how = kind.replace(/^(Numeric|Date)/, '');
    if (left === right) return answer(how.endsWith('Equals'));
    return answer(left < right ? how.startsWith('LessThan') : how.startsWith('GreaterThan'));
  }

  #compareArn(one: string, wanted: string, variables: boolean): boolean | undefined {
    const arn = arnOf(one);
    if (arn === undefined) return undefined;
    const { tokens, unresolved } = expand(wanted, {
      variables,
      wildcards: true,
      lookup: this.#lookup,
    });
    if (unresolved) return false;
    if (onlyStars(tokens)) return true;
    if (variables && /^\$\{[^}]*\}$/.test(wanted)) return glob(tokens, one);
    return globArn(segmentsOf(tokens), arn);
  }
}

type Answer = 'yes' | 'no' | 'unreadable';

interface Condition {
  readonly operator: string;
  readonly key: string;
  readonly values: readonly string[];
  readonly variables: boolean;
  readonly isDeny: boolean;
}

const isBase64 = (text: string): boolean => Buffer.from(text, 'base64').toString('base64') === text;
