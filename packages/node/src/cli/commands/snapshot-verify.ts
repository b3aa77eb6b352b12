import { verifySnapshotFile } from '@hs/ancestral-records';
import { stateRoot } from '@hs/ellipticsum';
import { type Command, command } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { withHashing } from '../offline-node.js';
import { openSnapshot, snapshotData, snapshotPositional, snapshotText } from '../open-snapshot.js';
import { trustedRootAt } from '../snapshot-trust.js';
import { countedText } from '../units.js';
import { workProgress } from '../work-progress.js';

/** Most damaged ranges that are listed in words. */
const maxListed = 20;

export const snapshotVerify: Command = command({
  name: 'snapshot verify',
  summary: 'Hashes all of a snapshot file, and names the ranges that are damaged.',
  details: [
    'With --trusted-root for its height, the file is proved to be that state. Without it, only that the file is what it says of itself. Ends with 3 if a root is not the trusted one, with 4 if anything is damaged.',
  ],
  positionals: [snapshotPositional],
  settings: ['trustedRoots', 'hashBackend', 'hashThreads'],
  examples: [
    'snapshot verify 12000.snapshot',
    'snapshot verify 12000.snapshot --trusted-root 12000:5f0e9c6bd2c14b1c7b7d1cbd4ce1ac1ff7e8d37b4f6d5d8e0b2c7a19c3f4e6a1 --json',
  ],
  async run({ args: [source = ''], settings, signal, progress }) {
    const file = await openSnapshot(source, { signal });
    try {
      const trusted = trustedRootAt(settings.trustedRoots, file.height);
      const { damaged } = await withHashing(settings, (hasher) =>
        verifySnapshotFile(file, {
          hasher,
          computeRoot: stateRoot,
          ...(trusted === undefined ? {} : { stateRoot: trusted }),
          onProgress: workProgress(progress, 'verifying'),
          signal,
        }),
      );
      const isTrusted = trusted !== undefined;
      const isIntact = damaged.length === 0;
      const lines = damaged
        .slice(0, maxListed)
        .map(({ index, start, depth, reason }) => `  range ${index} (keys from ${start}, ${depth} bits): ${reason}`);
      const verdict = isIntact
        ? isTrusted
          ? 'intact, and the state that the trusted root names'
          : 'intact, but nothing here vouches for it: compare the state root with somebody you trust'
        : `damaged in ${countedText(damaged.length, 'range')}:`;
      return {
        data: { ...snapshotData(file), isIntact, isTrusted, damaged },
        text: [snapshotText(file), verdict, ...lines].join('\n'),
        exitCode: isIntact ? exitCodes.ok : exitCodes.damaged,
      };
    } finally {
      await file.close();
    }
  },
});
