import Handlebars from 'handlebars';
import { change, interval, share } from './format.ts';
import { type GainScale, gainScale, gainTicks, isOutside, positionOn } from './gain-scale.ts';
import { metricInWords } from './phrases.ts';
import { clipped, plainText } from './plain-text.ts';
import type { Results } from './results.ts';

/**
 * An inline SVG of the gains: a dot with its simultaneous interval per variant, zero dashed, the practical margin shaded,
 * an axis in per cent. Positions are percentages of the width, so it fits any page; colours come from the page's style.
 * '' where no variant has an interval. Of more than sixty, those that can still gain most are drawn.
 */
export function intervalPicture(results: Results): string {
  const marks = marksOf(results);
  if (marks.length === 0) return '';
  const drawn = mostPromising(marks);
  const margin = results.verdict.practicalMargin;
  const scale = gainScale(drawn, margin);
  const bottom = top + drawn.length * rowHeight;
  const height = bottom + 52;
  const title = `Gain in ${metricInWords(results.verdict.objective)} over the baseline`;
  const number =
    drawn.length < marks.length ? `${drawn.length} of ${marks.length} variants` : `${drawn.length} variants`;
  const about = `${number}, each a dot with its simultaneous interval; the practical margin of ${share(margin)} is shaded. ${drawn
    .slice(0, 20)
    .map(({ id, text }) => `${id}: ${text}.`)
    .join(' ')} The table of variants has all numbers.`;
  return [
    `<svg class="intervals" role="img" width="100%" height="${height}" aria-labelledby="intervals-title intervals-about">`,
    `<title id="intervals-title">${escaped(title)}</title><desc id="intervals-about">${escaped(about)}</desc>`,
    shading(scale, margin, bottom),
    ...gainTicks(scale).map((tick) => tickMark(scale, tick, bottom)),
    ...drawn.map((mark, index) => row(scale, mark, top + index * rowHeight)),
    `<text class="axis-title" x="50%" y="${bottom + 42}" text-anchor="middle">${escaped(`${title}, %`)}</text>`,
    '</svg>',
  ].join('\n');
}

type Mark = {
  readonly id: string;
  readonly point: number;
  readonly lower: number;
  readonly upper: number;
  readonly text: string;
  readonly pick: boolean;
  readonly kind: 'better' | 'open';
};

const rowHeight = 40;
const top = 8;
const limit = 60;

const escaped = (text: string): string => Handlebars.escapeExpression(text);

function marksOf({ variants, verdict }: Results): Mark[] {
  return variants.flatMap(({ id, comparison }) => {
    if (comparison === null) return [];
    const { point, lower, upper } = comparison.gain;
    if (point === null || lower === null || upper === null) return [];
    const text = `${change(point)} (${interval(comparison.gain, change)})`;
    const kind = comparison.better ? 'better' : 'open';
    return [{ id: plainText(id), point, lower, upper, text, pick: id === verdict.pick, kind } as const];
  });
}

function mostPromising(marks: readonly Mark[]): readonly Mark[] {
  const chosen = new Set([...marks].sort((a, b) => b.upper - a.upper).slice(0, limit));
  return marks.filter((mark) => chosen.has(mark));
}

/** Position on the axis as a percentage of the width; both ends keep room for half a label. */
function at(scale: GainScale, gain: number): number {
  return Number((2 + 96 * positionOn(scale, gain)).toFixed(2));
}

function shading(scale: GainScale, margin: number, bottom: number): string {
  const left = at(scale, 1 / (1 + margin) - 1);
  const width = Number((at(scale, margin) - left).toFixed(2));
  return `<rect class="margin" x="${left}%" y="0" width="${width}%" height="${bottom}"/>`;
}

function tickMark(scale: GainScale, tick: number, bottom: number): string {
  const x = `${at(scale, tick)}%`;
  const isZero = Math.abs(tick) < 1e-12;
  const line = `<line class="${isZero ? 'zero' : 'grid'}" x1="${x}" x2="${x}" y1="0" y2="${bottom + 4}"/>`;
  const sign = isZero ? '' : tick < 0 ? '\u2212' : '+';
  const label = escaped(`${sign}${share(isZero ? 0 : Math.abs(tick))}`);
  return `${line}<text class="tick" x="${x}" y="${bottom + 20}" text-anchor="middle">${label}</text>`;
}

function row(scale: GainScale, mark: Mark, y: number): string {
  const middle = y + 26;
  const { lower, upper, point } = mark;
  const [x1, x2] = [at(scale, lower), at(scale, upper)];
  const ends = [lower, upper]
    .filter((end) => !isOutside(scale, end))
    .map((end) => `<line x1="${at(scale, end)}%" x2="${at(scale, end)}%" y1="${middle - 4}" y2="${middle + 4}"/>`);
  const name = escaped(clipped(mark.id, mark.pick ? 18 : 24));
  return [
    `<g class="mark ${mark.kind}${mark.pick ? ' pick' : ''}">`,
    `<text class="name" x="0" y="${y + 14}">${name}${mark.pick ? ' (pick)' : ''}</text>`,
    `<text class="value" x="100%" y="${y + 14}" text-anchor="end">${escaped(mark.text)}</text>`,
    x1 === x2 ? '' : `<line x1="${x1}%" x2="${x2}%" y1="${middle}" y2="${middle}"/>${ends.join('')}`,
    isOutside(scale, point) ? arrow(scale, point, middle) : `<circle cx="${at(scale, point)}%" cy="${middle}" r="5"/>`,
    '</g>',
  ].join('');
}

/** Points to a dot that lies outside. */
function arrow(scale: GainScale, point: number, middle: number): string {
  const [x, sign] = point < scale.low ? ['0%', '◂'] : ['100%', '▸'];
  return `<text class="value" x="${x}" y="${middle + 5}" text-anchor="${x === '0%' ? 'start' : 'end'}">${sign}</text>`;
}
