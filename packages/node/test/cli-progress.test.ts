import { describe, expect, test } from '@jest/globals';
import { nearest } from '../src/cli/nearest.js';
import { ProgressLine } from '../src/cli/progress-line.js';
import { progressText } from '../src/cli/work-progress.js';

function line(isTTY: boolean): {
  readonly shown: string[];
  readonly progress: ProgressLine;
  readonly passes: (ms: number) => void;
} {
  const shown: string[] = [];
  let nowMs = 0;
  const target = { isTTY, columns: 24, write: (text: string) => shown.push(text) };
  const passes = (ms: number): void => {
    nowMs += ms;
  };
  return { shown, progress: new ProgressLine(target, { nowMs: () => nowMs }), passes };
}

describe('progress', () => {
  test('on a terminal is one line that changes, no wider than the terminal, and goes away', () => {
    const { shown, progress, passes } = line(true);
    progress.show(() => 'too soon');
    passes(200);
    progress.show(() => 'one');
    passes(100);
    progress.show(() => 'too soon again');
    passes(100);
    progress.show(() => 'a line that is wider than the terminal');
    progress.clear();
    progress.clear();
    expect(shown).toEqual(['\r\x1b[Kone', '\r\x1b[Ka line that is wider th', '\r\x1b[K']);
  });

  test('elsewhere is a line every five seconds', () => {
    const { shown, progress, passes } = line(false);
    for (let second = 0; second < 12; second++) {
      passes(1000);
      progress.show(() => `after ${second + 1} s`);
    }
    progress.clear();
    expect(shown).toEqual(['after 5 s\n', 'after 10 s\n']);
  });

  test('says share, amounts, rate and time left, counted from where the work was taken up', () => {
    const start = { records: 1000, totalRecords: 4000, bytes: 1_000_000, totalBytes: 4_000_000 };
    const now = { ...start, records: 2000, bytes: 2_000_000 };
    expect(progressText('importing', now, { start, elapsedMs: 10_000 })).toBe(
      'importing: 50 %, 2,000 of 4,000 records, 2.0 MB of 4.0 MB, 100 records/s, 20 s left',
    );
  });
});

test('the nearest word is found for a typing error, and none for another word', () => {
  const words = ['status', 'snapshot', 'rewind', 'run'];
  expect(['stauts', 'snapshto', 'rewid', 'rn', 'walk', 'x'].map((given) => nearest(given, words))).toEqual([
    'status',
    'snapshot',
    'rewind',
    'run',
    undefined,
    undefined,
  ]);
});
