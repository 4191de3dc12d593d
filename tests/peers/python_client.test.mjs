// The official OpenAI client for Python, through Portcullis, to the recording upstream. The calls
// and what the client makes of them are in python_client.py.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { startPortcullis } from './harness/daemon.mjs';
import { PYTHON_BIN } from './harness/gateways.mjs';
import { startIssuer } from './harness/issuer.mjs';
import { startUpstream } from './harness/upstream.mjs';
import { Workplace } from './harness/workplace.mjs';

const SCRIPT = fileURLToPath(new URL('python_client.py', import.meta.url));

describe('the OpenAI client for Python', () => {
  const place = new Workplace();
  let upstream; let daemon; let env;

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

  // Each is a test method of python_client.py, with what must be in the log after it.
  const cases = [
    ['Answered.test_chat', 'allow', 'none'],
    ['Answered.test_streamed_chat', 'allow', 'none'],
    ['Answered.test_stream_helper', 'allow', 'none'],
    ['Answered.test_responses', 'allow', 'none'],
    ['Answered.test_streamed_responses', 'allow', 'none'],
    ['Answered.test_embeddings', 'allow', 'none'],
    ['Answered.test_async', 'allow', 'none'],
    ['Refused.test_permission', 'deny', 'data_not_covered'],
    ['Refused.test_permission_streamed', 'deny', 'data_not_covered'],
    ['Refused.test_expired', 'deny', 'token_expired'],
    ['Refused.test_no_token', 'deny', 'token_malformed'],
  ];
  for (const [name, effect, reason] of cases) {
    test(`${name}: ${effect} ${reason}`, async () => {
      const sent = upstream.requests().length;
      const { stdout } = await promisify(execFile)(`${PYTHON_BIN}/python`, [SCRIPT, name], {
        env: { ...process.env, ...env }, timeout: 60_000,
      });
      const [id, ...more] = stdout.trim().split('\n');
      assert.deepEqual(more, [], 'the client must not try again');
      const { input, decision } = await daemon.audit.decision(id);
      assert.equal(decision.effect, effect);
      if (effect === 'deny') assert.equal(decision.reason, reason);
      else assert.equal(input.subject.id, 'alice@example.com');
      assert.equal(upstream.requests().length, sent + (effect === 'allow' ? 1 : 0));
    });
  }
});
