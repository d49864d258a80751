// P4: a page of the dashboard, by Samtal and by Next.js + postgres.js on the same rows.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { install } from '../lib/install.mjs';
import { busyness, cores, facts, pin, project } from '../lib/machine.mjs';
import { cpu, cpuOfPostgres, resident } from '../lib/processes.mjs';
import { median, report, short, spread, table } from '../lib/results.mjs';
import { Program, Samtal, WITHOUT_QUOTA, binary } from '../lib/samtal.mjs';
import { KEYS, fill } from './fill.mjs';
import * as html from './html.mjs';
import * as statements from './peer/sql.mjs';

const PEER = join(import.meta.dirname, 'peer');
const NEXT = join(PEER, 'node_modules/next/dist/bin/next');
const PAGE = '/dashboard/api-keys';
const CONNECTIONS = 32;
/** Seconds until what is compiled at run time has been. */
const WARM = 6;
const SIDES = ['samtal', 'peer'];
const NAMES = { samtal: 'Samtal', peer: 'Next.js + postgres.js' };

/** Throws when the server's source no longer holds the peer's statements: the race would not be one any more. */
function proveTheSame() {
  const one = (text) => text.replace(/\{\}/g, '').replace(/\\\n/g, '').replace(/\s+/g, ' ');
  const { SEEN, KEYS, MOST, WHO, ABSOLUTE, IDLE, AT_THE_DOOR, INSIDE, platform } = statements;
  const holds = {
    'crates/store/src/scope.rs': [SEEN, "app.enter_session('', '', , , , )"],
    'crates/store/src/tx.rs': [`begin; ${platform('')}`, `begin; ${AT_THE_DOOR}; select * from {door}; ${INSIDE}`],
    'crates/identity/src/api_keys.rs': [KEYS, `PAGE: i64 = ${MOST};`],
    'crates/identity/src/tenants.rs': [WHO],
    'server/src/config/parts.rs': [`absolute_minutes: ${ABSOLUTE}, idle_minutes: ${IDLE}`],
  };
  for (const [file, texts] of Object.entries(holds)) {
    const source = one(readFileSync(join(project, file), 'utf8'));
    const lost = texts.find((text) => !source.includes(one(text)));
    if (lost) throw new Error(`${file} no longer holds this; bring bench/p4-dashboard-page/peer/sql.mjs up to it:\n${lost}`);
  }
}

/** Runs something for the peer, and says how long it took. */
function prepare(what, program, args, say) {
  const began = performance.now();
  execFileSync(program, args, { cwd: PEER, stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, NEXT_TELEMETRY_DISABLED: '1' } });
  say(`${what} took ${short((performance.now() - began) / 1000)} s`);
}

/** What package-lock.json says and what the peer's source becomes, unless they are there. */
function build(say) {
  const changed = (path) => statSync(path).mtimeMs;
  install(PEER);
  const built = join(PEER, '.next/BUILD_ID');
  const sources = readdirSync(PEER, { recursive: true }).filter((path) => !/^(node_modules|\.next)\b/.test(path));
  if (!existsSync(built) || sources.some((path) => changed(join(PEER, path)) > changed(built))) {
    prepare('next build', process.execPath, [NEXT, 'build'], say);
  }
}

async function startPeer(samtal, core) {
  const env = {
    PATH: process.env.PATH,
    NODE_ENV: 'production',
    NEXT_TELEMETRY_DISABLED: '1',
    PEER_SOCKETS: samtal.sockets,
    PEER_TENANT_PASSWORD: samtal.passwords.tenant,
    PEER_PLATFORM_PASSWORD: samtal.passwords.platform,
  };
  const args = [NEXT, 'start', PEER, '--hostname', '127.0.0.1', '--port', '0'];
  const program = new Program(core, process.execPath, args, env, samtal.folder, 'peer');
  const url = await program.says(/Local:\s+(http:\/\/127\.0\.0\.1:\d+)/);
  await program.says(/(Ready in)/);
  return { program, url };
}

