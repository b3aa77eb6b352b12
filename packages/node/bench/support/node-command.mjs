import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const command = fileURLToPath(new URL('../../bin/hs-node.js', import.meta.url));
const clockTicks = 100;

/** `hs-node run` as a process of its own, and what the system knows about that process (on Linux). */
export class NodeCommand {
  #child;
  #up;
  exited;
  log = [];

  constructor(args, { node = process.execPath, flags = [] } = {}) {
    this.#child = spawn(node, [...flags, command, 'run', '--listen', '127.0.0.1:0', '--http', '127.0.0.1:0', ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.exited = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => resolve(signal ?? code));
    });
    this.#up = new Promise((resolve, reject) => {
      void this.exited.then((code) => reject(new Error(`the node has ended: ${code}`)));
      createInterface({ input: this.#child.stdout }).on('line', (line) => {
        const entry = JSON.parse(line);
        this.log.push(entry);
        if (entry.msg === 'node is up') resolve(entry);
      });
    });
    this.#up.catch(() => undefined);
  }

  get pid() {
    return this.#child.pid;
  }

  /** host:port at which peers reach it, once it is up. */
  async address() {
    const { peers } = await this.#up;
    return `${peers.host}:${peers.port}`;
  }

  async status() {
    const { http } = await this.#up;
    const response = await fetch(`http://${http.host}:${http.port}/status`);
    return response.json();
  }

  signal(name) {
    this.#child.kill(name);
    return this.exited;
  }

  /** Peak and present memory in bytes: all that is resident, and what no file backs. */
  memory() {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    const of = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? Number.NaN) * 1024;
    return { peak: of('VmHWM'), resident: of('VmRSS'), own: of('RssAnon') };
  }

  /** Processor time in ms by what its threads do: `main`, and the others by their names. */
  threads() {
    const folder = `/proc/${this.pid}/task`;
    const times = {};
    if (!existsSync(folder)) return times;
    for (const task of readdirSync(folder)) {
      try {
        const stat = readFileSync(`${folder}/${task}/stat`, 'utf8');
        const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        const name = Number(task) === this.pid ? 'main' : stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
        times[name] = (times[name] ?? 0) + ((Number(fields[11]) + Number(fields[12])) * 1000) / clockTicks;
      } catch {
        // The thread has ended.
      }
    }
    return times;
  }
}
