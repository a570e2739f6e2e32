import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findCredentials, readProfiles } from './credentials.ts';

const file = `# comment
[default]
aws_access_key_id = AKIADEFAULT
aws_secret_access_key=abc/def+ghi=
region = eu-west-1

; another
[profile work]
AWS_ACCESS_KEY_ID = AKIAWORK   # of the office
aws_secret_access_key = sec#ret
aws_session_token = token==
endpoint_url = http://127.0.0.1:4566
s3 =
  max_concurrent_requests = 20
aws_access_key_id = AKIALATER
[empty]
`;
const read = (path: string): string | undefined =>
  path === '/home/a/.aws/credentials' || path === '/other' ? file : undefined;

describe('credentials come', () => {
  test('from the environment first, all of them', () => {
    const environment = {
      AWS_ACCESS_KEY_ID: 'AKIAENV',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_SESSION_TOKEN: 'token',
      AWS_REGION: 'eu-central-1',
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_ENDPOINT_URL: 'http://127.0.0.1:4566',
      AWS_PROFILE: 'work',
      HOME: '/home/a',
    };
    assert.deepEqual(findCredentials(environment, read), {
      kind: 'found',
      settings: {
        accessKeyId: 'AKIAENV',
        secretAccessKey: 'secret',
        sessionToken: 'token',
        region: 'eu-central-1',
        endpoint: 'http://127.0.0.1:4566',
      },
    });
  });

  test('from the default profile else, whose region counts when the environment names none', () => {
    const environment = { HOME: '/home/a', AWS_ACCESS_KEY_ID: '' };
    const want = {
      accessKeyId: 'AKIADEFAULT',
      secretAccessKey: 'abc/def+ghi=',
      sessionToken: undefined,
      region: 'eu-west-1',
      endpoint: undefined,
    };
    assert.deepEqual(findCredentials(environment, read), { kind: 'found', settings: want });
    assert.deepEqual(findCredentials({ ...environment, AWS_DEFAULT_REGION: 'us-east-2' }, read), {
      kind: 'found',
      settings: { ...want, region: 'us-east-2' },
    });
  });

  test('from the named profile of the named file', () => {
    const environment = { AWS_SHARED_CREDENTIALS_FILE: '/other', AWS_PROFILE: 'work' };
    assert.deepEqual(findCredentials(environment, read), {
      kind: 'found',
      settings: {
        accessKeyId: 'AKIALATER',
        secretAccessKey: 'sec#ret',
        sessionToken: 'token==',
        region: undefined,
        endpoint: 'http://127.0.0.1:4566',
      },
    });
  });
});

describe('without credentials it says what to do', () => {
  const cases: ReadonlyArray<readonly [environment: Record<string, string>, text: RegExp]> = [
    [{}, /^Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write a profile/],
    [{ HOME: '/nowhere' }, /\/nowhere\/\.aws\/credentials/],
    [{ AWS_ACCESS_KEY_ID: 'AKIA' }, /one of them is not set/],
    [{ HOME: '/home/a', AWS_PROFILE: 'none' }, /no profile \[none\] in \/home/],
    [{ HOME: '/home/a', AWS_PROFILE: 'empty' }, /lacks aws_access_key_id/],
  ];
  for (const [environment, text] of cases)
    test(JSON.stringify(environment), () => {
      const found = findCredentials(environment, read);
      assert.equal(found.kind, 'missing');
      assert.match(found.kind === 'missing' ? found.text : '', text);
    });
});

test('a hostile file is read into sections and nothing else', () => {
  const profiles = readProfiles('x=1\n[__proto__]\na=1\n[\n]\n[a\r\n[b]\r\nk = v \r\n=\n');
  assert.deepEqual([...profiles.keys()], ['__proto__', 'b']);
  assert.equal(profiles.get('b')?.get('k'), 'v');
});
