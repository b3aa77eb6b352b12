import {
  balanceByCreatorKey,
  balanceEntryCodec,
  balanceEntryKey,
  connectDaoCoin,
  connectDaoCoinTransfer,
  type DaoCoinMode,
  type DaoCoinUndo,
  transferRestrictions,
} from '../../src/index.js';
import { account, putProfile } from './accounts.js';
import { MemoryView } from './memory-view.js';

/** One transaction and the state it meets, each as plain values, so that a test can change one at a time. */
export interface Scenario {
  readonly kind: 'dao-coin' | 'transfer';
  readonly mode: DaoCoinMode;
  readonly blockHeight: number;
  readonly totalInputNanos: bigint | undefined;
  readonly operation: number;
  readonly profileKey: Uint8Array;
  readonly hasProfile: boolean;
  readonly signer: Uint8Array;
  readonly receiver: Uint8Array;
  readonly amount: bigint;
  readonly newRestriction: number;
  readonly circulation: bigint;
  readonly holders: bigint;
  readonly isMintingDisabled: boolean;
  readonly restriction: number;
  readonly signerBalance: bigint;
  readonly isSignerEntryDeleted: boolean;
  readonly receiverBalance: bigint;
}

export const owner: Uint8Array = account(0);
export const signer: Uint8Array = account(1);
export const receiver: Uint8Array = account(2);

/** A scenario that succeeds for burns and transfers; the other operations need the owner as signer. */
export const working: Scenario = {
  kind: 'dao-coin',
  mode: 'strict',
  blockHeight: 10,
  totalInputNanos: 1n,
  operation: 1,
  profileKey: owner,
  hasProfile: true,
  signer,
  receiver,
  amount: 10n,
  newRestriction: transferRestrictions.profileOwnerOnly,
  circulation: 1000n,
  holders: 3n,
  isMintingDisabled: false,
  restriction: transferRestrictions.unrestricted,
  signerBalance: 100n,
  isSignerEntryDeleted: false,
  receiverBalance: 5n,
};

export function putBalance(
  view: MemoryView,
  holderPkid: Uint8Array,
  { creatorPkid = owner, balance }: { creatorPkid?: Uint8Array; balance: bigint },
): void {
  if (balance === 0n) return;
  const value = balanceEntryCodec.encode({ holderPkid, creatorPkid, balance, hasPurchased: false });
  view.set(balanceEntryKey(holderPkid, creatorPkid), value);
  view.set(balanceByCreatorKey(creatorPkid, holderPkid), value);
}

/** The state that a scenario starts from. */
export function viewOf(scenario: Scenario): MemoryView {
  const view = new MemoryView();
  if (scenario.hasProfile) {
    putProfile(view, owner, {
      daoCoin: {
        coinsInCirculation: scenario.circulation,
        numberOfHolders: scenario.holders,
        isMintingDisabled: scenario.isMintingDisabled,
        transferRestriction: scenario.restriction,
      },
    });
  }
  putBalance(view, scenario.signer, { balance: scenario.signerBalance });
  if (scenario.receiver.length === 33) putBalance(view, scenario.receiver, { balance: scenario.receiverBalance });
  if (scenario.isSignerEntryDeleted) {
    view.delete(balanceEntryKey(scenario.signer, owner));
    view.delete(balanceByCreatorKey(owner, scenario.signer));
  }
  return view;
}

/** Connects a scenario's transaction to `view`. */
export function connect(view: MemoryView, scenario: Scenario): Promise<DaoCoinUndo> {
  const { blockHeight, mode, totalInputNanos, profileKey: profilePublicKey, amount } = scenario;
  const context = {
    blockHeight,
    mode,
    forkHeight: 10,
    ...(totalInputNanos === undefined ? {} : { totalInputNanos }),
  };
  if (scenario.kind === 'transfer') {
    const metadata = { profilePublicKey, amount, receiverPublicKey: scenario.receiver };
    return connectDaoCoinTransfer(view, { publicKey: scenario.signer, metadata }, context);
  }
  const metadata = {
    profilePublicKey,
    operation: scenario.operation,
    coinsToMint: scenario.operation === 0 ? amount : 0n,
    coinsToBurn: scenario.operation === 1 ? amount : 0n,
    transferRestriction: scenario.operation === 3 ? scenario.newRestriction : 0,
  };
  return connectDaoCoin(view, { publicKey: scenario.signer, metadata }, context);
}
