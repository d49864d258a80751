// P9: the first words through the assistant, and through LiteLLM's proxy, of a provider that always takes the same time.
import { execFileSync, fork, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { busyness, cores, facts, pin, project } from '../lib/machine.mjs';
import { cpu, resident } from '../lib/processes.mjs';
import { median, report, short, spread, table } from '../lib/results.mjs';
import { Program, Samtal, WITHOUT_QUOTA, binary } from '../lib/samtal.mjs';
import { QUESTIONS, document } from '../p1-read-messages/fill.mjs';

const PEER = join(import.meta.dirname, 'peer');
/** `cargo build --release -p llm --example first_token` makes it. */
const MODELS = join(project, 'target/release/examples/first_token');
const DELAY = 200;
/** Streams stay open so long that all are, at the rate at which they begin; no answer takes 20 s. */
const [PIECES, PAUSE] = [30, 500];
const HELD = (DELAY + PIECES * PAUSE) / 1000;
const NAMES = { direct: 'the stand-in itself', models: 'Samtal, asking models alone', samtal: 'Samtal, the whole assistant', peer: 'LiteLLM proxy' };
const SIDES = Object.keys(NAMES);

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

/** The stand-in, on the core of the load. */
async function startStandIn(core) {
  const args = ['--delay', DELAY, '--pieces', PIECES, '--pause', PAUSE].map(String);
  const child = fork(join(import.meta.dirname, 'stand-in.mjs'), args, { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  execFileSync('taskset', ['-a', '-c', '-p', core, String(child.pid)], { stdio: 'ignore' });
  const [said] = await once(child.stdout, 'data');
  return {
    address: /(http:\S+)/.exec(String(said))[1],
    state: async () => (child.send('state'), (await once(child, 'message'))[0]),
    stop: () => child.kill(),
  };
}

async function startPeer(samtal, core, standIn) {
  const litellm = execFileSync(join(PEER, 'setup'), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
  const config = join(samtal.folder, 'litellm.yaml');
  const one = `{ model_name: stand-in, litellm_params: { model: openai/stand-in, api_base: "${standIn}", api_key: none } }`;
  writeFileSync(config, `model_list: [${one}]\nlitellm_settings: { telemetry: false, drop_params: true }\n`);
  const port = await freePort();
  const key = `sk-${randomBytes(32).toString('hex')}`;
  const env = { LITELLM_MASTER_KEY: key, PATH: process.env.PATH, HOME: samtal.folder, LITELLM_LOG: 'ERROR', LITELLM_MODE: 'PRODUCTION', NO_PROXY: '*' };
  const args = ['--config', config, '--host', '127.0.0.1', '--port', String(port), '--num_workers', '1'];
  const program = new Program(core, litellm, args, env, samtal.folder, 'litellm');
  const url = `http://127.0.0.1:${port}`;
  for (;;) {
    if (program.over) throw program.over;
    const answer = await fetch(`${url}/health/liveliness`).catch(() => undefined);
    if (answer?.ok) return { program, url, key };
    await sleep(200);
  }
}

async function load(core, work) {
  const child = spawn('taskset', ['-c', core, process.execPath, join(import.meta.dirname, 'load.mjs')], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify(work));
  const said = await text(child.stdout);
  if (said === '') throw new Error('The load broke off.');
  return JSON.parse(said);
}

/** What `examples/first_token.rs` says, on the core of the server. Its database is that of the tests. */
async function modelsAlone(core, standIn, streams, rate) {
  const child = spawn('taskset', ['-c', core, MODELS, standIn, String(streams), String(rate)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const said = await text(child.stdout);
  if (said === '') throw new Error('examples/first_token broke off.');
  return JSON.parse(said);
}

const percentile = (values, part) => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN;
};

export async function run(options) {
  const rounds = Number(options.rounds ?? 5);
  const streams = Number(options.conversations ?? 500);
  // All of them are open before the first one ends.
  const rate = streams / (HELD * 0.9);
  const began = performance.now();
  const say = (line) => console.error(`[${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s] ${line}`);
  if (!existsSync(MODELS)) throw new Error('Build what asks models alone first: cargo build --release -p llm --example first_token');
  const core = cores();
  pin(core.load);
  const busy = await busyness();
  const about = { lines: [...facts(binary), ['Busy before the start', `${short(busy * 100)} % of all cores`]], busy: busy > 0.1 };

  const standIn = await startStandIn(core.load);
  const samtal = await Samtal.start(core.server, {
    ...WITHOUT_QUOTA,
    SAMTAL__OUTBOUND__PRIVATE_ADDRESSES: 'true',
    SAMTAL__SERVER__ADDRESS_PERCENT: '100',
    SAMTAL__MODELS__AT_ONCE: '1000',
    SAMTAL__MODELS__OF_A_COMPANY: '1000',
  });
  let peer;
  const stop = async () => {
    standIn.stop();
    await peer?.program.stop();
    await samtal.stop();
  };
  const interrupted = () => void stop().finally(() => process.exit(130));
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    const tenant = samtal.tenant('Shop', 'owner@shop.example');
    samtal.sql("update app.api_keys set scopes = scopes || '{assistant.manage}'");
    await document(samtal, tenant);
    await samtal.api(tenant, 'POST', '/models', { wire: 'openai', name: 'stand-in', address: standIn.address });
    const answer = await samtal.api(tenant, 'POST', '/answers', { question: QUESTIONS[0] });
    if (!answer.usage) throw new Error(`The model did not write the answer: ${JSON.stringify(answer)}`);
    // What a model is sent is the same for all.
    const { messages } = (await standIn.state()).last;
    say('the assistant answers by the stand-in; setting up LiteLLM');
    peer = await startPeer(samtal, core.server, standIn.address);
    const prompt = JSON.stringify({ model: 'stand-in', stream: true, max_tokens: 700, messages });
    const words = '"content":"[^"]';
    const work = {
      direct: { url: standIn.address, path: '/v1/chat/completions', headers: {}, body: prompt, says: words },
      peer: { url: peer.url, path: '/v1/chat/completions', headers: { authorization: `Bearer ${peer.key}` }, body: prompt, says: words },
      samtal: {
        url: samtal.url,
        path: '/api/v1/answers',
        headers: { authorization: `Bearer ${tenant.key}` },
        body: JSON.stringify({ question: QUESTIONS[0], stream: true }),
        says: 'event: ?draft',
      },
    };
    const pids = { samtal: samtal.program, peer: peer.program };
    const stretch = async (side, count) => {
      const program = pids[side];
      const before = program ? cpu(program.pid) : 0;
      const came = side === 'models' ? await modelsAlone(core.server, standIn.address, count, rate) : await load(core.load, { ...work[side], streams: count, rate });
      const failed = Object.values(came.errors).some((n) => n > 0);
      if (failed) say(`errors of ${NAMES[side]}: ${JSON.stringify(came.errors)} ${program?.complaints().join('\n') ?? ''}`);
      const each = program ? ((cpu(program.pid) - before) / count) * 1e3 : NaN;
      program?.emptyLogs();
      return { ...came, each, memory: program ? resident(program.pid) : NaN };
    };
    for (const side of SIDES) say(`warm: ${NAMES[side]} ${short(percentile((await stretch(side, Math.min(50, streams))).first, 0.5))} ms`);
    const taken = Object.fromEntries(SIDES.map((side) => [side, []]));
    for (let round = 0; round < rounds; round++) {
      for (const side of round % 2 ? [...SIDES].reverse() : SIDES) {
        taken[side].push(await stretch(side, streams));
        const { first, most } = taken[side].at(-1);
        say(`round ${round + 1} of ${rounds}: ${NAMES[side]}, p99 ${short(percentile(first, 0.99))} ms, ${most} open at once`);
      }
    }
    write(options, { about, core, rounds, streams, rate, taken });
    say('done');
  } finally {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
    await stop();
  }
}

function write(options, { about, core, rounds, streams, rate, taken }) {
  const of = (side, figure) => taken[side].map(figure);
  /** What a side adds to the stand-in's own time, round by round. */
  const added = (side, part) => taken[side].map((round, i) => percentile(round.first, part) - percentile(taken.direct[i].first, part));
  const sides = ['models', 'samtal', 'peer'];
  const row = (name, figure) => [name, ...sides.map((side) => spread(figure(side)))];
  const errors = (side) => {
    const all = {};
    for (const { errors } of taken[side]) for (const [kind, n] of Object.entries(errors)) all[kind] = (all[kind] ?? 0) + n;
    return Object.entries(all).map(([kind, n]) => `${n} × ${kind}`).join(', ') || 'none';
  };
  const maybe = (values) => (values.some(Number.isNaN) ? '-' : spread(values));
  const figures = table(
    ['', ...sides.map((side) => NAMES[side])],
    [
      row('first words, added p50, ms', (side) => added(side, 0.5)),
      row('first words, added p99, ms', (side) => added(side, 0.99)),
      row('open at once', (side) => of(side, ({ most }) => most)),
      ['CPU ms a stream', ...sides.map((side) => maybe(of(side, ({ each }) => each)))],
      ['resident memory, MB', ...sides.map((side) => maybe(of(side, ({ memory }) => memory)))],
      ['errors', ...sides.map(errors)],
    ],
  );
  const ratios = (side) => added(side, 0.99).map((ms, i) => ms / added('peer', 0.99)[i]);
  const goal = (what, values, bound, unit) => [what, `≤ ${bound}${unit}`, spread(values), median(values) <= bound ? 'yes' : 'no'];
  const goals = sides.slice(0, 2).flatMap((side) => [
    goal(`${NAMES[side]}: added p99`, added(side, 0.99), 1, ' ms'),
    goal(`${NAMES[side]}: of what LiteLLM adds`, ratios(side), 0.1, '×'),
    [`${NAMES[side]}: open at once`, `≥ ${streams}`, spread(of(side, ({ most }) => most)), median(of(side, ({ most }) => most)) >= streams ? 'yes' : 'no'],
  ]);
  const notes = [
    `${rounds} rounds a side, interleaved; ${streams} streams in each, ${short(rate)} begun in a second. The stand-in takes ${DELAY} ms until its first words, and sends ${PIECES} pieces more, one in ${PAUSE} ms.`,
    `Load and stand-in on core ${core.load}; whichever side is at work, with its database, on core ${core.server}. By itself the stand-in takes ${spread(of('direct', ({ first }) => percentile(first, 0.5)))} ms (p50), ${spread(of('direct', ({ first }) => percentile(first, 0.99)))} ms (p99).`,
    'The whole assistant searches the documents and reads what it finds beside the question before a model is asked, and shows a sentence when it is whole and stands in its passages. LiteLLM does nothing of the kind; what compares with it is asking models alone, with the budget reserved and settled in PostgreSQL.',
  ];
  if (about.busy) notes.push('**The machine was busy with something else when this began: the figures mean little.**');
  if (rounds < 5) notes.push('**Fewer than 5 rounds: this was a trial.**');
  const extra = ['rounds', 'conversations'].filter((name) => options[name]).map((name) => ` --${name} ${options[name]}`);
  const text = [
    table(['', ''], [...about.lines, ['Command', `\`node bench/run.mjs p9${extra.join('')}\``]]),
    figures,
    table(['Goal', '', 'min · median · max', 'reached (median)'], goals),
    notes.map((note) => `- ${note}`).join('\n'),
  ].join('\n\n');
  report('p9', 'P9: the first words of an answer', text, options.dry);
}
