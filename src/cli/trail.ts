/**
 * `sealhold trail verify` and `sealhold trail tail`: is the audit trail whole, and what is in
 * it.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Anchors, readAnchors } from '../audit/anchors.ts';
import { type TrailReport, verifyTrail } from '../audit/verify.ts';
import { passphraseFrom } from '../seal/passphrase.ts';
import { openSeal, sealKind } from '../seal/seal.ts';
import { openKeyring } from '../store/keyring.ts';
import { openStore } from '../store/open.ts';
import { integrityKeyOf } from '../store/root-key.ts';
import { openSqliteEngine } from '../store/sqlite/engine.ts';
import { callServer } from './client.ts';
import { type Command, CommandFailure, type CommandInput, exit } from './command.ts';
import { databaseOf, defaultDataDir, sealFlags, sources } from './data.ts';
import { machineWorld } from './world.ts';

export const trailVerify: Command = {
  name: 'trail verify',
  summary: "check the audit trail's chain, with the server running or stopped",
  flags: [
    { name: 'data', value: 'DIR', help: `the data folder (${defaultDataDir})` },
    ...sealFlags,
    { name: 'chain-only', help: 'do not compare with the database, which needs the seal' },
  ],
  run: async (input) => {
    const dataDir = input.flags.text('data') ?? defaultDataDir;
    const dir = join(dataDir, 'trail');
    if (!existsSync(dir)) throw new CommandFailure(`There is no trail in ${dataDir}.`);
    const known = input.flags.has('chain-only') ? undefined : await openAnchors(dataDir, input);
    try {
      const report = await verifyTrail({ dir, ...(known === undefined ? {} : known.facts) });
      input.out(
        input.flags.has('json') ? `${JSON.stringify(report)}\n` : told(report, known !== undefined),
      );
      return report.firstBad === undefined ? exit.done : exit.failed;
    } finally {
      await known?.close();
    }
  },
};

interface KnownByStore {
  readonly facts: { readonly anchors: Anchors; readonly storeSeq: () => Promise<number> };
  close(): Promise<void>;
}

/**
 * What the sealed database knows of the trail: that is what shows a trail cut at its end or made up
 * as a
 * whole.
 */
async function openAnchors(dataDir: string, { flags, env }: CommandInput): Promise<KnownByStore> {
  if (sealKind(dataDir) === undefined || !existsSync(databaseOf(dataDir)))
    throw new CommandFailure(
      `${dataDir} has no database to compare the trail with. --chain-only checks the chain by itself.`,
    );
  const keyFile = flags.text('seal-keyfile');
  const rootKey = await openSeal(dataDir, {
    passphrase: passphraseFrom(sources({ environment: env }, flags.text('passphrase-file'))),
    ...(keyFile === undefined ? {} : { keyFile }),
  });
  const world = machineWorld();
  const engine = await openSqliteEngine({
    file: databaseOf(dataDir),
    world,
    integrityKey: integrityKeyOf(rootKey),
    mustExist: true,
  });
  const store = openStore({
    engine,
    keyring: await openKeyring({ engine, rootKey, world }),
    world,
  });
  const anchors = await readAnchors(store);
  const storeSeq = async () => {
    await engine.catchUp();
    return engine.seq();
  };
  return { facts: { anchors, storeSeq }, close: () => store.close() };
}

function told(report: TrailReport, compared: boolean): string {
  const { firstBad, tornTail, lanes, records } = report;
  const lines = [`${records} records in ${lanes} ${lanes === 1 ? 'lane' : 'lanes'}.`];
  if (tornTail !== undefined)
    lines.push(
      `The last ${tornTail.sizeBytes} bytes of lane ${tornTail.lane} are a write that was never acknowledged.`,
    );
  if (!compared) lines.push('Not compared with the database: a cut at the end would not show.');
  if (firstBad === undefined) lines.push('The trail is whole.');
  else
    lines.push(
      `DAMAGED. First bad record: lane ${firstBad.lane}, record ${firstBad.index}, segment ${firstBad.segment}, ` +
        `offset ${firstBad.offset}${firstBad.eventId === undefined ? '' : `, eventID ${firstBad.eventId}`}.`,
      firstBad.reason,
      'Keep a copy of the folder as it is, and restore the trail from a backup to see what was there.',
    );
  return `${lines.join('\n')}\n`;
}

export const trailTail: Command = {
  name: 'trail tail',
  summary: 'show CloudTrail records as they come',
  flags: [
    { name: 'last', value: 'N', help: 'begin with the newest N records (10)' },
    { name: 'no-follow', help: 'end after those' },
  ],
  run: async (input) => {
    const { flags, out } = input;
    const last = flags.whole('last', { min: 0, max: 10_000, otherwise: 10 });
    const response = await callServer(
      { method: 'GET', path: `trail?follow=${!flags.has('no-follow')}&last=${last}` },
      input,
    );
    let rest = '';
    for await (const chunk of (response.body ?? new ReadableStream()).pipeThrough(
      new TextDecoderStream(),
    )) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) out(`${flags.has('json') ? line : readable(line)}\n`);
    }
    return exit.done;
  },
};

/** One record on one line for people: when, who, what, on what, and how it ended. */
function readable(json: string): string {
  const record = JSON.parse(json) as {
    eventTime: string;
    eventName: string;
    eventSource: string;
    awsRegion: string;
    errorCode?: string;
    userIdentity: { arn?: string; accountId?: string };
    resources?: { ARN: string }[];
  };
  const who = record.userIdentity.arn ?? record.userIdentity.accountId ?? 'unknown';
  const what = `${record.eventSource.replace('.amazonaws.com', '')}:${record.eventName}`;
  const on = (record.resources ?? []).map((r) => r.ARN).join(' ');
  return [record.eventTime, record.awsRegion, who, what, on, record.errorCode ?? 'ok']
    .filter((text) => text !== '')
    .join('  ');
}
