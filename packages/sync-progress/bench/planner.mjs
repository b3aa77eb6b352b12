import { cpus } from 'node:os';
import { HyperSyncProgress } from '@hs/sync-progress';

// Events per second of the machine with 100,000 ranges and 50 peers, against the same with 10,000 ranges: the ratio says
// whether an event costs more when there are more ranges. Answers have no records to check beyond one per range.

const peers = 50;

function rangesOf(count) {
  const key = (number) => Uint8Array.of(1, number >> 16, (number >> 8) & 255, number & 255);
  return Array.from({ length: count }, (_, index) => ({
    startKey: key(index),
    endKey: key(index + 1),
    records: 1,
    bytes: 10,
  }));
}

function answerTo({ firstRange, rangeCount }) {
  const bytes = new Uint8Array(10 * rangeCount);
  const offsets = new Uint32Array(4 * rangeCount);
  for (let at = 0; at < rangeCount; at++) {
    const range = firstRange + at;
    bytes.set([1, range >> 16, (range >> 8) & 255, range & 255], 10 * at);
    offsets.set([10 * at, 10 * at + 4, 10 * at + 4, 10 * at + 10], 4 * at);
  }
  return { bytes, offsets };
}

function run(count) {
  const machine = new HyperSyncProgress({ maxRangesPerRequest: 4, maxConcurrentProofs: 8 });
  const queue = [];
  let events = 0;
  let nowMs = 0;
  const handle = (event) => {
    events++;
    nowMs += 0.01;
    for (const command of machine.handle({ ...event, nowMs })) queue.push(command);
  };
  for (let peer = 0; peer < peers; peer++) handle({ type: 'peer-joined', peer: `peer ${peer}` });
  const adoptedAt = performance.now();
  handle({ type: 'manifest-adopted', manifestId: 'bench', ranges: rangesOf(count), proved: [] });
  const started = performance.now();
  let isDone = false;
  for (let at = 0; !isDone && at < queue.length; at++) {
    const command = queue[at];
    const { request, attempt } = command;
    if (command.type === 'request') {
      handle({ type: 'chunk-received', request, records: answerTo(command), nextKey: undefined });
    } else if (command.type === 'prove') handle({ type: 'proved', attempt });
    else if (command.type === 'commit') handle({ type: 'committed', attempt });
    else if (command.type === 'cancel-request') handle({ type: 'request-cancelled', request });
    else if (command.type === 'done') isDone = true;
  }
  const seconds = (performance.now() - started) / 1000;
  if (!isDone) throw new Error('the sync did not end');
  return { perSecond: events / seconds, events, adoptMs: started - adoptedAt };
}

run(10_000);
const small = run(10_000);
const large = run(100_000);
console.log(`${cpus()[0]?.model}, Node ${process.version}, ${peers} peers`);
for (const [name, { perSecond, events, adoptMs }] of Object.entries({ '10,000': small, '100,000': large })) {
  console.log(
    `${name} ranges: ${Math.round(perSecond)} events/s (${events} events), adopting took ${adoptMs.toFixed(0)} ms`,
  );
}
console.log(`ratio of the rates ${(large.perSecond / small.perSecond).toFixed(2)}`);
