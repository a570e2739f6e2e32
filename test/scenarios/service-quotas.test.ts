/** Service Quotas over the socket: what it tells is what holds, and how a quota is raised. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ask } from '../ask.ts';
import { freshFolder, type RunningServer, removeFolder, startServer } from '../running-server.ts';

const folder = freshFolder();
const data = join(folder, 'data');
let server: RunningServer | undefined;
after(async () => {
  await server?.stop();
  removeFolder(folder);
});

/** The one server of these tests, started anew on the same data. */
async function serve(args: readonly string[]): Promise<void> {
  await server?.stop();
  server = await startServer({ mode: 'start', data, args });
}
const withFile = (quotas: object): readonly string[] => {
  const file = join(folder, 'quotas.json');
  writeFileSync(file, JSON.stringify(quotas));
  return ['--quotas', file];
};

interface Quota {
  readonly QuotaCode: string;
  readonly QuotaName: string;
  readonly QuotaArn: string;
  readonly Value: number;
  readonly Description?: string;
}
interface Change {
  readonly Id: string;
  readonly Status: string;
  readonly DesiredValue: number;
}
interface Answers {
  readonly __type?: string;
  readonly message?: string;
  readonly Quota: Quota;
  readonly Quotas: readonly Quota[];
  readonly NextToken?: string;
  readonly RequestedQuota: Change;
  readonly RequestedQuotas: readonly Change[];
  readonly Services: readonly { ServiceCode: string }[];
}

async function quotas(operation: string, input: object, region = 'eu-north-1'): Promise<Answers> {
  assert.ok(server);
  const answer = await ask(server)(operation, input, {
    target: `ServiceQuotasV20190624.${operation}`,
    service: 'servicequotas',
    region,
  });
  assert.equal(answer.status, answer.body.__type === undefined ? 200 : 400, answer.text);
  return answer.body as unknown as Answers;
}

const symmetric = { ServiceCode: 'kms', QuotaCode: 'L-6E3AF000' };
const createKey = { ServiceCode: 'kms', QuotaCode: 'L-32B67F4A' };

