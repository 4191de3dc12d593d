// What an application does through the official client, and what must follow from it.
import assert from 'node:assert/strict';

import OpenAI from 'openai';

export const PROMPT = 'Which gates did Roman camps have?';
export const SSN = '536-90-4399';
export const SSN_PROMPT = `My social security number is ${SSN}, remember it.`;
export const CLOUD_KEY = `AKIA${'Q3EGX7TZ5BWN2RKD'}`; // nobody's; in two parts for scanners of source
export const SECRET_PROMPT = `Deploy it with the access key ${CLOUD_KEY}, please.`;
export const ANSWER = 'The recording upstream has your request.';

// A client that keeps the head of every answer, so that a test can name the decision.
export function newClient({ url, token, headers, ...options }) {
  const answers = [];
  const client = new OpenAI({
    baseURL: `${url}/v1`,
    apiKey: token,
    defaultHeaders: headers,
    timeout: 20_000,
    fetch: async (target, request) => {
      const response = await fetch(target, request);
      answers.push(response);
      return response;
    },
    ...options,
  });
  const decision = () => answers.at(-1).headers.get('portcullis-decision');
  return { client, answers, decision };
}

// The four calls of the acceptance point. Each returns {text, model} as the application sees them.
export const CALLS = {
  async chat(client, model) {
    const answer = await client.chat.completions.create({ model, messages: user(PROMPT) });
    return { text: answer.choices[0].message.content, model: answer.model };
  },
  async 'streamed chat'(client, model) {
    const seen = { text: '', model: '' };
    const stream = await client.chat.completions.create({
      model, messages: user(PROMPT), stream: true, stream_options: { include_usage: true },
    });
    for await (const event of stream) {
      seen.text += event.choices[0]?.delta?.content ?? '';
      seen.model = event.model;
    }
    return seen;
  },
  async responses(client, model) {
    const answer = await client.responses.create({ model, input: PROMPT });
    return { text: answer.output_text, model: answer.model };
  },
  async 'streamed responses'(client, model) {
    const seen = { text: '', model: '' };
    for await (const event of await client.responses.create({ model, input: PROMPT, stream: true })) {
      if (event.type === 'response.output_text.delta') seen.text += event.delta;
      if (event.type === 'response.completed') seen.model = event.response.model;
    }
    return seen;
  },
};

export async function embed(client, model) {
  const answer = await client.embeddings.create({ model, input: PROMPT });
  return { vector: answer.data[0].embedding, model: answer.model };
}

export const user = (content) => [{ role: 'user', content }];

// Runs `call`, which must be refused by the client's own error class, and returns the error.
export async function refused(call, { error: type, status, code }) {
  const error = await call().then(() => assert.fail('it was not refused'), (thrown) => thrown);
  assert.ok(error instanceof type, `${error}`);
  assert.equal(error.status, status);
  assert.equal(error.code, code);
  assert.ok(error.message.length > 0);
  return error;
}

// What the log must say of an exchange that went well from end to end.
export function wentWell(outcome) {
  const { status, failure, client_aborted: aborted, cut_at: cut } = outcome;
  assert.deepEqual({ status, failure, aborted, cut }, {
    status: 200, failure: undefined, aborted: undefined, cut: undefined,
  });
}
