import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChainSetup } from './chain-setup.js';
import { NodeProcess, type NodeProcessOptions } from './node-process.js';
import type { Joined } from './report.js';
import { syncLines, type Terminal } from './terminal.js';

const pollMs = 200;

/** The processes and folders of one run; closing it leaves neither behind. */
export class ExampleNetwork implements AsyncDisposable {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'hyper-sync-'));
  readonly #nodes: NodeProcess[] = [];
  #isKept = false;
  /** If this process ends before its network was closed, its nodes end too. */
  readonly #onExit = (): void => {
    if (!this.#isKept) for (const node of this.#nodes) node.abandon();
  };

  constructor() {
    process.once('exit', this.#onExit);
  }

  get nodes(): readonly NodeProcess[] {
    return this.#nodes;
  }

  /** Starts a node on a folder of its own: an empty one, or a copy of `database`. */
  async start(
    setup: ChainSetup,
    options: Omit<NodeProcessOptions, 'chainFile' | 'folder'> & { readonly database?: string },
  ): Promise<NodeProcess> {
    const folder = join(this.folder, options.name.replaceAll(' ', '-'));
    mkdirSync(folder, { recursive: true });
    if (options.database !== undefined) cpSync(options.database, folder, { recursive: true });
    const node = await NodeProcess.start({ ...options, chainFile: setup.chainFile, folder });
    this.#nodes.push(node);
    return node;
  }

  /** Starts a node with an empty folder and shows its progress until it is at the tip. */
  async join(
    setup: ChainSetup,
    options: Omit<NodeProcessOptions, 'chainFile' | 'folder'> & {
      readonly terminal: Terminal;
      readonly signal: AbortSignal;
    },
  ): Promise<{ readonly node: NodeProcess; readonly joined: Joined }> {
    const { terminal, signal, ...rest } = options;
    const started = performance.now();
    const node = await this.start(setup, rest);
    terminal.say(`  watch it: ${node.url}/`);
    let headerHeightAtStart: number | undefined;
    for (;;) {
      signal.throwIfAborted();
      const status = await node.status();
      if (status.headerHeight > 0) headerHeightAtStart ??= status.headerHeight;
      if (status.sync.phase === 'synced') {
        const elapsedMs = performance.now() - started;
        const headerHeightAtEnd = status.headerHeight;
        return {
          node,
          joined: {
            name: rest.name,
            elapsedMs,
            headerHeightAtStart: headerHeightAtStart ?? 0,
            headerHeightAtEnd,
            status,
          },
        };
      }
      terminal.show(syncLines(rest.name, status));
      await sleep(pollMs, undefined, { signal });
    }
  }

  /** Stops a node and starts it again on its own folder and address, with other settings. */
  async restart(
    setup: ChainSetup,
    node: NodeProcess,
    options: Omit<NodeProcessOptions, 'name' | 'chainFile' | 'folder' | 'listen'>,
  ): Promise<NodeProcess> {
    const code = await node.stop();
    if (code !== 0) throw new Error(`${node.name} ended with code ${code}`);
    const { name, folder, address: listen } = node;
    const restarted = await NodeProcess.start({ ...options, name, folder, listen, chainFile: setup.chainFile });
    this.#nodes[this.#nodes.indexOf(node)] = restarted;
    return restarted;
  }

  /** Lets the processes and the folder outlive this one. */
  keep(): void {
    this.#isKept = true;
    for (const node of this.#nodes) node.release();
  }

  /** Stops all nodes cleanly, the first one first. */
  async stop(): Promise<number[]> {
    const codes: number[] = [];
    for (const node of this.#nodes) codes.push(await node.stop());
    return codes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isKept) return;
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
    process.removeListener('exit', this.#onExit);
  }
}
