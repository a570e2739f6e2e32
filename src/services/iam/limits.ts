/**
 * IAM's quotas as AWS gives them to a new account.
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html)
 */
export const limits = {
  /** Entities of an account. */
  users: 5000,
  groups: 300,
  roles: 1000,
  policies: 1500,
  instanceProfiles: 1000,
  oidcProviders: 100,
  /** Of one entity. */
  accessKeysPerUser: 2,
  groupsPerUser: 10,
  attachedPolicies: 10,
  versionsPerPolicy: 5,
  tags: 50,
  clientIdsPerProvider: 100,
  thumbprintsPerProvider: 5,
  /** Characters without white space. */
  policySize: 6144,
  trustPolicySize: 2048,
  userPolicySize: 2048,
  groupPolicySize: 5120,
  rolePolicySize: 10_240,
  /** Told by GetAccountSummary, and bounding nothing here. */
  policyVersionsInUse: 10_000,
  serverCertificates: 20,
  signingCertificatesPerUser: 2,
} as const;
