/**
 * What a secret is: its versions and their staging labels, what protects and rotates it, and where
 * its replicas are. Data only; who changes it and how is in the files named after the topics.
 */

export interface Tag {
  readonly key: string;
  readonly value: string;
}

/** One value of a secret, or the place for one. Its bytes lie elsewhere, encrypted (value.ts). */
export interface Version {
  /** The ClientRequestToken that made it: 32 to 64 characters. */
  readonly id: string;
  /** Counts up within the secret; names the record of the value. */
  readonly number: number;
  readonly createdAt: number;
  /** Sorted. Without any the version is deprecated. */
  readonly stages: readonly string[];
  /** The keys that its data key is encrypted under, newest first. Empty: it has no value yet. */
  readonly keys: readonly string[];
}

export interface RotationRules {
  readonly automaticallyAfterDays?: number | undefined;
  readonly scheduleExpression?: string | undefined;
  /** `3h` */
  readonly duration?: string | undefined;
}

/** A rotation may begin from the one time to the other; ms since 1970. */
export interface Window {
  readonly opensAt: number;
  readonly closesAt: number;
}

export interface Rotation {
  readonly isEnabled: boolean;
  readonly lambdaArn?: string | undefined;
  readonly rules?: RotationRules | undefined;
  /** What AWS computes from a ScheduleExpression after a rotation. */
  readonly computedDays?: number | undefined;
  readonly lastRotatedAt?: number | undefined;
  readonly nextWindow?: Window | undefined;
  /** When it is to begin by itself; undefined while a rotation is under way. */
  readonly dueAt?: number | undefined;
}

export type ReplicationStatus = 'InSync' | 'Failed' | 'InProgress' | 'Pending' | 'Detached';

/** A secret's copy in another Region, as the primary knows it. */
export interface Replica {
  readonly region: string;
  readonly kmsKeyId?: string | undefined;
  readonly status: ReplicationStatus;
  readonly message: string;
}

/** A secret's copy in another account, as the primary knows it. */
export interface CrossAccountReplica {
  readonly arn: string;
  readonly roleArn?: string | undefined;
  readonly status: ReplicationStatus;
  readonly message?: string | undefined;
}

/** What a copy in another account knows of its primary. */
export interface CrossAccountPrimary {
  readonly arn: string;
  readonly status: ReplicationStatus;
  readonly message?: string | undefined;
}

export interface Secret {
  /** Of this secret alone, also after one of the same name was deleted; 32 hex digits. */
  readonly id: string;
  readonly account: string;
  readonly region: string;
  readonly name: string;
  /** With the six characters that AWS adds to the name. */
  readonly arn: string;
  readonly createdAt: number;
  readonly changedAt: number;
  readonly description?: string | undefined;
  readonly type?: string | undefined;
  /** As it was given: id, ARN or alias. Undefined: aws/secretsmanager. */
  readonly kmsKeyId?: string | undefined;
  /** Undefined: it never had any. */
  readonly tags?: readonly Tag[] | undefined;
  /** The resource policy named `default`. */
  readonly policy?: string | undefined;
  /** The unique ids that the users and roles named in it had when it was put. */
  readonly policyPrincipals?: Readonly<Record<string, string>> | undefined;
  /** In the order in which they were made. */
  readonly versions: readonly Version[];
  readonly nextNumber: number;
  /** When it goes; undefined: it is not scheduled for deletion. */
  readonly deletionDate?: number | undefined;
  /** Undefined: rotation was never configured. */
  readonly rotation?: Rotation | undefined;
  /** Of a primary. Empty once the last replica was removed. */
  readonly replicas?: readonly Replica[] | undefined;
  /** Of a replica: the primary's Region. */
  readonly replicaOf?: string | undefined;
  readonly crossAccountReplica?: CrossAccountReplica | undefined;
  readonly crossAccountPrimary?: CrossAccountPrimary | undefined;
}

export const current = 'AWSCURRENT';
export const previous = 'AWSPREVIOUS';
export const pending = 'AWSPENDING';

export const hasValue = ({ keys }: Version): boolean => keys.length > 0;

export const versionOf = ({ versions }: Secret, id: string): Version | undefined =>
  versions.find((version) => version.id === id);

export const holderOf = ({ versions }: Pick<Secret, 'versions'>, stage: string) =>
  versions.find(({ stages }) => stages.includes(stage));
