/** What every engine must do. An engine's test calls `engineContract` with a way to open it. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import type { Engine, Write } from '../../src/store/engine.ts';
import { count, countsPerProcess, textAt, write } from './commits.ts';

/** One store, empty at first, that a test may open, close and open again. */
export interface Place {
  /** A handle on the store; where `isShared`, several at a time. */
  open(): Promise<Engine>;
  remove(): Promise<void>;
}

export interface EngineKind {
  /** What was committed is still there when all handles were closed. */
  readonly isDurable: boolean;
  readonly isShared: boolean;
  readonly place: () => Promise<Place>;
  /**
   * Runs test/contract/committing-process.ts on the place: `count` adds to a counter by expected
   * versions, `log` commits log/<name>/<n> for ever and prints each n when it is acknowledged.
   * Undefined where no other process can come.
   */
  readonly run?: (place: Place, task: 'count' | 'log', name: string) => ChildProcess;
}

/** Characters that tell the orders apart, and those that mean something to some database. */
const character = fc.constantFrom(
  ...['a', 'b', 'B', '/', '%', '_', '*', '\\', '\u0000', '\u007f', '\u0080', 'é', '\ud7ff'],
  ...['\ue000', '\uffff', '\u{10000}', '\u{1f600}', '\u{10ffff}'],
);
const anyPath = fc.array(character, { minLength: 1, maxLength: 4 }).map((all) => all.join(''));

function byUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

export function engineContract(name: string, kind: EngineKind): void {
  describe(`${name} is an engine`, () => {
    const places: Place[] = [];
    const engines: Engine[] = [];
    const place = async (): Promise<Place> => {
      const made = await kind.place();
      places.push(made);
      return made;
    };
    const openAt = async (at: Place): Promise<Engine> => {
      const engine = await at.open();
      engines.push(engine);
      return engine;
    };
    const fresh = async (): Promise<Engine> => openAt(await place());
    after(async () => {
      for (const engine of engines) await engine.close();
      for (const made of places) await made.remove();
    });

    rows(fresh);
    refusals(fresh);
    manyCommits(fresh);
    scans(fresh);
    feed(fresh);
    if (kind.isDurable) durability(place, openAt);
    if (kind.isShared) sharing(place, openAt);
    if (kind.run !== undefined) processes(kind.run, place, openAt);
  });
}

function rows(fresh: () => Promise<Engine>): void {
  test('what was committed is there, and nothing else', async () => {
    const engine = await fresh();
    const first = write('a', 'one', 0);
    assert.deepEqual(await engine.commit([first]), { kind: 'committed', seq: 1 });
    const row = await engine.get('a');
    assert.equal(row?.path, 'a');
    assert.equal(row?.version, first.row?.version);
    assert.equal(await textAt(engine, 'a'), 'one');
    assert.equal(await engine.get('b'), undefined);
    assert.equal(await engine.get('A'), undefined);
    assert.equal(await engine.get(''), undefined);
  });

  test('a commit whose expectation fails writes nothing and names the path', async () => {
    const engine = await fresh();
    const first = write('a', 'one');
    await engine.commit([first]);
    const refused = await engine.commit([write('b', 'x', 0), write('a', 'y', 0), write('c', 'z')]);
    assert.deepEqual(refused, { kind: 'conflict', path: 'a' });
    assert.deepEqual(await engine.commit([write('a', 'y', 12345)]), {
      kind: 'conflict',
      path: 'a',
    });
    assert.deepEqual(await engine.commit([{ path: 'd', expect: 12345, row: undefined }]), {
      kind: 'conflict',
      path: 'd',
    });
    assert.equal((await engine.scan({ prefix: '', limit: 10 })).length, 1);
    assert.equal(await textAt(engine, 'a'), 'one');
    assert.equal(engine.seq(), 1);
    const good = await engine.commit([write('a', 'two', first.row?.version)]);
    assert.deepEqual(good, { kind: 'committed', seq: 2 });
  });

  test('a deleted row is gone, and deleting what is absent is no error', async () => {
    const engine = await fresh();
    await engine.commit([write('a', 'one'), write('b', 'two')]);
    await engine.commit([
      { path: 'a', expect: undefined, row: undefined },
      { path: 'never', expect: undefined, row: undefined },
    ]);
    assert.equal(await engine.get('a'), undefined);
    assert.deepEqual(
      (await engine.scan({ prefix: '', limit: 10 })).map(({ path }) => path),
      ['b'],
    );
    assert.equal((await engine.commit([write('a', 'again', 0)])).kind, 'committed');
  });

  test('values of no bytes and of five million come back as they went', async () => {
    const engine = await fresh();
    const large = Buffer.alloc(5_000_000, 'large');
    await engine.commit([
      { path: 'empty', expect: 0, row: { version: 1, value: Buffer.alloc(0) } },
      { path: 'large', expect: 0, row: { version: 2 ** 52 - 1, value: large } },
    ]);
    assert.equal((await engine.get('empty'))?.value.length, 0);
    const row = await engine.get('large');
    assert.equal(row?.version, 2 ** 52 - 1);
    assert.ok(large.equals(row!.value));
  });
}

