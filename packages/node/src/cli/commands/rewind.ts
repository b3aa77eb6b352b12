import { toHex } from '@hs/bytes';
import { toggle } from '../../config/setting.js';
import { NodeError } from '../../node-error.js';
import { type Command, command } from '../command.js';
import { databaseSettings, withDatabase } from '../offline-node.js';
import { replayBlocks } from '../replay-blocks.js';
import { countedText } from '../units.js';

export const rewind: Command = command({
  name: 'rewind',
  summary: 'Takes the state in a database back to a retained snapshot.',
  details: [
    'Headers and blocks stay, so the chain is the same: a node that is started afterwards connects the blocks after the snapshot again. The node must not run. Interrupted, the rewind is finished when the database is opened next.',
  ],
  positionals: [{ name: 'HEIGHT', help: 'height of a retained snapshot' }],
  settings: databaseSettings,
  options: { replay: toggle('replay', 'connect the blocks that are stored here again, each against its state root') },
  examples: ['rewind 12000 --chain chain.json --data ./data', 'rewind 12000 --chain chain.json --replay --json'],
  run({ args: [heightText = ''], settings, options, signal, progress }) {
    return withDatabase(settings, {}, async (node) => {
      const { store, chainStore } = node;
      const from = store.height;
      const heights = store.snapshots().map(({ height }) => height);
      const height = /^\d{1,15}$/.test(heightText) ? Number(heightText) : Number.NaN;
      if (from === undefined || !heights.includes(height)) {
        const kept = heights.length === 0 ? 'none is kept here' : `there is ${heights.join(', ')}`;
        const message = `HEIGHT must be that of a retained snapshot: ${kept}`;
        throw new NodeError('NODE_CONFIGURATION', message, { details: { height: heightText, snapshots: heights } });
      }
      progress.show(() => `rewinding from block ${from} to ${height}`);
      await store.rewind(height);
      const replayed = options.replay ? await replayBlocks(node, { signal, progress }) : 0;
      const now = store.height ?? height;
      const next =
        now < chainStore.tipHeight
          ? `\nheaders reach ${chainStore.tipHeight}: a node that is started here connects the blocks after ${now} again`
          : '';
      const again = options.replay ? `, and connected ${countedText(replayed, 'block')} again` : '';
      return {
        data: { from, rewoundTo: height, replayed, height: now, stateRoot: toHex(store.stateRoot()) },
        text: `rewound from block ${from} to ${height}${again}: state root ${toHex(store.stateRoot())}${next}`,
      };
    });
  },
});
