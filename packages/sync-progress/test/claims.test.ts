import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type ClaimPolicy, chooseClaim, type StateClaim } from '../src/index.js';

const a = 'aa'.repeat(32);
const b = 'bb'.repeat(32);
const zero = '00'.repeat(32);

function claim(peer: string, height: number, checksum: string, given: Partial<StateClaim> = {}): StateClaim {
  return { peer, voter: peer, height, checksum, table: `${checksum} as usual`, ...given };
}

const policy = (given: Partial<ClaimPolicy> = {}): ClaimPolicy => {
  return { pinned: [], agreeing: undefined, isUnpinnedAllowed: false, ...given };
};

describe('without anything that makes a checksum good enough', () => {
  test('nothing is chosen, whatever peers say', () => {
    const claims = [claim('p', 10, a), claim('q', 10, a), claim('r', 10, a)];
    expect(chooseClaim(claims, policy())).toEqual({ kind: 'not-allowed' });
  });
});

describe('a pinned checksum', () => {
  const pinned = [{ height: 10, checksum: a }];

  test('is chosen as soon as one peer says it, whatever the others say', () => {
    const claims = [claim('p', 10, b), claim('q', 20, b), claim('r', 10, a, { voter: undefined })];
    expect(chooseClaim(claims, policy({ pinned }))).toMatchObject({
      ...{ kind: 'chosen', basis: 'pinned', height: 10, checksum: a, voters: [] },
      tables: [{ peers: ['r'] }],
    });
  });

  test('of several, the newest that is served counts', () => {
    const both = [...pinned, { height: 20, checksum: b }, { height: 30, checksum: a }];
    const claims = [claim('p', 10, a), claim('q', 20, b)];
    expect(chooseClaim(claims, policy({ pinned: both }))).toMatchObject({ height: 20, checksum: b });
    expect(chooseClaim([claim('p', 10, a), claim('q', 20, a)], policy({ pinned: both }))).toMatchObject({ height: 10 });
  });

  test('that peers contradict is told, with what they say; an older one that they confirm still counts', () => {
    const claims = [claim('q', 10, b), claim('p', 10, b)];
    expect(chooseClaim(claims, policy({ pinned }))).toEqual({
      kind: 'contradicted',
      pinned: pinned[0],
      claims: [
        { peer: 'p', checksum: b },
        { peer: 'q', checksum: b },
      ],
    });
  });

  test('that nobody serves is waited for, and it is said what is served', () => {
    const decision = chooseClaim([claim('p', 20, b)], policy({ pinned }));
    expect(decision).toEqual({
      kind: 'waiting',
      text: 'Waiting for a peer that serves snapshot 10, whose checksum is pinned: the newest one served is 20.',
    });
    expect(chooseClaim([], policy({ pinned }))).toMatchObject({ text: expect.stringContaining('no peer serves') });
  });

  test('that nobody serves gives way to an agreement, or to any word, if these are allowed', () => {
    const claims = [claim('p', 20, b), claim('q', 20, b)];
    expect(chooseClaim(claims, policy({ pinned, agreeing: 2 }))).toMatchObject({ basis: 'agreed', height: 20 });
    expect(chooseClaim(claims, policy({ pinned, isUnpinnedAllowed: true }))).toMatchObject({
      basis: 'unpinned',
      height: 20,
    });
  });

  test('that is zero, or a number of peers that makes no sense, is a mistake of the caller', () => {
    expect(() => chooseClaim([], policy({ pinned: [{ height: 10, checksum: zero }] }))).toThrow(RangeError);
    for (const agreeing of [0, -1, 1.5, Number.NaN])
      expect(() => chooseClaim([], policy({ agreeing }))).toThrow(RangeError);
  });
});