function refusals(fresh: () => Promise<Engine>): void {
  test('a commit of ours that makes no sense is refused before anything is written', async () => {
    const engine = await fresh();
    const senseless: Write[][] = [
      [write('', 'no path')],
      [write('\ud800', 'a lone surrogate')],
      [write('x'.repeat(5000), 'a path without end')],
      [write('a', 'twice'), write('a', 'twice')],
      [{ path: 'a', expect: 0, row: { version: 0, value: Buffer.alloc(1) } }],
      [{ path: 'a', expect: 0, row: { version: 1.5, value: Buffer.alloc(1) } }],
    ];
    for (const writes of senseless) await assert.rejects(engine.commit(writes), RangeError);
    assert.equal(engine.seq(), 0);
  });

  test('a lone surrogate finds nothing, not the replacement character', async () => {
    const engine = await fresh();
    await engine.commit([write('\ufffd', 'x')]);
    assert.equal(await engine.get('\ud800'), undefined);
    assert.deepEqual(await engine.scan({ prefix: '\ud800', limit: 10 }), []);
  });

  test('a closed engine refuses commits', async () => {
    const engine = await fresh();
    await engine.close();
    await assert.rejects(engine.commit([write('a', 'late')]), { name: 'StoreUnavailable' });
    await engine.close();
  });
}

function manyCommits(fresh: () => Promise<Engine>): void {
  test('of many commits at once to one row exactly one is taken', async () => {
    const engine = await fresh();
    const racing = Array.from({ length: 50 }, (_, i) => engine.commit([write('a', `${i}`, 0)]));
    const results = await Promise.all(racing);
    assert.equal(results.filter(({ kind }) => kind === 'committed').length, 1);
    const winner = results.findIndex(({ kind }) => kind === 'committed');
    assert.equal(await textAt(engine, 'a'), `${winner}`);
  });

  test('any sequence of commits leaves what a map would hold', async () => {
    const step = fc.uniqueArray(
      fc.record({
        path: fc.constantFrom('a', 'b', 'a/b', 'é', '\uffff', '\u{10000}'),
        expects: fc.constantFrom('whatever', 'absent', 'right', 'wrong'),
        deletes: fc.boolean(),
      }),
      { minLength: 1, maxLength: 4, selector: ({ path }) => path },
    );
    const engine = await fresh();
    const property = fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      await empty(engine);
      const model = new Map<string, number>();
      for (const writes of steps) await modelStep(engine, model, writes);
      const rows = await engine.scan({ prefix: '', limit: 100 });
      assert.deepEqual(
        rows.map(({ path, version }) => [path, version]),
        [...model].sort(([a], [b]) => byUtf8(a, b)),
      );
    });
    await fc.assert(property, { numRuns: 100 });
  });
}

async function empty(engine: Engine): Promise<void> {
  const rows = await engine.scan({ prefix: '', limit: 1000 });
  await engine.commit(rows.map(({ path }) => ({ path, expect: undefined, row: undefined })));
}

interface ModelWrite {
  readonly path: string;
  readonly expects: string;
  readonly deletes: boolean;
}

