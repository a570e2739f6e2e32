/**
 * What CreateCustomKeyStore and UpdateCustomKeyStore may ask for: which member goes with which type
 * and connectivity, and what only one store may have. Pure.
 */
import type {
  CreateCustomKeyStoreRequest,
  UpdateCustomKeyStoreRequest,
} from '../../../model/kms.generated.ts';
import type { CustomKeyStore, HsmBacking, XksBacking } from './custom-key-store.ts';
import {
  clusterInUse,
  endpointInUse,
  memberNeededForConnectivity,
  memberNeededForType,
  memberNotForConnectivity,
  memberNotForType,
  nameInUse,
  uriInUse,
  uriPathNotSupported,
  vpcServiceInUse,
} from './store-errors.ts';

/** What a store connects to, and the secret for that. */
export interface StoreWish {
  readonly backing: HsmBacking | XksBacking;
  readonly secret: string;
}

const hsmMembers = ['CloudHsmClusterId', 'TrustAnchorCertificate', 'KeyStorePassword'] as const;
const xksMembers = [
  'XksProxyConnectivity',
  'XksProxyUriEndpoint',
  'XksProxyUriPath',
  'XksProxyAuthenticationCredential',
] as const;
const vpcMembers = ['XksProxyVpcEndpointServiceName', 'XksProxyVpcEndpointServiceOwner'] as const;

/** @throws ApiError ValidationException, XksProxyInvalidConfigurationException. */
export function checkedCreation(input: CreateCustomKeyStoreRequest): StoreWish {
  const { CustomKeyStoreType: type = 'AWS_CLOUDHSM' } = input;
  if (type === 'EXTERNAL_KEY_STORE') {
    refuseMembers(input, hsmMembers, type);
    return externalWish(input);
  }
  refuseMembers(input, [...xksMembers, ...vpcMembers], type);
  const needed = <T>(member: string, value: T | undefined): T => {
    if (value === undefined) throw memberNeededForType(member, type);
    return value;
  };
  return {
    backing: {
      type,
      clusterId: needed('CloudHsmClusterId', input.CloudHsmClusterId),
      trustAnchor: needed('TrustAnchorCertificate', input.TrustAnchorCertificate),
    },
    secret: needed('KeyStorePassword', input.KeyStorePassword),
  };
}

function refuseMembers(input: object, members: readonly string[], type: string): void {
  for (const member of members)
    if ((input as Record<string, unknown>)[member] !== undefined)
      throw memberNotForType(member, type);
}

type ExternalMembers = Pick<
  CreateCustomKeyStoreRequest,
  (typeof xksMembers)[number] | (typeof vpcMembers)[number]
>;

function externalWish(input: ExternalMembers): StoreWish {
  const type = 'EXTERNAL_KEY_STORE';
  const needed = <T>(member: string, value: T | undefined): T => {
    if (value === undefined) throw memberNeededForType(member, type);
    return value;
  };
  const credential = needed(
    'XksProxyAuthenticationCredential',
    input.XksProxyAuthenticationCredential,
  );
  const backing = checkedProxy({
    type,
    connectivity: needed('XksProxyConnectivity', input.XksProxyConnectivity),
    endpoint: needed('XksProxyUriEndpoint', input.XksProxyUriEndpoint),
    path: needed('XksProxyUriPath', input.XksProxyUriPath),
    accessKeyId: credential.AccessKeyId,
    ...vpcOf(input),
  });
  return { backing, secret: credential.RawSecretAccessKey };
}

function vpcOf({
  XksProxyVpcEndpointServiceName: name,
  XksProxyVpcEndpointServiceOwner: owner,
}: ExternalMembers): Pick<XksBacking, 'vpcService' | 'vpcServiceOwner'> {
  return {
    ...(name === undefined ? {} : { vpcService: name }),
    ...(owner === undefined ? {} : { vpcServiceOwner: owner }),
  };
}

/** Connectivity and service go together; only version 1 of the proxy API is spoken. */
function checkedProxy(backing: XksBacking): XksBacking {
  const { connectivity } = backing;
  if (connectivity === 'VPC_ENDPOINT_SERVICE') {
    if (backing.vpcService === undefined)
      throw memberNeededForConnectivity('XksProxyVpcEndpointServiceName', connectivity);
  } else if (backing.vpcService !== undefined)
    throw memberNotForConnectivity('XksProxyVpcEndpointServiceName', connectivity);
  else if (backing.vpcServiceOwner !== undefined)
    throw memberNotForConnectivity('XksProxyVpcEndpointServiceOwner', connectivity);
  if (!backing.path.endsWith('/kms/xks/v1')) throw uriPathNotSupported();
  return backing;
}

