// P1: 30 messages as JSON under row-level security, by Samtal and by Fastify + tRPC + postgres.js on the same rows.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { install } from '../lib/install.mjs';
import { busyness, cores, facts, pin, project } from '../lib/machine.mjs';
import { cpu, cpuOfPostgres, resident } from '../lib/processes.mjs';
import { median, report, short, spread, table } from '../lib/results.mjs';
import { Program, Samtal, WITHOUT_QUOTA, binary } from '../lib/samtal.mjs';
import { LENGTH, fill } from './fill.mjs';
import * as pgbench from './pgbench.mjs';
import { proveTheSame } from './sql.mjs';

const PEER = join(import.meta.dirname, 'peer');
const LIMIT = 30;
const CONNECTIONS = 32;
const SIDES = ['samtal', 'peer'];
const NAMES = { samtal: 'Samtal', peer: 'Fastify + tRPC + postgres.js' };

async function startPeer(samtal, core) {
  const log = join(samtal.folder, 'peer.log');
  const env = {
    PATH: process.env.PATH,
    NODE_ENV: 'production',
    PEER_SOCKETS: samtal.sockets,
    PEER_TENANT_PASSWORD: samtal.passwords.tenant,
    PEER_PLATFORM_PASSWORD: samtal.passwords.platform,
    PEER_DATA: samtal.data,
    PEER_LOG: log,
  };
  const program = new Program(core, process.execPath, [join(PEER, 'server.mjs')], env, samtal.folder, 'peer');
  program.logs.push(log);
  return { program, url: await program.says(/^The peer is at (http:\/\/\S+)$/m) };
}

/** The request for a conversation, to each side. */
const paths = {
  samtal: (id) => `/api/v1/conversations/${id}/messages?limit=${LIMIT}`,
  peer: (id) => `/trpc/messages.list?input=${encodeURIComponent(JSON.stringify({ conversation: id, limit: LIMIT }))}`,
};
/** The page in an answer. */
const pages = {
  samtal: (body) => JSON.parse(body),
  peer: (body) => JSON.parse(body).result.data,
};

/** Both sides give the same page for every conversation, and neither gives one to the other tenant or to nobody. */
async function verify(urls, conversations) {
  const targets = { samtal: [], peer: [] };
  const ask = (side, id, key) => fetch(urls[side] + paths[side](id), { headers: key && { authorization: `Bearer ${key}` } });
  for (const [number, { id, tenant }] of conversations.entries()) {
    const found = {};
    for (const side of SIDES) {
      const answer = await ask(side, id, tenant.key);
      const body = await answer.text();
      if (answer.status !== 200) throw new Error(`${NAMES[side]} answers ${answer.status}: ${body}`);
      found[side] = pages[side](body);
      targets[side].push({
        path: paths[side](id),
        headers: { authorization: `Bearer ${tenant.key}` },
        bytes: Buffer.byteLength(body),
        characters: body.length,
      });
      if (number < 10) {
        const other = conversations.find((conversation) => conversation.tenant !== tenant).tenant;
        for (const [key, status] of [[other.key, 404], [`smt_${'0'.repeat(48)}`, 401], [undefined, 401]]) {
          const refused = await ask(side, id, key);
          if (refused.status !== status) throw new Error(`${NAMES[side]} answers ${refused.status} where ${status} is right.`);
          await refused.arrayBuffer();
        }
      }
    }
    if (!isDeepStrictEqual(found.samtal, found.peer)) {
      throw new Error(`The sides differ:\n${SIDES.map((side) => JSON.stringify(found[side])).join('\n')}`);
    }
    const { data, next_cursor } = found.samtal;
    const right = data.length === LIMIT && data.every((message, i) => message.seq === LENGTH - LIMIT + 1 + i) && next_cursor === data[0].id;
    const cited = data.filter((message) => message.citations.length > 0).length;
    if (!right || cited === 0) throw new Error(`Not the ${LIMIT} latest messages with citations among them: ${JSON.stringify(data)}`);
  }
  return targets;
}

/** Runs the load on its core. */
async function load(core, work) {
  const child = spawn('taskset', ['-c', core, process.execPath, join(import.meta.dirname, 'load.mjs')], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify(work));
  const said = await text(child.stdout);
  if (said === '') throw new Error('The load broke off.');
  return JSON.parse(said);
}

