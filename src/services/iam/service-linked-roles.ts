/**
 * Service-linked roles: made for one service, trusted by it alone, changed by nobody else.
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html)
 */
import type { CreateServiceLinkedRoleRequest, IamModel, Role } from '../../model/iam.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import { newUuid } from '../../uuid.ts';
import { conditionsOf } from './conditions.ts';
import type { IamContext } from './context.ts';
import { find, type Kinds, need, newResource, type Sought } from './entities.ts';
import {
  deletionTaskNotFound,
  entityNotFound,
  serviceHasNoLinkedRoles,
  serviceRoleExists,
  suffixNotSupported,
} from './errors.ts';
import { iamArn, newUniqueId } from './ids.ts';
import { requireRoom } from './quota.ts';
import { type RoleRecord, recordId } from './records.ts';
import { basicRole } from './shown-role.ts';

interface ServiceRole {
  readonly name: string;
  /** The last part of the ARN of AWS's policy for it. */
  readonly policy: string;
  readonly description: string;
}

/** The services of this server that have such roles. */
const serviceRoles: ReadonlyMap<string, ServiceRole> = new Map([
  [
    'cks.kms.amazonaws.com',
    {
      name: 'AWSServiceRoleForKeyManagementServiceCustomKeyStores',
      policy: 'AWSKeyManagementServiceCustomKeyStoresServiceRolePolicy',
      description: 'Service linked role for AWS KMS custom key stores',
    },
  ],
  [
    'mrk.kms.amazonaws.com',
    {
      name: 'AWSServiceRoleForKeyManagementServiceMultiRegionKeys',
      policy: 'AWSKeyManagementServiceMultiRegionKeysServiceRolePolicy',
      description: 'Service linked role for AWS KMS multi-Region keys',
    },
  ],
]);

const pathOf = (service: string): string => `/aws-service-role/${service}/`;

export function serviceLinkedRoleOperations(iam: IamContext, { roles }: Kinds) {
  return {
    CreateServiceLinkedRole: {
      readOnly: false,
      find: ({ AWSServiceName: service }, call) => ({
        resource: newResource(
          { type: 'role', path: pathOf(service), name: serviceRoles.get(service)?.name ?? '*' },
          call,
        ),
        subject: undefined,
        conditions: conditionsOf({ serviceName: service }),
      }),
      run: (input, call) => createLinkedRole(iam, input, call),
    },
    DeleteServiceLinkedRole: {
      readOnly: false,
      find: ({ RoleName }, call) => find(roles, RoleName, call),
      run: async (_input, call, sought: Sought<RoleRecord>) => {
        const entry = need(sought);
        const { serviceLinkedFor, name } = entry.value;
        if (serviceLinkedFor === undefined) throw entityNotFound('role', name);
        call.stage(roles.records.remove(entry), await iam.lastUses.forgetRole(entry.value));
        return { DeletionTaskId: `task${pathOf(serviceLinkedFor)}${name}/${newUuid(call.world)}` };
      },
    },
    GetServiceLinkedRoleDeletionStatus: {
      readOnly: true,
      find: ({ DeletionTaskId }, call) => {
        const { account } = call.principal;
        const { path, name } = taskOf(DeletionTaskId);
        const arn = iamArn({ partition: call.partition, account, type: 'role', path, name });
        return { resource: { arn, account, type: 'AWS::IAM::Role' }, subject: name };
      },
      // A deletion is done when it is answered; a role that is there is one that was made since.
      run: () => ({ Status: 'SUCCEEDED' as const }),
    },
  } satisfies Operations<
    IamModel,
    'CreateServiceLinkedRole' | 'DeleteServiceLinkedRole' | 'GetServiceLinkedRoleDeletionStatus'
  >;
}

/** @throws ApiError NoSuchEntity for an id that DeleteServiceLinkedRole can't have given. */
function taskOf(id: string): { readonly path: string; readonly name: string } {
  const match = /^task(\/aws-service-role\/([\w.-]+)\/)([\w+=,.@-]+)\/[0-9a-f-]{36}$/.exec(id);
  const [, path, service, name] = match ?? [];
  if (path === undefined || service === undefined || name === undefined)
    throw deletionTaskNotFound(id);
  if (serviceRoles.get(service)?.name !== name) throw deletionTaskNotFound(id);
  return { path, name };
}

async function createLinkedRole(
  iam: IamContext,
  { AWSServiceName: service, Description, CustomSuffix }: CreateServiceLinkedRoleRequest,
  call: Call,
): Promise<{ Role: Role }> {
  const { roles } = iam.records;
  const { account } = call.principal;
  const made = serviceRoles.get(service);
  if (made === undefined) throw serviceHasNoLinkedRoles(service);
  if (CustomSuffix !== undefined) throw suffixNotSupported(service);
  const id = recordId(account, made.name);
  if ((await roles.get(id)) !== undefined) throw serviceRoleExists(made.name);
  await requireRoom(roles, account, 'Roles');
  const role = linkedRole(service, { ...made, description: Description ?? made.description }, call);
  call.stage(roles.insert(id, role));
  const { Description: _told, ...basic } = await basicRole(iam, role);
  return { Role: basic };
}

function linkedRole(service: string, made: ServiceRole, call: Call): RoleRecord {
  const { partition, now, world } = call;
  const { account } = call.principal;
  const path = pathOf(service);
  const policy = { partition, account: 'aws', type: 'policy', path: '/aws-service-role/' } as const;
  return {
    account,
    name: made.name,
    path,
    roleId: newUniqueId('role', world),
    arn: iamArn({ partition, account, type: 'role', path, name: made.name }),
    createdAt: now,
    trustPolicy: JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
    }),
    trusted: {},
    description: made.description,
    maxSessionSeconds: 3600,
    tags: [],
    policies: {},
    attached: [iamArn({ ...policy, name: made.policy })],
    serviceLinkedFor: service,
  };
}
