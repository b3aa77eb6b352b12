import { totalChecksum } from '@hs/ancestral-records';
import { toHex } from '@hs/bytes';
import { type Command, command } from '../command.js';
import { withHashing } from '../offline-node.js';
import { openSnapshot, snapshotData, snapshotPositional, snapshotText } from '../open-snapshot.js';
import { bytesText, columnsText, countedText } from '../units.js';

export const snapshotInspect: Command = command({
  name: 'snapshot inspect',
  summary: 'Says what a snapshot file is: height, roots, chain, and how much of what it holds.',
  details: [
    'Reads only the beginning of the file. That its manifest has its snapshot root is checked; its records are not, which "snapshot verify" does.',
    'The checksum is that of the whole state, as far as the manifest is right about its ranges: what --trusted-checksum pins on a chain whose headers carry no roots, if somebody you trust says the same.',
  ],
  positionals: [snapshotPositional],
  settings: ['hashBackend', 'hashThreads'],
  examples: ['snapshot inspect 12000.snapshot', 'snapshot inspect https://example.org/12000.snapshot --json'],
  async run({ args: [source = ''], settings, signal }) {
    const file = await openSnapshot(source, { signal });
    try {
      const byPrefix = new Map<number, { ranges: number; records: number; bytes: number }>();
      for (const { start, count, bytes } of file.manifest.entries) {
        const prefix = start[0] ?? 0;
        const sum = byPrefix.get(prefix) ?? { ranges: 0, records: 0, bytes: 0 };
        byPrefix.set(prefix, { ranges: sum.ranges + 1, records: sum.records + count, bytes: sum.bytes + bytes });
      }
      const prefixes = [...byPrefix].map(([prefix, sums]) => ({ prefix, ...sums }));
      const rows = prefixes.map(({ prefix, ranges, records, bytes }) => [
        `prefix ${prefix}`,
        `${countedText(records, 'record')}, ${bytesText(bytes)}, ${countedText(ranges, 'range')}`,
      ]);
      const checksum = await withHashing(settings, async (hasher) =>
        totalChecksum((await file.manifest.prefixChecksums(hasher, { signal })).values(), hasher, { signal }),
      );
      return {
        data: { ...snapshotData(file), checksum: toHex(checksum), prefixes },
        text: `${snapshotText(file, { checksum })}\n${columnsText(rows)}`,
      };
    } finally {
      await file.close();
    }
  },
});
