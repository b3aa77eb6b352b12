import type { RateName, Rates } from '../src/activity/rate-history.js';
import { byId, make, setText } from './dom.js';
import { brief, size } from './format.js';

/** Seconds that are shown at least, and at most. */
const minSeconds = 60;
const maxSeconds = 600;
const width = 300;
const height = 70;

const charts: readonly { readonly name: RateName; readonly title: string; readonly text: (rate: number) => string }[] =
  [
    { name: 'receivedBytes', title: 'Download', text: (rate) => `${size(rate)}/s` },
    { name: 'provedRecords', title: 'Hashing', text: (rate) => `${brief(rate)} records/s` },
    { name: 'committedRecords', title: 'Writing', text: (rate) => `${brief(rate)} records/s` },
    { name: 'blocks', title: 'Blocks', text: (rate) => `${brief(rate)} blocks/s` },
  ];

/** The last minutes of four rates. */
export class RateCharts {
  readonly #series: Record<RateName, number[]> = {
    receivedBytes: [],
    provedRecords: [],
    committedRecords: [],
    blocks: [],
    changedRecords: [],
  };
  readonly #figures = charts.map((chart) => ({ chart, ...makeFigure(chart.title) }));

  constructor() {
    byId('rates').append(...this.#figures.map(({ figure }) => figure));
  }

  show(rates: Rates): void {
    for (const { name } of charts) this.#series[name] = [...rates[name]];
    this.#draw();
  }

  add(rates: Rates): void {
    for (const { name } of charts) this.#series[name] = [...this.#series[name], ...rates[name]].slice(-maxSeconds);
    this.#draw();
  }

  #draw(): void {
    for (const { chart, value, svg, area, curve, note } of this.#figures) {
      const series = this.#series[chart.name];
      const seconds = Math.max(minSeconds, series.length);
      const highest = Math.max(0, ...series);
      const now = chart.text(series.at(-1) ?? 0);
      const points = series.map((rate, index) => {
        const x = ((seconds - series.length + index) / (seconds - 1)) * width;
        const y = highest === 0 ? height : height - (rate / highest) * (height - 4);
        return `${x.toFixed(1)},${y.toFixed(1)}`;
      });
      const [first, last] = [points[0]?.split(',')[0] ?? '0', points.at(-1)?.split(',')[0] ?? '0'];
      setText(value, now);
      setText(note, `highest ${chart.text(highest)} in ${Math.round(seconds / 60)} min`);
      curve.setAttribute('d', points.length === 0 ? '' : `M${points.join('L')}`);
      area.setAttribute('d', points.length === 0 ? '' : `M${first},${height}L${points.join('L')}L${last},${height}Z`);
      svg.setAttribute('aria-label', `${chart.title}: ${now} now, ${note.textContent}`);
    }
  }
}

function makeFigure(title: string): {
  readonly figure: HTMLElement;
  readonly value: HTMLElement;
  readonly svg: SVGSVGElement;
  readonly area: SVGPathElement;
  readonly curve: SVGPathElement;
  readonly note: HTMLElement;
} {
  const figure = make('figure');
  const caption = make('figcaption');
  const value = make('strong');
  const note = make('small');
  const [svg, area, curve] = [vector('svg'), vector('path'), vector('path')];
  caption.append(make('span', { text: title }), value);
  svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('role', 'img');
  area.setAttribute('class', 'area');
  curve.setAttribute('class', 'curve');
  svg.append(area, curve);
  figure.append(caption, svg, note);
  return { figure, value, svg, area, curve, note };
}

function vector<Name extends 'svg' | 'path'>(name: Name): SVGElementTagNameMap[Name] {
  return document.createElementNS('http://www.w3.org/2000/svg', name);
}
