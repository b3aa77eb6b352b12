import { rawDatabaseSource, rebuildState } from '@hs/ancestral-records';
import { toHex } from '@hs/bytes';
import { list, text } from '../../config/setting.js';
import { NodeError } from '../../node-error.js';
import { openDatabase } from '../../state/open-state.js';
import { type Command, command } from '../command.js';
import { databaseSettings, withDatabase } from '../offline-node.js';
import { withRepairSources } from '../repair-source.js';
import { vouchedStateRoot } from '../snapshot-trust.js';
import { countText } from '../units.js';

export const rebuild: Command = command({
  name: 'rebuild',
  summary: 'Builds a state in a new database from what is left of a damaged one and a snapshot file.',
  details: [
    'For databases that "repair" cannot mend. Every range is taken from the damaged database if it is proved to be right there, else from the sources of --from, of which the first one must be a snapshot file, and has the manifest. ' +
      'The new database is that of --data. The state root must be vouched for, as for "snapshot import". Interrupted, it goes on where it was when it is called again.',
  ],
  settings: [...databaseSettings, 'trustedRoots'],
  options: {
    damaged: text('damaged', { placeholder: 'FOLDER', help: 'folder of the damaged database' }),
    from: list('from', (source) => source, { placeholder: 'SOURCE', help: 'where the rest is had' }),
  },
  examples: [
    'rebuild --chain chain.json --damaged ./data --data ./new-data --from 12000.snapshot --trusted-root 12000:5f0e9c6bd2c14b1c7b7d1cbd4ce1ac1ff7e8d37b4f6d5d8e0b2c7a19c3f4e6a1',
  ],
  run({ settings, options, signal, progress }) {
    const { damaged, from } = options;
    return withDatabase(settings, { mayBeNew: true }, ({ chain, hasher, store, chainStore }) =>
      withRepairSources(from, { node: { chain, hasher }, height: undefined, signal }, async (sources) => {
        const head = sources[0]?.head;
        if (head === undefined) {
          throw new NodeError(
            'NODE_CONFIGURATION',
            '--from is needed: first a snapshot file, whose manifest says what to build',
          );
        }
        const { trustedRoots } = settings;
        const { stateRoot } = await vouchedStateRoot(head, { trustedRoots, chain, chainStore });
        const { manifest } = head;
        const old = await openDatabase(damaged, { mustExist: true });
        try {
          const { bySource } = await rebuildState({
            target: store,
            manifest,
            stateRoot,
            sources: [rawDatabaseSource(old, manifest, chain.parameters), ...sources],
            onProgress: ({ ranges, totalRanges }) =>
              progress.show(() => `rebuilding: ${countText(ranges)} of ${countText(totalRanges)} ranges`),
            signal,
          });
          const [salvaged = 0, ...others] = bySource;
          const ranges = Object.fromEntries(sources.map(({ name }, index) => [name, others[index] ?? 0]));
          const rest = Object.entries(ranges).map(([name, count]) => `${countText(count)} from ${name}`);
          return {
            data: { height: manifest.height, stateRoot: toHex(stateRoot), data: settings.data, salvaged, ranges },
            text: `rebuilt snapshot ${manifest.height} in ${settings.data}: ${countText(salvaged)} ranges were whole in ${damaged}, ${rest.join(', ')}`,
          };
        } finally {
          await old.close();
        }
      }),
    );
  },
});
