// A directory for one test file, and the processes of it, ended in the reverse order of their start.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';

export class Workplace {
  directory = mkdtempSync(`${process.env.PEERS_DIRECTORY ?? tmpdir()}/portcullis-peers-`);

  started = [];

  constructor() {
    process.on('exit', () => this.remove());
  }

  // Waits for what a starter promises and keeps it to be stopped.
  async add(promise) {
    const peer = await promise;
    this.started.push(peer);
    return peer;
  }

  async close() {
    for (const peer of this.started.reverse()) await peer.stop();
    if (process.env.PEERS_KEEP) console.log(`kept: ${this.directory}`);
    this.remove();
  }

  remove() {
    if (!process.env.PEERS_KEEP) rmSync(this.directory, { recursive: true, force: true });
  }
}
