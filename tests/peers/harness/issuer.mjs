// The issuer process and what a person's browser and a machine's client do with it.
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { fileURLToPath } from 'node:url';

import { start } from './processes.mjs';

const PROGRAM = fileURLToPath(new URL('../issuer.mjs', import.meta.url));
const REDIRECT_URI = 'http://127.0.0.1:1/callback';

export async function startIssuer({ directory, port = 0 }) {
  const process_ = await start({
    name: 'issuer',
    command: process.execPath,
    args: [PROGRAM, '--port', String(port)],
    log: `${directory}/issuer.log`,
    ready: /^listening (http:\S+)$/m,
  });
  const url = process_.match[1];
  const control = async (command, body) => (await fetch(`${url}/control/${command}`, {
    method: body ? 'POST' : 'GET', body: body && JSON.stringify(body),
  })).json();
  return {
    url,
    port: Number(new URL(url).port),
    stop: process_.stop,
    rotate: () => control('rotate', {}),
    answerKeys: (fault) => control('jwks', { status: 200, delay_ms: 0, ...fault }),
    setClock: (offset_s) => control('clock', { offset_s }),
    counts: () => control('counts'),
    signIn: (person, { resource = 'urn:portcullis:es256', bound = false } = {}) => (
      signIn(url, { person, resource, bound })),
    machineToken: (resource = 'urn:portcullis:es256') => machineToken(url, resource),
  };
}

// The authorization code flow with PKCE, as a browser walks it: sign in, consent, come back with a
// code, change it for tokens. `bound`: to a key of the client's (DPoP, RFC 9449). Returns the
// provider's token answer.
async function signIn(issuer, { person, resource, bound }) {
  const verifier = randomBytes(32).toString('base64url');
  const browser = new Browser();
  const query = new URLSearchParams({
    client_id: 'workbench',
    response_type: 'code',
    redirect_uri: REDIRECT_URI,
    scope: 'openid llm',
    resource,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  let page = await browser.get(`${issuer}/auth?${query}`);
  page = await browser.submit(page, { prompt: 'login', login: person, password: 'any' });
  page = await browser.submit(page, { prompt: 'consent' });
  const code = new URL(page).searchParams.get('code');
  if (!code) throw new Error(`the issuer gave no code: ${page}`);
  return token(issuer, {
    grant_type: 'authorization_code',
    client_id: 'workbench',
    redirect_uri: REDIRECT_URI,
    code,
    code_verifier: verifier,
    resource,
  }, bound ? { dpop: proofOfKey(`${issuer}/token`) } : {});
}

function machineToken(issuer, resource) {
  return token(issuer, {
    grant_type: 'client_credentials',
    client_id: 'nightly',
    client_secret: 'a secret of the test only',
    scope: 'llm',
    resource,
  });
}

// A DPoP proof for one POST to `url`, by a new key.
function proofOfKey(url) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const header = { typ: 'dpop+jwt', alg: 'ES256', jwk: publicKey.export({ format: 'jwk' }) };
  const claims = {
    htm: 'POST', htu: url, iat: Math.floor(Date.now() / 1000), jti: randomBytes(16).toString('hex'),
  };
  const signed = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  const signature = sign('sha256', signed, { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

async function token(issuer, form, headers) {
  const response = await fetch(`${issuer}/token`, {
    method: 'POST', body: new URLSearchParams(form), headers,
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(`the issuer refused: ${JSON.stringify(answer)}`);
  return answer;
}

// Keeps cookies and follows redirects up to the application's own address.
class Browser {
  cookies = new Map();

  get(url) {
    return this.follow(url, { method: 'GET' });
  }

  submit(page, form) {
    return this.follow(page, { method: 'POST', body: new URLSearchParams(form) });
  }

  async follow(url, request) {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, { ...request, redirect: 'manual', headers: { cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      this.cookies.set(name, value);
    }
    await response.arrayBuffer();
    const next = response.headers.get('location');
    if (!next) {
      if (response.ok) return url;
      throw new Error(`the issuer answered ${response.status} at ${url}`);
    }
    const absolute = new URL(next, url).href;
    return absolute.startsWith(REDIRECT_URI) ? absolute : this.follow(absolute, { method: 'GET' });
  }
}
