import type { ValidatorTimeoutMessage, ValidatorVoteMessage } from '../messages.js';
import { maxOpaqueBytes, quorumCertificate } from './deso-header-fields.js';
import { afterVersionZero, constant, type Field, struct } from './field.js';
import { hash, nonEmptyBytes, uint64 } from './primitives.js';

/** A vote for a block. */
export const validatorVoteField: Field<ValidatorVoteMessage> = /* @__PURE__ */ afterVersionZero(
  /* @__PURE__ */ struct<ValidatorVoteMessage>({
    type: /* @__PURE__ */ constant('validator-vote'),
    votingPublicKey: /* @__PURE__ */ nonEmptyBytes(maxOpaqueBytes),
    blockHash: hash,
    proposedInView: uint64,
    votePartialSignature: /* @__PURE__ */ nonEmptyBytes(maxOpaqueBytes),
  }),
);

/** A vote to give up a view. */
export const validatorTimeoutField: Field<ValidatorTimeoutMessage> = /* @__PURE__ */ afterVersionZero(
  /* @__PURE__ */ struct<ValidatorTimeoutMessage>({
    type: /* @__PURE__ */ constant('validator-timeout'),
    votingPublicKey: /* @__PURE__ */ nonEmptyBytes(maxOpaqueBytes),
    timedOutView: uint64,
    highQuorumCertificate: quorumCertificate,
    timeoutPartialSignature: /* @__PURE__ */ nonEmptyBytes(maxOpaqueBytes),
  }),
);
