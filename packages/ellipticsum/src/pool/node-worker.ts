/** The worker of a pool in Node: what it imports runs in the thread. */
import { parentPort } from 'node:worker_threads';
import type { ToWorker } from './protocol.js';
import { WorkerLoop } from './worker-loop.js';

const port = parentPort;
if (port === null) throw new Error('this module is for a worker thread of a pool');
const loop = new WorkerLoop((message, transfer) => port.postMessage(message, transfer));
port.on('message', (message: ToWorker) => loop.receive(message));