/** A page, and how many bytes of it were sent. Unpacked by hand: `fetch` does not say how many those were. */
async function ask(url, cookie) {
  const headers = { 'accept-encoding': 'gzip', ...(cookie && { cookie }) };
  const [answer] = await once(http.get(url + PAGE, { headers, agent: false }), 'response');
  const sent = await buffer(answer);
  const packed = answer.headers['content-encoding'] === 'gzip';
  return { status: answer.statusCode, to: answer.headers.location, packed, page: String(packed ? gunzipSync(sent) : sent), sent: sent.length };
}

/** Both sides give the same page to every session, and none to who has none. What is asked for in the race. */
async function verify(urls, tenants) {
  const targets = { samtal: [], peer: [] };
  const pages = {};
  for (const side of SIDES) {
    for (const cookie of [undefined, `samtal=${'A'.repeat(22)}`]) {
      const { status, to, page } = await ask(urls[side], cookie);
      if (![303, 307].includes(status) || !to?.endsWith(`/login?next=${PAGE}`) || page.includes('smt_')) {
        throw new Error(`${NAMES[side]} answers ${status} to who is not signed in: ${page}`);
      }
    }
  }
  for (const { cookies, names } of tenants) {
    for (const cookie of cookies) {
      for (const side of SIDES) {
        const { status, packed, page, sent } = await ask(urls[side], cookie);
        if (status !== 200 || !packed) throw new Error(`${NAMES[side]} answers ${status}${packed ? '' : ', not packed'}: ${page}`);
        if (!isDeepStrictEqual(html.names(page), names)) throw new Error(`${NAMES[side]} shows ${html.names(page)} and not ${names}.`);
        const signs = [...page.matchAll(/<small><code>(smt_[0-9a-f]{8})/g)].map(([, prefix]) => prefix);
        if (signs.length !== names.length) throw new Error(`${NAMES[side]} shows ${signs.length} prefixes.`);
        targets[side].push({ path: PAGE, headers: { 'accept-encoding': 'gzip', cookie }, signs: [signs[0], signs.at(-1)] });
        pages[side] = { page, sent };
      }
      const [ours, theirs] = SIDES.map((side) => [html.title(pages[side].page), ...html.body(pages[side].page)]);
      const at = ours.findIndex((token, i) => token !== theirs[i]);
      if (!isDeepStrictEqual(ours, theirs)) throw new Error(`The sides differ:\n${ours.slice(at, at + 8)}\n${theirs.slice(at, at + 8)}`);
    }
  }
  return { targets, pages };
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
  const began = performance.now();
  const say = (line) => console.error(`[${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s] ${line}`);
  proveTheSame();
  build(say);
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
    const tenants = await fill(samtal);
    peer = await startPeer(samtal, core.server);
    const urls = { samtal: samtal.url, peer: peer.url };
    const programs = { samtal: samtal.program, peer: peer.program };
    const { targets, pages } = await verify(urls, tenants);
    say(`both sides show the same page with the same ${KEYS} rows, and each tenant's to itself alone`);

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
      warm[side] = await stretch(side, { kind: 'closed', seconds: WARM, seed: 1 });
      say(`warm: ${NAMES[side]} ${short(warm[side].perSecond)} pages/s`);
    }
    // The same for both, and one that both bear.
    const rate = Math.max(10, Math.round((Math.min(...SIDES.map((side) => warm[side].perSecond)) * 0.5) / 10) * 10);

    const spent = () => [cpu(samtal.pid), cpu(peer.program.pid), cpuOfPostgres(samtal.postmaster)];
    const idle = spent();
    await sleep(3000);
    const resting = spent().map((now, i) => ((now - idle[i]) / 3) * 1000);

    const taken = { samtal: [], peer: [] };
    for (let round = 1; round <= rounds; round++) {
      for (const side of round % 2 ? SIDES : SIDES.toReversed()) {
        const full = await stretch(side, { kind: 'closed', seconds, seed: round });
        const paced = await stretch(side, { kind: 'open', seconds, rate, seed: round });
        taken[side].push({ full, paced, memory: resident(programs[side].pid) });
      }
      const now = (side) => taken[side].at(-1).full;
      say(
        `round ${round}/${rounds}: ` +
          SIDES.map((side) => `${side} ${short(now(side).perSecond)}/s, ${short(now(side).application)} + ${short(now(side).database)} µs`).join('; '),
      );
    }
    await stop();
    write(options, { about, core, rounds, seconds, rate, resting, taken, pages });
    say('done');
  } catch (error) {
    await stop();
    throw error;
  } finally {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
  }
}