describe('Service Quotas', () => {
  test("shows AWS's values and says that they are not enforced, without --quotas", async () => {
    await serve([]);
    const { Quota } = await quotas('GetServiceQuota', symmetric);
    const account = Quota.QuotaArn.split(':')[4] ?? '';
    assert.match(account, /^\d{12}$/);
    assert.deepEqual(Quota, {
      ServiceCode: 'kms',
      ServiceName: 'AWS Key Management Service (AWS KMS)',
      QuotaArn: `arn:aws:servicequotas:eu-north-1:${account}:kms/L-6E3AF000`,
      QuotaCode: 'L-6E3AF000',
      QuotaName: 'Cryptographic operations (symmetric) request rate',
      Value: 10_000,
      Unit: 'None',
      Adjustable: true,
      GlobalQuota: false,
      Period: { PeriodValue: 1, PeriodUnit: 'SECOND' },
      QuotaAppliedAtLevel: 'ACCOUNT',
      Description: 'Sealhold does not enforce this quota.',
    });
    assert.equal((await quotas('GetServiceQuota', symmetric, 'us-east-1')).Quota.Value, 100_000);
    const aliases = { ServiceCode: 'kms', QuotaCode: 'L-340F62FB' };
    const always = (await quotas('GetServiceQuota', aliases)).Quota;
    assert.deepEqual([always.Value, always.Description], [50, undefined]);
  });

  test('pages through the quotas, each once', async () => {
    const seen: string[] = [];
    let NextToken: string | undefined;
    do {
      const page = await quotas('ListServiceQuotas', {
        ServiceCode: 'kms',
        MaxResults: 7,
        ...(NextToken === undefined ? {} : { NextToken }),
      });
      assert.ok(page.Quotas.length <= 7);
      seen.push(...page.Quotas.map(({ QuotaCode }) => QuotaCode));
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    assert.ok(seen.length > 25 && new Set(seen).size === seen.length, String(seen));
    const all = await quotas('ListAWSDefaultServiceQuotas', { ServiceCode: 'kms' });
    assert.deepEqual(
      all.Quotas.map(({ QuotaCode }) => QuotaCode),
      seen,
    );
    assert.ok(all.Quotas.every(({ QuotaArn }) => QuotaArn.includes(':eu-north-1::kms/L-')));
    const one = await quotas('ListServiceQuotas', symmetric);
    assert.deepEqual(
      one.Quotas.map(({ QuotaCode }) => QuotaCode),
      ['L-6E3AF000'],
    );
    const { Services } = await quotas('ListServices', {});
    assert.deepEqual(
      Services.map(({ ServiceCode }) => ServiceCode),
      ['kms'],
    );
  });

  const refused: readonly (readonly [operation: string, input: object, code: string])[] = [
    ['GetServiceQuota', { ServiceCode: 'KMS', QuotaCode: 'L-6E3AF000' }, 'NoSuchResourceException'],
    ['GetServiceQuota', { ServiceCode: 'kms', QuotaCode: 'L-00000000' }, 'NoSuchResourceException'],
    ['GetServiceQuota', { ...symmetric, ContextId: 'x' }, 'NoSuchResourceException'],
    ['ListServiceQuotas', { ServiceCode: 'ec2' }, 'NoSuchResourceException'],
    [
      'ListServiceQuotas',
      { ServiceCode: 'kms', NextToken: 'AAAA' },
      'InvalidPaginationTokenException',
    ],
    ['GetServiceQuota', { ServiceCode: 'kms' }, 'ValidationException'],
    ['RequestServiceQuotaIncrease', { ...createKey, DesiredValue: 5 }, 'IllegalArgumentException'],
    [
      'RequestServiceQuotaIncrease',
      { ServiceCode: 'kms', QuotaCode: 'L-0E66C9C0', DesiredValue: 50 },
      'IllegalArgumentException',
    ],
    ['GetRequestedServiceQuotaChange', { RequestId: 'none' }, 'NoSuchResourceException'],
    ['CreateSupportCase', { RequestId: 'none' }, 'UnsupportedOperationException'],
  ];
  for (const [operation, input, code] of refused) {
    test(`refuses ${operation} of ${JSON.stringify(input)}`, async () => {
      assert.equal((await quotas(operation, input)).__type, code);
    });
  }

  test('keeps a request for more until the operator raises the value', async () => {
    await serve(withFile({ CreateKey: 6 }));
    const made = await quotas('RequestServiceQuotaIncrease', { ...createKey, DesiredValue: 40 });
    assert.deepEqual(
      [made.RequestedQuota.Status, made.RequestedQuota.DesiredValue],
      ['PENDING', 40],
    );
    const again = await quotas('RequestServiceQuotaIncrease', { ...createKey, DesiredValue: 50 });
    assert.equal(again.__type, 'ResourceAlreadyExistsException');
    assert.equal(
      again.message,
      'Only one open service quota increase request is allowed per quota.',
    );
    assert.equal((await quotas('GetServiceQuota', createKey)).Quota.Value, 6);

    await serve(withFile({ CreateKey: 40 }));
    const { Id: RequestId } = made.RequestedQuota;
    const granted = await quotas('GetRequestedServiceQuotaChange', { RequestId });
    assert.equal(granted.RequestedQuota.Status, 'APPROVED');
    const { Quota } = await quotas('GetServiceQuota', createKey);
    assert.deepEqual([Quota.Value, Quota.Description], [40, undefined]);
    await quotas('RequestServiceQuotaIncrease', { ...createKey, DesiredValue: 50 });
    const history = await quotas('ListRequestedServiceQuotaChangeHistory', {});
    assert.deepEqual(
      history.RequestedQuotas.map(({ Status, DesiredValue }) => [Status, DesiredValue]),
      [
        ['APPROVED', 40],
        ['PENDING', 50],
      ],
    );
    const pending = await quotas('ListRequestedServiceQuotaChangeHistoryByQuota', {
      ...createKey,
      Status: 'PENDING',
    });
    assert.equal(pending.RequestedQuotas.length, 1);
    const elsewhere = await quotas('ListRequestedServiceQuotaChangeHistory', {}, 'us-east-1');
    assert.deepEqual(elsewhere.RequestedQuotas, []);
  });

  test('shows a quota that is lifted as the largest value there is', async () => {
    await serve(withFile({ '*': null }));
    const { Quota } = await quotas('GetServiceQuota', createKey);
    assert.equal(Quota.Value, 10_000_000_000);
    assert.equal(Quota.Description, 'Sealhold does not enforce this quota.');
  });
});
