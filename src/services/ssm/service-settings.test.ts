import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  account,
  openParameters,
  type ParametersUnderTest,
  refusal,
  region,
} from '../../../test/open-parameters.ts';

let ssm: ParametersUnderTest;
before(async () => {
  ssm = await openParameters();
});
after(() => ssm.close());

const throughput = '/ssm/parameter-store/high-throughput-enabled';
const get = async (SettingId: string, caller: object = {}) =>
  (await ssm.ask('GetServiceSetting', { SettingId }, caller)).ServiceSetting;

describe('service settings', () => {
  test('begin as AWS has them, are customized, and go back', async () => {
    const ARN = `arn:aws:ssm:${region}:${account}:servicesetting${throughput}`;
    const begun = await get(throughput);
    assert.deepEqual(
      [begun?.SettingValue, begun?.Status, begun?.LastModifiedUser, begun?.ARN],
      ['false', 'Default', 'System', ARN],
    );
    await ssm.ask('UpdateServiceSetting', { SettingId: ARN, SettingValue: 'true' });
    const changed = await get(ARN);
    assert.deepEqual(
      [changed?.SettingId, changed?.SettingValue, changed?.Status, changed?.LastModifiedUser],
      [throughput, 'true', 'Customized', `arn:aws:iam::${account}:root`],
    );
    assert.equal((await get(throughput, { region: 'us-east-1' }))?.SettingValue, 'false');
    assert.equal((await get(throughput, { account: '444455556666' }))?.SettingValue, 'false');
    const reset = await ssm.ask('ResetServiceSetting', { SettingId: throughput });
    assert.equal(reset.ServiceSetting?.Status, 'Default');
    assert.equal((await get(throughput))?.SettingValue, 'false');
  });

  test('that are none are not found, and values that are none refused', async () => {
    for (const SettingId of [
      '/ssm/nothing',
      'x',
      '__proto__',
      `arn:aws:ssm:us-east-1:${account}:servicesetting${throughput}`,
    ])
      await assert.rejects(get(SettingId), refusal('ServiceSettingNotFound'));
    await assert.rejects(
      ssm.ask('UpdateServiceSetting', { SettingId: throughput, SettingValue: 'yes' }),
      refusal('ValidationException', /Valid values: \[false, true\]/),
    );
  });
});
