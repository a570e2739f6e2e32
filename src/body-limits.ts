/** How large the body of a request may be, by what it asks for. */
import type { LargeBodies } from './http/server.ts';

const mebibyte = 1024 * 1024;
const usualBytes = mebibyte;

/** What AWS's front end of Lambda takes: an archive of 50 MB in base64, and a little around it. */
const functionCodeBytes = 70_167_211;
/** An event of 6 MB, and so much more that what is too large is told by Lambda itself. */
const eventBytes = 8 * mebibyte;

const paths: ReadonlyArray<readonly [methodAndPath: RegExp, mostBytes: number]> = [
  [/^POST \/2015-03-31\/functions\/?$/, functionCodeBytes],
  [/^PUT \/2015-03-31\/functions\/[^/]+\/code\/?$/, functionCodeBytes],
  [/^POST \/2015-03-31\/functions\/[^/]+\/invocations\/?$/, eventBytes],
];

export const largeBodies: LargeBodies = {
  mostBytes: (method, target) => {
    const [path] = target.split('?', 1);
    const known = paths.find(([form]) => form.test(`${method} ${path}`));
    return known?.[1] ?? usualBytes;
  },
  togetherBytes: 256 * mebibyte,
};
