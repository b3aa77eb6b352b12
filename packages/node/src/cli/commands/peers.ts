import { type Command, command } from '../command.js';
import { NodeClient, nodeUrl } from '../node-client.js';
import { bytesText, columnsText, countedText, durationText } from '../units.js';

export const peers: Command = command({
  name: 'peers',
  summary: 'Lists the peers of a running node, and whom it has banned and why.',
  settings: ['url', 'http'],
  examples: ['peers', 'peers --json'],
  async run({ settings, signal }) {
    const { peers: list, bans } = await new NodeClient(nodeUrl(settings), { signal }).status();
    const rows = list.map((peer) => [
      peer.id,
      peer.direction,
      peer.userAgent,
      `in ${bytesText(peer.bytesIn)}`,
      `out ${bytesText(peer.bytesOut)}`,
      peer.roundTripMs === undefined ? 'not measured' : `${Math.round(peer.roundTripMs)} ms`,
      `score ${peer.score}`,
      peer.lease === undefined ? '' : `leases snapshot ${peer.lease.height} for ${durationText(peer.lease.leftMs)}`,
    ]);
    const banned = bans.map((ban) => [ban.address, `until ${new Date(ban.expiresAtMs).toISOString()}`, ban.reason]);
    const parts = [list.length === 0 ? 'no peers' : `${countedText(list.length, 'peer')}:\n${columnsText(rows)}`];
    if (banned.length > 0) parts.push(`${countedText(banned.length, 'ban')}:\n${columnsText(banned)}`);
    return { data: { peers: list, bans }, text: parts.join('\n') };
  },
});