async function modelStep(engine: Engine, model: Map<string, number>, writes: ModelWrite[]) {
  const commit = writes.map(({ path, expects, deletes }): Write => {
    const there = model.get(path) ?? 0;
    const expect = { whatever: undefined, absent: 0, right: there, wrong: there + 7 }[expects];
    return deletes ? { path, expect, row: undefined } : write(path, 'x', expect);
  });
  const failing = commit.find(
    ({ path, expect }) => expect !== undefined && expect !== (model.get(path) ?? 0),
  );
  const result = await engine.commit(commit);
  if (failing !== undefined) {
    assert.deepEqual(result, { kind: 'conflict', path: failing.path });
    return;
  }
  assert.equal(result.kind, 'committed');
  for (const { path, row } of commit) {
    if (row === undefined) model.delete(path);
    else model.set(path, row.version);
  }
}

function scans(fresh: () => Promise<Engine>): void {
  test('a scan gives, in the order of UTF-8 bytes, what starts with the prefix', async () => {
    const paths = fc.uniqueArray(anyPath, { maxLength: 25 });
    const prefix = fc.oneof(fc.constant(''), anyPath);
    const bound = fc.option(anyPath, { nil: undefined });
    const limit = fc.integer({ min: 1, max: 8 });
    const engine = await fresh();
    const property = fc.asyncProperty(
      ...([paths, fc.array(fc.tuple(prefix, bound, limit), { maxLength: 20 })] as const),
      async (all, queries) => {
        await empty(engine);
        await engine.commit(all.map((path) => write(path, path)));
        const sorted = [...all].sort(byUtf8);
        for (const [start, from, most] of queries) {
          const query = { prefix: start, limit: most };
          const rows = await engine.scan(from === undefined ? query : { ...query, after: from });
          const expected = sorted
            .filter((path) => path.startsWith(start))
            .filter((path) => from === undefined || byUtf8(path, from) > 0)
            .slice(0, most);
          assert.deepEqual(
            rows.map(({ path }) => path),
            expected,
          );
        }
      },
    );
    await fc.assert(property, { numRuns: 100 });
  });

  test('pages follow each other without a gap or a repeat', async () => {
    const engine = await fresh();
    const all = Array.from({ length: 250 }, (_, i) => `p/${i}`);
    await engine.commit([...all, 'p', 'p0', 'o/1'].map((path) => write(path, path)));
    const seen: string[] = [];
    for (let last: string | undefined; ; last = seen.at(-1)) {
      const query = { prefix: 'p/', limit: 7 };
      const rows = await engine.scan(last === undefined ? query : { ...query, after: last });
      if (rows.length === 0) break;
      seen.push(...rows.map(({ path }) => path));
    }
    assert.deepEqual(seen, [...all].sort(byUtf8));
  });
}

function feed(fresh: () => Promise<Engine>): void {
  test('listeners hear of a commit before it resolves, in order, and of no conflict', async () => {
    const engine = await fresh();
    const heard: string[][] = [];
    engine.subscribe((paths) => heard.push([...paths]));
    const commits = Array.from({ length: 40 }, async (_, i) => {
      const result = await engine.commit([write(`p${i}`, 'x', 0), write('same', 'x')]);
      assert.ok(heard.some((paths) => paths[0] === `p${i}`));
      return result;
    });
    const results = await Promise.all(commits);
    assert.equal((await engine.commit([write('p0', 'x', 0)])).kind, 'conflict');
    const inOrder = results
      .map((result, i) => ({ seq: result.kind === 'committed' ? result.seq : 0, i }))
      .sort((a, b) => a.seq - b.seq);
    assert.deepEqual(
      inOrder.map(({ seq }) => seq),
      Array.from({ length: 40 }, (_, i) => i + 1),
    );
    assert.deepEqual(
      heard,
      inOrder.map(({ i }) => [`p${i}`, 'same']),
    );
    assert.equal(engine.seq(), 40);
  });

  test('the feed stays fresh by itself', async () => {
    const engine = await fresh();
    const before = engine.feedHeard();
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.ok(engine.feedHeard() >= before + 100);
  });
}

type OpenAt = (place: Place) => Promise<Engine>;

