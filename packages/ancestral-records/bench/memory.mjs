/**
 * Peak memory of work on a whole state. One database is prepared; then each case runs in a process of its own. After a build:
 *
 * `node bench/memory.mjs [--records 10000000] [--cases read,verify,export,import] [--folder path] [--open-files 64]
 * [--semi-space 8] [--hasher ../node/bench/kernel-hasher.mjs] [--threads 2]`
 *
 * With `--folder` the prepared database is kept there and taken again. LevelDB maps the table files it has open into memory,
 * where they count as resident although the system can drop them at any time: `--open-files` is LevelDB's `maxOpenFiles`, and the
 * second figure is what the process itself holds (Linux only). `--semi-space` is Node's `--max-semi-space-size` in MiB: reading
 * makes many small buffers, and the more of them a young generation has room for, the more memory they hold outside of it. 0
 * leaves Node's default. Without `--hasher`, sums are computed by a quick one.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { ClassicLevel } from 'classic-level';
import { openHasher } from './support/hasher.mjs';
import { packedRecords, prefix, randomChanges, randomFrom, recordBytes } from './support/records.mjs';
import { count, machine, printTable, timed } from './support/report.mjs';

const { values: chosen } = parseArgs({
  options: {
    records: { type: 'string', default: '10000000' },
    cases: { type: 'string', default: 'read,verify,export,import' },
    folder: { type: 'string' },
    'open-files': { type: 'string', default: '64' },
    'semi-space': { type: 'string', default: '8' },
    threads: { type: 'string', default: '2' },
    hasher: { type: 'string' },
    store: { type: 'string', default: 'dist/index.js' },
    // Set by the script itself, for its processes.
    work: { type: 'string' },
  },
});
/** Smaller table files than LevelDB's default of 2 MiB: those it has open are mapped into memory. */
const maxFileSize = 1024 * 1024;
const [records, maxOpenFiles, threads] = ['records', 'open-files', 'threads'].map((name) => count(chosen[name], name));
/** Tables that are written in ascending order are as large as this. */
const writeBufferSize = 2 * 1024 * 1024;
const blocks = 20;
const blockChanges = 1000;
const { hasher, stateRoot, name: hasherName, close: closeHasher } = await openHasher(chosen.hasher, threads);
const entry = resolve(chosen.store);
const package_ = await import(pathToFileURL(entry).href);
const { StateStore, withDefaults } = package_;
const parameters = withDefaults({ identity: new Uint8Array(32), statePrefixes: [prefix], snapshotPeriod: 100_000 });

/** Runs work on the store in a folder, or on a new one. */
async function withStore(path, work) {
  const database = new ClassicLevel(path, {
    keyEncoding: 'view',
    valueEncoding: 'view',
    maxOpenFiles,
    maxFileSize,
    writeBufferSize,
  });
  await database.open();
  const store = await StateStore.open({ database, hasher, stateRoot, parameters, isSynced: false });
  try {
    return await work(store, database);
  } finally {
    await store.close();
    await database.close();
  }
}

/**
 * The cases. Each gets the folder it may write to; `state` in it is the prepared database, `snapshot` the file that `export`
 * wrote. Each returns how many records it worked on.
 */
const cases = {
  async read(folder) {
    return withStore(join(folder, 'state'), async (store) => {
      let read = 0;
      for (let startKey = Uint8Array.of(prefix); startKey !== undefined; ) {
        const chunk = await store.readChunk({ height: 0, startKey });
        read += chunk.records.offsets.length / 4;
        startKey = chunk.nextKey;
      }
      return read;
    });
  },
  async verify(folder) {
    return withStore(join(folder, 'state'), async (store) => {
      const report = await package_.verifyState(store, { height: 0 });
      if (!report.isClean) throw new Error('the prepared database is damaged');
      return report.records;
    });
  },
  async export(folder) {
    const { writeSnapshotFile } = await nodeEntry();
    return withStore(join(folder, 'state'), async (store) => {
      await writeSnapshotFile(store, join(folder, 'snapshot'), { height: 0 });
      return records;
    });
  },
  async import(folder) {
    const { openSnapshotFile } = await nodeEntry();
    const path = join(folder, 'imported');
    await rm(path, { recursive: true, force: true });
    const file = await openSnapshotFile(join(folder, 'snapshot'));
    try {
      return await withStore(path, async (store) => {
        await package_.importSnapshot(store, file, { isUntrusted: true });
        return store.summaries().get(prefix).count;
      });
    } finally {
      await file.close();
      await rm(path, { recursive: true, force: true });
    }
  },
};

