/** EventBridge on one node: the service, and what it needs of the others. */
import type { Access } from './access/access.ts';
import { matterOf } from './access/decide.ts';
import { openDeadLetters } from './dead-letters.ts';
import { openOutgoing } from './http/outgoing.ts';
import type { Reach } from './http/reach.ts';
import { evaluate } from './policy/evaluate.ts';
import { validateResourcePolicy } from './policy/validate.ts';
import type { EventsPorts, Question } from './services/events/context.ts';
import { createEventBridge, type EventBridge } from './services/events/index.ts';
import type { World } from './world.ts';

export interface EventSettings {
  /** Which addresses events may be sent to over HTTP; undefined: none. */
  readonly reach: Reach | undefined;
  /** Where the dead-letter file is; undefined: there is none. */
  readonly dataDir: string | undefined;
  /** This process's name among those that serve the store. */
  readonly nodeName: string;
}

export async function openEvents(
  options: Omit<EventsPorts, 'http' | 'isAllowed' | 'policyFault' | 'keepDeadLetter'> & {
    readonly access: Access;
    readonly settings: EventSettings;
  },
): Promise<EventBridge> {
  const { access, settings, world, log, ...ports } = options;
  const { reach, dataDir, nodeName } = settings;
  const http = openOutgoing(reach);
  const deadLetters = openDeadLetters({ dataDir, name: nodeName, world, log });
  const bridge = await createEventBridge({
    ...ports,
    ...{ world, log, http },
    isAllowed: (question) => isAllowed(access, question, world),
    policyFault: (text) => validateResourcePolicy(text)?.text,
    keepDeadLetter: deadLetters.keep,
  });
  return {
    ...bridge,
    close: async () => {
      await bridge.close();
      http.close();
    },
  };
}

/** As a call of EventBridge's for this principal would be decided. */
async function isAllowed(
  { callerPolicies, compiled }: Access,
  { principal, region, action, resource, conditions }: Question,
  world: World,
): Promise<boolean> {
  const caller = await callerPolicies(principal);
  if (caller === undefined) return false;
  const host = 'events.amazonaws.com';
  const source = { remoteAddress: host, userAgent: host, tls: undefined };
  const { tags: principalTags } = caller;
  const facts = { principal, region, now: world.now(), via: [host], source, principalTags };
  const circumstances = conditions === undefined ? {} : { conditions };
  const asked = { facts, caller, action, resource, circumstances };
  const { question, policies } = matterOf(asked, compiled);
  return evaluate(question, policies).allowed;
}
