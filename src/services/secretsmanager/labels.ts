/**
 * How staging labels move between the versions of a secret. Pure.
 * (https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html#term_version)
 */
import { current, holderOf, pending, previous, type Version } from './secret.ts';

type Versions = readonly Version[];

const withStages = (version: Version, stages: Iterable<string>): Version => {
  const sorted = [...new Set(stages)].sort();
  return { ...version, stages: sorted };
};

/** Takes labels away from wherever they are. */
export function detached(versions: Versions, stages: readonly string[]): Versions {
  return versions.map((version) =>
    version.stages.some((stage) => stages.includes(stage))
      ? withStages(
          version,
          version.stages.filter((stage) => !stages.includes(stage)),
        )
      : version,
  );
}

/**
 * Puts labels on a version; each leaves the one that had it. Where AWSCURRENT moves, AWSPREVIOUS
 * goes to the version that had it.
 */
export function attached(versions: Versions, id: string, stages: readonly string[]): Versions {
  const former = stages.includes(current) ? holderOf({ versions }, current) : undefined;
  const moved = put(detached(versions, stages), id, stages);
  if (former === undefined || former.id === id) return moved;
  return put(detached(moved, [previous]), former.id, [previous]);
}

function put(versions: Versions, id: string, stages: readonly string[]): Versions {
  return versions.map((version) =>
    version.id === id ? withStages(version, [...version.stages, ...stages]) : version,
  );
}

/**
 * With a version that has just got its value, under the labels that the request asks for. The first
 * value of all is current whatever is asked. A new current version ends what was pending elsewhere.
 */
export function withNewValue(versions: Versions, id: string, asked: readonly string[]): Versions {
  const isFirst = holderOf({ versions }, current) === undefined;
  const stages = isFirst ? [...asked, current] : asked;
  const labelled = attached(versions, id, stages);
  if (!stages.includes(current)) return labelled;
  return labelled.map((version) =>
    version.id === id || !version.stages.includes(pending)
      ? version
      : withStages(
          version,
          version.stages.filter((stage) => stage !== pending),
        ),
  );
}

/** How many labels a secret has. */
export const labelCount = (versions: Versions): number =>
  versions.reduce((sum, { stages }) => sum + stages.length, 0);

const dayMs = 86_400_000;
/** https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html */
export const maxVersions = 100;
export const maxLabels = 20;

/**
 * The versions to forget so that one more fits: the oldest without labels, none younger than a day.
 * Undefined: not enough may go.
 */
export function versionsToForget(versions: Versions, now: number): Versions | undefined {
  const excess = versions.length + 1 - maxVersions;
  if (excess <= 0) return [];
  const old = versions.filter(
    ({ stages, createdAt }) => stages.length === 0 && createdAt <= now - dayMs,
  );
  return old.length < excess ? undefined : old.slice(0, excess);
}
