// The official OpenAI client for Node.js, through Portcullis, to the recording upstream.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import OpenAI from 'openai';

import {
  ANSWER, CALLS, CLOUD_KEY, PROMPT, SECRET_PROMPT, SSN, SSN_PROMPT, embed, newClient, refused, user, wentWell,
} from './harness/client.mjs';
import { startPortcullis } from './harness/daemon.mjs';
import { startIssuer } from './harness/issuer.mjs';
import { startUpstream } from './harness/upstream.mjs';
import { Workplace } from './harness/workplace.mjs';

describe('the OpenAI client for Node.js', () => {
  const place = new Workplace();
  let issuer; let upstream; let daemon; let token;

  before(async () => {
    const { directory } = place;
    issuer = await place.add(startIssuer({ directory }));
    upstream = await place.add(startUpstream({ directory }));
    daemon = await place.add(startPortcullis({
      directory, issuers: [issuer.url], upstream: { url: upstream.url },
    }));
    token = (await issuer.signIn('alice')).access_token;
  });
  after(() => place.close());

  for (const [name, call] of Object.entries(CALLS)) {
    test(`${name} passes unharmed and is recorded`, async () => {
      const { client, decision } = newClient({ url: daemon.url, token });
      assert.deepEqual(await call(client, 'small'), { text: ANSWER, model: 'small' });
      const record = await daemon.audit.decision(decision());
      assert.equal(record.decision.effect, 'allow');
      assert.equal(record.input.subject.id, 'alice@example.com');
      const outcome = await daemon.audit.outcome(decision());
      wentWell(outcome);
      assert.deepEqual(outcome.model, { value: 'small', from: 'body' });
    });
  }

  test('embeddings in the encoding that the client asks for', async () => {
    const { client } = newClient({ url: daemon.url, token });
    assert.deepEqual(await embed(client, 'embedder'), { vector: [0.25, -0.5, 0.125], model: 'embedder' });
  });

  test('the list of models', async () => {
    const { client } = newClient({ url: daemon.url, token });
    const models = await Array.fromAsync(client.models.list());
    assert.ok(models.length > 0);
  });

  test('the helpers: stream, parse, runTools', async () => {
    const { client } = newClient({ url: daemon.url, token });
    const stream = client.chat.completions.stream({ model: 'small', messages: user(PROMPT) });
    assert.equal((await stream.finalChatCompletion()).choices[0].message.content, ANSWER);
    const tools = [{
      type: 'function',
      function: {
        name: 'now', description: 'The time', parameters: { type: 'object', properties: {} }, function: () => '12:00',
      },
    }];
    const runner = client.chat.completions.runTools({ model: 'small', messages: user(PROMPT), tools });
    assert.equal(await runner.finalContent(), ANSWER);
  });

  test('the key may be a function: a token that is fetched anew', async () => {
    const { client } = newClient({
      url: daemon.url, token: async () => (await issuer.signIn('bob')).access_token,
    });
    assert.equal((await CALLS.chat(client, 'small')).text, ANSWER);
  });

  const denials = [
    ['a social security number', 'data_not_covered', (client) => client.chat.completions.create({ model: 'small', messages: user(SSN_PROMPT) })],
    ['one in a streamed request', 'data_not_covered', (client) => client.chat.completions.create({ model: 'small', messages: user(SSN_PROMPT), stream: true })],
    ['one in an earlier turn', 'data_not_covered', (client) => client.chat.completions.create({
      model: 'small',
      messages: [...user(SSN_PROMPT), { role: 'assistant', content: 'Noted.' }, ...user(PROMPT)],
    })],
    ['one in a response\'s input', 'data_not_covered', (client) => client.responses.create({ model: 'small', input: SSN_PROMPT })],
    ['one in an embedding\'s input', 'data_not_covered', (client) => client.embeddings.create({ model: 'embedder', input: [PROMPT, SSN_PROMPT] })],
    ['a cloud key', 'forbidden', (client) => client.chat.completions.create({ model: 'small', messages: user(SECRET_PROMPT) })],
    ['a model outside the catalogue', 'unknown_model', (client) => client.chat.completions.create({ model: 'other', messages: user(PROMPT) })],
  ];
  for (const [name, code, call] of denials) {
    test(`${name} raises PermissionDeniedError: ${code}`, async () => {
      const { client, decision, answers } = newClient({ url: daemon.url, token });
      const sent = upstream.requests().length;
      await refused(() => call(client), { error: OpenAI.PermissionDeniedError, status: 403, code });
      assert.equal(answers.length, 1, 'the client must not try again');
      assert.equal(upstream.requests().length, sent, 'nothing may leave');
      const record = await daemon.audit.decision(decision());
      assert.deepEqual([record.decision.effect, record.decision.reason], ['deny', code]);
      assert.equal(record.input.subject.id, 'alice@example.com');
    });
  }

  test('no token, and a key that is none, raise AuthenticationError', async () => {
    const none = newClient({ url: daemon.url, token: 'unused', headers: { Authorization: null } });
    await refused(() => CALLS.chat(none.client, 'small'), {
      error: OpenAI.AuthenticationError, status: 401, code: 'token_missing',
    });
    const dummy = newClient({ url: daemon.url, token: 'sk-an-api-key' });
    await refused(() => CALLS.chat(dummy.client, 'small'), {
      error: OpenAI.AuthenticationError, status: 401, code: 'token_malformed',
    });
    assert.equal(dummy.answers.length, 1, 'the client must not try again');
  });

  test('an expired token raises AuthenticationError', async () => {
    await issuer.setClock(-7200);
    const { access_token: expired } = await issuer.signIn('alice');
    await issuer.setClock(0);
    const { client } = newClient({ url: daemon.url, token: expired });
    await refused(() => CALLS.chat(client, 'small'), {
      error: OpenAI.AuthenticationError, status: 401, code: 'token_expired',
    });
  });

  test('the token stays here: the upstream sees the daemon\'s own credential', () => {
    const heads = upstream.requests();
    assert.ok(heads.length > 0);
    for (const { headers } of heads) {
      assert.equal(headers.authorization, 'Bearer the-key-that-only-the-daemon-has');
      assert.ok(!JSON.stringify(headers).includes(token));
    }
  });

  test('neither prompt nor token nor value is in the log, and the log verifies', async () => {
    await daemon.stop();
    const text = daemon.audit.text();
    for (const secret of [PROMPT, SSN, CLOUD_KEY, token, token.split('.')[2]]) {
      assert.ok(!text.includes(secret), secret);
    }
    const verdict = await daemon.audit.verify();
    assert.ok([0, 3].includes(verdict), `audit verify: ${verdict}`); // 3: nothing outside anchors it
  });
});
