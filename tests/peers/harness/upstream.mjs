// The recording upstream (tests/support): the model provider's stand-in, and the witness of what
// really left the daemon.
import { readFileSync } from 'node:fs';

import { start } from './processes.mjs';

export async function startUpstream({ directory, name = 'upstream' }) {
  const file = `${directory}/${name}.jsonl`;
  const { match, stop } = await start({
    name,
    command: process.env.RECORDING_UPSTREAM,
    args: ['--port', '0', '--record', file, '--bodies', '--stream'],
    log: `${directory}/${name}.log`,
    ready: /^listening (\S+)$/m,
  });
  const requests = () => readFileSync(file, 'utf8').split('\n').filter(Boolean).map((line) => {
    const request = JSON.parse(line);
    return { ...request, body: Buffer.from(request.body_base64, 'base64').toString() };
  });
  return { url: `http://${match[1]}`, stop, requests };
}
