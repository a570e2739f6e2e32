/**
 * What the server tells of KMS keys beyond AWS's operations: the pre-flight of a deletion, the
 * inventory of a key's ciphertexts, and costs. Root users see the keys and costs of their own
 * account, the operator those of all.
 */
import type { HttpRequest, HttpResponse } from '../http/message.ts';
import { json, type Route } from './answer.ts';
import { parseDuration } from './duration.ts';

/** A root user who signed. */
export interface RootCaller {
  readonly account: string;
  /** Of the signature. */
  readonly region: string;
  readonly isOperator: boolean;
}

/** Undefined is answered for keys that the caller can't see, whether or not there are any. */
export interface KmsReports {
  readonly preflight: (
    asked: { readonly key: string; readonly quietMs: number },
    by: RootCaller,
  ) => Promise<unknown>;
  readonly inventory: (key: string, by: RootCaller) => Promise<unknown>;
  readonly costs: (
    asked: { readonly month: string | undefined; readonly account: string | undefined },
    by: RootCaller,
  ) => Promise<unknown>;
}

export interface KmsPorts {
  /** The error text when the request isn't signed by a root user. */
  readonly rootCaller: (request: HttpRequest) => Promise<RootCaller | string>;
  readonly kms: KmsReports;
}

export const kmsRoutes: ReadonlyArray<readonly [string, Route<KmsPorts>]> = [
  ['GET kms/preflight', forKey(preflight)],
  ['GET kms/inventory', forKey((key, by, { kms }) => kms.inventory(key, by))],
  ['GET kms/costs', costs],
];

/** How long a key must not have been used, unless the request says. */
const defaultQuiet = '90d';

function preflight(
  key: string,
  by: RootCaller,
  { kms }: KmsPorts,
  query: URLSearchParams,
): Promise<unknown> | HttpResponse {
  const quietMs = parseDuration(query.get('quiet') ?? defaultQuiet);
  return quietMs === undefined || quietMs < 0
    ? json(400, { error: "'quiet' takes a span such as 90d or 12h." })
    : kms.preflight({ key, quietMs }, by);
}

type Report = (
  key: string,
  by: RootCaller,
  ports: KmsPorts,
  query: URLSearchParams,
) => Promise<unknown> | HttpResponse;

function forKey(report: Report): Route<KmsPorts> {
  return async (request, ports, query) => {
    const by = await ports.rootCaller(request);
    if (typeof by === 'string') return json(403, { error: by });
    const key = query.get('key');
    if (key === null || key === '') return json(400, { error: "'key' names the key." });
    const told = report(key, by, ports, query);
    if (!(told instanceof Promise)) return told;
    const found = await told;
    return found === undefined
      ? json(404, { error: `There is no key ${JSON.stringify(key)} that you may look at.` })
      : json(200, found);
  };
}

async function costs(
  request: HttpRequest,
  ports: KmsPorts,
  query: URLSearchParams,
): Promise<HttpResponse> {
  const by = await ports.rootCaller(request);
  if (typeof by === 'string') return json(403, { error: by });
  const month = query.get('month') ?? undefined;
  if (month !== undefined && !/^\d{4}-(0[1-9]|1[0-2])$/.test(month))
    return json(400, { error: "'month' is written like 2026-08." });
  const account = query.get('account') ?? undefined;
  if (account !== undefined && !/^\d{12}$/.test(account))
    return json(400, { error: "'account' takes twelve digits." });
  if (account !== undefined && account !== by.account && !by.isOperator)
    return json(403, { error: "Another account's costs are its own and the operator's." });
  return json(200, await ports.kms.costs({ month, account }, by));
}