function durability(newPlace: () => Promise<Place>, openAt: OpenAt): void {
  test('an engine that is opened again finds everything', async () => {
    const place = await newPlace();
    const first = await openAt(place);
    for (let i = 0; i < 300; i++) await first.commit([write(`p/${i % 200}`, `${i}`)]);
    await first.commit([{ path: 'p/7', expect: undefined, row: undefined }]);
    await first.close();
    const second = await openAt(place);
    assert.equal(second.seq(), 301);
    assert.equal((await second.scan({ prefix: 'p/', limit: 1000 })).length, 199);
    assert.equal(await textAt(second, 'p/8'), '208');
    assert.equal(await textAt(second, 'p/199'), '199');
    assert.deepEqual(await second.commit([write('q', 'x', 0)]), { kind: 'committed', seq: 302 });
  });

  test('commits that were asked for before a close are made', async () => {
    const place = await newPlace();
    const first = await openAt(place);
    const asked = Array.from({ length: 20 }, (_, i) => first.commit([write(`p${i}`, 'x')]));
    await first.close();
    await Promise.all(asked);
    const second = await openAt(place);
    assert.equal((await second.scan({ prefix: 'p', limit: 100 })).length, 20);
  });
}

function sharing(newPlace: () => Promise<Place>, openAt: OpenAt): void {
  test('two handles lose no update to each other', async () => {
    const place = await newPlace();
    const handles = await Promise.all([openAt(place), openAt(place)]);
    await Promise.all(handles.flatMap((handle) => [count(handle, 40), count(handle, 40)]));
    for (const handle of handles) assert.equal(await textAt(handle, 'counter'), '160');
  });

  test("another handle's commits are heard in order, at once by catchUp", async () => {
    const place = await newPlace();
    const [writer, reader] = await Promise.all([openAt(place), openAt(place)]);
    const heard: string[] = [];
    reader.subscribe((paths) => heard.push(...paths));
    for (let i = 0; i < 30; i++) await writer.commit([write(`p${i}`, 'x')]);
    await reader.catchUp();
    assert.equal(reader.seq(), 30);
    await reader.commit([write('own', 'x')]);
    await writer.commit([write('later', 'x')]);
    await new Promise((resolve) => setTimeout(resolve, 400));
    const expected = [...Array.from({ length: 30 }, (_, i) => `p${i}`), 'own', 'later'];
    assert.deepEqual(heard, expected);
    assert.equal(reader.seq(), writer.seq());
  });

  test("another handle's commits come before an own one that followed them", async () => {
    const place = await newPlace();
    const [one, other] = await Promise.all([openAt(place), openAt(place)]);
    const heard: string[] = [];
    other.subscribe((paths) => heard.push(...paths));
    await one.commit([write('first', 'x')]);
    await other.commit([write('second', 'x')]);
    assert.deepEqual(heard, ['first', 'second']);
  });
}

function processes(
  run: NonNullable<EngineKind['run']>,
  newPlace: () => Promise<Place>,
  openAt: OpenAt,
): void {
  test('processes lose no update to each other', async () => {
    const place = await newPlace();
    const engine = await openAt(place);
    const children = ['1', '2', '3'].map((name) => run(place, 'count', name));
    const exits = children.map((child) => once(child, 'exit'));
    await count(engine, countsPerProcess);
    for (const [code] of await Promise.all(exits)) assert.equal(code, 0);
    assert.equal(await textAt(engine, 'counter'), `${4 * countsPerProcess}`);
    await engine.catchUp();
    assert.equal(engine.seq(), 4 * countsPerProcess);
  });

  test('a process that is killed while it writes loses no commit that was acknowledged', async () => {
    const place = await newPlace();
    await (await openAt(place)).close();
    for (let round = 0; round < 20; round++) {
      const acknowledged = await killedWhileLogging(run(place, 'log', `${round}`), 20 + round * 7);
      const engine = await openAt(place);
      for (let n = 0; n <= acknowledged; n++) {
        assert.equal(await textAt(engine, `log/${round}/${n}`), `${n}`, `round ${round}`);
      }
      await engine.close();
    }
  });
}

/** The last number that the process printed before it was killed, `lifeMs` after its first. */
async function killedWhileLogging(child: ChildProcess, lifeMs: number): Promise<number> {
  let printed = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  // A child that dies by itself prints nothing any more: it must fail the test, not hang it.
  const [first] = await Promise.race([once(child.stdout!, 'data'), once(child, 'exit')]);
  assert.equal(typeof first, 'string', `the writing process ended by itself (${first})`);
  setTimeout(() => child.kill('SIGKILL'), lifeMs);
  await once(child, 'close');
  // The last line may be cut.
  const lines = printed.split('\n').slice(0, -1);
  assert.ok(lines.length > 0);
  return Number(lines.at(-1));
}
