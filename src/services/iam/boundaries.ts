/** Permissions boundaries of users and roles: put on and taken off. */
import type { IamModel } from '../../model/iam.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import { boundaryUse } from './boundary.ts';
import type { IamContext } from './context.ts';
import { find, type Kinds, type Sought } from './entities.ts';
import { boundaryNotFound } from './errors.ts';
import { needOwn } from './protected.ts';
import type { RoleRecord, UserRecord } from './records.ts';

type Bounded = UserRecord | RoleRecord;

interface NamedBoundary {
  readonly PermissionsBoundary: string;
}

export function boundaryOperations(iam: IamContext, { users, roles }: Kinds) {
  const put = async <R extends Bounded>(
    { PermissionsBoundary: boundary }: NamedBoundary,
    call: Call,
    sought: Sought<R>,
  ): Promise<void> => {
    const entry = needOwn(sought);
    call.stage(
      await boundaryUse(iam, boundary, call),
      sought.kind.records.replace(entry, { ...entry.value, boundary }),
    );
  };
  return {
    PutUserPermissionsBoundary: {
      readOnly: false,
      find: ({ UserName, PermissionsBoundary }, call) =>
        find(users, UserName, call, { boundary: PermissionsBoundary }),
      run: put<UserRecord>,
    },
    PutRolePermissionsBoundary: {
      readOnly: false,
      find: ({ RoleName, PermissionsBoundary }, call) =>
        find(roles, RoleName, call, { boundary: PermissionsBoundary }),
      run: put<RoleRecord>,
    },
    DeleteUserPermissionsBoundary: {
      readOnly: false,
      find: ({ UserName }, call) => find(users, UserName, call),
      run: (_input, call, sought: Sought<UserRecord>) => remove(call, sought),
    },
    DeleteRolePermissionsBoundary: {
      readOnly: false,
      find: ({ RoleName }, call) => find(roles, RoleName, call),
      run: (_input, call, sought: Sought<RoleRecord>) => remove(call, sought),
    },
  } satisfies Operations<IamModel, `${'Put' | 'Delete'}${'User' | 'Role'}PermissionsBoundary`>;
}

function remove<R extends Bounded>(call: Call, sought: Sought<R>): void {
  const entry = needOwn(sought);
  const { boundary, ...unbounded } = entry.value;
  if (boundary === undefined) throw boundaryNotFound(sought.kind.type, sought.name);
  call.stage(sought.kind.records.replace(entry, unbounded as R));
}
