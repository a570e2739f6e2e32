/** A call under way: what an operation works with, and what the pipeline learns from it. */
import type { Access } from './access/access.ts';
import { type CallerPolicies, withoutPolicies } from './access/caller-policies.ts';
import type { CallFacts, RequestSource } from './access/condition-keys.ts';
import { concealedDenial, type Matter, matterOf } from './access/decide.ts';
import { ApiError } from './api-error.ts';
import { mergeNotes, type TrailNotes } from './audit/record.ts';
import type { Call, Circumstances, GrantFound, Principal, Resource } from './operation.ts';
import { type Decision, denialText, evaluate } from './policy/evaluate.ts';
import type { Write } from './store/engine.ts';
import { newUuid } from './uuid.ts';
import type { World } from './world.ts';

export interface CallOptions {
  readonly requestId: string;
  readonly service: string;
  readonly operation: string;
  readonly region: string;
  readonly partition: string;
  readonly principal: Principal;
  readonly via: readonly string[];
  readonly source: RequestSource;
  readonly world: World;
  readonly now: number;
  /** The code of a denial in the caller's protocol. */
  readonly denial: 'AccessDenied' | 'AccessDeniedException';
  /** The call that this one is inside of. */
  readonly outer?: LiveCall;
  readonly ports: CallPorts;
}

/** What a call needs of the node it runs on. */
export interface CallPorts {
  readonly access: Pick<Access, 'compiled' | 'denials'>;
  readonly invoke: (
    caller: LiveCall,
    asked: {
      readonly service: string;
      readonly operation: string;
      readonly input: unknown;
      readonly region: string;
      readonly direct: boolean;
    },
  ) => unknown;
}

const noCircumstances: Circumstances = {};

export class LiveCall implements Call {
  readonly requestId: string;
  readonly service: string;
  readonly operation: string;
  readonly region: string;
  readonly partition: string;
  principal: Principal;
  readonly via: readonly string[];
  readonly source: RequestSource;
  readonly world: World;
  readonly now: number;
  /** `kms:Encrypt` */
  readonly action: string;
  readonly #signer: Principal;
  readonly #denial: string;
  readonly #ports: CallPorts;
  #eventId: string | undefined;
  #facts: CallFacts | undefined;
  readonly #outer: LiveCall | undefined;
  #made: Map<string, unknown> | undefined;
  /** Set before the operation runs; nothing is decided without it. */
  caller: CallerPolicies | undefined = undefined;
  authorized = false;
  writes: Write[] = [];
  resources: Resource[] = [];
  notes: TrailNotes | undefined = undefined;
  /** Records of the calls that this one has made to other services, in order. */
  innerRecords: string[] = [];

  constructor(options: CallOptions) {
    this.requestId = options.requestId;
    this.service = options.service;
    this.operation = options.operation;
    this.region = options.region;
    this.partition = options.partition;
    this.principal = options.principal;
    this.#signer = options.principal;
    this.via = options.via;
    this.source = options.source;
    this.world = options.world;
    this.now = options.now;
    this.#outer = options.outer;
    this.action = `${actionPrefix(options.service)}:${options.operation}`;
    this.#denial = options.denial;
    this.#ports = options.ports;
  }

  get sourceArn(): string | undefined {
    return this.source.sourceArn;
  }

