import { importSnapshot } from '@hs/ancestral-records';
import { toHex } from '@hs/bytes';
import { NodeError } from '../../node-error.js';
import { formatTrustedRoot } from '../../sync/trusted-roots.js';
import { type Command, command } from '../command.js';
import { databaseSettings, withDatabase } from '../offline-node.js';
import { openSnapshot, snapshotData, snapshotPositional } from '../open-snapshot.js';
import { vouchedStateRoot } from '../snapshot-trust.js';
import { countedText } from '../units.js';
import { workProgress } from '../work-progress.js';

export const snapshotImport: Command = command({
  name: 'snapshot import',
  summary: 'Fills an empty database from a snapshot file, each range proved before it is written.',
  details: [
    'The state root must be vouched for: by --trusted-root for the height of the file, or by a header that a node has verified in this database before. ' +
      'Interrupted, it goes on where it was when it is called again. A node that is started afterwards connects the blocks after the snapshot; give it the same --trusted-root, so that the headers are checked against it.',
  ],
  positionals: [snapshotPositional],
  settings: [...databaseSettings, 'trustedRoots'],
  examples: [
    'snapshot import 12000.snapshot --chain chain.json --data ./data --trusted-root 12000:5f0e9c6bd2c14b1c7b7d1cbd4ce1ac1ff7e8d37b4f6d5d8e0b2c7a19c3f4e6a1',
  ],
  run({ args: [source = ''], settings, signal, progress }) {
    return withDatabase(settings, { mayBeNew: true }, async ({ chain, store, chainStore }) => {
      if (store.height !== undefined) {
        const message = `the database in ${settings.data} has a state already, at block ${store.height}: import into another folder`;
        throw new NodeError('NODE_CONFIGURATION', message, { details: { data: settings.data, height: store.height } });
      }
      const file = await openSnapshot(source, { identity: chain.genesisHash, signal });
      try {
        const { trustedRoots } = settings;
        const { stateRoot, by } = await vouchedStateRoot(file, { trustedRoots, chain, chainStore });
        const onProgress = workProgress(progress, 'importing');
        await importSnapshot(store, file, { stateRoot, onProgress, signal });
        const { records } = file.manifest.totals;
        const trust =
          by === 'trusted-root' ? ` --trusted-root ${formatTrustedRoot({ height: file.height, stateRoot })}` : '';
        const text =
          `imported snapshot ${file.height}: ${countedText(records, 'record')}, state root ${toHex(stateRoot)}\n` +
          `next: hs-node run --chain ${settings.chain} --data ${settings.data}${trust}`;
        return { data: { ...snapshotData(file), data: settings.data, vouchedForBy: by }, text };
      } finally {
        await file.close();
      }
    });
  },
});