export async function run(options) {
  const rounds = Number(options.rounds ?? 7);
  const seconds = Number(options.seconds ?? 8);
  const count = Number(options.conversations ?? 200);
  const began = performance.now();
  const say = (line) => console.error(`[${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s] ${line}`);
  proveTheSame(project);
  install(PEER);
  const core = cores();
  pin(core.load);
  const busy = await busyness();
  const about = { lines: [...facts(binary), ['Busy before the start', `${short(busy * 100)} % of all cores`]], busy: busy > 0.1 };

  const samtal = await Samtal.start(core.server, WITHOUT_QUOTA);
  let peer;
  const stop = async () => {
    await peer?.program.stop();
    await samtal.stop();
  };
  const interrupted = () => void stop().finally(() => process.exit(130));
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    say(`Samtal runs; filling ${count} conversations of ${LENGTH} messages`);
    const conversations = await fill(samtal, count);
    peer = await startPeer(samtal, core.server);
    const urls = { samtal: samtal.url, peer: peer.url };
    const programs = { samtal: samtal.program, peer: peer.program };
    const targets = await verify(urls, conversations);
    say(`both sides give the same ${LIMIT} messages of each conversation, and to their tenant alone`);
    const bench = pgbench.prepare(samtal, conversations);

    /** One stretch of load on a side, with the CPU time that it took. */
    const stretch = async (side, work) => {
      const before = [cpu(programs[side].pid), cpuOfPostgres(samtal.postmaster)];
      const result = await load(core.load, { url: urls[side], targets: targets[side], connections: CONNECTIONS, ...work });
      const after = [cpu(programs[side].pid), cpuOfPostgres(samtal.postmaster)];
      const failed = Object.values(result.errors).some((n) => n > 0);
      if (failed) say(`errors: ${JSON.stringify(result.errors)} ${programs[side].complaints().join('\n')}`);
      for (const program of Object.values(programs)) program.emptyLogs();
      const each = (i) => ((after[i] - before[i]) / result.requests) * 1e6;
      return { ...result, application: each(0), database: each(1) };
    };

    const warm = {};
    for (const side of SIDES) {
      warm[side] = await stretch(side, { kind: 'closed', seconds: Math.min(6, seconds), seed: 1 });
      say(`warm: ${NAMES[side]} ${short(warm[side].perSecond)} requests/s`);
    }
    // The same for both, and one that both bear.
    const rate = Math.max(10, Math.round((Math.min(...SIDES.map((side) => warm[side].perSecond)) * 0.5) / 10) * 10);

    const idle = [cpu(samtal.pid), cpu(peer.program.pid), cpuOfPostgres(samtal.postmaster)];
    await sleep(3000);
    const resting = [cpu(samtal.pid), cpu(peer.program.pid), cpuOfPostgres(samtal.postmaster)].map((now, i) => ((now - idle[i]) / 3) * 1000);

    const taken = { samtal: [], peer: [], pgbench: [] };
    for (let round = 1; round <= rounds; round++) {
      for (const side of round % 2 ? SIDES : SIDES.toReversed()) {
        const full = await stretch(side, { kind: 'closed', seconds, seed: round });
        const paced = await stretch(side, { kind: 'open', seconds: Math.max(1, Math.round(seconds * 0.6)), rate, seed: round });
        taken[side].push({ full, paced, memory: resident(programs[side].pid) });
      }
      if (bench) taken.pgbench.push(await pgbench.run(samtal, bench, core.server, Math.max(2, Math.round(seconds / 2))));
      const now = (side) => taken[side].at(-1).full;
      say(
        `round ${round}/${rounds}: ` +
          SIDES.map((side) => `${side} ${short(now(side).perSecond)}/s, ${short(now(side).application)} + ${short(now(side).database)} µs`).join('; '),
      );
    }
    await stop();
    write(options, { about, core, rounds, seconds, count, rate, resting, taken, targets });
    say('done');
  } catch (error) {
    await stop();
    throw error;
  } finally {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
  }
}

