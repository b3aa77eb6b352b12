// Works on a store until it is killed: `node worker.mjs <folder> <job>`. A line `height n`, `empty`, `proved height index`
// or `snapshot n` on stdout is something durable; a line that begins with `begin` says what may be half done from then on.
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { MemoryLevel } from 'memory-level';
import {
  blobSource,
  exportSnapshot,
  importSnapshot,
  rebuildState,
  repairState,
  SnapshotFile,
  StateStore,
} from '../../dist/index.js';
import { writeSnapshotFile } from '../../dist/node.js';
import { hasher, stateRoot } from './chain.mjs';
import { ascending, damage, jobs, pack, snapshotSource, stateAt, unprovedSource } from './settings.mjs';

const [folder, name] = process.argv.slice(2);
const job = jobs[name];
const { parameters } = job;
const period = parameters.snapshotPeriod;
const say = (line) => process.stdout.write(`${line}\n`);
const openStore = (database) => StateStore.open({ database, hasher, stateRoot, parameters, cacheBytes: 1 << 20 });

/** Heights from which a job begins anew, so that a state can be replayed quickly. */
const longest = 60;

async function genesis(store) {
  await store.initialize({ records: [] });
  say('height 0');
}

async function reset(store) {
  say('begin reset');
  await store.reset();
  say('empty');
}

async function nextBlock(store) {
  const height = store.height + 1;
  const prepared = await store.prepareBlock(height, job.changesOf(height));
  const otherWrites = [{ key: Uint8Array.of(70), value: new Uint8Array(Buffer.from(String(height))) }];
  await store.commitBlock(prepared, { otherWrites });
  say(`height ${height}`);
  return height;
}

async function toHeight(store, height) {
  while (store.height < height) await nextBlock(store);
}

/** Rewinds while a manifest may be in the making, which can retire the wanted snapshot at the last moment. */
async function rewind(store, height) {
  say(`begin rewind ${height}`);
  try {
    await store.rewind(height);
  } catch (error) {
    if (error.code !== 'ANCESTRAL_RECORDS_HEIGHT_UNAVAILABLE') throw error;
  }
  say(`height ${store.height}`);
}

async function download(store, source, n = 1) {
  const { manifest } = source;
  for (const index of manifest.entries.keys()) {
    if (index % n !== 0 || store.download().proved.has(index)) continue;
    await store.commitRange(await store.proveRange(index, await source.readRange(index)));
    say(`proved ${manifest.height} ${index}`);
  }
}

async function begin(store, { manifest }) {
  say(`begin download ${manifest.height}`);
  await store.beginDownload(manifest);
}

async function finish(store, source) {
  await store.finishDownload({ stateRoot: source.stateRoot });
  say(`height ${source.manifest.height}`);
}