  /** Of the outermost call; undefined for that one itself. */
  get outerRequestId(): string | undefined {
    return this.#outer === undefined
      ? undefined
      : (this.#outer.outerRequestId ?? this.#outer.requestId);
  }

  /** Drawn when it is first asked for, which is at the latest when the record is made. */
  get eventId(): string {
    this.#eventId ??= newUuid(this.world);
    return this.#eventId;
  }

  /** The outermost call's. Few have any use for it. */
  get made(): Map<string, unknown> {
    if (this.#outer !== undefined) return this.#outer.made;
    this.#made ??= new Map();
    return this.#made;
  }

  /** Forgets what a run has left, so that the next one starts from nothing. */
  restart(): void {
    this.principal = this.#signer;
    this.authorized = false;
    this.writes = [];
    this.resources = [];
    this.notes = undefined;
    this.innerRecords = [];
    this.#made = undefined;
    this.caller = undefined;
    this.#facts = undefined;
  }

  authorize(
    action: string,
    resource: Resource,
    circumstances: Circumstances = noCircumstances,
  ): void {
    if (resource.type !== undefined) this.resources.push(resource);
    const matter = this.#matter(action, resource, circumstances);
    this.#act(matter, evaluate(matter.question, matter.policies), circumstances);
  }

  authorizeWithGrants(
    action: string,
    resource: Resource,
    circumstances: Circumstances,
  ): void | Promise<void> {
    if (resource.type !== undefined) this.resources.push(resource);
    const matter = this.#matter(action, resource, circumstances);
    const { grant } = circumstances;
    let isGrantWanted = false;
    const wanting = (): undefined => {
      isGrantWanted = true;
      return undefined;
    };
    const policies = grant === undefined ? matter.policies : { ...matter.policies, grant: wanting };
    const decision = evaluate(matter.question, policies);
    if (grant === undefined || !isGrantWanted) return this.#act(matter, decision, circumstances);
    const withGrant = (found: GrantFound): void => {
      const granted = { ...matter, policies: { ...matter.policies, grant: () => found } };
      this.#act(granted, evaluate(granted.question, granted.policies), circumstances);
    };
    const found = grant(this.#identityAllows(matter));
    return found instanceof Promise ? found.then(withGrant) : withGrant(found);
  }

  wouldAllow(
    action: string,
    resource: Resource,
    circumstances: Circumstances = noCircumstances,
  ): boolean {
    const { question, policies } = this.#matter(action, resource, circumstances);
    if (evaluate(question, policies).allowed) return true;
    const { account } = this.principal;
    const arn = `arn:${this.partition}:iam::${account}:root`;
    const caller = { type: 'Root', account, arn, principalId: account } as const;
    const ofResource = policies.resource === undefined ? {} : { resource: policies.resource };
    return evaluate({ ...question, caller }, { identity: [], ...ofResource }).allowed;
  }

  mentions(conditionKey: string): boolean {
    return this.caller?.mentions(conditionKey) ?? false;
  }

  #matter(action: string, resource: Resource, circumstances: Circumstances): Matter {
    const { caller } = this;
    if (caller === undefined) throw new Error(`${action} was to be decided for nobody`);
    this.#facts ??= { ...this.#place(), principalTags: caller.tags };
    const asked = { facts: this.#facts, caller, action, resource, circumstances };
    return matterOf(asked, this.#ports.access.compiled);
  }

  /** What the caller's own policies say, as if the resource were its account's and had none. */
  #identityAllows({ question, policies }: Matter): boolean {
    const { resource: _, grant: __, ...own } = policies;
    const { caller, resource } = question;
    const asOwn = { ...question, resource: { ...resource, account: caller.account } };
    return evaluate(asOwn, own).allowed;
  }

  #act(matter: Matter, decision: Decision, circumstances: Circumstances): void {
    if (decision.allowed) {
      this.authorized = true;
      return;
    }
    const { explainGrants: grants } = circumstances;
    const { question } = matter;
    const denied = { call: this, matter, ...(grants === undefined ? {} : { grants }) };
    const { denials } = this.#ports.access;
    const isForeign = question.resource.account !== this.principal.account;
    const plain = this.#plainText(question.action, circumstances, isForeign);
    if (plain !== undefined && isForeign) {
      // An id, or its absence, would tell whether the resource exists. Its owner can find it.
      denials.keep({ ...denied, text: plain, account: question.resource.account });
      throw new ApiError(this.#denial, plain);
    }
    const text = plain ?? denialText(question, decision);
    const id = denials.keep({ ...denied, text, account: this.principal.account });
    throw new ApiError(this.#denial, id === undefined ? text : withAuthorizationId(text, id));
  }

  /** What a denial says that gives no reason; undefined where it is to give one. */
  #plainText(
    action: string,
    { denialText: text, concealedAs }: Circumstances,
    isForeign: boolean,
  ): string | undefined {
    if (text !== undefined || concealedAs === undefined || !isForeign) return text;
    return concealedDenial({ principal: this.principal, action }, concealedAs);
  }

  #place(): Omit<CallFacts, 'principalTags'> {
    const { principal, region, now, via, source } = this;
    return { principal, region, now, via, source };
  }

  /** For operations that everyone may call who signed. */
  allowAll(): void {
    this.authorized = true;
  }

  identify(principal: Principal): void {
    if (this.#signer.type !== 'Anonymous')
      throw new Error(`${this.action} was signed, and can't be another's`);
    this.principal = principal;
    this.caller = withoutPolicies(principal);
    this.#facts = undefined;
  }

  stage(...writes: ReadonlyArray<readonly Write[]>): void {
    for (const batch of writes) this.writes.push(...batch);
  }

  note(facts: TrailNotes): void {
    this.notes = this.notes === undefined ? facts : mergeNotes(this.notes, facts);
  }

  invoke(
    service: string,
    operation: string,
    input: unknown,
    { region = this.region, direct = false }: { region?: string; direct?: boolean } = {},
  ): unknown {
    return this.#ports.invoke(this, { service, operation, input, region, direct });
  }

  /** Takes over what a call inside this one has staged. */
  stageOf(inner: LiveCall): void {
    if (inner.writes.length === 0) return;
    this.writes.push(...inner.writes.filter((write) => !this.writes.includes(write)));
  }
}

/**
 * The form of AWS's preview, which names its console where we name our command
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied-authorization-id.html).
 */
const withAuthorizationId = (text: string, id: string): string =>
  `${text}. Run "sealhold explain ${id}" for complete details, or call the ` +
  `GetRequestAuthorizationDetails API with the following authorization id: ${id}`;

/** IAM Toolbox's operations are IAM's actions. */
const actionPrefix = (service: string): string => (service === 'iam-toolbox' ? 'iam' : service);
