import { secretsmanager } from '../../src/model/secretsmanager.generated.ts';
import { secretsRequest } from '../wire-requests.ts';
import { probeModel } from './json-model.ts';

probeModel('Secrets Manager', secretsmanager, { requestOf: secretsRequest, least: 500 });
