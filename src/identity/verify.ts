/**
 * Says who signed a request, or why that can't be said. Checks come in AWS's order, each with AWS's
 * text; the age of a signature is judged by the machine's clock, the end of a session by the
 * product's.
 */
import { type KeyObject, timingSafeEqual } from 'node:crypto';
import type { ApiError } from '../api-error.ts';
import type { HttpRequest } from '../http/message.ts';
import type { Principal } from '../operation.ts';
import type { World } from '../world.ts';
import type { AccessKey } from './access-key.ts';
import * as refuse from './refusal.ts';
import { type Dialect, isRefusal, type Refusal, toApiError } from './refusal.ts';
import { readSignedRequest, type SignedRequest } from './signed-request.ts';
import { createSigningKeys, type SigningKeys } from './signing-keys.ts';
import {
  canonicalRequest,
  deriveSigningKey,
  payloadHash,
  signatureOf,
  stringToSign,
  terminator,
  unsignedPayload,
} from './sigv4.ts';
import { secondsOf, timestampOf } from './timestamp.ts';

export type Protocol = 'json-1.1' | 'query' | 'rest-json' | 'rest-xml' | 'ec2';

/** What the wire took the request for, before anybody was identified. */
export interface Claim {
  readonly protocol: Protocol;
  /** The signing name that the request must be signed for: `kms`. */
  readonly service: string;
  /** Set for operations whose body may stay out of the signature (S3's uploads). */
  readonly payload?: 'unsigned-allowed';
}

export type Identified =
  | {
      readonly kind: 'principal';
      readonly principal: Principal;
      readonly region: string;
      readonly signedService: string;
    }
  | { readonly kind: 'refused'; readonly error: ApiError };

export interface VerifierOptions {
  readonly accessKeys: {
    /**
     * Answers without a promise when it can. Asked with ids of 1–128 letters, digits and `_.-`
     * only, and the session token that came along. A temporary key is found by both together.
     */
    find(accessKeyId: string, sessionToken: string | undefined): FoundKey | Promise<FoundKey>;
  };
  readonly world: World;
  /** The signing names that this server answers for. */
  readonly services: ReadonlySet<string>;
  /**
   * Dev mode: lets in whoever signs with an unknown access key. Nothing but that key's signature
   * goes unchecked.
   */
  readonly unknownKey?: (accessKeyId: string) => Principal;
}

/**
 * `refused`: credentials of ours that are no good, or no more; not even dev mode lets them in.
 * Undefined: unknown.
 */
export type FoundKey = AccessKey | 'refused' | undefined;

/**
 * A plain value when the access key was found without waiting. Rejects only with what `find`
 * rejects with.
 */
export type Verify = (request: HttpRequest, claim: Claim) => Identified | Promise<Identified>;

export function createVerifier(options: VerifierOptions): Verify {
  const { accessKeys, world, services, unknownKey } = options;
  const signingKeys = createSigningKeys();

  function decide(attempt: Attempt, accessKey: FoundKey): Identified {
    const { scope, claim } = attempt;
    if (accessKey === 'refused') return refused(refuse.invalidToken, claim);
    if (accessKey === undefined)
      return unknownKey === undefined
        ? refused(refuse.invalidToken, claim)
        : letIn(unknownKey(scope.accessKeyId), scope);
    const fault =
      checkStanding(accessKey, attempt, world) ?? checkSignature(attempt, accessKey, signingKeys);
    return fault === undefined ? letIn(accessKey.principal, scope) : refused(fault, claim);
  }

  return (request, claim) => {
    const signed = readSignedRequest(request, dialectOf(claim.protocol));
    if (isRefusal(signed)) return refused(signed, claim);
    const fault =
      checkCoverage(request, claim, signed) ??
      checkAge(signed, claim, Math.floor(world.machineNow() / 1000));
    if (fault !== undefined) return refused(fault, claim);
    const scope = readScope(signed, claim, services);
    if (isRefusal(scope)) return refused(scope, claim);
    const attempt = { request, claim, signed, scope };
    if (!accessKeyIdForm.test(scope.accessKeyId)) return refused(refuse.invalidToken, claim);
    const found = accessKeys.find(scope.accessKeyId, signed.sessionToken);
    return found instanceof Promise
      ? found.then((accessKey) => decide(attempt, accessKey))
      : decide(attempt, found);
  };
}

interface Attempt {
  readonly request: HttpRequest;
  readonly claim: Claim;
  readonly signed: SignedRequest;
  readonly scope: Scope;
}

