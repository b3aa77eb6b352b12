import { fromHex, toHex } from '@hs/bytes';
import { balanceOf, formatCoins, pkidOf } from '@hs/dao-coin';
import { NodeError } from '../../node-error.js';
import { AirdropJournal } from '../airdrop/journal.js';
import { type AirdropPlan, planPositional, readPlan } from '../airdrop/plan.js';
import { type PlannedStep, runSteps } from '../airdrop/run-steps.js';
import { type Command, command } from '../command.js';
import { remoteView, TransactionClient, transactionSettings } from '../transaction-client.js';
import { countedText, countText } from '../units.js';

export const airdropRun: Command = command({
  name: 'airdrop run',
  summary: 'Does what a plan says: mints, pays everybody once, disables minting.',
  details: [
    'Every transaction is written to the journal before it is sent. Interrupted at any moment, the same command goes on where it was, and nobody is paid twice: a transaction that may have been sent is looked for in the blocks, and replaced only when it has expired and is in none. Keep the journal with the plan.',
  ],
  positionals: [planPositional],
  settings: transactionSettings,
  examples: ['airdrop run drop.json --chain chain.json --key dao.key'],
  async run({ args: [path = ''], settings, signal, progress, note }) {
    const { plan, hash } = readPlan(path);
    const client = await TransactionClient.open(settings, { signal, note });
    const { wallet } = client;
    if (plan.genesisHash !== toHex(client.chain.genesisHash)) {
      throw new NodeError('NODE_CONFIGURATION', `the plan ${path} is for another chain: genesis ${plan.genesisHash}`);
    }
    if (plan.payments.some(({ to }) => to === toHex(wallet.publicKey))) {
      throw new NodeError(
        'NODE_CONFIGURATION',
        'the key that pays is among those who are paid: plan again with --exclude',
      );
    }
    const journal = AirdropJournal.open(`${path}.journal`, hash);
    try {
      const coin = fromHex(plan.coin);
      const payments: PlannedStep[] = plan.payments.map(({ to, amount }, step) => ({
        step,
        make: (options) =>
          wallet.transferDaoCoin(coin, { receiverPublicKey: fromHex(to), amount: BigInt(amount), ...options }),
      }));
      const mint: PlannedStep = { step: 'mint', make: (options) => wallet.mint(BigInt(plan.mint), options) };
      const disable: PlannedStep = { step: 'disable-minting', make: (options) => wallet.disableMinting(options) };
      const phases = [...(plan.mint === '0' ? [] : [[mint]]), payments, ...(plan.disableMinting ? [[disable]] : [])];
      let done = phases.flat().filter(({ step }) => journal.includedIn(step) !== undefined).length;
      const [already, all] = [done, phases.flat().length];
      await requireCoins(client, plan, journal);
      for (const phase of phases) {
        await runSteps(phase, {
          client,
          journal,
          signal,
          onIncluded: () => {
            done++;
            progress.show(() => `airdrop: ${countText(done)} of ${countedText(all, 'transaction')} in blocks`);
          },
        });
      }
      const before =
        already === 0 ? '' : `; ${countText(already)} of ${countedText(all, 'transaction')} had been done before`;
      return {
        data: { ...outcome(plan, journal), doneBefore: already, journal: `${path}.journal` },
        text: `${formatCoins(BigInt(plan.total))} coins paid to ${countedText(payments.length, 'account')}${before}`,
      };
    } finally {
      journal.close();
    }
  },
});

export const airdropStatus: Command = command({
  name: 'airdrop status',
  summary: 'Says from plan and journal how far an airdrop is; asks no node.',
  positionals: [planPositional],
  settings: [],
  examples: ['airdrop status drop.json --json'],
  async run({ args: [path = ''] }) {
    const { plan, hash } = readPlan(path);
    const data = outcome(plan, AirdropJournal.read(`${path}.journal`, hash));
    const { paid, sent, payments, paidTotal } = data;
    const rows = [
      `${countText(paid)} of ${countedText(payments, 'payment')} in blocks: ${formatCoins(BigInt(paidTotal))} of ${formatCoins(BigInt(plan.total))} coins`,
    ];
    if (sent > 0) rows.push(`${countedText(sent, 'payment')} signed, and perhaps sent: "airdrop run" finds out`);
    return { data, text: rows.join('\n') };
  },
});

function outcome(plan: AirdropPlan, journal: Pick<AirdropJournal, 'includedIn' | 'signedFor'>) {
  const steps = [...plan.payments.keys()];
  const paid = steps.filter((step) => journal.includedIn(step) !== undefined);
  const sent = steps.filter((step) => journal.includedIn(step) === undefined && journal.signedFor(step) !== undefined);
  const paidTotal = paid.reduce((sum, step) => sum + BigInt(plan.payments[step]?.amount ?? 0), 0n);
  return {
    payments: steps.length,
    paid: paid.length,
    sent: sent.length,
    total: plan.total,
    paidTotal: String(paidTotal),
    mintedIn: journal.includedIn('mint') ?? null,
    mintingDisabledIn: journal.includedIn('disable-minting') ?? null,
  };
}

/** Nobody should get less than others because the coins ran out half-way. @throws NODE_CONFIGURATION */
async function requireCoins(client: TransactionClient, plan: AirdropPlan, journal: AirdropJournal): Promise<void> {
  const view = remoteView(client.node);
  const [holder, creator] = [await pkidOf(view, client.wallet.publicKey), await pkidOf(view, fromHex(plan.coin))];
  const minted = journal.signedFor('mint') === undefined ? BigInt(plan.mint) : 0n;
  const has = (await balanceOf(view, holder, creator)) + minted;
  const unsigned = plan.payments.filter((_, step) => journal.signedFor(step) === undefined);
  const needs = unsigned.reduce((sum, { amount }) => sum + BigInt(amount), 0n);
  // A mint that is under way is not in the balance yet; its own transaction says whether it is right.
  if (has >= needs || (journal.signedFor('mint') !== undefined && journal.includedIn('mint') === undefined)) return;
  const message = `the key that pays has ${formatCoins(has)} coins${plan.mint === '0' ? '' : ', those to be minted included'}, but ${formatCoins(needs)} are to be paid`;
  throw new NodeError('NODE_CONFIGURATION', message, { details: { has: String(has), needs: String(needs) } });
}
