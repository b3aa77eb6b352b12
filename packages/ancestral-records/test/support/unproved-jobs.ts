import { changesOf } from '../crash/chain.mjs';
import { blocks, type FaultJob, reset, type Step, settle } from './fault-jobs.js';
import { parameters } from './stores.js';
import { fill, fillAll, UnprovedSource } from './unproved-source.js';
import { replay } from './verify-store.js';

const small = parameters({ snapshotPeriod: 3, retainedEpochs: 2, maxRangeRecords: 4, maxKeyBytes: 64 });
const source = new UnprovedSource(
  replay(6, (at) => changesOf(at)),
  6,
);
const other = new UnprovedSource(
  replay(3, (at) => changesOf(at)),
  3,
);

const begin = (from: UnprovedSource, hasParts: boolean): Step => ({
  to: 'unproved',
  run: async (store) => store.beginUnprovedDownload(await from.target({ hasParts })),
});
const all: Step = { to: 'unproved', run: (store) => fillAll(store, source) };
const finish: Step = { to: 6, run: (store) => store.finishUnprovedDownload() };
const some = (prefix: number): Step => ({
  to: 'unproved',
  run: (store) => fill(store, source, { prefix, records: 5, most: 3 }),
});
const clear = (...prefixes: number[]): Step => ({ to: 'unproved', run: (store) => store.clearUnproved(prefixes) });

const job = (name: string, steps: readonly Step[]): FaultJob => ({
  name,
  parameters: small,
  changesOf,
  prepare: async () => {},
  from: 'empty',
  steps: () => [...steps],
});

/** What a store does whose state is downloaded before anything of it is proved. */
export const unprovedJobs: readonly FaultJob[] = [
  job('an unproved download', [begin(source, true), all, finish, settle(6), ...blocks(7, 9)]),
  job('an unproved download of which only the whole is compared', [begin(source, false), all, finish, ...blocks(7, 7)]),
  job('an unproved download whose intervals are cleared', [
    begin(source, true),
    some(5),
    some(6),
    clear(5, 6),
    some(6),
    clear(6),
    all,
    finish,
  ]),
  job('an unproved download that is given up for another', [
    begin(other, true),
    some(5),
    reset,
    begin(source, true),
    all,
    finish,
  ]),
];
