import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A node of a churn chain as a process of its own. */
export class ChurnNode {
  #child;
  #up;
  exited;

  /** `onLog` gets each line of its log. */
  constructor(script, given, onLog = () => undefined) {
    this.#child = spawn(process.execPath, [script, JSON.stringify(given)], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.exited = new Promise((resolve) => this.#child.once('close', (code, signal) => resolve(signal ?? code)));
    this.#up = new Promise((resolve, reject) => {
      void this.exited.then((code) => reject(new Error(`a node has ended: ${code}`)));
      createInterface({ input: this.#child.stdout }).on('line', (line) => {
        if (!line.startsWith('{')) return;
        const entry = JSON.parse(line);
        onLog(entry);
        if (entry.msg === 'node is up') resolve(entry);
      });
    });
    this.#up.catch(() => undefined);
  }

  async address() {
    const { peers } = await this.#up;
    return `${peers.host}:${peers.port}`;
  }

  async status() {
    const { http } = await this.#up;
    return (await fetch(`http://${http.host}:${http.port}/status`)).json();
  }

  signal(name) {
    this.#child.kill(name);
    return this.exited;
  }
}
