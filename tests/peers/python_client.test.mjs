// The official OpenAI client for Python, through Portcullis, to the recording upstream. The calls
// and what the client makes of them are in python_client.py.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { wentWell } from './harness/client.mjs';
import { startPortcullis } from './harness/daemon.mjs';
import { PYTHON_BIN } from './harness/gateways.mjs';
import { startIssuer } from './harness/issuer.mjs';
import { startUpstream } from './harness/upstream.mjs';
import { Workplace } from './harness/workplace.mjs';

const SCRIPT = fileURLToPath(new URL('python_client.py', import.meta.url));

// The test methods of python_client.py, with what must be in the log after each.
const CASES = {
  test_chat: 'none',
  test_streamed_chat: 'none',
  test_stream_helper: 'none',
  test_responses: 'none',
  test_streamed_responses: 'none',
  test_embeddings: 'none',
  test_async: 'none',
  test_permission: 'data_not_covered',
  test_permission_streamed: 'data_not_covered',
  test_expired: 'token_expired',
  test_no_token: 'token_malformed',
};

describe('the OpenAI client for Python', () => {
  const place = new Workplace();
  let upstream; let daemon; let env; let answers;

  before(async () => {
    const { directory } = place;
    const issuer = await place.add(startIssuer({ directory }));
    upstream = await place.add(startUpstream({ directory }));
    daemon = await place.add(startPortcullis({
      directory, issuers: [issuer.url], upstream: { url: upstream.url },
    }));
    const token = (await issuer.signIn('alice')).access_token;
    await issuer.setClock(-7200);
    const expired = (await issuer.signIn('alice')).access_token;
    env = { PEERS_URL: `${daemon.url}/v1`, PEERS_TOKEN: token, PEERS_EXPIRED: expired };
  });
  after(() => place.close());

  test('gets its answers and raises its own errors', async () => {
    const { stdout } = await promisify(execFile)(`${PYTHON_BIN}/python`, [SCRIPT], {
      env: { ...process.env, ...env }, timeout: 120_000,
    });
    answers = stdout.trim().split('\n').map((line) => JSON.parse(line));
    const allowed = Object.values(CASES).filter((reason) => reason === 'none');
    assert.equal(upstream.requests().length, allowed.length);
  });

  for (const [name, reason] of Object.entries(CASES)) {
    test(`${name} is recorded once: ${reason}`, async () => {
      const [answer, ...more] = answers.filter((one) => one.test === name);
      assert.deepEqual(more, [], 'the client must not try again');
      const { input, decision } = await daemon.audit.decision(answer.decision);
      assert.equal(decision.effect, reason === 'none' ? 'allow' : 'deny');
      assert.equal(decision.reason ?? 'none', reason);
      if (reason === 'none') wentWell(await daemon.audit.outcome(answer.decision));
      if (!reason.startsWith('token_')) assert.equal(input.subject.id, 'alice@example.com');
    });
  }
});
