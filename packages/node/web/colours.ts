/** Told apart by most eyes on light and on dark ground; the peers after the last begin again. */
const palette = [
  '#4c7ef3',
  '#e0a100',
  '#1fa7a0',
  '#a06bf0',
  '#e667a8',
  '#5aa83c',
  '#53b4ee',
  '#b5793f',
  '#8f9d22',
  '#7a6fe0',
] as const;

export const stageNames = ['missing', 'refuted', 'asked', 'received', 'proved', 'committed'] as const;

export type StageName = (typeof stageNames)[number];

/** In words, as the legend has them. */
export const stageTexts: Readonly<Record<StageName, string>> = {
  missing: 'missing',
  refuted: 'delivered wrong',
  asked: 'asked for',
  received: 'being hashed',
  proved: 'being written',
  committed: 'in the store',
};

/** How much of a peer's colour a stage shows. */
const strength: Readonly<Record<StageName, number>> = {
  missing: 0,
  refuted: 1,
  asked: 0.28,
  received: 0.5,
  proved: 0.72,
  committed: 1,
};

/** Colours of cells by their code, for the present colour scheme. */
export class CellColours {
  readonly #byCode = new Map<number, string>();
  readonly #style = getComputedStyle(document.documentElement);

  /** After the colour scheme has changed. */
  forget(): void {
    this.#byCode.clear();
  }

  of(code: number): string {
    let colour = this.#byCode.get(code);
    if (colour === undefined) {
      colour = this.#mix(stageNames[code & 7] ?? 'missing', code >> 3);
      this.#byCode.set(code, colour);
    }
    return colour;
  }

  #mix(stage: StageName, peer: number): string {
    if (stage === 'missing') return this.#variable('--missing');
    if (stage === 'refuted') return this.#variable('--refuted');
    const full = peer === 0 ? this.#variable('--held') : (palette[(peer - 1) % palette.length] ?? palette[0]);
    return blend(full, this.#variable('--missing'), strength[stage]);
  }

  #variable(name: string): string {
    return this.#style.getPropertyValue(name).trim();
  }
}

function blend(colour: string, ground: string, part: number): string {
  const [a, b] = [channels(colour), channels(ground)];
  return `rgb(${a.map((value, index) => Math.round(value * part + (b[index] ?? 0) * (1 - part))).join(' ')})`;
}

function channels(hex: string): number[] {
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
}
