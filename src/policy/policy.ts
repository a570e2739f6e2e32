/** A policy, compiled: what a document says, with everything made ready that a decision needs. */
import type { ActionPattern } from './action.ts';
import type { ResourcePattern } from './arn.ts';
import type { Condition } from './condition.ts';
import type { PrincipalPattern } from './principal.ts';

export type PolicyVersion = '2008-10-17' | '2012-10-17';

/** Frozen, with all that it holds. */
export interface Policy {
  /** 2008-10-17 where the document has none. */
  readonly version: PolicyVersion;
  readonly id: string | undefined;
  readonly statements: readonly Statement[];
  readonly allows: readonly Statement[];
  readonly denies: readonly Statement[];
}

/** Where a statement stands in its document; both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** `Action` or `NotAction`, and so on. */
export interface Element<Pattern> {
  /** It means all but what is listed. */
  readonly not: boolean;
  /** Where none is listed the statement does nothing, not even to «all but nothing». */
  readonly patterns: readonly Pattern[];
}

export interface Statement {
  /** From 0. */
  readonly index: number;
  readonly sid: string | undefined;
  readonly effect: 'Allow' | 'Deny';
  readonly principals: Element<PrincipalPattern> | undefined;
  /** Without actions a statement does nothing. */
  readonly actions: Element<ActionPattern> | undefined;
  /** Without resources a statement does nothing, save in a trust policy. */
  readonly resources: Element<ResourcePattern> | undefined;
  readonly conditions: readonly Condition[];
  /** Of its opening brace. */
  readonly start: Position;
  /** Behind its closing brace. */
  readonly end: Position;
}
