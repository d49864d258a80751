// Fairness: one tenant takes what it can, in eleven ways, and what its neighbour notices of it.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { busyness, cores, facts, pin } from '../lib/machine.mjs';
import { resident } from '../lib/processes.mjs';
import { report, short, table } from '../lib/results.mjs';
import { Samtal, binary } from '../lib/samtal.mjs';
import { uuid } from '../p1-read-messages/sql.mjs';
import { ATTACKS } from './attacks.mjs';
import { fill } from './fill.mjs';
import { Neighbour, PROBES } from './probes.mjs';

/** Under attack p99 may be so many times what it is alone, or so many milliseconds more, whichever is more. */
const TIMES = 1.5;
const MORE = 20;
/** Seconds until everything has been asked for once, and longest wait for what an attack leaves behind. */
const WARM = 2;
const SETTLE = 60;

/** The value below which that part of all lies. */
function at(values, part) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
}

const counted = (counts) => [...counts].map(([what, n]) => `${n} × ${what}`).join(', ') || 'none';

/** The attacker's process, which is on the core of the one that starts it. */
class Attacker {
  static async ready() {
    const attacker = new Attacker();
    attacker.child = fork(join(import.meta.dirname, 'attacker.mjs'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const ended = once(attacker.child, 'exit').then(() => Promise.reject(new Error('The attacker ended before it began.')));
    await Promise.race([once(attacker.child, 'message'), ended]);
    return attacker;
  }

  go(attack, target) {
    this.child.send({ attack, target });
  }

  /** What it met. Its connections end with it. */
  async stop() {
    const ended = once(this.child, 'exit');
    const said = once(this.child, 'message');
    this.child.send({});
    const counts = await Promise.race([said, ended.then(() => [[]]), sleep(10_000, [[]], { ref: false })]);
    this.child.kill('SIGKILL');
    await ended;
    return counts[0];
  }
}

/** Takes away what an attack has left to do, and waits for what is being done. */
async function settle(samtal, attackers) {
  await sleep(1000);
  const whose = `tenant_id in (${attackers.map((id) => `'${uuid(id)}'`).join(', ')})`;
  samtal.sql(`delete from app.documents where ${whose} and file_name like 'novel-%'`);
  for (let tries = 0; tries < SETTLE * 2; tries++) {
    samtal.sql(`delete from app.jobs where ${whose} and lease_id is null`);
    if (samtal.sql('select 1 from app.jobs where dead_at is null limit 1').length === 0) return;
    await sleep(500);
  }
  throw new Error(`${SETTLE} s after an attack there is still something to do for it.`);
}

export async function run(options) {
  const seconds = Number(options.seconds ?? 10);
  const wanted = process.env.ATTACKS?.split(',') ?? Object.keys(ATTACKS);
  const unknown = wanted.filter((attack) => !ATTACKS[attack]);
  if (unknown.length > 0) throw new Error(`There is no attack ${unknown.join(', ')}. There are: ${Object.keys(ATTACKS).join(', ')}.`);
  const began = performance.now();
  const say = (line) => console.error(`[${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s] ${line}`);
  const core = cores();
  pin(core.load);
  const busy = await busyness();
  const about = { lines: [...facts(binary), ['Busy before the start', `${short(busy * 100)} % of all cores`]], busy: busy > 0.1 };

  // The model that says nothing is on this machine.
  const samtal = await Samtal.start(core.server, { SAMTAL__OUTBOUND__PRIVATE_ADDRESSES: 'true' });
  let attacker;
  const stop = async () => {
    attacker?.child.kill('SIGKILL');
    await samtal.stop();
  };
  const interrupted = () => void stop().finally(() => process.exit(130));
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    const filled = await fill(samtal);
    const neighbour = new Neighbour(samtal, filled.neighbour);

    /** A row: what the neighbour noticed, what the attacker met. */
    const measure = async (name, length, attack) => {
      await neighbour.open();
      attacker = attack && (await Attacker.ready());
      attacker?.go(attack, filled.target);
      const { latencies, errors, late } = await neighbour.measure(length);
      const memory = resident(samtal.pid);
      const met = attacker && counted(await attacker.stop());
      attacker = undefined;
      neighbour.close();
      const row = { name, attack, errors, met, memory, late: at(late, 0.99) };
      row.p50 = PROBES.map((probe) => at(latencies[probe], 0.5));
      row.p99 = PROBES.map((probe) => at(latencies[probe], 0.99));
      return row;
    };
    const rows = [];
    const one = async (name, length, attack) => {
      const row = await measure(name, length, attack);
      rows.push(row);
      const figures = PROBES.map((probe, i) => `${probe} ${figure(row.p99[i])}`).join(', ');
      say(`${name}: ${figures} ms; errors: ${counted(row.errors)}${row.met ? `; the attacker met ${row.met}` : ''}`);
      if (row.errors.size > 0) for (const line of samtal.program.complaints(...filled.attackers)) say(line);
      samtal.program.emptyLogs();
      if (attack) await settle(samtal, filled.attackers);
    };

    await measure('warm', WARM);
    await one('alone', 2 * seconds);
    for (const attack of wanted) await one(`${attack}: ${ATTACKS[attack].what}`, seconds, attack);
    await one('alone, afterwards', seconds);
    await stop();
    write(options, { about, core, seconds, rows });
  } catch (error) {
    await stop();
    throw error;
  } finally {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
  }
}

const figure = (value) => (value === undefined ? '–' : short(value));

function write(options, { about, core, seconds, rows }) {
  const alone = rows[0];
  const bold = (text, so) => (so ? `**${text}**` : text);
  const beyond = (row, i) => !(row.p99[i] <= Math.max(TIMES * alone.p99[i], alone.p99[i] + MORE));
  const kept = (row) => row.errors.size === 0 && PROBES.every((_, i) => !beyond(row, i));
  const attacks = rows.filter(({ attack }) => attack);
  const noticed = rows.map((row) => [
    row.name,
    ...PROBES.map((_, i) => bold(`${figure(row.p50[i])} · ${figure(row.p99[i])}`, beyond(row, i))),
    bold(counted(row.errors), row.errors.size > 0),
    row.attack ? (kept(row) ? 'yes' : '**no**') : '',
  ]);
  const met = rows.map((row) => [row.name, row.met ?? '', figure(row.late), short(row.memory)]);
  const notes = [
    `Each attack ${seconds} s, alone twice as long; p50 · p99 of the neighbour in ms, counted from when a request was due. With so few requests p99 is the slowest of them, or nearly.`,
    `Kept: no error, and each p99 at most ${TIMES} times that of the first row or ${MORE} ms more, whichever is more. What is beyond stands out. The last row is no attack: it says how much the same thing differs.`,
    `Attacker and probes on core ${core.load}, server and PostgreSQL together on core ${core.server}. Late: by how much the probes' own timers were late (p99).`,
  ];
  if (about.busy) notes.push('**The machine was busy with something else when this began: the figures mean little.**');
  if (seconds < 10 || attacks.length < Object.keys(ATTACKS).length) notes.push('**Shorter or fewer attacks than all for 10 s: this was a trial.**');
  const chosen = process.env.ATTACKS ? `ATTACKS=${process.env.ATTACKS} ` : '';
  const command = `\`${chosen}node bench/run.mjs fairness${options.seconds ? ` --seconds ${options.seconds}` : ''}\``;
  const text = [
    table(['', ''], [...about.lines, ['Command', command]]),
    table(['', ...PROBES, "neighbour's errors", 'kept'], noticed),
    table(['', 'What the attacker met', 'late, ms', 'server, MB'], met),
    `**Kept under ${attacks.filter(kept).length} of ${attacks.length}** (goal: all)`,
    notes.map((note) => `- ${note}`).join('\n'),
  ].join('\n\n');
  report('fairness', 'Fairness: what a neighbour notices of a tenant that takes what it can', text, options.dry);
}
