// Starts the peers as processes of their own and ends every one of them with the test.
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

const children = new Set();

// Each child leads a process group: a gateway's own children end with it.
function signal(child, name) {
  try {
    process.kill(-child.pid, name);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

process.on('exit', () => children.forEach((child) => signal(child, 'SIGKILL')));
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => process.exit(1));

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

// `ready`: a RegExp that a line of its output must match, or a URL that must answer.
// Returns {child, match, stop}; throws with the end of the log when it is not ready in time.
export async function start({ name, command, args, env, cwd, log, ready, timeout_s = 30 }) {
  const child = spawn(command, args, {
    cwd, env: { ...process.env, ...env }, detached: true, stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  const gone = new Promise((resolve) => {
    child.once('error', resolve);
    child.once('exit', (code, by) => resolve(new Error(`ended with ${code ?? by}`)));
  });
  const output = collect(child, log);
  const found = await Promise.race([
    ready instanceof RegExp ? output.until(ready) : untilAnswers(ready),
    gone,
    sleep(timeout_s * 1000, new Error(`not ready within ${timeout_s} s`), { ref: false }),
  ]);
  if (found instanceof Error) {
    signal(child, 'SIGKILL');
    throw new Error(`${name}: ${found.message}\n${output.tail()}`);
  }
  const stop = async (by = 'SIGTERM') => {
    signal(child, by);
    await Promise.race([gone, sleep(10_000, undefined, { ref: false })]);
    signal(child, 'SIGKILL');
    await gone;
    children.delete(child);
    return child.exitCode;
  };
  return { child, match: found, stop, output: output.text };
}

function collect(child, log) {
  const file = createWriteStream(log, { flags: 'a' });
  const waiting = new Set();
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (piece) => {
      file.write(piece);
      text = (text + piece).slice(-65536);
      waiting.forEach((look) => look());
    });
  }
  const until = (pattern) => new Promise((resolve) => {
    const look = () => {
      const match = pattern.exec(text);
      if (!match) return;
      waiting.delete(look);
      resolve(match);
    };
    waiting.add(look);
    look();
  });
  return { until, text: () => text, tail: () => text.slice(-4000) };
}

async function untilAnswers(url) {
  for (;;) {
    try {
      await (await fetch(url)).arrayBuffer();
      return url;
    } catch {
      await sleep(100);
    }
  }
}
