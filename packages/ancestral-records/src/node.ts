/** What only Node has: snapshot files on this machine. */
export { fileSource, openSnapshotFile, writeSnapshotFile } from './snapshot-file/node-files.js';
