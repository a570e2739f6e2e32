/**
 * Claim: signing costs little beyond the signature itself, as OpenSSL makes it on the same core.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import {
  type Bench,
  type Claim,
  createKey,
  interleave,
  median,
  type Row,
  rateOf,
  warm,
} from './claim.ts';
import { canPin, type Program, root, startSealhold } from './program.ts';
import { prepare } from './request.ts';

interface Algorithm {
  readonly keySpec: string;
  readonly algorithm: string;
  readonly messageType: 'RAW' | 'DIGEST';
  /** The name that `openssl speed` has for it. */
  readonly speedName: string;
}

const algorithms: readonly Algorithm[] = [
  p256('RAW'),
  p256('DIGEST'),
  {
    keySpec: 'RSA_2048',
    algorithm: 'RSASSA_PSS_SHA_256',
    messageType: 'RAW',
    speedName: 'rsa2048',
  },
];

function p256(messageType: 'RAW' | 'DIGEST'): Algorithm {
  return {
    keySpec: 'ECC_NIST_P256',
    algorithm: 'ECDSA_SHA_256',
    messageType,
    speedName: 'ecdsap256',
  };
}

export const signing: Claim = {
  name: 'signing',
  says: 'Sign (32 connections, one core) against openssl speed on that core',
  async measure(bench) {
    const program = await startSealhold({ data: bench.folder('signing'), core: 0 });
    try {
      const rows: Row[] = [];
      for (const algorithm of algorithms) {
        rows.push(compareFunction(bench, algorithm));
        rows.push(await compare(bench, program, algorithm));
      }
      return rows;
    } finally {
      await program.stop();
    }
  },
};

/** The signing function by itself, the two in turn. */
function compareFunction(bench: Bench, options: Algorithm): Row {
  const { keySpec, algorithm, messageType } = options;
  const ours: number[] = [];
  const speeds: number[] = [];
  for (let round = 0; round < (bench.quick ? 1 : 3); round++) {
    const speed = opensslSpeed(options.speedName);
    if (speed !== undefined) speeds.push(speed);
    ours.push(signLoop([keySpec, algorithm, messageType, '1000']));
  }
  return {
    what: `the function alone: ${algorithm}, ${keySpec}, ${messageType}`,
    value: median(ours),
    unit: 'per s',
    ...(speeds.length === 0 ? {} : { against: { what: 'openssl speed', value: median(speeds) } }),
  };
}

function signLoop(words: readonly string[]): number {
  const command = [process.execPath, join(root, 'bench/sign-loop.ts'), ...words];
  const [file = '', ...args] = canPin ? ['taskset', '-c', '0', ...command] : command;
  const { stdout, stderr } = spawnSync(file, args, { encoding: 'utf8', timeout: 20_000 });
  const perSecond = Number(stdout.trim());
  if (!(perSecond > 0)) throw new Error(`sign-loop printed no rate: ${stderr}`);
  return perSecond;
}

async function compare(bench: Bench, program: Program, options: Algorithm): Promise<Row> {
  const KeyId = await createKey(program, { KeySpec: options.keySpec, KeyUsage: 'SIGN_VERIFY' });
  const request = prepare('Sign', {
    KeyId,
    Message: Buffer.alloc(32, 7).toString('base64'),
    MessageType: options.messageType,
    SigningAlgorithm: options.algorithm,
  });
  await warm(bench, program, request);
  const speeds: number[] = [];
  const [rate] = await interleave(bench.rounds, [
    () => {
      // It takes two seconds each time.
      const again = speeds.length === 0 || !bench.quick;
      const perSecond = again ? opensslSpeed(options.speedName) : undefined;
      if (perSecond !== undefined) speeds.push(perSecond);
      return rateOf(bench, program, { requests: [request] });
    },
  ]);
  if (rate === undefined) throw new Error('Nothing was measured.');
  const speed = speeds.length === 0 ? undefined : median(speeds);
  const cpu = `server CPU ${rate.cpuUs.toFixed(0)} µs`;
  const latency = `${cpu}, p50 ${rate.p50Ms.toFixed(2)} ms, p99 ${rate.p99Ms.toFixed(2)} ms`;
  return {
    what: `Sign ${options.algorithm}, ${options.keySpec}, ${options.messageType}`,
    value: rate.perSecond,
    unit: 'per s',
    ...(speed === undefined ? {} : { against: { what: 'openssl speed', value: speed } }),
    note: speed === undefined ? `${latency}; openssl isn't installed` : latency,
  };
}

/** Signatures a second, undefined where openssl isn't installed or doesn't know the name. */
function opensslSpeed(name: string): number | undefined {
  const command = ['openssl', 'speed', '-mr', '-seconds', '1', name];
  const [file = '', ...args] = canPin ? ['taskset', '-c', '0', ...command] : command;
  const { stdout } = spawnSync(file, args, { encoding: 'utf8', timeout: 20_000 });
  // +F2:number:bits:sign:verify, for ECDSA +F4; as seconds for one or, since 3.0, as so many a
  // second.
  const figure = Number(/^\+F[24]:\d+:\d+:([\d.]+)/m.exec(stdout ?? '')?.[1] ?? Number.NaN);
  if (Number.isNaN(figure)) return undefined;
  return figure < 1 ? 1 / figure : figure;
}
