/** What a route below `/_sealhold/` is, and the forms of its answers. */
import type { HttpRequest, HttpResponse } from '../http/message.ts';

export type Route<Ports> = (
  request: HttpRequest,
  ports: Ports,
  query: URLSearchParams,
) => HttpResponse | Promise<HttpResponse>;

export function json(status: number, value: unknown): HttpResponse {
  return {
    status,
    headers: [['Content-Type', 'application/json']],
    body: JSON.stringify(value),
  };
}

export const notFound = (): HttpResponse => json(404, { error: 'There is nothing here.' });
