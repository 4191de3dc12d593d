// Client -> Portcullis -> LiteLLM -> recording upstream. The caller names LiteLLM's aliases
// ("general", "vectors"); the upstream sees the models behind them ("small", "embedder").
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import OpenAI from 'openai';

import {
  ANSWER, CALLS, PROMPT, SSN_PROMPT, embed, newClient, refused, user, wentWell,
} from './harness/client.mjs';
import { startPortcullis } from './harness/daemon.mjs';
import { startLiteLlm } from './harness/gateways.mjs';
import { startIssuer } from './harness/issuer.mjs';
import { startUpstream } from './harness/upstream.mjs';
import { Workplace } from './harness/workplace.mjs';

const BEHIND = { general: 'small', vectors: 'embedder' };

describe('LiteLLM behind Portcullis', () => {
  const place = new Workplace();
  let issuer; let upstream; let elsewhere; let daemon; let token;

  before(async () => {
    const { directory } = place;
    issuer = await place.add(startIssuer({ directory }));
    upstream = await place.add(startUpstream({ directory }));
    elsewhere = await place.add(startUpstream({ directory, name: 'elsewhere' }));
    const litellm = await place.add(startLiteLlm({ directory, upstream: upstream.url }));
    daemon = await place.add(startPortcullis({
      directory,
      issuers: [issuer.url],
      upstream: { url: litellm.url, gateway: 'litellm' },
      key: litellm.key,
      models: ['general', 'vectors', 'unserved'],
    }));
    token = (await issuer.signIn('alice')).access_token;
  });
  after(() => place.close());

  // LiteLLM names the deployment in its headers, and in most bodies only the alias.
  async function isRecorded(id, alias) {
    const { input, decision } = await daemon.audit.decision(id);
    assert.equal(decision.effect, 'allow');
    assert.equal(input.subject.id, 'alice@example.com');
    assert.equal(input.model.name, alias);
    const outcome = await daemon.audit.outcome(id);
    wentWell(outcome);
    // x-litellm-model-name: openai/small
    assert.deepEqual(outcome.provider, { value: 'openai', from: 'header' });
    assert.deepEqual(outcome.model, { value: BEHIND[alias], from: 'header' });
  }

  for (const [name, call] of Object.entries(CALLS)) {
    test(`${name}: unharmed, attributed, provider and model recorded`, async () => {
      const { client, decision } = newClient({ url: daemon.url, token });
      const { text, model } = await call(client, 'general');
      assert.equal(text, ANSWER);
      assert.ok(['general', 'small'].includes(model), model); // a streamed response names the latter
      await isRecorded(decision(), 'general');
      const { body, headers } = upstream.requests().at(-1);
      assert.equal(JSON.parse(body).model, 'small');
      assert.equal(headers.authorization, 'Bearer upstream-key');
    });
  }

  test('embeddings: unharmed, attributed, provider and model recorded', async () => {
    const { client, decision } = newClient({ url: daemon.url, token });
    const { vector } = await embed(client, 'vectors');
    assert.deepEqual(vector, [0.25, -0.5, 0.125]);
    await isRecorded(decision(), 'vectors');
  });

  test('the list of models is LiteLLM\'s', async () => {
    const { client } = newClient({ url: daemon.url, token });
    const models = await Array.fromAsync(client.models.list());
    assert.deepEqual(models.map(({ id }) => id).sort(), ['general', 'vectors']);
  });

  // What LiteLLM's own guards have skipped: responses, tool results, tool arguments in history.
  const hidden = [
    ['a response\'s input', (client) => client.responses.create({ model: 'general', input: SSN_PROMPT })],
    ['a tool\'s result', (client) => client.chat.completions.create({
      model: 'general',
      messages: [...user(PROMPT), {
        role: 'assistant',
        tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'note', arguments: '{}' } }],
      }, { role: 'tool', tool_call_id: 'call_1', content: SSN_PROMPT }],
    })],
    ['a streamed request', (client) => client.chat.completions.create({ model: 'general', messages: user(SSN_PROMPT), stream: true })],
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
    });
  }

  const steering = {
    api_base: () => `${elsewhere.url}/v1`,
    base_url: () => `${elsewhere.url}/v1`,
    fallbacks: () => ['vectors'],
    user_config: () => ({ model_list: [{ model_name: 'general', litellm_params: { model: 'openai/small', api_base: `${elsewhere.url}/v1`, api_key: 'x' } }] }),
    tags: () => ['other'],
  };
  for (const [member, value] of Object.entries(steering)) {
    test(`the caller cannot steer it with ${member}`, async () => {
      const { client } = newClient({ url: daemon.url, token });
      const sent = upstream.requests().length;
      await refused(
        () => client.chat.completions.create({ model: 'general', messages: user(PROMPT), [member]: value() }),
        { error: OpenAI.BadRequestError, status: 400, code: 'unknown_member' },
      );
      assert.equal(upstream.requests().length, sent);
      assert.deepEqual(elsewhere.requests(), []);
    });
  }

  test('what LiteLLM refuses is handed on as it answered', async () => {
    const { client, decision } = newClient({ url: daemon.url, token, maxRetries: 0 });
    const error = await CALLS.chat(client, 'unserved').then(() => assert.fail('answered'), (thrown) => thrown);
    assert.ok(error instanceof OpenAI.APIError, `${error}`);
    assert.equal((await daemon.audit.outcome(decision())).status, error.status);
  });
});