interface Scope {
  readonly accessKeyId: string;
  readonly region: string;
  readonly service: string;
}

const accessKeyIdForm = /^[\w.-]{1,128}$/;

function letIn(principal: Principal, scope: Scope): Identified {
  return { kind: 'principal', principal, region: scope.region, signedService: scope.service };
}

function refused(fault: Refusal, claim: Claim): Identified {
  return { kind: 'refused', error: toApiError(fault, dialectOf(claim.protocol)) };
}

function dialectOf(protocol: Protocol): Dialect {
  return protocol === 'json-1.1' || protocol === 'rest-json' ? 'json' : 'query';
}

/**
 * Headers that decide what a request does must be under its signature: without X-Amz-Target there,
 * whoever forwards a request could turn an Encrypt into a Decrypt. All AWS SDKs sign every x-amz-
 * header; where members of the input travel in them (REST), none may be unsigned.
 */
function checkCoverage(
  request: HttpRequest,
  claim: Claim,
  signed: SignedRequest,
): Refusal | undefined {
  const { headers } = request;
  const names = signed.signedNames;
  if (!names.includes('host')) return refuse.notSigned("'Host' or ':authority'");
  if (signed.form === 'header' && headers.has('x-amz-date') && !names.includes('x-amz-date'))
    return refuse.notSigned("'X-Amz-Date'");
  if (headers.has('x-amz-security-token') && !names.includes('x-amz-security-token'))
    return refuse.notSigned("'X-Amz-Security-Token'");
  if (headers.has('x-amz-target') && !names.includes('x-amz-target'))
    return refuse.notSigned("'X-Amz-Target'");
  if (claim.protocol === 'rest-json') {
    for (const name of headers.keys())
      if (name.startsWith('x-amz-') && !names.includes(name)) return refuse.notSigned(`'${name}'`);
  }
  return undefined;
}

/** KMS and its like allow 5 minutes either way (measured), Query services 15. */
function skewSeconds(protocol: Protocol): number {
  return protocol === 'json-1.1' ? 300 : 900;
}

function checkAge(signed: SignedRequest, claim: Claim, nowSeconds: number): Refusal | undefined {
  const signedAt = secondsOf(signed.timestamp);
  if (signedAt === undefined) return refuse.badDate(signed.timestamp);
  const skew = skewSeconds(claim.protocol);
  const lifetime = lifetimeSeconds(signed, claim);
  if (typeof lifetime !== 'number') return lifetime;
  const now = timestampOf;
  if (signedAt < nowSeconds - lifetime) {
    const limit = `${now(nowSeconds - lifetime)} (${now(nowSeconds)} - ${span(lifetime)}.)`;
    return refuse.refusal(
      'mismatch',
      `Signature expired: ${signed.timestamp} is now earlier than ${limit}`,
    );
  }
  if (signedAt > nowSeconds + skew) {
    const limit = `${now(nowSeconds + skew)} (${now(nowSeconds)} + ${span(skew)}.)`;
    return refuse.refusal(
      'mismatch',
      `Signature not yet current: ${signed.timestamp} is still later than ${limit}`,
    );
  }
  return undefined;
}