/** Prepares what a job needs and gives the endless work. */
const work = {
  async blocks() {
    return async (store) => {
      if (store.phase === 'empty') await genesis(store);
      for (;;) {
        const height = await nextBlock(store);
        if (height % 37 === 0) await rewind(store, store.snapshots()[0].height);
        if (height % 150 !== 0) continue;
        await reset(store);
        await genesis(store);
      }
    };
  },

  async download() {
    const sources = new Map();
    const sourceAt = async (height) => {
      if (!sources.has(height)) sources.set(height, await snapshotSource(job, height));
      return sources.get(height);
    };
    return async (store) => {
      for (;;) {
        if (store.phase === 'ready') await reset(store);
        const height = store.phase === 'empty' ? period : store.download().height + period;
        const source = await sourceAt(height > 12 * period ? store.download().height : height);
        await begin(store, source);
        await download(store, source, height % 3 === 0 ? 1 : 2);
        if (store.download().proved.size === source.manifest.entries.length) await finish(store, source);
        else if (height > 12 * period) await reset(store);
      }
    };
  },

  async build() {
    return async (store) => {
      for (;;) {
        if (store.phase === 'empty') await genesis(store);
        const height = await nextBlock(store);
        if (height % period === 2 && store.height > period) {
          const { height: newest } = await store.awaitSnapshot(height - 2);
          say(`snapshot ${newest}`);
        }
        if (height >= longest) await reset(store);
      }
    };
  },

  async retention() {
    return async (store) => {
      for (;;) {
        if (store.phase === 'empty') await genesis(store);
        const height = await nextBlock(store);
        if (height % period === 1) {
          await store.maintenance();
          say(`snapshot ${height - 1}`);
        }
        if (height >= longest) await reset(store);
      }
    };
  },

  async rewind() {
    return async (store) => {
      for (;;) {
        if (store.phase === 'empty') await genesis(store);
        await toHeight(store, store.height + 3);
        if (store.height >= longest) await reset(store);
        else if (store.height % 2 === 0) await rewind(store, store.snapshots().at(-1).height);
        else await rewind(store, store.snapshots()[0].height);
        if (store.phase === 'ready') await toHeight(store, store.height + 5);
      }
    };
  },

  async reset() {
    const records = [pack(ascending(stateAt(job, 0)))];
    return async (store) => {
      for (;;) {
        if (store.phase === 'empty') {
          await store.initialize({ records });
          say('height 0');
        }
        await toHeight(store, 3 + (store.height % 3));
        await reset(store);
      }
    };
  },

  async adopt() {
    const [a, b, c] = [await snapshotSource(job, 4), await snapshotSource(job, 8), await snapshotSource(job, 12)];
    return async (store) => {
      for (;;) {
        if (store.phase === 'ready') await reset(store);
        if (store.phase === 'empty') {
          await begin(store, a);
          await download(store, a, 2);
        }
        if (store.download().height < 8) await begin(store, b);
        const first = store.download().height === 8 ? b : c;
        await download(store, first);
        await finish(store, first);
        if (first === c) continue;
        await toHeight(store, 10);
        await rewind(store, 8);
        await begin(store, c);
        await download(store, c);
        await finish(store, c);
      }
    };
  },

  async import() {
    const files = [];
    for (const height of [4, 8]) {
      const memory = new MemoryLevel({ storeEncoding: 'view' });
      await memory.open();
      const provider = await openStore(memory);
      const source = await snapshotSource(job, height);
      await provider.beginDownload(source.manifest);
      for (const index of source.manifest.entries.keys()) {
        await provider.commitRange(await provider.proveRange(index, await source.readRange(index)));
      }
      await provider.finishDownload({ stateRoot: source.stateRoot });
      const chunks = [];
      for await (const chunk of exportSnapshot(provider, { height })) chunks.push(chunk);
      files.push({ blob: new Blob(chunks), source });
    }
    return async (store) => {
      for (let round = 0; ; round++) {
        if (store.phase === 'ready') await reset(store);
        const at = store.phase === 'downloading' && store.download().height === 8 ? 1 : round % 2;
        const { blob, source } = files[at];
        const file = await SnapshotFile.open(blobSource(blob));
        say(`begin download ${source.manifest.height}`);
        await importSnapshot(store, file, { stateRoot: source.stateRoot });
        say(`height ${source.manifest.height}`);
        await file.close();
        await toHeight(store, store.height + 1);
      }
    };
  },

  async rebuild() {
    const sources = [await snapshotSource(job, 4), await snapshotSource(job, 8)];
    const broken = ({ manifest, readRange }) => ({
      manifest,
      readRange: async (index) => readRange(index % 3 === 0 ? (index + 1) % manifest.entries.length : index),
    });
    return async (store) => {
      for (let round = 0; ; round++) {
        if (store.phase === 'ready') await reset(store);
        const source = sources[store.phase === 'downloading' && store.download().height === 8 ? 1 : round % 2];
        const { manifest, stateRoot: root } = source;
        say(`begin download ${manifest.height}`);
        await rebuildState({ target: store, manifest, stateRoot: root, sources: [broken(source), source] });
        say(`height ${manifest.height}`);
      }
    };
  },

  async repair() {
    return async (store, database) => {
      for (let round = 0; ; round++) {
        if (store.phase === 'empty') await genesis(store);
        if (store.height >= longest) {
          await reset(store);
          continue;
        }
        await toHeight(store, store.height + period - (store.height % period));
        await store.maintenance();
        say(`snapshot ${store.height}`);
        const source = await snapshotSource(job, store.height);
        await damage(database, round);
        const { outcome } = await repairState(store, { height: store.height, source });
        say(`snapshot ${store.height} ${outcome}`);
      }
    };
  },

  async unproved() {
    const sources = [await unprovedSource(job, 8), await unprovedSource(job, 12)];
    return async (store) => {
      for (let round = 0; ; round++) {
        if (store.phase === 'ready') await reset(store);
        const current = store.unprovedDownload()?.height;
        const source = sources[current === undefined ? round % 2 : current === 8 ? 0 : 1];
        const { height } = source.target;
        say(`begin unproved ${height}`);
        await store.beginUnprovedDownload(source.target);
        for (const { prefix } of store.unprovedDownload().intervals) {
          for (let chunks = 0; ; chunks++) {
            const { state, nextKey } = store.unprovedDownload().intervals.find((each) => each.prefix === prefix);
            if (state !== 'dirty') break;
            await store.writeUnproved(prefix, source.chunk(nextKey, 3 + ((chunks * 7) % 40)));
            if (chunks === 9 && round % 3 === 1) await store.clearUnproved([prefix]);
          }
        }
        await store.finishUnprovedDownload();
        say(`height ${height}`);
        await toHeight(store, height + 2);
      }
    };
  },

  async export() {
    return async (store) => {
      for (;;) {
        if (store.phase === 'empty') await genesis(store);
        if (store.height >= longest) {
          await reset(store);
          continue;
        }
        await toHeight(store, store.height + period);
        const { height } = store.snapshots().at(-1);
        const exporting = writeSnapshotFile(store, join(folder, 'snapshot'), { height });
        await nextBlock(store);
        await exporting;
      }
    };
  },
};

const run = await work[name]();
const database = new ClassicLevel(join(folder, 'db'));
await database.open();
const store = await openStore(database);
if (name === 'repair' && store.phase === 'ready') {
  const height = store.height - (store.height % period);
  await store.maintenance();
  await repairState(store, { height, source: await snapshotSource(job, height) });
}
say(store.height === undefined ? store.phase : `height ${store.height}`);
await run(store, database);
