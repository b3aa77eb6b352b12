import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { NodeCommand } from './node-command.mjs';

const script = (name) => fileURLToPath(new URL(`./${name}.mjs`, import.meta.url));

/**
 * A chain of a few blocks on a genesis state of so many records, providers that serve it, and newcomers that take it from them: all
 * of them the real `hs-node`, each a process of its own.
 */
export class SyncRun {
  #options;
  #isKept;
  folder;
  providers = [];

  /** `folder` keeps the prepared state for the next time; `runtime` is for all processes. */
  constructor({ records, folder, runtime = {} }) {
    this.#options = { records, runtime };
    this.#isKept = folder !== undefined;
    this.folder = folder ?? mkdtempSync(join(tmpdir(), 'hs-node-sync-'));
    if (existsSync(join(this.folder, 'data'))) return;
    execFileSync(process.execPath, [script('prepare-provider'), this.folder, String(records), '6', '4'], {
      stdio: 'inherit',
    });
  }

  /** The first provider has the producer's key, so that it need not wait for others, and makes no blocks meanwhile. */
  async startProviders(count) {
    for (let i = this.providers.length; i < count; i++) {
      const data = join(this.folder, `provider-${i}`);
      cpSync(join(this.folder, 'data'), data, { recursive: true });
      const args = ['--chain', join(this.folder, 'chain.json'), '--data', data, '--hash-threads', '1'];
      if (i === 0) args.push('--producer-key', join(this.folder, 'producer.key'), '--block-interval-ms', '2000000000');
      else args.push('--connect', await this.providers[0].address());
      this.providers.push(new NodeCommand(args, this.#options.runtime));
    }
    for (const provider of this.providers) {
      while (!isAtTip(await provider.status())) await sleep(50);
    }
  }

  /** Runs a newcomer from an empty folder to the tip, and checks that it has the whole state. */
  async sync({ connect, args = [], flags = [], onStatus = () => undefined, sampleMs = 250 }) {
    const { records, runtime } = this.#options;
    const data = join(this.folder, 'newcomer');
    rmSync(data, { recursive: true, force: true });
    const peers = connect.flatMap((address) => ['--connect', address]);
    const all = ['--chain', join(this.folder, 'chain.json'), '--data', data, ...args, ...peers];
    const before = this.providers.map((provider) => provider.threads());
    const newcomer = new NodeCommand(all, { ...runtime, flags: [...(runtime.flags ?? []), ...flags] });
    let status = await newcomer.status();
    let threads = newcomer.threads();
    for (; !(isAtTip(status) && status.sync.hyperSync !== undefined); status = await newcomer.status()) {
      threads = newcomer.threads();
      onStatus(status, newcomer);
      await sleep(sampleMs);
    }
    const { hyperSync, phaseMs } = status.sync;
    const memory = newcomer.memory();
    const served = this.providers.map((provider, i) => difference(provider.threads(), before[i]));
    const providerMemory = this.providers.map((provider) => provider.memory());
    const honest = await this.providers[0].status();
    await newcomer.signal('SIGTERM');
    rmSync(data, { recursive: true, force: true });
    if (hyperSync.records !== records) throw new Error(`${hyperSync.records} records instead of ${records}`);
    if (honest.stateRoot !== status.stateRoot) throw new Error('the newcomer has another state');
    return { hyperSync, phaseMs, threads, served, memory, providerMemory };
  }

  async close() {
    for (const [i, provider] of this.providers.entries()) {
      await provider.signal('SIGTERM');
      rmSync(join(this.folder, `provider-${i}`), { recursive: true, force: true });
    }
    if (!this.#isKept) rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The rates of bare puts by a process of its own, in records per second. */
export function barePuts(records, { node = process.execPath } = {}) {
  return JSON.parse(execFileSync(node, [script('bare-puts'), String(records)], { encoding: 'utf8' }));
}

function isAtTip({ sync }) {
  return sync.phase === 'synced' || sync.phase === 'stale';
}

function difference(after, before) {
  return Object.fromEntries(Object.entries(after).map(([name, ms]) => [name, ms - (before[name] ?? 0)]));
}