function write(options, { about, core, rounds, seconds, count, rate, resting, taken, targets }) {
  const of = (side, figure) => taken[side].map(figure);
  /** Samtal's part of the peer's, round by round. */
  const ratios = (figure) => taken.samtal.map((round, i) => figure(round) / figure(taken.peer[i]));
  const row = (name, figure) => [name, spread(of('samtal', figure)), spread(of('peer', figure)), spread(ratios(figure))];
  const sum = (stretch) => stretch.application + stretch.database;
  const errors = (side) => {
    const all = {};
    for (const stretch of taken[side].flatMap(({ full, paced }) => [full, paced])) {
      for (const [kind, n] of Object.entries(stretch.errors)) all[kind] = (all[kind] ?? 0) + n;
    }
    const kinds = Object.entries(all).filter(([, n]) => n > 0);
    return kinds.map(([kind, n]) => `${n} × ${kind}`).join(', ') || 'none';
  };
  const figures = table(
    ['', NAMES.samtal, NAMES.peer, 'Samtal / peer, by round'],
    [
      row('requests/s', ({ full }) => full.perSecond),
      row('application, CPU µs a request', ({ full }) => full.application),
      row('PostgreSQL, CPU µs a request', ({ full }) => full.database),
      row('both, CPU µs a request', ({ full }) => sum(full)),
      row(`p50 at ${rate} requests/s, ms`, ({ paced }) => paced.p50),
      row(`p99 at ${rate} requests/s, ms`, ({ paced }) => paced.p99),
      row(`application at ${rate} requests/s, CPU µs a request`, ({ paced }) => paced.application),
      row(`PostgreSQL at ${rate} requests/s, CPU µs a request`, ({ paced }) => paced.database),
      row('resident memory of the application, MB', ({ memory }) => memory),
      ['errors', errors('samtal'), errors('peer'), ''],
    ],
  );

  const goal = (what, values, bound, atMost) => {
    const middle = median(values);
    return [what, `${atMost ? '≤' : '≥'} ${bound}×`, `${spread(values)} ×`, (atMost ? middle <= bound : middle >= bound) ? 'yes' : 'no'];
  };
  const goals = [
    goal('application CPU', ratios(({ full }) => full.application), 0.25, true),
    goal('application + database CPU', ratios(({ full }) => sum(full)), 0.333, true),
    goal('requests/s', ratios(({ full }) => full.perSecond), 4, false),
  ];
  if (taken.pgbench.length > 0) {
    const floor = taken.samtal.map(({ full }, i) => full.database / (taken.pgbench[i].database * 1e6));
    goals.push(goal('database CPU against the same SQL in pgbench', floor, 1.15, true));
  } else {
    goals.push(['database CPU against the same SQL in pgbench', '≤ 1.15×', 'not run: no pgbench beside this PostgreSQL', '']);
  }

  const busy = Math.max(...SIDES.flatMap((side) => of(side, ({ full }) => full.busy)));
  const size = median(targets.samtal.map(({ bytes }) => bytes)) / 1024;
  const notes = [
    `${rounds} rounds a side, interleaved; in each ${seconds} s with ${CONNECTIONS} connections that ask again at once (requests/s, CPU), then ${Math.max(1, Math.round(seconds * 0.6))} s at a fixed rate whatever the answers do (p50, p99).`,
    `Two tenants, ${count} conversations of ${LENGTH} messages; an answer is ${short(size)} KB of JSON. Load on core ${core.load}, servers and PostgreSQL together on core ${core.server}.`,
    `The load took at most ${short(busy * 100)} % of its core${busy > 0.9 ? ': **it may have been the limit, so requests/s says too little**' : ''}.`,
    `At rest Samtal took ${short(resting[0])} ms of CPU a second, the peer ${short(resting[1])}, PostgreSQL ${short(resting[2])}; that is in the figures of whichever side was at work.`,
  ];
  if (taken.pgbench.length > 0) {
    notes.push(
      `pgbench: ${spread(taken.pgbench.map(({ database }) => database * 1e6))} CPU µs of PostgreSQL a request, ${spread(taken.pgbench.map(({ perSecond }) => perSecond))} requests/s, from the core of PostgreSQL.`,
    );
  }
  const extra = ['rounds', 'seconds', 'conversations'].filter((name) => options[name]).map((name) => ` --${name} ${options[name]}`);
  if (about.busy) notes.push('**The machine was busy with something else when this began: the figures mean little.**');
  if (rounds < 5) notes.push('**Fewer than 5 rounds: this was a trial.**');
  const text = [
    table(['', ''], [...about.lines, ['Command', `\`node bench/run.mjs p1${extra.join('')}\``]]),
    figures,
    table(['Goal', '', 'min · median · max', 'reached (median)'], goals),
    notes.map((note) => `- ${note}`).join('\n'),
  ].join('\n\n');
  report('p1', 'P1: read 30 messages as JSON under row-level security', text, options.dry);
}
