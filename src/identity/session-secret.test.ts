import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { testStore, testWorld as world } from '../../test/trail.ts';
import { openSessionSecret } from './session-secret.ts';

describe('the secret of sessions', () => {
  test('is one for all nodes and starts, whoever was first', async (t) => {
    const { store, restarted } = await testStore(t);
    const other = restarted();
    const [one, two] = await Promise.all([
      openSessionSecret({ store, world }),
      openSessionSecret({ store: other, world }),
    ]);
    const later = await openSessionSecret({ store: restarted(), world });
    for (const purpose of ['tokens', 'secretAccessKeys', 'messages'] as const) {
      assert.ok(one[purpose].equals(two[purpose]), purpose);
      assert.ok(one[purpose].equals(later[purpose]), purpose);
    }
  });

  test('is another key for each purpose, and another one for each installation', async (t) => {
    const [here, there] = await Promise.all(
      [await testStore(t), await testStore(t)].map(({ store }) =>
        openSessionSecret({ store, world }),
      ),
    );
    assert.ok(here !== undefined && there !== undefined);
    assert.ok(!here.tokens.equals(here.secretAccessKeys));
    assert.ok(!here.tokens.equals(here.messages));
    assert.ok(!here.secretAccessKeys.equals(here.messages));
    assert.ok(!here.tokens.equals(there.tokens));
  });

  test('that is damaged is not used', async (t) => {
    const { store, restarted } = await testStore(t);
    const records = store.collection<{ secret: string }>({ path: 'sts/secrets' });
    await store.commit(records.insert('sessions', { secret: 'c2hvcnQ=' }));
    await assert.rejects(openSessionSecret({ store: restarted(), world }), /cannot be stored/);
  });
});
