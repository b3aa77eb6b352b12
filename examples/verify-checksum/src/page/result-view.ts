import { type Expectation, toHex } from '../core/expectation.js';
import type { StateSummary } from '../core/state-summary.js';
import { countText, damageTexts, orderText, snapshotText, tallyText, verdict } from '../core/wording.js';
import { elementById, showText } from './elements.js';

/** Damaged ranges listed; there may be as many as there are ranges. */
const maxDamageLines = 100;

/** Shows the checksums of a file. */
export class ResultView {
  readonly #section = elementById('result', HTMLElement);
  readonly #file = elementById('result-file', HTMLElement);
  readonly #tally = elementById('result-tally', HTMLElement);
  readonly #verdict = elementById('verdict', HTMLElement);
  readonly #total = elementById('total', HTMLElement);
  readonly #root = elementById('state-root', HTMLElement);
  readonly #snapshotRow = elementById('snapshot-row', HTMLElement);
  readonly #snapshotRoot = elementById('snapshot-root', HTMLElement);
  readonly #snapshot = elementById('result-snapshot', HTMLElement);
  readonly #damage = elementById('damage', HTMLElement);
  readonly #damaged = elementById('damaged-ranges', HTMLUListElement);
  readonly #order = elementById('result-order', HTMLElement);
  readonly #rows = elementById('prefixes', HTMLTableSectionElement);
  #summary: StateSummary | undefined;

  clear(): void {
    this.#summary = undefined;
    this.#section.hidden = true;
  }

  show(summary: StateSummary, { name, elapsedMs }: { readonly name: string; readonly elapsedMs: number }): void {
    this.#summary = summary;
    showText(this.#file, name);
    showText(this.#tally, tallyText(summary, elapsedMs));
    showText(this.#total, toHex(summary.total));
    showText(this.#root, toHex(summary.stateRoot));
    showText(this.#order, orderText(summary));
    const { snapshot } = summary;
    this.#snapshotRow.hidden = snapshot === undefined;
    showText(this.#snapshotRoot, snapshot === undefined ? '' : toHex(snapshot.snapshotRoot));
    showText(this.#snapshot, snapshotText(summary));
    this.#showDamage(damageTexts(summary));
    this.#rows.replaceChildren(
      ...summary.prefixes.map(({ prefix, records, bytes, sum }) => {
        const row = document.createElement('tr');
        const head = document.createElement('th');
        head.scope = 'row';
        head.textContent = String(prefix);
        row.append(head);
        for (const text of [countText(records), countText(bytes), toHex(sum)]) row.insertCell().textContent = text;
        return row;
      }),
    );
    this.#section.hidden = false;
  }

  #showDamage(texts: readonly string[]): void {
    this.#damage.hidden = texts.length === 0;
    const shown = texts.slice(0, maxDamageLines);
    if (texts.length > shown.length) shown.push(`And ${countText(texts.length - shown.length)} more.`);
    this.#damaged.replaceChildren(
      ...shown.map((text) => {
        const item = document.createElement('li');
        item.textContent = text;
        return item;
      }),
    );
  }

  /** Compares with what is expected, if anything is, and gives the answer in words. */
  compare(expectation: Expectation | undefined): string {
    if (this.#summary === undefined || expectation === undefined) {
      showText(this.#verdict, '');
      return '';
    }
    const { isMatch, text } = verdict(this.#summary, expectation);
    this.#verdict.dataset['match'] = isMatch ? 'yes' : 'no';
    showText(this.#verdict, `${isMatch ? 'Yes' : 'No'}: ${text}`);
    return this.#verdict.textContent;
  }
}
