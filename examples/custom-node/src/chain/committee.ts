import type { BlockSealer } from '@hs/node';
import { contentsHash } from './contents.js';
import { isSignature, type SigningKey } from './keys.js';
import { headerId, type NameHeader, type Vote } from './name-header.js';
import { ruleBroken } from './refusal.js';

/** Votes that make a block final: more than two thirds, so that two quorums share an honest member. */
export function quorumOf(members: number): number {
  return Math.floor((2 * members) / 3) + 1;
}

/** The consensus rule: a quorum of different members has signed the block. @throws NODE_CHAIN_RULE */
export function verifyVotes(header: NameHeader, committee: readonly Uint8Array[]): void {
  const message = headerId(header);
  let previous = -1;
  for (const { member, signature } of header.votes) {
    const publicKey = committee[member];
    if (member <= previous || publicKey === undefined) {
      throw ruleBroken('HeaderVoteOrder', 'votes must be of members, ascending, each once');
    }
    if (!isSignature(signature, { message, publicKey })) {
      throw ruleBroken('HeaderVoteSignature', `the vote of member ${member} is not signed by it`);
    }
    previous = member;
  }
  const wanted = quorumOf(committee.length);
  if (header.votes.length < wanted) {
    throw ruleBroken('HeaderQuorum', `block ${header.height} has ${header.votes.length} votes of ${wanted}`);
  }
}

/**
 * Makes blocks and has them signed by `voters`.
 *
 * The voters sit in this process. Where they are other machines, their votes are collected here.
 */
export function createProposer(voters: readonly (SigningKey & { readonly member: number })[]): BlockSealer<NameHeader> {
  return {
    // One proposer, at every height. There are no fees, so nobody needs to be named for them.
    isInTurn: () => true,
    publicKey: new Uint8Array(0),
    async seal({ parent, timeMs, transactions, stateRoot, snapshotRoot }) {
      const unvoted: NameHeader = {
        height: parent.height + 1,
        timeMs,
        parentId: headerId(parent),
        contentsHash: contentsHash(transactions),
        stateRoot,
        snapshotRoot,
        votes: [],
      };
      const message = headerId(unvoted);
      const votes = voters.map(async ({ member, sign }): Promise<Vote> => ({ member, signature: sign(message) }));
      return { header: { ...unvoted, votes: await Promise.all(votes) }, transactions };
    },
  };
}
