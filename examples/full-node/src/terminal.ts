import type { NodeStatus } from '@hs/node';

/** What is shown of a node that syncs. */
export type SyncView = Pick<NodeStatus, 'sync' | 'height' | 'headerHeight' | 'peers'>;

const barWidth = 24;
const plainEveryMs = 1000;

/**
 * Progress on the terminal: a block of lines that is drawn over and over, or, where output is not a terminal, one line
 * a second.
 */
export class Terminal {
  readonly #out: NodeJS.WriteStream;
  #drawnLines = 0;
  #lastPlainMs = 0;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  /** A line that stays. */
  say(line: string): void {
    this.#erase();
    this.#out.write(`${line}\n`);
  }

  /** Something that changes: replaces what was shown last. */
  show(lines: readonly string[]): void {
    if (!this.#out.isTTY) {
      const nowMs = performance.now();
      if (nowMs - this.#lastPlainMs < plainEveryMs) return;
      this.#lastPlainMs = nowMs;
      this.#out.write(`${lines.map((line) => line.trim()).join(' | ')}\n`);
      return;
    }
    this.#erase();
    const width = Math.max(20, this.#out.columns - 1);
    this.#out.write(`${lines.map((line) => line.slice(0, width)).join('\n')}\n`);
    this.#drawnLines = lines.length;
  }

  #erase(): void {
    if (this.#drawnLines > 0) this.#out.write(`\x1b[${this.#drawnLines}A\x1b[J`);
    this.#drawnLines = 0;
  }
}

/** The progress of a syncing node as lines: total, per prefix, per peer. */
export function syncLines(name: string, status: SyncView): string[] {
  const { sync } = status;
  const snapshot = sync.snapshot;
  if (snapshot === undefined) {
    const height = status.height === undefined ? 'no state yet' : `block ${status.height} of ${status.headerHeight}`;
    return [`${name}: ${sync.text} (${height})`];
  }
  const { done, total } = snapshot;
  const share = total.bytes === 0 ? 0 : done.bytes / total.bytes;
  const received = snapshot.inFlight.heldBytes;
  const lines = [
    `${name}: snapshot ${snapshot.manifestId ?? '?'} ${bar(share)} ${percent(share)}  ` +
      `${count(done.records)} of ${count(total.records)} records, ${size(done.bytes)} of ${size(total.bytes)} proved` +
      `${received > 0 ? `, ${size(received)} being proved` : ''}, ` +
      `${count(snapshot.recordsPerSecond)} records/s, ${size(snapshot.bytesPerSecond)}/s, ETA ${eta(snapshot.etaMs)}`,
  ];
  const prefixes = snapshot.prefixes.map((entry) => {
    return `${entry.prefix}: ${percent(entry.total.bytes === 0 ? 1 : entry.done.bytes / entry.total.bytes)}`;
  });
  lines.push(`  prefixes  ${prefixes.join('  ')}`);
  for (const peer of snapshot.peers) {
    const rate = peer.bytesPerSecond === undefined ? '-' : `${size(peer.bytesPerSecond)}/s`;
    const state = peer.isBanned ? 'banned' : peer.isConnected ? `${peer.requests} in flight` : 'gone';
    lines.push(`  ${peer.peer}  ${percent(peer.share)} of the records' bytes, ${rate}, ${state}`);
  }
  lines.push(`  ${snapshot.waitingFor.text}`);
  return lines;
}

/** 12,345 */
export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** 1.2 MB */
export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** 12.3 s */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function bar(share: number): string {
  const full = Math.round(share * barWidth);
  return `[${'#'.repeat(full)}${'.'.repeat(barWidth - full)}]`;
}

function eta(ms: number | undefined): string {
  return ms === undefined ? 'unknown' : seconds(ms);
}
