import type { NodeStatus } from '../../full-node.js';
import type { ScrubStatus } from '../../state/background-scrub.js';
import { type Command, command } from '../command.js';
import { NodeClient, nodeUrl } from '../node-client.js';
import { bytesText, columnsText, countedText, countText, durationText } from '../units.js';

export const status: Command = command({
  name: 'status',
  summary: 'Says what a running node does: phase, height, progress and what it waits for.',
  details: ['With --json: all of GET /status.'],
  settings: ['url', 'http'],
  examples: ['status', 'status --url http://10.0.0.5:18001 --json'],
  async run({ settings, signal }) {
    const client = new NodeClient(nodeUrl(settings), { signal });
    const data = await client.status();
    return { data, text: statusText(data, client.url) };
  },
});

/** A node's status in lines. */
export function statusText(status: NodeStatus, url: string): string {
  const { sync, chain, height, headerHeight, stateRoot, state, snapshots, peers, bans, lastNetworkError } = status;
  const rows = [
    ['node', `${url}, ${status.userAgent}`],
    ['chain', `${chain.name}, genesis ${chain.genesisHash}`],
    ['phase', `${sync.phase} for ${durationText(Math.max(0, Date.now() - sync.sinceMs))}: ${sync.text}`],
    ['height', height === undefined ? `no state yet; headers reach ${headerHeight}` : `${height} of ${headerHeight}`],
  ];
  if (stateRoot !== undefined) rows.push(['state root', stateRoot]);
  if (status.authentication.kind === 'unauthenticated')
    rows.push(['trust', `UNAUTHENTICATED. ${status.authentication.text}`]);
  if (sync.unproved !== undefined) rows.push(['download', sync.unproved.text]);
  if (sync.snapshot !== undefined) {
    const { done, total, recordsPerSecond, etaMs, waitingFor } = sync.snapshot;
    const left = etaMs === undefined ? 'time left not known' : `${durationText(etaMs)} left`;
    rows.push([
      'download',
      `${countText(done.records)} of ${countedText(total.records, 'record')} proved, ${countText(recordsPerSecond)}/s, ${left}`,
    ]);
    rows.push(['', waitingFor.text]);
  }
  rows.push(['state', `${countedText(state.records, 'record')}, ${bytesText(state.bytes)}`]);
  const kept = snapshots.map((snapshot) => String(snapshot.height)).join(', ');
  rows.push(['snapshots', kept === '' ? 'none' : kept]);
  rows.push(['peers', `${countText(peers.length)}${bans.length > 0 ? `, ${countedText(bans.length, 'ban')}` : ''}`]);
  if (peers.length === 0 && lastNetworkError !== undefined)
    rows.push(['', `last trouble: ${lastNetworkError.message}`]);
  if (status.scrub !== undefined) rows.push(['scrub', scrubText(status.scrub)]);
  rows.push(['memory', bytesText(status.memoryBytes)]);
  return columnsText(rows);
}

function scrubText({ lastPass, lastDamage, current }: ScrubStatus): string {
  const ago = (atMs: number): string => `${durationText(Math.max(0, Date.now() - atMs))} ago`;
  if (lastDamage !== undefined) {
    return `DAMAGE found ${ago(lastDamage.atMs)} in snapshot ${lastDamage.height} or what came since: stop the node, then hs-node verify and repair`;
  }
  const now =
    current === undefined
      ? ''
      : `, at ${countText(current.records)} of ${countedText(current.totalRecords, 'record')} of the next`;
  return lastPass === undefined
    ? `nothing verified yet${now}`
    : `snapshot ${lastPass.height} was all right ${ago(lastPass.atMs)}${now}`;
}
