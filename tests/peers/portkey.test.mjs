// Client -> Portcullis -> Portkey -> recording upstream.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import OpenAI from 'openai';

import {
  ANSWER, CALLS, PROMPT, SSN_PROMPT, embed, newClient, refused, user, wentWell,
} from './harness/client.mjs';
import { startPortcullis } from './harness/daemon.mjs';
import { portkeyHeaders, startPortkey } from './harness/gateways.mjs';
import { startIssuer } from './harness/issuer.mjs';
import { startUpstream } from './harness/upstream.mjs';
import { Workplace } from './harness/workplace.mjs';

describe('Portkey behind Portcullis', () => {
  const place = new Workplace();
  let issuer; let upstream; let elsewhere; let daemon; let token;

  before(async () => {
    const { directory } = place;
    issuer = await place.add(startIssuer({ directory }));
    upstream = await place.add(startUpstream({ directory }));
    elsewhere = await place.add(startUpstream({ directory, name: 'elsewhere' }));
    const portkey = await place.add(startPortkey({ directory }));
    daemon = await place.add(startPortcullis({
      directory,
      issuers: [issuer.url],
      upstream: {
        url: portkey.url,
        gateway: 'portkey',
        headers: Object.entries(portkeyHeaders(upstream.url))
          .map(([header, value]) => ({ header, value })),
      },
    }));
    token = (await issuer.signIn('alice')).access_token;
  });
  after(() => place.close());

  async function isRecorded(id, model) {
    const { input, decision } = await daemon.audit.decision(id);
    assert.equal(decision.effect, 'allow');
    assert.equal(input.subject.id, 'alice@example.com');
    assert.equal(input.subject.key, 'alice');
    const outcome = await daemon.audit.outcome(id);
    wentWell(outcome);
    assert.deepEqual(outcome.provider, { value: 'openai', from: 'header' });
    assert.deepEqual(outcome.model, { value: model, from: 'body' });
  }

  for (const [name, call] of Object.entries(CALLS)) {
    test(`${name}: unharmed, attributed, provider and model recorded`, async () => {
      const { client, decision } = newClient({ url: daemon.url, token });
      assert.deepEqual(await call(client, 'small'), { text: ANSWER, model: 'small' });
      await isRecorded(decision(), 'small');
      assert.ok(upstream.requests().at(-1).body.includes(PROMPT));
    });
  }

  test('embeddings: unharmed, attributed, provider and model recorded', async () => {
    const { client, decision } = newClient({ url: daemon.url, token });
    assert.deepEqual(await embed(client, 'embedder'), { vector: [0.25, -0.5, 0.125], model: 'embedder' });
    await isRecorded(decision(), 'embedder');
  });

  // Portkey's own input guard reads the last of these and forwards the others.
  const hidden = [
    ['the last message', (client) => client.chat.completions.create({ model: 'small', messages: user(SSN_PROMPT) })],
    ['an earlier message', (client) => client.chat.completions.create({ model: 'small', messages: [...user(SSN_PROMPT), ...user(PROMPT)] })],
    ['a system message', (client) => client.chat.completions.create({ model: 'small', messages: [{ role: 'system', content: SSN_PROMPT }, ...user(PROMPT)] })],
    ['a tool call\'s arguments', (client) => client.chat.completions.create({
      model: 'small',
      messages: [...user(PROMPT), {
        role: 'assistant',
        tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'note', arguments: JSON.stringify({ text: SSN_PROMPT }) } }],
      }, { role: 'tool', tool_call_id: 'call_1', content: 'done' }],
    })],
    ['a response\'s input', (client) => client.responses.create({ model: 'small', input: SSN_PROMPT })],
    ['a streamed request', (client) => client.chat.completions.create({ model: 'small', messages: user(SSN_PROMPT), stream: true })],
  ];
  for (const [where, call] of hidden) {
    test(`a number that may not leave, in ${where}: PermissionDeniedError, nothing sent`, async () => {
      const { client, decision } = newClient({ url: daemon.url, token });
      const sent = upstream.requests().length;
      await refused(() => call(client), {
        error: OpenAI.PermissionDeniedError, status: 403, code: 'data_not_covered',
      });
      assert.equal(upstream.requests().length, sent);
      assert.equal((await daemon.audit.decision(decision())).decision.effect, 'deny');
      assert.equal(daemon.audit.find('outcome', decision()), undefined);
    });
  }

  test('the caller cannot steer it to another host', async () => {
    const steering = {
      'x-portkey-custom-host': `${elsewhere.url}/v1`,
      'x-portkey-provider': 'anthropic',
      'x-portkey-config': JSON.stringify({ provider: 'openai', custom_host: `${elsewhere.url}/v1` }),
    };
    const { client, decision } = newClient({ url: daemon.url, token, headers: steering });
    assert.equal((await CALLS.chat(client, 'small')).text, ANSWER);
    await isRecorded(decision(), 'small');
    assert.deepEqual(elsewhere.requests(), []);
  });

  test('an upstream that refuses is handed on as it answered', async () => {
    await upstream.stop();
    const { client, decision } = newClient({ url: daemon.url, token, maxRetries: 0 });
    const error = await CALLS.chat(client, 'small').then(() => assert.fail('answered'), (thrown) => thrown);
    assert.ok(error.status >= 500, `${error}`);
    assert.equal((await daemon.audit.outcome(decision())).status, error.status);
  });

  test('the token never left', () => {
    for (const { headers, body } of upstream.requests()) {
      assert.equal(headers.authorization, 'Bearer the-key-that-only-the-daemon-has');
      assert.ok(!(JSON.stringify(headers) + body).includes(token));
    }
  });
});
