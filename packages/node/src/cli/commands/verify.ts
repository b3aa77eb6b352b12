import { verifyState } from '@hs/ancestral-records';
import { integer, optional, toggle } from '../../config/setting.js';
import { type Command, command } from '../command.js';
import { verifyText } from '../damage-text.js';
import { exitCodes } from '../exit-codes.js';
import { databaseSettings, withDatabase } from '../offline-node.js';
import { workProgress } from '../work-progress.js';

export const verify: Command = command({
  name: 'verify',
  summary: 'Recomputes the state in a database, range by range, and names what is damaged.',
  details: [
    'Reads every record of a retained snapshot and the sums at the tip, and changes nothing. The node must not run. Ends with 4 if anything is damaged.',
  ],
  settings: databaseSettings,
  options: {
    height: optional(
      integer('height', { help: 'a retained snapshot; without it, the newest one and the tip', least: 0 }),
    ),
    lookups: toggle(
      'lookups',
      'also ask for every record by its key, which finds damaged indexes and takes twice as long',
    ),
  },
  examples: ['verify --chain chain.json --data ./data', 'verify --chain chain.json --lookups --json'],
  run({ settings, options, signal, progress }) {
    return withDatabase(settings, {}, async ({ store }) => {
      const { height, lookups } = options;
      const report = await verifyState(store, {
        ...(height === undefined ? {} : { height }),
        hasLookups: lookups,
        onProgress: workProgress(progress, 'verifying'),
        signal,
      });
      const advice = '\nrepair it with a snapshot file or the database of another node: hs-node repair --from SOURCE';
      return {
        data: report,
        text: `${verifyText(report)}${report.isClean ? '' : advice}`,
        exitCode: report.isClean ? exitCodes.ok : exitCodes.damaged,
      };
    });
  },
});
