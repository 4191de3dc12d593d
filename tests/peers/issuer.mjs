// A real OpenID provider (oidc-provider) on loopback, with faults on demand.
//
// Usage: node issuer.mjs [--port N]      prints "listening http://127.0.0.1:PORT"
//
// Tokens are JWT access tokens (RFC 9068) for the audience "portcullis". People sign in through the
// provider's own interaction pages (any name is an account); the client "nightly" has no person.
//
//   resource urn:portcullis:es256    signed with ES256
//   resource urn:portcullis:rs256    signed with RS256
//   resource urn:elsewhere           for another audience
//
// Control (POST, JSON): /control/rotate         new keys, the old ones are forgotten at once
//                       /control/jwks           {"status": N, "delay_ms": N} of every key answer
//                       /control/clock          {"offset_s": N}: the provider's own clock
//          (GET)        /control/counts         {"jwks": N, "discovery": N} answers asked of it
import { createServer } from 'node:http';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';

import Provider from 'oidc-provider';

const REDIRECT_URI = 'http://127.0.0.1:1/callback'; // never fetched: the test reads the redirect
const RESOURCES = {
  'urn:portcullis:es256': { audience: 'portcullis', alg: 'ES256' },
  'urn:portcullis:rs256': { audience: 'portcullis', alg: 'RS256' },
  'urn:elsewhere': { audience: 'elsewhere', alg: 'ES256' },
};

const { values: options } = parseArgs({ options: { port: { type: 'string', default: '0' } } });
const counts = { jwks: 0, discovery: 0 };
const fault = { status: 200, delay_ms: 0 };
const cookieKey = randomBytes(32).toString('hex');
let provider;

// The provider reads Date.now(): an expired token is one that it issued in the past.
const realNow = Date.now;
let clockOffset = 0;
Date.now = () => realNow() + clockOffset;

function newKey(type, parameters, alg) {
  const { privateKey } = generateKeyPairSync(type, parameters);
  return {
    ...privateKey.export({ format: 'jwk' }), use: 'sig', alg, kid: randomBytes(8).toString('hex'),
  };
}

function newProvider(issuer) {
  return new Provider(issuer, {
    jwks: {
      keys: [newKey('ec', { namedCurve: 'P-256' }, 'ES256'),
        newKey('rsa', { modulusLength: 2048 }, 'RS256')],
    },
    cookies: { keys: [cookieKey] },
    clients: [
      {
        client_id: 'workbench',
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code'],
        response_types: ['code'],
        redirect_uris: [REDIRECT_URI],
      },
      {
        client_id: 'nightly',
        client_secret: 'a secret of the test only',
        grant_types: ['client_credentials'],
        response_types: [],
        redirect_uris: [],
      },
    ],
    scopes: ['openid', 'llm'],
    findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    ttl: { AccessToken: 900, ClientCredentials: 900, IdToken: 900, Grant: 900, Session: 900, Interaction: 900 },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => undefined,
        useGrantedResource: () => true,
        getResourceServerInfo(ctx, indicator) {
          const resource = RESOURCES[indicator];
          if (!resource) throw new Error(`no such resource: ${indicator}`);
          return {
            scope: 'llm',
            audience: resource.audience,
            accessTokenFormat: 'jwt',
            jwt: { sign: { alg: resource.alg } },
          };
        },
      },
    },
  });
}

async function bodyOf(request) {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text ? JSON.parse(text) : {};
}

async function control(request, response) {
  const command = request.url.slice('/control/'.length);
  if (command === 'rotate') provider = newProvider(provider.issuer);
  else if (command === 'jwks') Object.assign(fault, await bodyOf(request));
  else if (command === 'clock') clockOffset = (await bodyOf(request)).offset_s * 1000;
  else if (command !== 'counts') response.statusCode = 404;
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(counts));
}

async function answer(request, response) {
  if (request.url.startsWith('/control/')) return control(request, response);
  if (request.url === '/.well-known/openid-configuration') counts.discovery += 1;
  if (request.url === '/jwks') {
    counts.jwks += 1;
    if (fault.delay_ms) await sleep(fault.delay_ms);
    if (fault.status !== 200) {
      response.statusCode = fault.status;
      return response.end();
    }
  }
  return provider.callback()(request, response);
}

const server = createServer(answer);
server.listen(Number(options.port), '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  provider = newProvider(issuer);
  console.log(`listening ${issuer}`);
});