export interface StoreChange {
  readonly name: string;
  readonly backing: CustomKeyStore['backing'];
  /** Undefined: the secret stays. */
  readonly secret: string | undefined;
  /** Whether what the store connects with changes, and whether it may while it is connected. */
  readonly change: 'name' | 'whileConnected' | 'disconnectedOnly';
}

/** @throws ApiError as `checkedCreation`. */
export function checkedUpdate(
  store: CustomKeyStore,
  input: UpdateCustomKeyStoreRequest,
): StoreChange {
  const { backing } = store;
  const name = input.NewCustomKeyStoreName ?? store.name;
  if (backing.type === 'AWS_CLOUDHSM') {
    refuseMembers(input, [...xksMembers, ...vpcMembers], backing.type);
    const { CloudHsmClusterId: clusterId, KeyStorePassword: secret } = input;
    const isTouched = clusterId !== undefined || secret !== undefined;
    return {
      name,
      backing: clusterId === undefined ? backing : { ...backing, clusterId },
      secret,
      change: isTouched ? 'disconnectedOnly' : 'name',
    };
  }
  refuseMembers(input, hsmMembers, backing.type);
  return externalChange(name, backing, input);
}

function externalChange(
  name: string,
  backing: XksBacking,
  input: UpdateCustomKeyStoreRequest,
): StoreChange {
  const credential = input.XksProxyAuthenticationCredential;
  const { XksProxyConnectivity: connectivity = backing.connectivity } = input;
  const { vpcService, vpcServiceOwner, ...rest } = backing;
  const vpc = {
    ...(vpcService === undefined ? {} : { vpcService }),
    ...(vpcServiceOwner === undefined ? {} : { vpcServiceOwner }),
    ...vpcOf(input),
  };
  // A store that goes public leaves its service behind.
  const leaves = connectivity === 'PUBLIC_ENDPOINT' && backing.connectivity !== connectivity;
  const isSmall = input.XksProxyUriPath !== undefined || credential !== undefined;
  const isLarge = ['XksProxyConnectivity', 'XksProxyUriEndpoint', ...vpcMembers].some(
    (member) => input[member as keyof UpdateCustomKeyStoreRequest] !== undefined,
  );
  return {
    name,
    backing: checkedProxy({
      ...rest,
      connectivity,
      endpoint: input.XksProxyUriEndpoint ?? backing.endpoint,
      path: input.XksProxyUriPath ?? backing.path,
      accessKeyId: credential?.AccessKeyId ?? backing.accessKeyId,
      ...(leaves ? vpcOf(input) : vpc),
    }),
    secret: credential?.RawSecretAccessKey,
    change: isLarge ? 'disconnectedOnly' : isSmall ? 'whileConnected' : 'name',
  };
}

/**
 * @throws ApiError when another store of the account and Region has what this one alone may have.
 */
export function refuseTaken(
  others: readonly CustomKeyStore[],
  { name, backing }: Pick<CustomKeyStore, 'name' | 'backing'>,
): void {
  for (const other of others) {
    if (other.name === name) throw nameInUse(name);
    if (other.backing.type === 'AWS_CLOUDHSM') {
      if (backing.type === 'AWS_CLOUDHSM' && backing.clusterId === other.backing.clusterId)
        throw clusterInUse(backing.clusterId);
    } else if (backing.type === 'EXTERNAL_KEY_STORE') refuseTakenProxy(other.backing, backing);
  }
}

/** Public endpoints may be shared with other paths; those of VPC services may not. */
function refuseTakenProxy(other: XksBacking, wanted: XksBacking): void {
  if (other.vpcService !== undefined && other.vpcService === wanted.vpcService)
    throw vpcServiceInUse();
  if (other.endpoint !== wanted.endpoint) return;
  if (other.path === wanted.path) throw uriInUse();
  const bothPublic = [other, wanted].every((each) => each.connectivity === 'PUBLIC_ENDPOINT');
  if (!bothPublic) throw endpointInUse();
}
