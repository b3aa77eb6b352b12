import type { PrefixSum } from '../state/prefix-sum.js';
import type { SnapshotClaim } from '../state/snapshot.js';

/** What came of the comparison. */
export type Verdict = 'match' | 'mismatch' | 'undecodable' | 'nothing-to-compare';

/** The outcome with its reasons, in words. */
export interface Judgement {
  readonly verdict: Verdict;
  readonly summary: string;
  readonly proves: readonly string[];
  readonly doesNotProve: readonly string[];
}

const zero = '00'.repeat(32);

/** Compares the computed checksum with what the node advertised, and with what the person expects, if anything. */
export function judge(options: {
  readonly computed: string;
  readonly claim: SnapshotClaim;
  readonly sums: readonly PrefixSum[];
  readonly expected: string | undefined;
}): Judgement {
  const { computed, claim, sums, expected } = options;
  const advertised = claim.checksums.at(-1)?.checksum ?? '';
  const undecodable = sums.reduce((count, sum) => count + sum.undecodable, 0);
  const others = claim.checksums.slice(0, -1).map(({ checksum }) => checksum);
  const changed =
    others.length === 0
      ? []
      : [
          `While it was downloaded the node advertised other checksums for the same snapshot: ${others.map(shown).join(', ')}.`,
        ];
  if (undecodable > 0) {
    return {
      verdict: 'undecodable',
      summary: `${undecodable} values are not of the type that their prefix says, so the state has no checksum. A Go node that hyper-syncs from this one and checks would crash on them.`,
      proves: [],
      doesNotProve: [...changed, 'Nothing is proved of this state.'],
    };
  }
  if (expected !== undefined) {
    const isMatch = computed === expected;
    return {
      verdict: isMatch ? 'match' : 'mismatch',
      summary: isMatch
        ? 'The state has the checksum that you expect.'
        : `The state does not have the checksum that you expect, ${expected}.`,
      proves: isMatch
        ? [
            'The state that the node serves is the one whose checksum you passed: the same keys, and values that say the same.',
          ]
        : ['The state that the node served to this program is not the one whose checksum you passed.'],
      doesNotProve: [
        ...changed,
        advertised === computed
          ? 'The node advertises this checksum too.'
          : `The node advertises ${shown(advertised)}.`,
        ...limits,
      ],
    };
  }
  if (advertised === '' || advertised === zero) {
    return {
      verdict: 'nothing-to-compare',
      summary: `The node advertises ${shown(advertised)}: there is nothing to compare with. A Go node computes a checksum only if it is started with --force-checksum=true.`,
      proves: [],
      doesNotProve: [
        ...changed,
        'Nothing is proved of this state. Compare the computed checksum with that of nodes which you trust, at the same height (--expect).',
      ],
    };
  }
  if (advertised === computed) {
    return {
      verdict: 'match',
      summary: 'The state has the checksum that the node advertises.',
      proves: [
        'The node served every record of the set whose checksum it advertises, and no other: the same keys, and values that say the same.',
        'Every state with this checksum at this height says the same as this one.',
      ],
      doesNotProve: [
        ...changed,
        'That this is the state which the blocks of the chain lead to: no header of DeSo contains a checksum, so the node itself chose this one. Compare it with that of nodes which you trust (--expect).',
        ...limits,
      ],
    };
  }
  return {
    verdict: 'mismatch',
    summary: `The state does not have the checksum that the node advertises, ${advertised}.`,
    proves: ['What the node serves is not what it says that it serves.'],
    doesNotProve: [
      ...changed,
      'Where the difference is: the node advertises one checksum for everything. Sums of single prefixes can be compared with those of an audit of another node, at the same height.',
      'That anybody is lying. Known causes: the node left out records (it does when more than a chunk of them was created in one place since the snapshot), answered while a block was written, or was stopped uncleanly at some time; its checksum is of another height than its snapshot; or it lays out a value otherwise than this program knows.',
    ],
  };
}

const limits = [
  'That the headers are the chain with the most work, or signed by its validators: links, heights, times and the least work there can be are checked; difficulties and signatures are not.',
  'How values are stored: which layout version they were written with, and which of several bytes for the same value.',
];

function shown(checksum: string): string {
  if (checksum === '') return 'no checksum';
  return checksum === zero ? 'a checksum of zero' : checksum;
}