function span(seconds: number): string {
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} sec`;
}

const weekSeconds = 604_800;

function lifetimeSeconds(signed: SignedRequest, claim: Claim): number | Refusal {
  const { expires } = signed;
  if (expires === undefined) return skewSeconds(claim.protocol);
  if (!/^-?\d+$/.test(expires))
    return refuse.refusal('incomplete', 'X-Amz-Expires should be a number');
  const seconds = Number(expires);
  if (seconds < 1) return refuse.refusal('incomplete', 'X-Amz-Expires must be positive');
  if (seconds > weekSeconds)
    return refuse.refusal(
      'incomplete',
      'X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be ' +
        'less than 604800 seconds',
    );
  // STS gives every presigned URL 15 minutes; EKS signs for 60 s and sends the URL on until then.
  return claim.service === 'sts' ? 900 : seconds;
}

type Five = readonly [string, string, string, string, string];
const regionForm = /^[a-z]{2,8}(?:-[a-z]{1,12}){1,3}-\d{1,2}$/;

/** Takes the credential apart; all that is wrong with its scope is said at once, as AWS does. */
function readScope(
  signed: SignedRequest,
  claim: Claim,
  services: ReadonlySet<string>,
): Scope | Refusal {
  const parts = signed.credentialParts;
  if (parts.length !== 5) return refuse.badCredential(signed.credential);
  const [accessKeyId, date, region, service, end] = parts as Five;
  let text = '';
  if (!regionForm.test(region))
    text +=
      dialectOf(claim.protocol) === 'json'
        ? `Credential should be scoped to a valid Region, not '${region}'. `
        : 'Credential should be scoped to a valid region. ';
  if (service !== claim.service || !services.has(service))
    text += `Credential should be scoped to correct service: '${claim.service}'. `;
  if (end !== terminator)
    text += `Credential should be scoped with a valid terminator: '${terminator}', not '${end}'. `;
  const day = signed.timestamp.slice(0, 8);
  if (date !== day)
    text +=
      'Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: ' +
      `'${date}' != '${day}', from '${signed.timestamp}'.`;
  return text === '' ? { accessKeyId, region, service } : refuse.refusal('mismatch', text);
}

/** Whether the key may be used at all, with the session token that came along or didn't. */
function checkStanding(
  accessKey: AccessKey,
  { signed, claim }: Attempt,
  world: World,
): Refusal | undefined {
  const { session, principal } = accessKey;
  if (accessKey.status !== 'Active') return refuse.invalidToken;
  if (session === undefined) {
    const mistaken = signed.sessionToken !== undefined || accessKey.accessKeyId.startsWith('ASIA');
    return mistaken ? refuse.invalidToken : undefined;
  }
  if (signed.sessionToken === undefined) return refuse.invalidToken;
  if (world.now() >= session.expiresAt) return refuse.expiredToken;
  return claim.service === 'iam' && !mayCallIam(principal) ? refuse.invalidToken : undefined;
}

/**
 * What GetFederationToken gives is of no use to IAM, and what GetSessionToken gives only with MFA
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html).
 */
function mayCallIam({ type, session }: Principal): boolean {
  if (session?.role !== undefined) return true;
  return type !== 'FederatedUser' && session?.isMfaPresent === true;
}

function checkSignature(
  attempt: Attempt,
  accessKey: AccessKey,
  signingKeys: SigningKeys,
): Refusal | undefined {
  const { request, claim, signed } = attempt;
  const hash = coveredPayload(request, claim, signed);
  if (hash === undefined) return refuse.wrongSignature;
  const canonical = canonicalRequest({
    method: request.method,
    target: request.target,
    headers: request.headers,
    signedNames: signed.signedNames,
    payloadHash: hash,
    service: claim.service,
    presigned: signed.form === 'query',
  });
  if (canonical === undefined) return refuse.wrongSignature;
  const scope = signed.credential.slice(attempt.scope.accessKeyId.length + 1);
  const text = stringToSign({ timestamp: signed.timestamp, scope, canonicalRequest: canonical });
  const known: KeyObject | undefined = signingKeys.find(signed.credential, accessKey);
  const signingKey = known ?? deriveSigningKey(accessKey.secret, scope);
  if (!sameText(signatureOf(signingKey, text), signed.signature)) return refuse.wrongSignature;
  if (known === undefined) signingKeys.keep(signed.credential, accessKey, signingKey);
  return undefined;
}

/**
 * What the signature says of the body, once that is known to be true of it; undefined when it
 * isn't.
 */
function coveredPayload(
  request: HttpRequest,
  claim: Claim,
  signed: SignedRequest,
): string | undefined {
  const declared = request.headers.get('x-amz-content-sha256');
  const mayBeUnsigned = claim.payload === 'unsigned-allowed';
  if (declared === unsignedPayload) return mayBeUnsigned ? unsignedPayload : undefined;
  // A presigned S3 URL is made before anybody knows the body.
  if (declared === undefined && mayBeUnsigned && signed.form === 'query' && claim.service === 's3')
    return unsignedPayload;
  const actual = payloadHash(request.body);
  return declared === undefined || declared === actual ? actual : undefined;
}

/**
 * Takes as long for every text of the right length. UTF-16, since any two texts of one length then
 * fill equal buffers.
 */
function sameText(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  if (a.length !== signatureDigits)
    return timingSafeEqual(Buffer.from(a, 'utf16le'), Buffer.from(b, 'utf16le'));
  signatureA.write(a, 'utf16le');
  signatureB.write(b, 'utf16le');
  return timingSafeEqual(signatureA, signatureB);
}

const signatureDigits = 64;
/** Filled anew for each signature, which saves two buffers a request. */
const signatureA = Buffer.alloc(2 * signatureDigits);
const signatureB = Buffer.alloc(2 * signatureDigits);
