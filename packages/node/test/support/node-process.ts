import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { NodeStatus } from '../../src/full-node.js';
import { cleanUp } from './cleanups.js';

const command = join(import.meta.dirname, '..', '..', 'bin', 'hs-node.js');

/** One line of a node's log. */
export interface LogEntry {
  readonly level: number;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** The built `hs-node` as a process of its own. Killed after the test, if it still runs, unless the caller sees to that. */
export class NodeProcess {
  readonly log: LogEntry[] = [];
  readonly exited: Promise<number | string>;
  stdout = '';
  stderr = '';
  readonly #child: ChildProcess;
  #isOver = false;

  constructor(
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
    options: { readonly isKept?: boolean; readonly maxFileKibibytes?: number } = {},
  ) {
    const { NODE_OPTIONS: _, ...inherited } = process.env;
    const run = [process.execPath, command, ...args];
    const { maxFileKibibytes } = options;
    // A write past the limit fails like one to a full disk, with an error of its own.
    const limited = ['bash', '-c', `trap '' XFSZ; ulimit -f ${maxFileKibibytes}; exec "$@"`, 'limited', ...run];
    const [file = '', ...rest] = maxFileKibibytes === undefined ? run : limited;
    this.#child = spawn(file, rest, { env: { ...inherited, ...environment } });
    const { stdout, stderr } = this.#child;
    stderr?.on('data', (data) => {
      this.stderr += data;
    });
    stdout?.on('data', (data) => {
      this.stdout += data;
    });
    if (stdout !== null) {
      createInterface({ input: stdout }).on('line', (line) => {
        if (line.startsWith('{"level"')) this.log.push(JSON.parse(line));
      });
    }
    this.exited = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => {
        this.#isOver = true;
        resolve(signal ?? code ?? -1);
      });
    });
    if (options.isKept !== true) cleanUp(() => this.signal('SIGKILL'));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Writes to its standard input. */
  input(bytes: Uint8Array): void {
    this.#child.stdin?.write(bytes);
  }

  endInput(): void {
    this.#child.stdin?.end();
  }

  /** Sends a signal, and waits for the end. */
  signal(name: NodeJS.Signals): Promise<number | string> {
    if (!this.#isOver) this.#child.kill(name);
    return this.exited;
  }

  /** Base URL of its HTTP server, once it is up. */
  async url(): Promise<string> {
    return `http://${await this.#addressIn('http')}`;
  }

  /** `host:port` for peers, once it is up. */
  peerAddress(): Promise<string> {
    return this.#addressIn('peers');
  }

  async status(): Promise<NodeStatus> {
    const response = await fetch(`${await this.url()}/status`);
    return (await response.json()) as NodeStatus;
  }

  async #addressIn(field: 'http' | 'peers'): Promise<string> {
    for (;;) {
      const up = this.log.find(({ msg }) => msg === 'node is up');
      if (up !== undefined) {
        const { host, port } = up[field] as { host: string; port: number };
        return `${host}:${port}`;
      }
      if (this.#isOver) throw new Error(`the process has ended: ${this.stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}
