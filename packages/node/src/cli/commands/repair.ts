import { type RepairReport, repairState } from '@hs/ancestral-records';
import { integer, list, optional, toggle } from '../../config/setting.js';
import { NodeError } from '../../node-error.js';
import { type Command, command } from '../command.js';
import { verifyText } from '../damage-text.js';
import { databaseSettings, withDatabase } from '../offline-node.js';
import { withRepairSources } from '../repair-source.js';
import { replayBlocks } from '../replay-blocks.js';
import { countedText } from '../units.js';
import { workProgress } from '../work-progress.js';

export const repair: Command = command({
  name: 'repair',
  summary: 'Verifies a database and replaces what is damaged by proved ranges from elsewhere.',
  details: [
    'Sources need not be trusted: each range is proved against the manifest here before it is written. A source is a snapshot file, the URL of one, or the folder of the database of another node that does not run. ' +
      'Then all is verified again. If the tip cannot be made right, the state goes back to the snapshot, and the blocks after it are connected again: here with --replay, else by the node. ' +
      'Where the database itself cannot be read or written any more, "rebuild" is left.',
  ],
  settings: databaseSettings,
  options: {
    from: list('from', (source) => source, { placeholder: 'SOURCE', help: 'where replacements are had' }),
    height: optional(
      integer('height', { help: 'the retained snapshot to repair; without it, the newest one', least: 0 }),
    ),
    replay: toggle('replay', 'if the state had to go back, connect the blocks that are stored here again'),
  },
  examples: [
    'repair --chain chain.json --data ./data --from 12000.snapshot',
    'repair --chain chain.json --from ./other-node/data --from https://example.org/12000.snapshot --json',
  ],
  run({ settings, options, signal, progress }) {
    if (options.from.length === 0) {
      throw new NodeError(
        'NODE_CONFIGURATION',
        '--from is needed: a snapshot file, its URL, or the database of another node',
      );
    }
    return withDatabase(settings, {}, (node) => {
      const height = options.height ?? node.store.snapshots().at(-1)?.height;
      return withRepairSources(options.from, { node, height, signal }, async (sources) => {
        const report = await repairState(node.store, {
          ...(height === undefined ? {} : { height }),
          source: sources,
          onProgress: workProgress(progress, 'repairing'),
          signal,
        });
        const isRewound = report.outcome === 'rewound';
        const replayed = isRewound && options.replay ? await replayBlocks(node, { signal, progress }) : 0;
        return { data: { ...report, replayed, height: node.store.height }, text: repairText(report, replayed) };
      });
    });
  },
});

function repairText(report: RepairReport, replayed: number): string {
  const { outcome, ranges, corrected, before, after, height } = report;
  if (outcome === 'clean') return `${verifyText(before)}\nnothing was damaged, and nothing was changed`;
  const mended = `replaced ${countedText(ranges.length, 'range')}, in which ${countedText(corrected, 'record')} were not right`;
  const parts = [verifyText(before), mended];
  if (outcome === 'rewound') {
    const next =
      replayed > 0
        ? `connected ${countedText(replayed, 'block')} again`
        : 'a node that is started here connects the blocks after it again';
    parts.push(`took the state back to snapshot ${height}: ${next}`);
  }
  return [...parts, 'now:', ...after.map(verifyText)].join('\n');
}
