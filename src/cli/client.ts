/** Calls a running server's own interface, signed, as the usual AWS variables say. */
import { findCredentials } from '../identity/credentials.ts';
import { signRequest } from '../identity/sign.ts';
import { CommandFailure, type CommandInput } from './command.ts';
import { machineWorld } from './world.ts';

export const defaultEndpoint = 'http://127.0.0.1:4566';

/**
 * `path` below `/_sealhold/`. Resolves with the answer whose status is 200; else throws
 * CommandFailure with the server's
 * text.
 */
export async function callServer(
  request: { readonly method: 'GET' | 'POST'; readonly path: string; readonly body?: string },
  { env }: Pick<CommandInput, 'env'>,
): Promise<Response> {
  const found = findCredentials(env);
  if (found.kind === 'missing') throw new CommandFailure(found.text);
  const { endpoint = defaultEndpoint, region = 'us-east-1', ...credentials } = found.settings;
  const url = `${endpoint.replace(/\/+$/, '')}/_sealhold/${request.path}`;
  const headers = signRequest({
    method: request.method,
    url,
    headers: {},
    body: request.body ?? '',
    accessKeyId: credentials.accessKeyId,
    secretAccessKey: credentials.secretAccessKey,
    ...(credentials.sessionToken === undefined ? {} : { sessionToken: credentials.sessionToken }),
    region,
    service: 'sealhold',
    at: machineWorld().machineNow(),
  });
  const response = await send(url, { ...request, headers });
  if (response.status === 200) return response;
  const text = await response.text();
  throw new CommandFailure(`${endpoint} answered ${response.status}: ${errorOf(text)}`);
}

async function send(
  url: string,
  init: { method: string; headers: Record<string, string>; body?: string },
): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    const cause = (error as { cause?: Error }).cause?.message ?? (error as Error).message;
    throw new CommandFailure(
      `No server answers at ${url} (${cause}). Start one with 'sealhold start', or set AWS_ENDPOINT_URL.`,
    );
  }
}

function errorOf(text: string): string {
  try {
    return String((JSON.parse(text) as { error?: unknown }).error ?? text);
  } catch {
    return text;
  }
}
