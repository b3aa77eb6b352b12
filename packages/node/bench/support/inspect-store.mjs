/**
 * `node inspect-store.mjs SPEC RECORDS FOLDER [verify]`: where the download of a node stands that does not run; with `verify`, every
 * record of its state is read and hashed.
 */
import { readFileSync } from 'node:fs';
import { StateStore, verifyState, withDefaults } from '@hs/ancestral-records';
import { stateRoot } from '@hs/ellipticsum';
import { createWorkerPool, setV8Flags } from '@hs/ellipticsum/node';
import { ClassicLevel } from 'classic-level';
import { createChurnChain } from './churn-chain.mjs';
import { entriesOf } from './range-history.mjs';

const [spec, records, folder, verify] = process.argv.slice(2);
const chain = createChurnChain(JSON.parse(readFileSync(spec, 'utf8')), Number(records));
setV8Flags();
const hasher = await createWorkerPool({ threads: 1 });
const database = new ClassicLevel(folder, { keyEncoding: 'view', valueEncoding: 'view' });
await database.open();
const { snapshotLag: _, maxBlockBytes: __, ...parameters } = chain.parameters;
const store = await StateStore.open({
  database,
  hasher,
  stateRoot,
  isSynced: false,
  parameters: withDefaults({ ...parameters, identity: chain.genesisHash }),
});
const download = store.download();
const found = { phase: store.phase };
if (download !== undefined) {
  Object.assign(found, {
    height: download.height,
    proved: [...download.proved],
    entries: entriesOf(download.manifest),
  });
}
if (verify !== undefined && store.phase === 'ready') {
  const { isClean, records: checked } = await verifyState(store);
  Object.assign(found, { isClean, checked });
}
console.log(JSON.stringify(found));
await store.close();
await database.close();
await hasher.close();
