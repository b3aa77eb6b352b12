import type { MapChange, WholeMap } from '../src/page/page-events.js';
import { Cells } from './cells.js';
import { CellColours, stageNames, stageTexts } from './colours.js';
import { byId, keepChildren, make, setText } from './dom.js';
import { brief, count, percent, size } from './format.js';

/** Largest and smallest side of a cell, and the height that the map should keep within, in CSS pixels. */
const maxSide = 22;
const minSide = 2;
const wantedHeight = 380;
/** Cells at least this large have a gap between them. */
const gapFrom = 5;

const committed = stageNames.indexOf('committed');
/** Between one question about a cell and the next. */
const askEveryMs = 150;

interface CellAnswer {
  readonly cell: number;
  readonly firstRange: number;
  readonly ranges: number;
  readonly start: string;
  readonly depth: number;
  readonly records: number;
  readonly bytes: number;
  readonly stage: keyof typeof stageTexts;
  readonly peer?: string;
}

/** The map as a canvas, with a slider to look at single cells, legends, and a sentence for screen readers. */
export class MapView {
  readonly colours: CellColours = new CellColours();
  readonly #canvas = byId<HTMLCanvasElement>('map');
  readonly #context = this.#canvas.getContext('2d') as CanvasRenderingContext2D;
  readonly #slider = byId<HTMLInputElement>('cell');
  #cells: Cells | undefined;
  #side = maxSide;
  #columns = 1;
  #marked: number | undefined;
  #asking: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    byId('map-area').dataset['empty'] = '';
    new ResizeObserver(() => this.#layOut()).observe(byId('map-card'));
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      this.colours.forget();
      this.#drawAll();
      this.#describe();
    });
    this.#canvas.addEventListener('pointermove', (event) => this.#point(event));
    this.#canvas.addEventListener('pointerdown', (event) => this.#point(event));
    this.#slider.addEventListener('input', () => this.#mark(Number(this.#slider.value)));
  }

  /** Number of a peer in the codes of the cells; 0 if it has none. */
  numberOf(peer: string): number {
    return Math.max(0, this.#cells?.peers.indexOf(peer) ?? 0);
  }

  show(map: WholeMap | undefined): void {
    this.#cells = map === undefined ? undefined : new Cells(map);
    this.#marked = undefined;
    this.#slider.value = '0';
    this.#slider.max = String(Math.max(0, (map?.cells ?? 1) - 1));
    const area = byId('map-area');
    if (this.#cells === undefined || this.#cells.codes.length === 0) area.dataset['empty'] = '';
    else delete area.dataset['empty'];
    setText(byId('cell-text'), 'Point at a cell, or move the slider.');
    this.#layOut();
    this.#describe();
  }

  change(change: MapChange): void {
    const cells = this.#cells;
    const marked = cells?.codes[this.#marked ?? -1];
    if (cells?.apply(change) !== true) return;
    for (let at = 0; at < change.runs.length; at += 3) {
      const [first = 0, length = 0] = change.runs.slice(at, at + 2);
      for (let cell = first; cell < first + length; cell++) this.#draw(cell);
    }
    this.#describe();
    if (this.#marked === undefined) return;
    this.#drawMark(this.#marked);
    if (cells.codes[this.#marked] !== marked) this.#askSoon();
  }

  /** Chooses the largest cells with which the map is not too high. */
  #layOut(): void {
    const cells = this.#cells?.codes.length ?? 0;
    const width = this.#canvas.clientWidth;
    if (cells === 0 || width === 0) return;
    let side = maxSide;
    while (side > minSide && Math.ceil(cells / Math.floor(width / side)) * side > wantedHeight) side--;
    const columns = Math.min(cells, Math.floor(width / side));
    const height = Math.ceil(cells / columns) * side;
    const ratio = devicePixelRatio;
    this.#side = side;
    this.#columns = columns;
    this.#canvas.width = Math.round(width * ratio);
    this.#canvas.height = Math.round(height * ratio);
    this.#canvas.style.setProperty('height', `${height}px`);
    this.#context.scale(ratio, ratio);
    this.#drawAll();
  }

  #drawAll(): void {
    const { codes } = this.#cells ?? { codes: [] };
    this.#context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    for (let cell = 0; cell < codes.length; cell++) this.#draw(cell);
    if (this.#marked !== undefined) this.#drawMark(this.#marked);
  }

  #draw(cell: number): void {
    const side = this.#side;
    const gap = side >= gapFrom ? 1 : 0;
    this.#context.fillStyle = this.colours.of(this.#cells?.codes[cell] ?? 0);
    const [x, y] = this.#placeOf(cell);
    this.#context.fillRect(x, y, side - gap, side - gap);
  }

  #placeOf(cell: number): [x: number, y: number] {
    return [(cell % this.#columns) * this.#side, Math.floor(cell / this.#columns) * this.#side];
  }

  #drawMark(cell: number): void {
    const [x, y] = this.#placeOf(cell);
    const side = Math.max(this.#side, 4);
    this.#context.lineWidth = 2;
    this.#context.strokeStyle = getComputedStyle(this.#canvas).color;
    this.#context.strokeRect(x + 1, y + 1, side - 2, side - 2);
  }

  #point(event: PointerEvent): void {
    const column = Math.floor(event.offsetX / this.#side);
    const cell = Math.floor(event.offsetY / this.#side) * this.#columns + column;
    if (column >= this.#columns || cell < 0 || cell >= (this.#cells?.codes.length ?? 0)) return;
    this.#slider.value = String(cell);
    this.#mark(cell);
  }

  #mark(cell: number): void {
    if (cell === this.#marked) return;
    this.#marked = cell;
    this.#drawAll();
    this.#slider.setAttribute('aria-valuetext', `cell ${count(cell + 1)} of ${count(this.#cells?.codes.length ?? 0)}`);
    this.#askSoon();
  }

  #askSoon(): void {
    this.#asking ??= setTimeout(() => {
      this.#asking = undefined;
      void this.#ask(this.#marked ?? 0);
    }, askEveryMs);
  }

  async #ask(cell: number): Promise<void> {
    try {
      const response = await fetch(`/map/${cell}`);
      if (!response.ok) throw new Error(String(response.status));
      const text = describeCell((await response.json()) as CellAnswer);
      if (cell !== this.#marked) return;
      setText(byId('cell-text'), text);
      this.#slider.setAttribute('aria-valuetext', text);
    } catch {
      setText(byId('cell-text'), 'The node does not answer now.');
    }
  }

  #describe(): void {
    const cells = this.#cells;
    if (cells === undefined) return;
    const { map, codes, peers, counts } = cells;
    const done = cells.inStage(committed);
    const what = map.rangesPerCell === 1 ? 'ranges' : `cells of ${map.rangesPerCell} ranges`;
    const note = `snapshot ${count(map.height)}: ${count(done)} of ${count(codes.length)} ${what} in the store`;
    setText(byId('map-note'), note);
    const stages = stageNames.map((name, stage) => ({ name, stage, number: cells.inStage(stage) }));
    const others = stages.filter(({ stage, number }) => stage !== committed && number > 0);
    const more = others.map(({ name, number }) => `${count(number)} ${stageTexts[name]}`).join(', ');
    this.#canvas.setAttribute('aria-label', `Map of ${note}${more === '' ? '' : `; ${more}`}.`);

    const shown = map.isDownload && done < codes.length ? stages : [];
    const sample = peers.length > 1 ? 1 : 0;
    keepLegend(byId('stages'), shown, ({ name, stage, number }) => ({
      key: name,
      colour: this.colours.of(stage + 8 * sample),
      text: `${stageTexts[name]} ${brief(number)}`,
    }));
    const delivered = peers.map((peer, index) => ({ peer, index, number: counts.get(committed + 8 * index) ?? 0 }));
    const named = delivered.filter(({ index, number }) => number > 0 || (index > 0 && map.isDownload));
    keepLegend(byId('deliverers'), named, ({ peer, index, number }) => ({
      key: String(index),
      colour: this.colours.of(committed + 8 * index),
      text: `${index > 0 ? peer : map.isDownload ? 'here before' : 'here'} ${percent(number / Math.max(1, codes.length))}`,
    }));
  }
}

function describeCell({ firstRange, ranges, start, depth, records, bytes, stage, peer }: CellAnswer): string {
  const what =
    ranges === 1 ? `Range ${count(firstRange)}` : `Ranges ${count(firstRange)} to ${count(firstRange + ranges - 1)}`;
  const from = peer === undefined ? '' : stage === 'asked' ? ` of ${peer}` : `, from ${peer}`;
  const where = `keys that begin with the ${depth} bits of ${start}`;
  return `${what}: ${stageTexts[stage]}${from}. ${count(records)} records, ${size(bytes)}, ${where}.`;
}

function keepLegend<Item>(
  list: Element,
  items: readonly Item[],
  describe: (item: Item) => { readonly key: string; readonly colour: string; readonly text: string },
): void {
  keepChildren(list, items.map(describe), {
    key: ({ key }) => key,
    create: () => {
      const entry = make('li');
      entry.append(make('span', { className: 'swatch' }), make('span'));
      return entry;
    },
    fill: (entry, { colour, text }) => {
      const [swatch, words] = entry.children as unknown as [HTMLElement, HTMLElement];
      swatch.style.setProperty('background', colour);
      setText(words, text);
    },
  });
}
