import { kms } from '../../src/model/kms.generated.ts';
import { kmsRequest } from '../wire-requests.ts';
import { probeModel } from './json-model.ts';

probeModel('KMS', kms, { requestOf: kmsRequest, least: 1_000 });
