// A real OpenID provider: its tokens, its faults, and a flood of tokens that it never signed.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { PROMPT } from './harness/client.mjs';
import { startPortcullis } from './harness/daemon.mjs';
import { startIssuer } from './harness/issuer.mjs';
import { startUpstream } from './harness/upstream.mjs';
import { Workplace } from './harness/workplace.mjs';

// One chat request. Returns {status, code, decision}; code is undefined where it was answered.
async function ask(daemon, token) {
  const response = await fetch(`${daemon.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ model: 'small', messages: [{ role: 'user', content: PROMPT }] }),
  });
  const body = await response.json();
  return {
    status: response.status,
    code: body.error?.code,
    decision: response.headers.get('portcullis-decision'),
  };
}

const isAnswered = (answer) => assert.deepEqual([answer.status, answer.code], [200, undefined]);
const isRefused = (answer, status, code) => assert.deepEqual([answer.status, answer.code], [status, code]);

// A real token with another key's name: what a flood looks like.
function withUnknownKey(token) {
  const [head, claims, signature] = token.split('.');
  const header = JSON.parse(Buffer.from(head, 'base64url'));
  header.kid = randomBytes(8).toString('hex');
  return [Buffer.from(JSON.stringify(header)).toString('base64url'), claims, signature].join('.');
}

function withOtherSignature(token) {
  const at = token.lastIndexOf('.') + 10;
  return token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1);
}

// Issuer, upstream and daemon for one group of tests.
async function begin(place, settings = {}) {
  const { directory } = place;
  const issuer = await place.add(startIssuer({ directory }));
  const upstream = await place.add(startUpstream({ directory }));
  const daemon = await place.add(startPortcullis({
    directory, issuers: [issuer.url], upstream: { url: upstream.url }, ...settings,
  }));
  return { issuer, upstream, daemon };
}

const tokenOf = async (answer) => (await answer).access_token;

describe('tokens of a real provider', () => {
  const place = new Workplace();
  let issuer; let upstream; let daemon;
  before(async () => {
    ({ issuer, upstream, daemon } = await begin(place));
  });
  after(() => place.close());

  for (const [person, resource] of [['alice', 'urn:portcullis:es256'], ['bob', 'urn:portcullis:rs256']]) {
    test(`${person} signs in and is recorded as the person behind it (${resource})`, async () => {
      const answer = await ask(daemon, await tokenOf(issuer.signIn(person, { resource })));
      isAnswered(answer);
      const { input, evidence } = await daemon.audit.decision(answer.decision);
      assert.equal(input.subject.kind, 'person');
      assert.equal(input.subject.id, `${person}@example.com`);
      assert.equal(input.subject.proof, 'directory');
      assert.equal(input.client.id, 'workbench');
      assert.equal(evidence.token.issuer, issuer.url);
    });
  }

  const stranger = new Workplace();
  after(() => stranger.close());
  const another = async () => {
    const other = await stranger.add(startIssuer({ directory: stranger.directory }));
    return tokenOf(other.signIn('alice'));
  };
  const inThePast = async () => {
    await issuer.setClock(-7200);
    const token = await tokenOf(issuer.signIn('alice'));
    await issuer.setClock(0);
    return token;
  };
  const alice = (options) => tokenOf(issuer.signIn('alice', options));

  // At most ten without a known person: more of them a minute are only counted in the log.
  const refusals = [
    ['no token', 401, 'token_missing', () => undefined],
    ['a machine\'s token', 403, 'subject_is_service', () => tokenOf(issuer.machineToken())],
    ['a person whom the directory does not know', 403, 'subject_unresolved', () => tokenOf(issuer.signIn('mallory'))],
    ['a person who has left', 403, 'subject_inactive', () => tokenOf(issuer.signIn('carol'))],
    ['an expired token', 401, 'token_expired', inThePast],
    ['a token for another audience', 401, 'token_audience', () => alice({ resource: 'urn:elsewhere' })],
    ['a sender-constrained token sent as plain bearer', 401, 'token_bound', () => alice({ bound: true })],
    ['a token with another signature', 401, 'token_signature', async () => withOtherSignature(await alice())],
    ['a token of a provider that is not configured', 401, 'token_issuer_unknown', another],
  ];
  for (const [name, status, code, make] of refusals) {
    test(`${name}: ${status} ${code}, recorded, nothing sent`, async () => {
      const sent = upstream.requests().length;
      const answer = await ask(daemon, await make());
      isRefused(answer, status, code);
      assert.equal(upstream.requests().length, sent);
      const { decision } = await daemon.audit.decision(answer.decision);
      assert.deepEqual([decision.effect, decision.reason], ['deny', code]);
    });
  }

  test('an ID token is not an access token', async () => {
    const { id_token: idToken } = await issuer.signIn('alice');
    const answer = await ask(daemon, idToken);
    assert.equal(answer.status, 401);
    assert.ok(['token_type', 'token_audience'].includes(answer.code), answer.code);
  });
});

// So many that the limit of unverified tokens does not stop what a test is about.
const MANY_TOKENS = { token_verifications_per_source_s: 100_000, token_verifications_per_s: 100_000 };

describe('key rotation', () => {
  const place = new Workplace();
  let issuer; let upstream; let daemon;
  before(async () => {
    ({ issuer, upstream, daemon } = await begin(place, {
      identity: { jwks_cooldown: '30s' }, limits: MANY_TOKENS,
    }));
  });
  after(() => place.close());

  test('new keys are fetched once, for all who ask at the same time', async () => {
    isAnswered(await ask(daemon, await tokenOf(issuer.signIn('alice'))));
    await issuer.rotate();
    const token = await tokenOf(issuer.signIn('alice'));
    const { jwks: before_ } = await issuer.counts();
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(daemon, token)));
    answers.forEach(isAnswered);
    assert.equal((await issuer.counts()).jwks, before_ + 1);
  });

  test('a flood of unknown keys fetches nothing within the cooldown', async () => {
    const token = await tokenOf(issuer.signIn('alice'));
    const { jwks: before_ } = await issuer.counts();
    const sent = upstream.requests().length;
    const answers = await Promise.all(
      Array.from({ length: 200 }, () => ask(daemon, withUnknownKey(token))),
    );
    for (const answer of answers) isRefused(answer, 401, 'token_key_unknown');
    assert.equal((await issuer.counts()).jwks, before_);
    assert.equal(upstream.requests().length, sent);
  });

  test('a second rotation within the cooldown has to wait for its end', async () => {
    const known = await tokenOf(issuer.signIn('bob'));
    await issuer.rotate();
    isRefused(await ask(daemon, await tokenOf(issuer.signIn('bob'))), 401, 'token_key_unknown');
    isAnswered(await ask(daemon, known));
  });
});

describe('a short cooldown', () => {
  const place = new Workplace();
  after(() => place.close());

  test('allows one fetch each time it has passed, however many ask', async () => {
    const { issuer, daemon } = await begin(place, {
      identity: { jwks_cooldown: '1s' }, limits: MANY_TOKENS,
    });
    const token = await tokenOf(issuer.signIn('alice'));
    const { jwks: before_ } = await issuer.counts();
    const start = performance.now();
    while (performance.now() - start < 3000) {
      await Promise.all(Array.from({ length: 10 }, () => ask(daemon, withUnknownKey(token))));
    }
    const { jwks } = await issuer.counts();
    const seconds = Math.ceil((performance.now() - start) / 1000);
    assert.ok(jwks > before_, 'none at all');
    assert.ok(jwks - before_ <= seconds + 1, `${jwks - before_} in ${seconds} s`);
  });
});

describe('a flood from one source', () => {
  const place = new Workplace();
  after(() => place.close());

  test('is not even verified past the limit, and stops nobody who is known', async () => {
    const { issuer, upstream, daemon } = await begin(place, {
      limits: { token_verifications_per_source_s: 5 }, workers: 1,
    });
    const token = await tokenOf(issuer.signIn('alice'));
    isAnswered(await ask(daemon, token));
    const sent = upstream.requests().length;
    const answers = await Promise.all(
      Array.from({ length: 60 }, () => ask(daemon, withOtherSignature(token))),
    );
    assert.ok(answers.filter(({ code }) => code === 'token_rate').length > 20);
    assert.ok(answers.every(({ code }) => ['token_rate', 'token_signature'].includes(code)));
    assert.equal(upstream.requests().length, sent);
    isAnswered(await ask(daemon, token));
  });
});

describe('a provider in trouble', () => {
  const place = new Workplace();
  let issuer; let upstream; let daemon; let token;
  before(async () => {
    ({ issuer, upstream, daemon } = await begin(place, {
      identity: { jwks_cooldown: '1s', jwks_refresh: '1s', fetch_timeout: '5s' },
    }));
    token = await tokenOf(issuer.signIn('alice'));
    isAnswered(await ask(daemon, token));
  });
  after(() => place.close());

  test('its outage leaves the keys that are known in use', async () => {
    const fresh = await tokenOf(issuer.signIn('bob'));
    await issuer.answerKeys({ status: 503 });
    await sleep(2500); // at least one refresh fails
    isAnswered(await ask(daemon, token));
    isAnswered(await ask(daemon, fresh));
    await issuer.answerKeys({});
  });

  test('its slowness holds up nobody whose key is known', async () => {
    await issuer.answerKeys({ delay_ms: 30_000 });
    const start = performance.now();
    const unknown = ask(daemon, withUnknownKey(token)).then((answer) => ({
      ...answer, ms: performance.now() - start,
    }));
    const known = await ask(daemon, token);
    isAnswered(known);
    assert.ok(performance.now() - start < 4000, 'a known key had to wait');
    const { status, ms } = await unknown;
    assert.ok([401, 503].includes(status), `${status}`);
    assert.ok(ms < 15_000, `fetch_timeout did not end the wait: ${ms} ms`);
    await issuer.answerKeys({});
  });

  test('without any keys everything is refused, until they can be had', async () => {
    const dark = new Workplace();
    await issuer.answerKeys({ status: 503 });
    try {
      const late = await dark.add(startPortcullis({
        directory: dark.directory,
        issuers: [issuer.url],
        upstream: { url: upstream.url },
        identity: { jwks_cooldown: '1s', jwks_refresh: '1s' },
      }));
      const sent = upstream.requests().length;
      isRefused(await ask(late, token), 503, 'issuer_unavailable');
      assert.equal(upstream.requests().length, sent);
      await issuer.answerKeys({});
      let answer;
      for (let tries = 0; tries < 100; tries += 1) {
        answer = await ask(late, token);
        if (answer.status === 200) break;
        await sleep(100);
      }
      isAnswered(answer);
    } finally {
      await dark.close();
    }
  });
});
