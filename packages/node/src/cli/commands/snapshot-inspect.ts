import { type Command, command } from '../command.js';
import { openSnapshot, snapshotData, snapshotPositional, snapshotText } from '../open-snapshot.js';
import { bytesText, columnsText, countedText } from '../units.js';

export const snapshotInspect: Command = command({
  name: 'snapshot inspect',
  summary: 'Says what a snapshot file is: height, roots, chain, and how much of what it holds.',
  details: [
    'Reads only the beginning of the file. That its manifest has its snapshot root is checked; its records are not, which "snapshot verify" does.',
  ],
  positionals: [snapshotPositional],
  settings: [],
  examples: ['snapshot inspect 12000.snapshot', 'snapshot inspect https://example.org/12000.snapshot --json'],
  async run({ args: [source = ''], signal }) {
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
      return { data: { ...snapshotData(file), prefixes }, text: `${snapshotText(file)}\n${columnsText(rows)}` };
    } finally {
      await file.close();
    }
  },
});
