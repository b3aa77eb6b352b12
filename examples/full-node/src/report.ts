import type { NodeStatus } from '@hs/node';
import { count, seconds, size, type Terminal } from './terminal.js';
import type { WriteTally } from './write-tally.js';

/** Something that must hold, with what was seen. */
export interface Check {
  readonly name: string;
  readonly isHeld: boolean;
  readonly seen: string;
}

/** How a newcomer got to the tip. */
export interface Joined {
  readonly name: string;
  readonly elapsedMs: number;
  readonly headerHeightAtStart: number;
  readonly headerHeightAtEnd: number;
  readonly status: NodeStatus;
}

/** Prints what the hyper-syncing newcomer did, how that compares with block sync, and every check. */
export function printReport(
  terminal: Terminal,
  run: {
    readonly hyper: Joined;
    readonly block: Joined;
    readonly tally: WriteTally;
    readonly checks: readonly Check[];
  },
): void {
  const { hyper, block, tally, checks } = run;
  const report = hyper.status.sync.hyperSync;
  const line = (name: string, text: string) => terminal.say(`  ${name.padEnd(22)} ${text}`);
  terminal.say('\nReport');
  line('transactions', [...tally.kinds].map(([kind, times]) => `${kind} ${count(times)}`).join(', '));
  line(
    'records written',
    `${count(tally.records)} by transactions of ${count(tally.signers)} keys, ${count(tally.rewritten)} of them rewritten several times`,
  );
  if (report !== undefined) {
    line('snapshot', `height ${report.snapshotHeight}, ${count(report.records)} records, ${size(report.bytes)}`);
    line(
      'snapshot download',
      `${seconds(report.elapsedMs)}, ${count((1000 * report.records) / report.elapsedMs)} records/s, proved`,
    );
    for (const { peer, records, bytes } of report.peers) {
      const share = report.bytes === 0 ? 0 : Math.round((100 * bytes) / report.bytes);
      line(`  from ${peer}`, `${share} %, ${count(records)} records, ${size(bytes)}`);
    }
    line('state root', report.stateRoot);
  }
  line('hyper sync to the tip', `${seconds(hyper.elapsedMs)} (${phases(hyper.status)})`);
  line('block sync to the tip', `${seconds(block.elapsedMs)} (${phases(block.status)})`);
  line('ratio', `block sync took ${(block.elapsedMs / hyper.elapsedMs).toFixed(1)} times as long as hyper sync`);
  line(
    'blocks meanwhile',
    `${hyper.headerHeightAtStart} to ${hyper.headerHeightAtEnd}, then to ${block.headerHeightAtEnd}`,
  );
  terminal.say('\nChecks');
  for (const { name, isHeld, seen } of checks) terminal.say(`  ${isHeld ? 'ok    ' : 'FAILED'} ${name}: ${seen}`);
}

function phases(status: NodeStatus): string {
  return Object.entries(status.sync.phaseMs)
    .filter(([phase]) => phase !== 'synced')
    .map(([phase, ms]) => `${phase} ${seconds(ms)}`)
    .join(', ');
}