function write(options, { about, core, rounds, seconds, rate, resting, taken, pages }) {
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
  const size = (name, bytes) => {
    const [ours, theirs] = SIDES.map((side) => bytes(pages[side]));
    return [name, short(ours / 1024), short(theirs / 1024), short(ours / theirs)];
  };
  const figures = table(
    ['', NAMES.samtal, NAMES.peer, 'Samtal / peer, by round'],
    [
      row('pages/s', ({ full }) => full.perSecond),
      row('application, CPU µs a page', ({ full }) => full.application),
      row('PostgreSQL, CPU µs a page', ({ full }) => full.database),
      row('both, CPU µs a page', ({ full }) => sum(full)),
      row('pages a CPU second, application', ({ full }) => 1e6 / full.application),
      row('pages a CPU second, both', ({ full }) => 1e6 / sum(full)),
      row(`first byte, p50 at ${rate} pages/s, ms`, ({ paced }) => paced.p50),
      row(`first byte, p99 at ${rate} pages/s, ms`, ({ paced }) => paced.p99),
      row(`last byte, p99 at ${rate} pages/s, ms`, ({ paced }) => paced.whole),
      row(`application at ${rate} pages/s, CPU µs a page`, ({ paced }) => paced.application),
      row('resident memory of the application, MB', ({ memory }) => memory),
      size('the page, KB', ({ page }) => Buffer.byteLength(page)),
      size('of that scripts, KB', ({ page }) => Buffer.byteLength((page.match(/<script\b[^]*?<\/script>/g) ?? []).join(''))),
      size('the page as it is sent, KB gzip', ({ sent }) => sent),
      ['errors', errors('samtal'), errors('peer'), ''],
    ],
  );

  const goal = (what, values, bound, atMost) => {
    const middle = median(values);
    return [what, `${atMost ? '≤' : '≥'} ${bound}×`, `${spread(values)} ×`, (atMost ? middle <= bound : middle >= bound) ? 'yes' : 'no'];
  };
  const goals = [
    goal('pages a CPU second, application', ratios(({ full }) => 1 / full.application), 8, false),
    goal('pages a CPU second, application + database', ratios(({ full }) => 1 / sum(full)), 8, false),
    goal('first byte, p99', ratios(({ paced }) => paced.p99), 0.2, true),
  ];

  const busy = Math.max(...SIDES.flatMap((side) => of(side, ({ full }) => full.busy)));
  const { next, react, postgres } = JSON.parse(readFileSync(join(PEER, 'package.json'), 'utf8')).dependencies;
  const notes = [
    `${rounds} rounds a side, interleaved; in each ${seconds} s with ${CONNECTIONS} connections that ask again at once (pages/s, CPU), then ${seconds} s at a fixed rate whatever the answers do (p50, p99).`,
    `Two tenants, ${KEYS} keys in each, eight sessions. Next.js ${next}, React ${react}, postgres.js ${postgres}, node ${process.versions.node}. Load on core ${core.load}, servers and PostgreSQL together on core ${core.server}.`,
    `The load took at most ${short(busy * 100)} % of its core${busy > 0.9 ? ': **it may have been the limit, so pages/s says too little**' : ''}.`,
    `At rest Samtal took ${short(resting[0])} ms of CPU a second, the peer ${short(resting[1])}, PostgreSQL ${short(resting[2])}; that is in the figures of whichever side was at work.`,
  ];
  const extra = ['rounds', 'seconds'].filter((name) => options[name]).map((name) => ` --${name} ${options[name]}`);
  if (about.busy) notes.push('**The machine was busy with something else when this began: the figures mean little.**');
  if (rounds < 5) notes.push('**Fewer than 5 rounds: this was a trial.**');
  const text = [
    table(['', ''], [...about.lines, ['Command', `\`node bench/run.mjs p4${extra.join('')}\``]]),
    figures,
    table(['Goal', '', 'min · median · max', 'reached (median)'], goals),
    notes.map((note) => `- ${note}`).join('\n'),
  ].join('\n\n');
  report('p4', 'P4: a page of the dashboard', text, options.dry);
}
