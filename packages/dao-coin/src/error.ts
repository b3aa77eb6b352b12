/**
 * Every stable error code with the Go node's name for the same rule, or `null` where the Go node has none: it fails
 * with a plain error there, has no such check, or the code belongs to this library alone.
 */
export const daoCoinErrors = {
  // Rules of mint, burn, disable minting and update transfer restriction.
  DAO_COIN_BEFORE_FORK: 'RuleErrorDAOCoinBeforeDAOCoinBlockHeight',
  DAO_COIN_ZERO_INPUT: 'RuleErrorDAOCoinRequiresNonZeroInput',
  DAO_COIN_PROFILE_KEY_SIZE: 'RuleErrorDAOCoinInvalidPubKeySize',
  DAO_COIN_PROFILE_KEY_INVALID: 'RuleErrorDAOCoinInvalidPubKey',
  DAO_COIN_NO_PROFILE: 'RuleErrorDAOCoinOperationOnNonexistentProfile',
  DAO_COIN_UNKNOWN_OPERATION: null,
  DAO_COIN_MINTING_DISABLED: 'RuleErrorDAOCoinCannotMintIfMintingIsDisabled',
  DAO_COIN_MINT_NOT_OWNER: 'RuleErrorOnlyProfileOwnerCanMintDAOCoin',
  DAO_COIN_MINT_ZERO_AMOUNT: 'RuleErrorDAOCoinMustMintNonZeroDAOCoin',
  DAO_COIN_MINT_OVERFLOW: 'RuleErrorOverflowWhileMintingDAOCoins',
  DAO_COIN_BURN_NO_BALANCE_ENTRY: 'RuleErrorDAOCoinBurnerBalanceEntryDoesNotExist',
  DAO_COIN_BURN_ZERO_AMOUNT: 'RuleErrorDAOCoinBurnMustBurnNonZeroDAOCoin',
  DAO_COIN_BURN_INSUFFICIENT_COINS: 'RuleErrorDAOCoinBurnInsufficientCoins',
  DAO_COIN_BURN_EXCEEDS_CIRCULATION: 'RuleErrorDAOCoinBurnAmountExceedsCoinsInCirculation',
  DAO_COIN_DISABLE_MINTING_NOT_OWNER: 'RuleErrorOnlyProfileOwnerCanDisableMintingDAOCoin',
  DAO_COIN_MINTING_ALREADY_DISABLED: 'RuleErrorDAOCoinCannotDisableMintingIfAlreadyDisabled',
  DAO_COIN_RESTRICTION_NOT_OWNER: 'RuleErrorOnlyProfileOwnerCanUpdateTransferRestrictionStatus',
  DAO_COIN_RESTRICTION_PERMANENT: 'RuleErrorDAOCoinCannotUpdateRestrictionStatusIfStatusIsPermanentlyUnrestricted',
  DAO_COIN_RESTRICTION_UNCHANGED: 'RuleErrorDAOCoinCannotUpdateTransferRestrictionStatusToCurrentStatus',
  DAO_COIN_RESTRICTION_OUT_OF_RANGE: null,
  // Rules of transfer (the fork rule is DAO_COIN_BEFORE_FORK).
  DAO_COIN_TRANSFER_ZERO_INPUT: 'RuleErrorCoinTransferRequiresNonZeroInput',
  DAO_COIN_TRANSFER_RECEIVER_KEY_SIZE: 'RuleErrorCoinTransferInvalidReceiverPubKeySize',
  DAO_COIN_TRANSFER_RECEIVER_KEY_INVALID: 'RuleErrorCoinTransferInvalidReceiverPubKey',
  DAO_COIN_TRANSFER_TO_SELF: 'RuleErrorCoinTransferCannotTransferToSelf',
  DAO_COIN_TRANSFER_PROFILE_KEY_SIZE: 'RuleErrorCoinTransferInvalidProfilePubKeySize',
  DAO_COIN_TRANSFER_PROFILE_KEY_INVALID: 'RuleErrorCoinTransferInvalidProfilePubKey',
  DAO_COIN_TRANSFER_NO_PROFILE: 'RuleErrorCoinTransferOnNonexistentProfile',
  DAO_COIN_TRANSFER_NO_BALANCE_ENTRY: 'RuleErrorCoinTransferBalanceEntryDoesNotExist',
  DAO_COIN_TRANSFER_INSUFFICIENT_COINS: 'RuleErrorCoinTransferInsufficientCoins',
  DAO_COIN_TRANSFER_OWNER_ONLY: 'RuleErrorDAOCoinTransferProfileOwnerOnlyViolation',
  DAO_COIN_TRANSFER_MEMBERS_ONLY: 'RuleErrorDAOCoinTransferDAOMemberOnlyViolation',
  DAO_COIN_TRANSFER_ZERO_AMOUNT: null,
  // Rules of authorize derived key, in order.
  DAO_COIN_DERIVED_KEY_BEFORE_FORK: 'RuleErrorDerivedKeyBeforeBlockHeight',
  DAO_COIN_DERIVED_KEY_UNKNOWN_OPERATION: null,
  DAO_COIN_DERIVED_KEY_EXPIRED: 'RuleErrorAuthorizeDerivedKeyExpiredDerivedPublicKey',
  DAO_COIN_DERIVED_KEY_OWNER_INVALID: 'RuleErrorAuthorizeDerivedKeyInvalidOwnerPublicKey',
  DAO_COIN_DERIVED_KEY_INVALID: 'RuleErrorAuthorizeDerivedKeyInvalidDerivedPublicKey',
  DAO_COIN_DERIVED_KEY_REVOKED: 'RuleErrorAuthorizeDerivedKeyDeletedDerivedPublicKey',
  DAO_COIN_DERIVED_KEY_UNLIMITED_WITH_LIMITS: null,
  DAO_COIN_DERIVED_KEY_ACCESS_SIGNATURE: 'RuleErrorAuthorizeDerivedKeyAccessSignatureNotValid',
  DAO_COIN_DERIVED_KEY_REAUTHORIZED: null,
  // Rules of using a derived key, in order.
  DAO_COIN_DERIVED_KEY_NOT_AUTHORIZED: 'RuleErrorDerivedKeyNotAuthorized',
  DAO_COIN_DERIVED_KEY_DESO_LIMIT: 'RuleErrorDerivedKeyTxnSpendsMoreThanGlobalDESOLimit',
  DAO_COIN_DERIVED_KEY_DAO_COIN_LIMIT: 'RuleErrorDerivedKeyDAOCoinOperationNotAuthorized',
  DAO_COIN_DERIVED_KEY_TYPE_LIMIT: 'RuleErrorDerivedKeyTxnTypeNotAuthorized',
  // Rules of atomic transactions, in order.
  DAO_COIN_ATOMIC_WRAPPER_KEY: 'RuleErrorAtomicTxnsWrapperPublicKeyMustBeZero',
  DAO_COIN_ATOMIC_WRAPPER_SIGNATURE: 'RuleErrorAtomicTxnsWrapperSignatureMustBeNil',
  DAO_COIN_ATOMIC_WRAPPER_INPUTS: 'RuleErrorAtomicTxnsWrapperMustHaveZeroInputs',
  DAO_COIN_ATOMIC_WRAPPER_OUTPUTS: 'RuleErrorAtomicTxnsWrapperMustHaveZeroOutputs',
  DAO_COIN_ATOMIC_WRAPPER_FEE: 'RuleErrorAtomicTxnsWrapperMustHaveEqualFeeToInternalTxns',
  DAO_COIN_ATOMIC_WRAPPER_NONCE: 'RuleErrorAtomicTxnsWrapperMustHaveZeroedNonce',
  DAO_COIN_ATOMIC_EMPTY: 'RuleErrorAtomicTxnsHasNoTransactions',
  DAO_COIN_ATOMIC_NESTED: 'RuleErrorAtomicTxnsHasAtomicTxnsInnerTxn',
  DAO_COIN_ATOMIC_NOT_LINKED: 'RuleErrorAtomicTxnsHasNonAtomicInnerTxn',
  DAO_COIN_ATOMIC_NO_START: 'RuleErrorAtomicTxnsMustStartWithChainLength',
  DAO_COIN_ATOMIC_TWO_STARTS: 'RuleErrorAtomicTxnsHasMoreThanOneStartPoint',
  DAO_COIN_ATOMIC_PART_FORM: null,
  DAO_COIN_ATOMIC_BROKEN_CHAIN: 'RuleErrorAtomicTxnsHasBrokenChain',
  DAO_COIN_ATOMIC_CHAIN_LENGTH: null,
  // State, encodings and texts.
  DAO_COIN_BALANCE_OVERFLOW: null,
  DAO_COIN_CORRUPT_STATE: null,
  DAO_COIN_MALFORMED_METADATA: null,
  DAO_COIN_MALFORMED_ENTRY: null,
  DAO_COIN_MALFORMED_UNDO: null,
  DAO_COIN_MALFORMED_SPENDING_LIMIT: null,
  DAO_COIN_MALFORMED_AMOUNT: null,
  DAO_COIN_MALFORMED_KEY: null,
  DAO_COIN_UNDO_MISMATCH: null,
} as const;

/** The stable codes of {@link DaoCoinError}. */
export type DaoCoinErrorCode = keyof typeof daoCoinErrors;

/** Plain data about an error; amounts are decimal strings, byte strings are hex. */
export interface DaoCoinErrorDetails {
  /** The Go node's name for the violated rule; absent where it has none. */
  readonly ruleError?: string;
  readonly [name: string]: string | number | boolean | undefined;
}

/** Every error of this package that is not a caller's mistake. Match by {@link DaoCoinError.code}. */
export class DaoCoinError extends Error {
  override readonly name = 'DaoCoinError';
  readonly code: DaoCoinErrorCode;
  readonly details: DaoCoinErrorDetails;

  constructor(
    code: DaoCoinErrorCode,
    message: string,
    options: { readonly details?: DaoCoinErrorDetails; readonly cause?: unknown } = {},
  ) {
    const ruleError = daoCoinErrors[code];
    super(
      ruleError === null ? message : `${message} (${ruleError})`,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.code = code;
    this.details = ruleError === null ? { ...options.details } : { ...options.details, ruleError };
  }
}
