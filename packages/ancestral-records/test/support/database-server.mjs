// A database in a process of its own: `node database-server.mjs <folder> <socket>`. It opens a classic-level database and
// serves one connection at a time over a socket. A frame is its length in four bytes and a serialized message.
import { createServer } from 'node:net';
import { deserialize, serialize } from 'node:v8';
import { ClassicLevel } from 'classic-level';

const [folder, socketPath] = process.argv.slice(2);
const database = new ClassicLevel(folder);
await database.open();

function serve(socket) {
  const snapshots = new Map();
  const iterators = new Map();
  const withSnapshot = ({ snapshot, ...options }) => {
    if (snapshot === undefined) return options;
    const held = snapshots.get(snapshot);
    if (held === undefined) throw new Error('there is no such snapshot');
    return { ...options, snapshot: held };
  };
  // Snapshots and iterators are made when their message is read, so that no later message can overtake them.
  const operations = {
    get: ([key, options]) => database.get(key, withSnapshot(options)),
    getMany: ([keys, options]) => database.getMany(keys, withSnapshot(options)),
    batch: ([writes, options]) => database.batch(writes, options),
    snapshot: ([id]) => void snapshots.set(id, database.snapshot()),
    iterator: ([id, options]) => void iterators.set(id, database.iterator(withSnapshot(options))),
    nextv: ([id, size]) => iterators.get(id).nextv(size),
    closeSnapshot: ([id]) => close(snapshots, id),
    closeIterator: ([id]) => close(iterators, id),
  };
  async function close(held, id) {
    const resource = held.get(id);
    held.delete(id);
    await resource?.close();
  }
  async function answer({ id, operation, args }) {
    let reply;
    try {
      reply = { id, result: await operations[operation](args) };
    } catch (error) {
      reply = { id, error: error.message };
    }
    if (!socket.writable) return;
    const body = serialize(reply);
    const head = Buffer.alloc(4);
    head.writeUInt32BE(body.length);
    socket.write(Buffer.concat([head, body]));
  }
  let chunks = [];
  let received = 0;
  socket.on('data', (data) => {
    chunks.push(data);
    received += data.length;
    while (received >= 4) {
      if (chunks[0].length < 4) chunks = [Buffer.concat(chunks)];
      const size = chunks[0].readUInt32BE();
      if (received < 4 + size) return;
      const all = Buffer.concat(chunks);
      chunks = [all.subarray(4 + size)];
      received = chunks[0].length;
      void answer(deserialize(all.subarray(4, 4 + size)));
    }
  });
  socket.on('error', () => {});
  socket.on('close', async () => {
    for (const iterator of iterators.values()) await iterator.close();
    for (const snapshot of snapshots.values()) await snapshot.close();
  });
}

createServer(serve).listen(socketPath, () => process.stdout.write('listening\n'));
process.on('SIGTERM', async () => {
  await database.close();
  process.exit(0);
});
