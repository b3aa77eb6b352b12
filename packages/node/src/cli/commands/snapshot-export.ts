import { existsSync } from 'node:fs';
import { writeSnapshotFile } from '@hs/ancestral-records/node';
import { integer, optional } from '../../config/setting.js';
import { NodeError } from '../../node-error.js';
import { type Command, type CommandResult, command } from '../command.js';
import { downloadSnapshot } from '../download-snapshot.js';
import { exitCodeOf, exitCodes } from '../exit-codes.js';
import { NodeClient, nodeUrl } from '../node-client.js';
import { databaseSettings, withDatabase } from '../offline-node.js';
import { openSnapshot, snapshotData, snapshotText } from '../open-snapshot.js';
import { readChain } from '../read-chain.js';
import { workProgress } from '../work-progress.js';

export const snapshotExport: Command = command({
  name: 'snapshot export',
  summary: 'Writes a retained snapshot to a file, whether the node runs or not.',
  details: [
    'From the database in --data; if a node has that open, or if --url names one, the node is asked for the file, and goes on with its blocks meanwhile. ' +
      'Every range is proved before it is written. The file appears under its name when it is complete, and never replaces another one.',
  ],
  positionals: [{ name: 'FILE', help: 'new file for the snapshot' }],
  settings: [...databaseSettings, 'url', 'http'],
  options: { height: optional(integer('height', { help: 'a retained snapshot; the newest without it', least: 0 })) },
  examples: [
    'snapshot export latest.snapshot --chain chain.json --data ./data',
    'snapshot export 12000.snapshot --chain chain.json --url http://10.0.0.5:18001 --height 12000 --json',
  ],
  async run({ args: [path = ''], settings, options, signal, progress, note }) {
    if (existsSync(path)) {
      throw new NodeError('NODE_CONFIGURATION', `${path} exists: name another file`, { details: { file: path } });
    }
    const identity = readChain(settings.chain).genesisHash;
    const fromNode = async (): Promise<CommandResult> => {
      const client = new NodeClient(nodeUrl(settings), { signal });
      const height = chosen(options.height, (await client.status()).snapshots);
      await downloadSnapshot(client, { path, height, identity, signal, progress });
      return described(path, signal);
    };
    if (settings.url !== undefined) return fromNode();
    try {
      return await withDatabase(settings, {}, async ({ store }) => {
        const height = chosen(options.height, store.snapshots());
        await writeSnapshotFile(store, path, { height, onProgress: workProgress(progress, 'exporting'), signal });
        return described(path, signal);
      });
    } catch (error) {
      if (exitCodeOf(error) !== exitCodes.locked) throw error;
      note(`a node has the database in ${settings.data} open: asking it at ${nodeUrl(settings)}`);
      return fromNode();
    }
  },
});

function chosen(height: number | undefined, snapshots: readonly { readonly height: number }[]): number {
  const heights = snapshots.map((snapshot) => snapshot.height);
  const found = height === undefined ? heights.at(-1) : heights.find((kept) => kept === height);
  if (found !== undefined) return found;
  const kept = heights.length === 0 ? 'no snapshot is kept there' : `there is ${heights.join(', ')}`;
  const message = height === undefined ? kept : `snapshot ${height} is not kept there: ${kept}`;
  throw new NodeError('NODE_CONFIGURATION', message, { details: { snapshots: heights } });
}

async function described(path: string, signal: AbortSignal): Promise<CommandResult> {
  const file = await openSnapshot(path, { signal });
  try {
    const { height, stateRoot } = snapshotData(file);
    const next = `to import it elsewhere: hs-node snapshot import ${path} --chain FILE --data FOLDER --trusted-root ${height}:${stateRoot}`;
    return { data: { ...snapshotData(file), file: path }, text: `${snapshotText(file)}\n${next}` };
  } finally {
    await file.close();
  }
}
