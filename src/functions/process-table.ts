/**
 * The machine's processes, as Linux shows them in /proc: what belongs to a function's process, what
 * it holds, and how it is ended with all that it has started. Where there is no /proc, ending
 * reaches a function's process group, and nothing is measured.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** What a function's process and those that it has started hold together. */
export interface Usage {
  readonly processes: number;
  /** Memory that is theirs: neither program text nor files that are only mapped. */
  readonly bytes: number;
}

/** By the id of the session, which is that of the process that began it. */
export function usageOf(sessions: ReadonlySet<number>): ReadonlyMap<number, Usage> {
  const found = new Map<number, { processes: number; bytes: number }>();
  for (const { pid, session } of processes()) {
    if (!sessions.has(session)) continue;
    const usage = found.get(session) ?? { processes: 0, bytes: 0 };
    usage.processes++;
    usage.bytes += ownBytes(pid);
    found.set(session, usage);
  }
  return found;
}

/**
 * Kills the session's processes, and those that have left it but still carry `mark` in the
 * environment that they began with. True when there were any: what forks meanwhile is found by
 * asking again.
 */
export function killSession(session: number, mark: string): boolean {
  kill(-session);
  const left = processes().filter((each) => each.session === session || carries(each.pid, mark));
  for (const { pid } of left) kill(pid);
  return left.length > 0;
}

interface ProcessFacts {
  readonly pid: number;
  readonly session: number;
}

/** The living ones. Those that end while they are read are left out. */
function processes(): ProcessFacts[] {
  return pids().flatMap((pid) => {
    const stat = read(`/proc/${pid}/stat`);
    // `pid (name) state parent group session …`: the name may hold anything (proc(5)).
    const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
    return fields.length < 4 || fields[0] === 'Z' ? [] : [{ pid, session: Number(fields[3]) }];
  });
}

function pids(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

function ownBytes(pid: number): number {
  const status = read(`/proc/${pid}/status`) ?? '';
  const kilobytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0);
  return (kilobytes('RssAnon') + kilobytes('RssShmem')) * 1024;
}

const carries = (pid: number, mark: string): boolean =>
  pid !== process.pid && read(`/proc/${pid}/environ`)?.includes(mark) === true;

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return undefined;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/** What the files below a folder hold; stops counting once it is more than `enough`. */
export async function folderBytes(folder: string, enough: number): Promise<number> {
  let bytes = 0;
  const waiting = [folder];
  while (waiting.length > 0 && bytes <= enough) {
    const place = waiting.pop() as string;
    const entries = await readdir(place, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      const path = join(place, entry.name);
      if (entry.isDirectory()) waiting.push(path);
      else bytes += (await lstat(path).catch(() => undefined))?.size ?? 0;
    }
  }
  return bytes;
}
