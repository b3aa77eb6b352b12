import type { PrefixWork } from './prefix-work.js';
import type { UnprovedSettings } from './unproved-options.js';
import type { UnprovedPeer } from './unproved-peers.js';
import type { UnprovedPhase, UnprovedStatus } from './unproved-status.js';

/** The facts behind a status. */
export interface UnprovedFacts {
  readonly nowMs: number;
  readonly phase: UnprovedPhase;
  readonly works: readonly PrefixWork[];
  readonly peers: readonly UnprovedPeer[];
  readonly settings: UnprovedSettings;
  readonly receivedBytes: number;
  readonly restarts: number;
  readonly failure: string;
  readonly progressMs: number;
  readonly bytesPerSecond: number;
}

/** The status of an unproved download, as data and in words. */
export function describeUnproved(facts: UnprovedFacts): UnprovedStatus {
  const { phase, settings, receivedBytes, restarts, bytesPerSecond } = facts;
  const works = [...facts.works].sort((a, b) => a.prefix - b.prefix);
  const sum = (amountOf: (work: PrefixWork) => number): number =>
    works.reduce((total, work) => total + amountOf(work), 0);
  const whole = works.filter(({ state, isDoomed }) => state === 'whole' && !isDoomed).length;
  const done = { ranges: whole, records: sum(({ records }) => records), bytes: sum(({ bytes }) => bytes) };
  const isKnown = works.length > 0 && works.every(({ expected }) => expected !== undefined);
  const total = !isKnown
    ? undefined
    : {
        ranges: works.length,
        records: sum(({ expected }) => expected?.records ?? 0),
        bytes: sum(({ expected }) => expected?.bytes ?? 0),
      };
  const left = total === undefined ? undefined : Math.max(0, total.bytes - done.bytes);
  const waitingFor = waitingOf(facts);
  const portion = total === undefined ? '' : ` of ${total.records}`;
  return {
    phase,
    text:
      phase === 'done' ? 'The whole state adds up.' : `${done.records}${portion} records, unproved. ${waitingFor.text}`,
    done,
    total,
    bytesPerSecond,
    etaMs: left === undefined || bytesPerSecond === 0 ? undefined : Math.round((left * 1000) / bytesPerSecond),
    receivedBytes,
    restarts,
    inFlight: {
      requests: works.filter(({ request }) => request !== undefined).length,
      reservedBytes: sum(({ reservedBytes }) => reservedBytes),
      limitBytes: settings.maxBytesInFlight,
    },
    prefixes: works.map(({ prefix, state, records, bytes, expected, holder, isAlone }) => {
      return { prefix, state, done: { records, bytes }, total: expected, peer: holder, isAlone };
    }),
    peers: facts.peers.map(({ name, isHere, isBanned, holds, records, bytes, bytesPerSecond: rate }) => {
      const prefixes = [...holds].sort((a, b) => a - b);
      return { peer: name, isConnected: isHere, isBanned, prefixes, records, bytes, bytesPerSecond: rate };
    }),
    waitingFor,
  };
}

function waitingOf({ phase, works, peers, failure, progressMs, nowMs }: UnprovedFacts): UnprovedStatus['waitingFor'] {
  const sinceMs = progressMs;
  if (phase === 'done') return { kind: 'nothing', text: 'It is over.', sinceMs };
  if (phase === 'failed') return { kind: 'nothing', text: `Gave up: ${failure}.`, sinceMs };
  if (phase === 'finishing') return { kind: 'comparing', text: 'Comparing the sum of everything.', sinceMs };
  const open = works.flatMap(({ request }) => (request === undefined ? [] : [request]));
  const oldest = open.reduce(
    (first, each) => (first === undefined || each.sentMs < first.sentMs ? each : first),
    open[0],
  );
  if (oldest !== undefined) {
    const seconds = ((nowMs - oldest.sentMs) / 1000).toFixed(1);
    const answers = open.length === 1 ? '1 answer' : `${open.length} answers`;
    const text = `Waiting for ${answers}, the oldest asked of ${oldest.peer} ${seconds} s ago.`;
    return { kind: 'answers', text, sinceMs: oldest.sentMs };
  }
  if (works.some(({ isWriting }) => isWriting)) return { kind: 'writing', text: 'Hashing and writing.', sinceMs };
  if (works.some(({ state }) => state === 'clearing')) {
    return { kind: 'clearing', text: 'Deleting what was refuted or could not be finished.', sinceMs };
  }
  const here = peers.filter(({ isHere }) => isHere).length;
  const text =
    here === 0
      ? 'Waiting for a peer that serves this state.'
      : `Waiting: ${here === 1 ? 'the one peer' : `each of ${here} peers`} that serves this state has failed just now, and is asked again later.`;
  return { kind: 'peers', text, sinceMs };
}
