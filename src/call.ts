/** A call under way: what an operation works with, and what the pipeline learns from it. */
import { ApiError } from './api-error.ts';
import { mergeNotes, type TrailNotes } from './audit/record.ts';
import type { Call, Principal, Resource } from './operation.ts';
import { denialText, evaluate } from './policy/root-only.ts';
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
  readonly world: World;
  readonly now: number;
  /** The code of a denial in the caller's protocol. */
  readonly denial: 'AccessDenied' | 'AccessDeniedException';
}

export class LiveCall implements Call {
  readonly requestId: string;
  readonly service: string;
  readonly operation: string;
  readonly region: string;
  readonly partition: string;
  readonly principal: Principal;
  readonly world: World;
  readonly now: number;
  /** `kms:Encrypt` */
  readonly action: string;
  readonly #denial: string;
  #eventId: string | undefined;
  authorized = false;
  writes: Write[] = [];
  resources: Resource[] = [];
  notes: TrailNotes | undefined = undefined;

  constructor(options: CallOptions) {
    this.requestId = options.requestId;
    this.service = options.service;
    this.operation = options.operation;
    this.region = options.region;
    this.partition = options.partition;
    this.principal = options.principal;
    this.world = options.world;
    this.now = options.now;
    this.action = `${options.service}:${options.operation}`;
    this.#denial = options.denial;
  }

  /** Drawn when it is first asked for, which is at the latest when the record is made. */
  get eventId(): string {
    this.#eventId ??= newUuid(this.world);
    return this.#eventId;
  }

  /** Forgets what a run has left, so that the next one starts from nothing. */
  restart(): void {
    this.authorized = false;
    this.writes = [];
    this.resources = [];
    this.notes = undefined;
  }

  authorize(action: string, resource: Resource): void {
    if (resource.type !== undefined) this.resources.push(resource);
    const facts = { principal: this.principal, action, resource };
    const decision = evaluate(facts);
    if (!decision.allowed) throw new ApiError(this.#denial, denialText(facts, decision));
    this.authorized = true;
  }

  /** For operations that everyone may call who signed. */
  allowAll(): void {
    this.authorized = true;
  }

  stage(...writes: ReadonlyArray<readonly Write[]>): void {
    for (const batch of writes) this.writes.push(...batch);
  }

  note(facts: TrailNotes): void {
    this.notes = this.notes === undefined ? facts : mergeNotes(this.notes, facts);
  }
}
