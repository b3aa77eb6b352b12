import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createProposer, quorumOf, verifyVotes } from '../src/chain/committee.js';
import { keyFromText } from '../src/chain/keys.js';
import { headerId, type NameHeader, nameHeaderCodec } from '../src/chain/name-header.js';

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
const header: fc.Arbitrary<NameHeader> = fc.record({
  height: fc.nat(2 ** 32 - 1),
  timeMs: fc.maxSafeNat(),
  parentId: hash,
  contentsHash: hash,
  stateRoot: hash,
  snapshotRoot: fc.option(
    hash.filter((root) => root.some((byte) => byte !== 0)),
    { nil: undefined },
  ),
  votes: fc.array(fc.record({ member: fc.nat(255), signature: fc.uint8Array({ minLength: 65, maxLength: 65 }) }), {
    maxLength: 32,
  }),
});

describe('header codec', () => {
  test('decodes what it encodes, anywhere in a message', () => {
    fc.assert(
      fc.property(header, fc.uint8Array(), fc.uint8Array(), (original, before, after) => {
        const encoded = nameHeaderCodec.encode(original);
        expect(encoded.length).toBeLessThanOrEqual(nameHeaderCodec.maxBytes);
        const decoded = nameHeaderCodec.decode(Uint8Array.of(...before, ...encoded, ...after), before.length);
        expect(decoded.end).toBe(before.length + encoded.length);
        expect(nameHeaderCodec.encode(decoded.header)).toEqual(encoded);
        expect(headerId(decoded.header)).toEqual(headerId(original));
      }),
    );
  });

  test('refuses every header that is cut short', () => {
    fc.assert(
      fc.property(header, fc.nat(), (original, place) => {
        const encoded = nameHeaderCodec.encode(original);
        const cut = encoded.subarray(0, place % encoded.length);
        expect(() => nameHeaderCodec.decode(cut, 0)).toThrow(expect.objectContaining({ code: 'NODE_CHAIN_RULE' }));
      }),
    );
  });
});

describe('votes', () => {
  const members = [0, 1, 2, 3].map((member) => ({ member, ...keyFromText(`member ${member}`) }));
  const committee = members.map(({ publicKey }) => publicKey);
  const [parent] = fc.sample(header, { numRuns: 1, seed: 7 });
  const sealed = async (voters: readonly number[]): Promise<NameHeader> => {
    const sealer = createProposer(members.filter(({ member }) => voters.includes(member)));
    const root = new Uint8Array(32).fill(1);
    const template = { parent: { ...(parent as NameHeader), height: 4 }, timeMs: 5, transactions: [] };
    return (await sealer.seal({ ...template, stateRoot: root, snapshotRoot: undefined })).header;
  };
  const broken = (rule: string): object =>
    expect.objectContaining({ code: 'NODE_CHAIN_RULE', details: expect.objectContaining({ rule }) }) as object;

  test.each([
    [1, 1],
    [2, 2],
    [3, 3],
    [4, 3],
    [7, 5],
  ])('of %i members, %i are a quorum', (size, quorum) => {
    expect(quorumOf(size)).toBe(quorum);
  });

  test.each([[[0, 1, 2]], [[0, 1, 3]], [[1, 2, 3]], [[0, 1, 2, 3]]])(
    'of members %j make a block final',
    async (voters) => {
      verifyVotes(await sealed(voters), committee);
    },
  );

  test('make the same block, whoever votes', async () => {
    expect(headerId(await sealed([0, 1, 2]))).toEqual(headerId(await sealed([1, 2, 3])));
  });

  test('of too few members are refused', async () => {
    const header = await sealed([1, 3]);
    expect(() => verifyVotes(header, committee)).toThrow(broken('HeaderQuorum'));
  });

  test('count once for each member', async () => {
    const header = await sealed([1, 3]);
    const votes = [header.votes[0], header.votes[1], header.votes[1]] as NameHeader['votes'];
    expect(() => verifyVotes({ ...header, votes }, committee)).toThrow(broken('HeaderVoteOrder'));
  });

  test('of somebody else are refused', async () => {
    const header = await sealed([0, 1, 2]);
    const votes = header.votes.map((vote) => ({ ...vote, member: vote.member + 1 }));
    expect(() => verifyVotes({ ...header, votes }, committee)).toThrow(broken('HeaderVoteSignature'));
    const strangers = votes.map((vote) => ({ ...vote, member: vote.member + 4 }));
    expect(() => verifyVotes({ ...header, votes: strangers }, committee)).toThrow(broken('HeaderVoteOrder'));
  });

  test('for another block are refused', async () => {
    const header = { ...(await sealed([0, 1, 2])), timeMs: 6 };
    expect(() => verifyVotes(header, committee)).toThrow(broken('HeaderVoteSignature'));
  });
});