function nodeEntry() {
  return import(pathToFileURL(join(entry, '..', 'node.js')).href);
}

/** A state of so many records, and some blocks after its snapshot. */
async function prepare(folder) {
  const path = join(folder, 'state');
  if (existsSync(path)) return;
  const unfinished = join(folder, 'unfinished');
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  await withStore(unfinished, async (store) => {
    await store.initialize({ records: packedRecords(records) });
    const random = randomFrom(1);
    for (let height = 1; height <= blocks; height++) {
      const changes = randomChanges(records, blockChanges, random);
      await store.commitBlock(await store.prepareBlock(height, changes));
    }
  });
  await rename(unfinished, path);
}

/** Memory of this process that no file backs, in bytes; undefined where the system does not say. */
function ownMemory() {
  if (!existsSync('/proc/self/status')) return undefined;
  const line = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  return line === null ? undefined : Number(line[1]) * 1024;
}

async function runCase(name, folder) {
  let own = ownMemory();
  const timer = setInterval(() => {
    const now = ownMemory();
    if (now > own) own = now;
  }, 20);
  let done = 0;
  const ms = await timed(async () => {
    done = await (name === 'prepare' ? prepare(folder) : cases[name](folder));
  });
  clearInterval(timer);
  return { ms, done: done ?? 0, peak: process.resourceUsage().maxRSS * 1024, own };
}

function inOwnProcess(name, folder) {
  const options = ['records', 'open-files', 'threads', 'hasher', 'store'].flatMap((option) =>
    chosen[option] === undefined ? [] : [`--${option}`, chosen[option]],
  );
  const self = fileURLToPath(import.meta.url);
  const semiSpace = count(chosen['semi-space'], 'semi-space');
  const engine = semiSpace === 0 ? [] : [`--max-semi-space-size=${semiSpace}`];
  const output = execFileSync(process.execPath, [...engine, self, ...options, '--work', name, '--folder', folder], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(output);
}

if (chosen.work !== undefined) {
  const result = await runCase(chosen.work, chosen.folder);
  await closeHasher();
  console.log(JSON.stringify(result));
} else {
  await closeHasher();
  const names = chosen.cases.split(',');
  for (const name of names) if (cases[name] === undefined) throw new RangeError(`there is no case ${name}`);
  const folder = chosen.folder ?? (await mkdtemp(join(tmpdir(), 'ancestral-records-memory-')));
  try {
    console.log(`${machine()}\n${hasherName}`);
    console.log(
      `${records} records of ${recordBytes} bytes; LevelDB with ${maxOpenFiles} open files of ${maxFileSize} bytes and a ` +
        `write buffer of ${writeBufferSize} bytes; semi-space of ${chosen['semi-space']} MiB (0: as Node has it)`,
    );
    const mebibytes = (bytes) => (bytes === undefined ? 'unknown' : (bytes / 2 ** 20).toFixed(0));
    const rows = ['prepare', ...names].map((name) => {
      const { ms, done, peak, own } = inOwnProcess(name, folder);
      return [name, done, (ms / 1000).toFixed(1), mebibytes(peak), mebibytes(own)];
    });
    printTable(['what', 'records', 'seconds', 'peak RSS, MiB', 'without mapped files, MiB'], rows);
  } finally {
    if (chosen.folder === undefined) await rm(folder, { recursive: true, force: true });
  }
}
