// Runs races by name: `node bench/run.mjs p1 sizes --rounds 5`. What begins with -- goes to each of them.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const folders = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== 'lib')
  .map((entry) => entry.name);
/** The name of a race is its folder's, up to the first hyphen. */
const races = new Map(folders.map((folder) => [folder.split('-')[0], folder]));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    conversations: { type: 'string' },
    dry: { type: 'boolean', default: false },
  },
});
const unknown = positionals.filter((name) => !races.has(name));
if (positionals.length === 0 || unknown.length > 0) {
  console.error(`There ${unknown.length ? `is no race ${unknown.join(', ')}` : 'is no race named'}. There are: ${[...races.keys()].join(', ')}.`);
  process.exit(2);
}
for (const name of positionals) {
  const { run } = await import(join(import.meta.dirname, races.get(name), 'run.mjs'));
  try {
    await run(values);
  } catch (error) {
    console.error(`The race ${name} broke off: ${process.env.DEBUG ? error.stack : error.message}`);
    process.exit(1);
  }
}
