/**
 * The reference: the least that a node:http server can do. Reads the body, answers JSON of the size
 * that the path names (`/1400`), and does nothing else. Port from the command line.
 */
import { createServer } from 'node:http';

const bodies = new Map<string, string>();

function bodyOf(path: string): string {
  let body = bodies.get(path);
  if (body === undefined) {
    const sizeBytes = Number(path.slice(1));
    body = JSON.stringify({ Blob: 'x'.repeat(Math.max(0, sizeBytes - '{"Blob":""}'.length)) });
    bodies.set(path, body);
  }
  return body;
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = bodyOf(request.url ?? '/0');
    response.writeHead(200, {
      'Content-Type': 'application/x-amz-json-1.1',
      'Content-Length': body.length,
    });
    response.end(body);
  });
});
server.listen(Number(process.argv[2]), '127.0.0.1');
