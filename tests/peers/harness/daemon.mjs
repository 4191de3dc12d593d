// Portcullis itself, configured as an operator would, and a reader of its audit log.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import { freePort, start } from './processes.mjs';

const run = promisify(execFile);
const PROGRAM = process.env.PORTCULLIS;

export const PEOPLE = { alice: true, bob: true, carol: false }; // name: active
const UPSTREAM_KEY = 'the-key-that-only-the-daemon-has';

// JSON is YAML: every file here is written as such.
const write = (path, value) => writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);

function people(issuers) {
  return {
    people: Object.entries(PEOPLE).map(([name, active]) => ({
      id: `${name}@example.com`,
      active,
      employment: 'employee',
      identities: issuers.map((issuer) => ({ issuer, key: name })),
    })),
  };
}

function policy(models) {
  return {
    apiVersion: 'portcullis/v1',
    kind: 'PolicySet',
    metadata: { name: 'peers', sequence: 1 },
    models: Object.fromEntries(models.map((name) => [name, { names: [name] }])),
    rules: [
      {
        id: 'permit-people',
        effect: 'permit',
        match: { 'subject.kind': 'person', action: ['chat', 'respond', 'embed', 'list_models'] },
        data_within: ['contact'],
      },
      {
        id: 'forbid-secrets',
        effect: 'forbid',
        tier: 'hard',
        match: { 'data.classes': { any_of: ['secret'] } },
      },
    ],
  };
}

function configuration({ ports, issuers, upstream, identity, limits, workers }) {
  return {
    listen: { address: `127.0.0.1:${ports.listen}`, workers },
    admin: { address: `127.0.0.1:${ports.admin}` },
    limits,
    identity: {
      issuers: issuers.map((issuer) => ({ issuer, profile: 'generic', audience: ['portcullis'] })),
      directory: { file: 'people.yaml' },
      ...identity,
    },
    upstreams: [{
      name: 'gateway',
      credential: { header: 'Authorization', value_from: { env: 'PEERS_UPSTREAM_KEY' } },
      ...upstream,
    }],
    routes: [{ path: '/v1/*', upstream: 'gateway', surface: 'openai' }],
    policy: { file: 'policy.yaml' },
    audit: { directory: 'audit', keys: 'keys', allow_filesystem: ['tmpfs', 'overlay'] },
  };
}

// `upstream`: {url, gateway, headers} as in the configuration; `key`: its credential.
export async function startPortcullis({
  directory, issuers, upstream, key = UPSTREAM_KEY, models = ['small', 'embedder'], identity = {},
  limits = {}, workers = 2,
}) {
  const home = `${directory}/portcullis`;
  const ports = { listen: await freePort(), admin: await freePort() };
  mkdirSync(`${home}/audit`, { recursive: true });
  write(`${home}/people.yaml`, people(issuers));
  write(`${home}/policy.yaml`, policy(models));
  write(`${home}/portcullis.yaml`, configuration({
    ports, issuers, upstream, identity, limits, workers,
  }));
  await run(PROGRAM, ['keys', 'init', '--escrow', '--directory', `${home}/keys`]);
  const { stop } = await start({
    name: 'portcullis',
    command: PROGRAM,
    args: ['serve', '--config', `${home}/portcullis.yaml`],
    env: { PEERS_UPSTREAM_KEY: key },
    log: `${home}/serve.log`,
    ready: `http://127.0.0.1:${ports.admin}/livez`,
  });
  return {
    url: `http://127.0.0.1:${ports.listen}`,
    stop,
    log: () => readFileSync(`${home}/serve.log`, 'utf8'),
    audit: new AuditLog(`${home}/audit`, `${home}/keys`),
  };
}

export class AuditLog {
  constructor(directory, keys) {
    this.directory = directory;
    this.keys = keys;
  }

  text() {
    const segments = existsSync(this.directory)
      ? readdirSync(this.directory).filter((name) => name.endsWith('.jsonl')).sort() : [];
    // Only the open segment may end in NUL bytes: space that is not written yet.
    return segments.map((name) => readFileSync(`${this.directory}/${name}`, 'utf8')).join('')
      .replace(/\0+$/, '');
  }

  records(type) {
    return this.text().split('\n').filter(Boolean).map((line) => JSON.parse(line))
      .filter((record) => record.type === type);
  }

  find(type, id) {
    return this.records(type).find((record) => record.id === id);
  }

  // Nobody waits for the record of an unidentified caller's denial.
  decision(id) {
    return this.wait('decision', id);
  }

  // A client may have all it wants of a stream before its end is recorded.
  outcome(id) {
    return this.wait('outcome', id);
  }

  async wait(type, id) {
    for (let tries = 0; tries < 100; tries += 1) {
      const found = this.find(type, id);
      if (found) return found;
      await sleep(20);
    }
    throw new Error(`no ${type} ${id} in the log`);
  }

  // The verifier's exit code, given the public key from outside the log.
  async verify() {
    const args = ['audit', 'verify', this.directory, '--public-key', `${this.keys}/signing.pub`];
    try {
      await run(PROGRAM, args);
      return 0;
    } catch (error) {
      return error.code;
    }
  }
}
