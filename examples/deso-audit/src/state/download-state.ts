import { type DownloadProgress, startOfDownload } from './download.js';
import type { SnapshotClaim } from './snapshot.js';

/** The download as the store remembers it. */
export interface DownloadState {
  readonly claim: SnapshotClaim | undefined;
  readonly progress: DownloadProgress;
  /** Answers with state, and bytes of keys and values in them, since the download of this snapshot began. */
  readonly chunks: number;
  readonly bytes: number;
  /** How often the node went on to another snapshot before the download of one was complete. */
  readonly restarts: number;
}

/** Before the first answer. */
export const emptyDownload: DownloadState = {
  claim: undefined,
  progress: startOfDownload,
  chunks: 0,
  bytes: 0,
  restarts: 0,
};
