import type { WaitKind } from './status.js';

/** The facts behind a sentence about waiting. */
export interface WaitingFacts {
  readonly connectedPeers: number;
  readonly downloads: number;
  /** The peer whose answer has been outstanding longest, and since when. */
  readonly oldestRequest: { readonly peer: string; readonly sinceMs: number } | undefined;
  readonly proofs: number;
  readonly commits: number;
  readonly cancelled: number;
  readonly localFailure: string | undefined;
  readonly untilMs: number | undefined;
  readonly nowMs: number;
  readonly isFailed: boolean;
}

/** One sentence saying what a sync waits for. */
export function describeWaiting(kind: WaitKind, facts: WaitingFacts): string {
  const inTime = facts.untilMs === undefined ? 'later' : `in ${seconds(facts.untilMs - facts.nowMs)}`;
  switch (kind) {
    case 'manifest':
      return 'Waiting for a verified manifest.';
    case 'peers':
      return 'Waiting for a peer to connect.';
    case 'available-peer':
      return `Waiting for a peer that has the snapshot: ${plural(facts.connectedPeers, 'peer is', 'peers are')} connected, none can serve it now; asking again ${inTime}.`;
    case 'answers': {
      const oldest = facts.oldestRequest;
      const detail = oldest && `, the oldest asked of ${oldest.peer} ${seconds(facts.nowMs - oldest.sinceMs)} ago`;
      return `Waiting for ${plural(facts.downloads, 'answer', 'answers')}${detail ?? ''}.`;
    }
    case 'proofs':
      return `Waiting for ${plural(facts.proofs, 'range', 'ranges')} to be checked.`;
    case 'commits':
      return `Waiting for ${plural(facts.commits, 'range', 'ranges')} to be written.`;
    case 'memory':
      return `Waiting for memory: ${plural(facts.cancelled, 'cancelled request or check is', 'cancelled requests and checks are')} not released yet.`;
    case 'local-retry':
      return `Checking or writing failed here (${facts.localFailure ?? 'no reason given'}); trying again ${inTime}.`;
    case 'nothing':
      return facts.isFailed ? `Gave up: ${facts.localFailure ?? 'no reason given'}.` : 'Every range is in the store.';
  }
}

function plural(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

function seconds(milliseconds: number): string {
  return `${(Math.max(milliseconds, 0) / 1000).toFixed(1)} s`;
}
