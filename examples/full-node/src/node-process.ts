import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { NodeStatus } from '@hs/node';

/** What to start a node with. */
export interface NodeProcessOptions {
  readonly name: string;
  readonly chainFile: string;
  readonly folder: string;
  readonly connect?: readonly string[];
  /** Default: a free port. */
  readonly listen?: string;
  readonly sync?: 'hyper' | 'block';
  readonly producer?: { readonly keyFile: string; readonly blockIntervalMs: number };
  readonly chunkBytes?: number;
}

const startTimeoutMs = 30_000;
const stopTimeoutMs = 20_000;

/** The `hs-node` command as it was installed. */
const command = join(dirname(createRequire(import.meta.url).resolve('@hs/node/package.json')), 'bin', 'hs-node.js');

/** One full node in a process of its own, started with the `hs-node` command. */
export class NodeProcess {
  readonly name: string;
  readonly folder: string;
  /** `host:port` for peers. */
  readonly address: string;
  /** Base URL of its HTTP server. */
  readonly url: string;
  readonly startedMs: number = performance.now();
  readonly #child: ChildProcess;
  readonly #exited: Promise<number>;
  readonly #lastErrors: readonly string[];

  private constructor(parts: {
    readonly options: NodeProcessOptions;
    readonly child: ChildProcess;
    readonly exited: Promise<number>;
    readonly up: Addresses;
    readonly lastErrors: readonly string[];
  }) {
    this.name = parts.options.name;
    this.folder = parts.options.folder;
    this.#child = parts.child;
    this.#exited = parts.exited;
    this.#lastErrors = parts.lastErrors;
    this.address = parts.up.peers;
    this.url = parts.up.http;
  }

  /** Starts the process and waits until the node is up. */
  static async start(options: NodeProcessOptions): Promise<NodeProcess> {
    const args = ['run', '--chain', options.chainFile, '--data', options.folder];
    args.push('--log-file', `${options.folder}.log`, '--log-level', 'debug');
    args.push('--listen', options.listen ?? '127.0.0.1:0', '--http', '127.0.0.1:0', '--sync', options.sync ?? 'hyper');
    for (const address of options.connect ?? []) args.push('--connect', address);
    if (options.producer !== undefined) {
      args.push('--producer-key', options.producer.keyFile);
      args.push('--block-interval-ms', String(options.producer.blockIntervalMs));
    }
    if (options.chunkBytes !== undefined) args.push('--chunk-bytes', String(options.chunkBytes));
    // A group of its own: Ctrl-C reaches the example alone, which then stops its nodes one by one.
    const child = spawn(process.execPath, [command, ...args], { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const lastErrors: string[] = [];
    const remember = (line: string) => {
      lastErrors.push(line);
      if (lastErrors.length > 20) lastErrors.shift();
    };
    const exited = new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? -1)));
    createInterface({ input: child.stderr }).on('line', remember);
    const up = await new Promise<Addresses>((resolve, reject) => {
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
        reject(new Error(`${options.name} did not start in ${startTimeoutMs} ms`));
      }, startTimeoutMs);
      createInterface({ input: child.stdout }).on('line', (line) => {
        const match = /^node is up: peers (\S+), status (\S+)\/status,/.exec(line);
        if (match?.[1] === undefined || match[2] === undefined) return;
        clearTimeout(timer);
        resolve({ peers: match[1], http: match[2] });
      });
      void exited.then((code) => {
        clearTimeout(timer);
        reject(new Error(`${options.name} ended with code ${code} at once:\n${lastErrors.join('\n')}`));
      });
    });
    return new NodeProcess({ options, child, exited, up, lastErrors });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async status(): Promise<NodeStatus> {
    if (!this.isRunning) throw new Error(`${this.name} is not running any more:\n${this.#lastErrors.join('\n')}`);
    const response = await fetch(`${this.url}/status`);
    return (await response.json()) as NodeStatus;
  }

  /** Lets the node close its database; kills it if that takes too long. Gives its exit code. */
  async stop(): Promise<number> {
    if (!this.isRunning) return this.#exited;
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), stopTimeoutMs);
    try {
      return await this.#exited;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the process as a power cut would. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  /** Ends the process at once, from an exit handler. */
  abandon(): void {
    if (this.isRunning) this.#child.kill('SIGTERM');
  }

  /** Lets this process end while the node goes on. */
  release(): void {
    this.#child.unref();
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.destroy();
  }
}

interface Addresses {
  readonly peers: string;
  readonly http: string;
}
