// P14 and P15: what a cold load of the built bundle weighs, from the list that `cargo xtask bundle` writes.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { facts, project } from '../lib/machine.mjs';
import { report, short, table } from '../lib/results.mjs';

/** Kinds of pages: style sheets and scripts, island, and how many KB they may be. */
const PAGES = [
  ['landing', ['landing.css'], null, 110],
  ['home, members, keys', ['dashboard.css'], null, 110],
  ['knowledge', ['dashboard.css'], 'upload', 130],
  ['inbox', ['dashboard.css', 'inbox.css'], 'desk', 200],
  ['meeting', ['meet.css', 'meet.js'], null, 250],
  ['meeting on a LiveKit server', ['meet.css', 'meet.js', 'livekit.js'], null, 250],
];
const WIDGET = [
  ['widget, until it is opened', /^widget\/v1\/widget\.js$/, 3],
  ['widget, everything', /^widget\/v1\//, 10],
];

export async function run({ dry }) {
  const path = join(project, 'target/bundle/manifest.json');
  if (!existsSync(path)) throw new Error(`${path} is not there: run scripts/cargo xtask bundle --release first.`);
  const { profile, sizes, program } = JSON.parse(readFileSync(path, 'utf8'));
  const kb = (bytes) => (bytes === null ? '' : short(bytes / 1024));
  // What is not compressed goes as it is.
  const sent = ({ gzip, raw }) => gzip ?? raw;
  const each = Object.entries(sizes).map(([name, size]) => [`\`${name}\``, kb(size.raw), kb(size.gzip), kb(size.br)]);
  // The name of a placed file without its hash and the folder of all.
  const plain = (path) => path.replace(/^assets\//, '').replace(/\.[0-9a-f]{16}\./, '.');
  const views = PAGES.map(([page, files, island, bound]) => {
    const code = island ? [program.js, program.wasm, ...program.chunks[island]].map(plain) : [];
    return [`first view of ${page}, without fonts`, (name) => files.includes(name) || code.includes(name), bound];
  });
  const widget = WIDGET.map(([what, pattern, bound]) => [what, (name) => pattern.test(name), bound]);
  const goals = [...views, ...widget].map(([what, belongs, bound]) => {
    const among = Object.entries(sizes).filter(([name]) => belongs(name));
    const bytes = among.reduce((sum, [, size]) => sum + sent(size), 0);
    return [what, `≤ ${bound}`, among.length ? kb(bytes) : 'not in the bundle', among.length ? (bytes <= bound * 1024 ? 'yes' : 'no') : ''];
  });
  const built = statSync(path).mtime.toISOString().slice(0, 16).replace('T', ' ');
  const about = [...facts().filter(([name]) => name === 'Date' || name === 'Commit'), ['Bundle', `profile ${profile}, built ${built} UTC`]];
  const text = [
    table(['', ''], [...about, ['Command', '`node bench/run.mjs sizes`']]),
    table(['Goal (KB gzip)', '', 'now', 'reached'], goals),
    table(['File (KB of 1,024 bytes)', 'raw', 'gzip', 'brotli'], each),
  ].join('\n\n');
  report('sizes', 'P14, P15: sizes of the bundle', text, dry);
}
