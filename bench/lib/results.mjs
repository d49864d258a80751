// Figures for people, and RESULTS.md: one section a race, replaced when the race is run again.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

const path = resolve(import.meta.dirname, '../RESULTS.md');
const HEAD = `# Results

What the races in this folder said when they were last run. Each figure is min · median · max of the rounds. Machines are
noisy: compare the two sides of one run, not two runs. What the races are: [README.md](README.md).
`;

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** A number with about three digits that mean something. */
export function short(value) {
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : 2;
  return value.toFixed(digits).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** min · median · max. */
export function spread(values) {
  return [Math.min(...values), median(values), Math.max(...values)].map(short).join(' · ');
}

export function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Prints a race's section and, unless the run is dry, puts it into RESULTS.md. */
export function report(race, title, text, dry) {
  const section = `<!-- ${race} -->\n## ${title}\n\n${text.trim()}\n<!-- /${race} -->`;
  console.log(`\n${section}\n`);
  if (dry) return;
  const old = existsSync(path) ? readFileSync(path, 'utf8') : HEAD;
  const place = new RegExp(`<!-- ${race} -->[^]*<!-- /${race} -->`);
  // A function: `$` in the text is no pattern.
  const now = place.test(old) ? old.replace(place, () => section) : `${old.trimEnd()}\n\n${section}\n`;
  writeFileSync(path, now);
  console.log(`Written to ${path}`);
}
