// The gateways that stand behind Portcullis, installed by ./install and configured as a user would.
import { existsSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { freePort, start } from './processes.mjs';

const HERE = fileURLToPath(new URL('..', import.meta.url));
export const PORTKEY = `${HERE}node_modules/@portkey-ai/gateway/build/start-server.js`;
export const PYTHON_BIN = `${process.env.PEERS_VENV ?? `${HERE}../../build/peers/venv`}/bin`;
export const hasLiteLlm = () => existsSync(`${PYTHON_BIN}/litellm`);

// The headers by which a caller of Portkey names provider and host; here the daemon sends them.
export function portkeyHeaders(upstream) {
  return {
    'x-portkey-provider': 'openai',
    'x-portkey-custom-host': `${upstream}/v1`,
  };
}

export async function startPortkey({ directory }) {
  const port = await freePort();
  const { stop } = await start({
    name: 'Portkey',
    command: process.execPath,
    args: [PORTKEY, `--port=${port}`, '--headless'],
    env: { TRUSTED_CUSTOM_HOSTS: '127.0.0.1' },
    log: `${directory}/portkey.log`,
    ready: `http://127.0.0.1:${port}/`,
  });
  return { url: `http://127.0.0.1:${port}`, stop };
}

const LITELLM_CONFIG = (upstream) => `\
model_list:
  - model_name: general
    litellm_params: {model: openai/small, api_base: "${upstream}/v1", api_key: upstream-key}
  - model_name: vectors
    litellm_params: {model: openai/embedder, api_base: "${upstream}/v1", api_key: upstream-key}
general_settings: {master_key: sk-litellm-of-the-test}
litellm_settings: {num_retries: 0, telemetry: false}
`;

export async function startLiteLlm({ directory, upstream }) {
  const port = await freePort();
  writeFileSync(`${directory}/litellm.yaml`, LITELLM_CONFIG(upstream));
  const { stop } = await start({
    name: 'LiteLLM',
    command: `${PYTHON_BIN}/litellm`,
    args: ['--config', `${directory}/litellm.yaml`, '--host', '127.0.0.1', '--port', String(port)],
    env: {
      PATH: `${PYTHON_BIN}:${process.env.PATH}`,
      LITELLM_LOCAL_MODEL_COST_MAP: 'True', // its price list comes from the network otherwise
      LITELLM_LOG: 'ERROR',
      DISABLE_ADMIN_UI: 'True',
      NO_DOCS: 'True',
    },
    cwd: directory,
    log: `${directory}/litellm.log`,
    ready: `http://127.0.0.1:${port}/health/liveliness`,
    timeout_s: 120,
  });
  return { url: `http://127.0.0.1:${port}`, key: 'sk-litellm-of-the-test', stop };
}