describe('an agreement', () => {
  test('needs so many configured peers, each of which counts once', () => {
    const two = policy({ agreeing: 2 });
    const alone = [claim('p', 10, a), claim('p2', 10, a, { voter: 'p' }), claim('x', 10, a, { voter: undefined })];
    expect(chooseClaim(alone, two)).toEqual({
      kind: 'waiting',
      text: 'Waiting for 2 configured peers to agree on a checksum: the newest one served is 10 (aaaaaaaaaaaaaaaa... by 1).',
    });
    const enough = [...alone, claim('q', 10, a)];
    expect(chooseClaim(enough, two)).toMatchObject({ kind: 'chosen', basis: 'agreed', voters: ['p', 'q'] });
  });

  test('goes by height and checksum: the newest height that enough agree on', () => {
    const claims = [claim('p', 20, a), claim('q', 20, b), claim('p', 10, a), claim('q', 10, a), claim('r', 20, zero)];
    expect(chooseClaim(claims, policy({ agreeing: 2 }))).toMatchObject({ height: 10, checksum: a });
    expect(chooseClaim(claims, policy({ agreeing: 3 }))).toMatchObject({ kind: 'waiting' });
  });

  test('leaves out a peer that disagrees', () => {
    const claims = [claim('p', 10, a), claim('q', 10, a), claim('liar', 10, b)];
    expect(chooseClaim(claims, policy({ agreeing: 2 }))).toMatchObject({
      checksum: a,
      tables: [{ peers: ['p', 'q'] }],
    });
  });

  test('of two groups that are large enough is a dispute, which nobody but a person can settle', () => {
    const claims = [claim('p', 10, a), claim('q', 10, b)];
    expect(chooseClaim(claims, policy({ agreeing: 1 }))).toEqual({
      ...{ kind: 'disputed', height: 10 },
      claims: [
        { checksum: a, voters: ['p'] },
        { checksum: b, voters: ['q'] },
      ],
    });
  });

  test('never is one on a zero checksum, which nodes show that have computed none', () => {
    const claims = ['p', 'q', 'r'].map((peer) => claim(peer, 10, zero));
    expect(chooseClaim(claims, policy({ agreeing: 1 }))).toMatchObject({ kind: 'waiting' });
    expect(chooseClaim(claims, policy({ isUnpinnedAllowed: true }))).toMatchObject({ kind: 'waiting' });
  });

  test('of peers that see it made up otherwise has several tables, that of most peers first', () => {
    const claims = [claim('p', 10, a, { table: 'other' }), claim('q', 10, a), claim('r', 10, a)];
    const decision = chooseClaim(claims, policy({ agreeing: 2 }));
    expect(decision).toMatchObject({ tables: [{ peers: ['q', 'r'] }, { table: 'other', peers: ['p'] }] });
  });
});

describe('any word', () => {
  test('is that of most peers for the newest snapshot', () => {
    const claims = [claim('p', 10, a), claim('q', 20, b), claim('r', 20, a), claim('s', 20, a, { voter: undefined })];
    expect(chooseClaim(claims, policy({ isUnpinnedAllowed: true }))).toMatchObject({
      ...{ kind: 'chosen', basis: 'unpinned', height: 20, checksum: a },
    });
  });
});

test('the order of what peers say makes no difference, and liars fewer than are needed cannot bring about an agreement', () => {
  const names = ['p', 'q', 'r', 's', 't'];
  const checksums = [a, b, zero];
  const claims = fc.array(
    fc.record({
      name: fc.constantFrom(...names),
      height: fc.constantFrom(10, 20, 30),
      checksum: fc.constantFrom(...checksums),
      table: fc.constantFrom('x', 'y'),
      isVoter: fc.boolean(),
    }),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(
      claims,
      fc.nat(),
      fc.integer({ min: 1, max: 4 }),
      fc.boolean(),
      (said, shift, agreeing, isUnpinnedAllowed) => {
        const list = said.map(({ name, height, checksum, table, isVoter }) => {
          return claim(name, height, checksum, { table, voter: isVoter ? name : undefined });
        });
        const given = policy({ agreeing, isUnpinnedAllowed, pinned: [{ height: 30, checksum: a }] });
        const decision = chooseClaim(list, given);
        const at = shift % Math.max(1, list.length);
        const turned = [...list.slice(at), ...list.slice(0, at)];
        expect(chooseClaim(turned.reverse(), given)).toEqual(decision);
        if (decision.kind !== 'chosen') return;
        expect(decision.checksum).not.toBe(zero);
        const same = list.filter(
          ({ height, checksum }) => height === decision.height && checksum === decision.checksum,
        );
        const voters = new Set(same.flatMap(({ voter }) => (voter === undefined ? [] : [voter])));
        expect(decision.voters).toEqual([...voters].sort());
        if (decision.basis === 'agreed') expect(voters.size).toBeGreaterThanOrEqual(agreeing);
        if (decision.basis === 'pinned') expect([decision.height, decision.checksum]).toEqual([30, a]);
      },
    ),
    { numRuns: 500 },
  );
});
