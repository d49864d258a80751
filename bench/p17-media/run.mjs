// P17: what forwarding a packet costs, and how long it takes: our media server, Janus and LiveKit, with the same who send and receive.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import os from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { busyness, cores, facts, pin, project } from '../lib/machine.mjs';
import { resident, spending } from '../lib/processes.mjs';
import { median, report, short, spread, table } from '../lib/results.mjs';
import { Program } from '../lib/samtal.mjs';
import * as janus from './janus.mjs';
import * as livekit from './livekit.mjs';

/** `scripts/cargo build --release --examples` makes both. */
const [FORWARDS, FORWARDED] = ['forwards', 'forwarded'].map((name) => join(project, 'target/release/examples', name));
const NAMES = { own: 'Samtal', janus: 'Janus', livekit: 'LiveKit', direct: 'nobody between' };
/** Where all servers have their media, so that packets may be lost there: `LOSS=2`, in percent, as root. */
const PORTS = [20_000, 20_400];
const LOSS = Number(process.env.LOSS ?? 0);
const NO_JANUS = 'Without Janus, which is not installed (apt-get install janus).';
const NO_LIVEKIT = 'Without LiveKit, which is not there (scripts/setup --tests builds it where Go is).';

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

/** An address of this machine's own: Janus has no media on loopback. */
function address() {
  const all = Object.values(os.networkInterfaces()).flat();
  const found = all.find(({ internal, family }) => !internal && family === 'IPv4');
  if (!found) throw new Error('This machine has no IPv4 address but loopback, where Janus carries no media.');
  return found.address;
}

/** Lines of a stream, one after the other. */
function lines(stream) {
  const all = createInterface({ input: stream })[Symbol.asyncIterator]();
  return async () => {
    const { value, done } = await all.next();
    if (done) throw new Error('It broke off.');
    const said = JSON.parse(value);
    if (said.error) throw new Error(said.error);
    return said;
  };
}

/** Who send and receive: `examples/forwarded.rs`. */
function startLoad(core, ip) {
  const child = spawn('taskset', ['-c', core, FORWARDED, ip], { stdio: ['pipe', 'pipe', 'inherit'] });
  const next = lines(child.stdout);
  return {
    next,
    ask: (what) => (child.stdin.write(`${JSON.stringify(what)}\n`), next()),
    stop: () => child.kill(),
  };
}

/** Our server: `examples/forwards.rs`. A room is as long as a connection. */
async function startOwn(core, folder, ip) {
  const program = new Program(core, FORWARDS, [`${ip}:${PORTS[0]}`], { PATH: process.env.PATH }, folder, 'forwards');
  const port = Number(await program.says(/asked at (\d+)/));
  const open = async () => {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const next = lines(socket);
    const comes = async (load, sends) => {
      const { sdp, sources } = await load.ask({ do: 'offer', sends });
      socket.write(`${JSON.stringify({ sdp, sources })}\n`);
      await load.ask({ do: 'accept', sdp: (await next()).sdp });
    };
    return {
      sends: (load) => comes(load, true),
      receives: (load) => comes(load, false),
      close: () => void socket.destroy(),
    };
  };
  return { program, open };
}

async function startJanus(core, folder, ip) {
  const { program, url } = await janus.start(core, folder, ip, PORTS, await freePort());
  const open = async () => {
    const room = await janus.Room.open(url);
    return {
      sends: async (load) => {
        const { sdp } = await load.ask({ do: 'offer', sends: true });
        await load.ask({ do: 'accept', sdp: await room.sends(sdp) });
      },
      receives: (load) => room.receives(async (sdp) => (await load.ask({ do: 'answer', sdp })).sdp),
      close: () => room.close(),
    };
  };
  return { program, open };
}

async function startLivekit(core, folder, ip) {
  const { program, url } = await livekit.start(core, folder, ip, PORTS, await freePort());
  const open = async () => {
    const room = new livekit.Room(url);
    const said = async (load, what, sdp) => (await load.ask({ do: what, sdp })).sdp;
    return {
      sends: async (load) => {
        const { sdp } = await load.ask({ do: 'offer', sends: true });
        await load.ask({ do: 'accept', sdp: await room.sends(sdp) });
      },
      receives: (load) => room.receives((sdp) => said(load, 'answer', sdp), (sdp) => said(load, 'again', sdp)),
      close: () => room.close(),
    };
  };
  return { program, open };
}

/** No server: each who receives has one who sends for themself. What the load itself takes. */
async function startDirect() {
  const open = async () => ({ sends: () => undefined, receives: (load) => load.ask({ do: 'pair' }), close: () => undefined });
  return { program: { stop: () => undefined }, open };
}

/** Has the kernel lose a part of what servers send. */
function lose(percent) {
  const nft = (text) => execFileSync('nft', ['-f', '-'], { input: text });
  const end = () => nft('table inet p17 { }\ndelete table inet p17\n');
  end();
  if (percent > 0) {
    const rule = `udp sport ${PORTS[0]}-${PORTS[1]} numgen random mod 1000 < ${Math.round(percent * 10)} drop`;
    nft(`table inet p17 {\n chain input {\n type filter hook input priority 0\n ${rule}\n }\n}\n`);
  }
  return end;
}

export async function run(options) {
  const rounds = Number(options.rounds ?? 5);
  const seconds = Number(options.seconds ?? 10);
  const sizes = options.conversations ? options.conversations.split(',').map(Number) : [2, 5, 10, 20, 50];
  const began = performance.now();
  const say = (line) => console.error(`[${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s] ${line}`);
  for (const program of [FORWARDS, FORWARDED]) {
    if (!existsSync(program)) throw new Error('Build who forwards, sends and receives first: scripts/cargo build --release --examples');
  }
  const core = cores();
  pin(core.load);
  const busy = await busyness();
  const about = { lines: [...facts(FORWARDS), ['Busy before the start', `${short(busy * 100)} % of all cores`]], busy: busy > 0.1 };
  const folder = mkdtempSync(join(os.tmpdir(), 'samtal-p17-'));
  const ip = address();
  const starts = { own: startOwn, ...(janus.installed() && { janus: startJanus }), ...(livekit.installed() && { livekit: startLivekit }), ...(LOSS === 0 && { direct: startDirect }) };
  const sides = Object.keys(starts);
  if (!starts.janus) say(NO_JANUS);
  if (!starts.livekit) say(NO_LIVEKIT);
  const servers = {};
  let losing;
  const stop = async () => {
    losing?.();
    for (const { program } of Object.values(servers)) await program.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  const interrupted = () => void stop().finally(() => process.exit(130));
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    if (LOSS > 0) losing = lose(LOSS);
    /** One room with so many who receive, for so long. */
    const stretch = async (side, receivers, length) => {
      // One server at a time: they have the same ports, and the other one shall not even wait on the core.
      servers[side] = await starts[side](core.server, mkdtempSync(join(folder, `${side}-`)), ip);
      const { program, open } = servers[side];
      const load = startLoad(core.load, ip);
      try {
        const room = await open();
        await room.sends(load);
        for (let i = 0; i < receivers; i++) await room.receives(load);
        // It says when it begins to count, and when it has; what comes late is waited for after that.
        await load.ask({ do: 'measure', seconds: length });
        const spends = program.pid ? spending(program.pid) : () => undefined;
        await load.next();
        const spent = spends();
        const memory = program.pid && resident(program.pid);
        const { due, came, p50, p99 } = await load.next();
        await room.close();
        return { each: (spent / came) * 1e6, lost: (1 - came / due) * 100, p50, p99, memory, rate: came / length };
      } finally {
        load.stop();
        await program.stop();
        delete servers[side];
      }
    };
    const taken = Object.fromEntries(sides.map((side) => [side, sizes.map(() => [])]));
    for (const side of sides) say(`warm: ${NAMES[side]}, p50 ${short((await stretch(side, sizes[0], 2)).p50)} ms`);
    for (let round = 0; round < rounds; round++) {
      for (const side of round % 2 ? [...sides].reverse() : sides) {
        for (const [place, size] of sizes.entries()) {
          const came = await stretch(side, size, seconds);
          taken[side][place].push(came);
          say(`round ${round + 1} of ${rounds}: ${NAMES[side]}, ${size} receive: ${figure(came.each)} µs a packet, p99 ${short(came.p99)} ms, ${short(came.lost)} % lost`);
        }
      }
    }
    write(options, { about, core, rounds, seconds, sizes, sides, taken });
    say('done');
  } finally {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
    await stop();
  }
}

const figure = (value) => (Number.isFinite(value) ? short(value) : '–');

function write(options, { about, core, rounds, seconds, sizes, sides, taken }) {
  const of = (side, place, figure) => taken[side][place].map((came) => came[figure]);
  const FIGURES = { each: 'CPU µs a forwarded packet', p50: 'delay p50, ms', p99: 'delay p99, ms', lost: 'lost, %', memory: 'resident memory, MB', rate: 'packets a second' };
  const rows = sizes.flatMap((size, place) =>
    Object.entries(FIGURES).map(([figure, name]) => [String(size), name, ...sides.map((side) => (of(side, place, figure).every(Number.isFinite) ? spread(of(side, place, figure)) : '–'))]),
  );
  const goal = (what, values, bound, unit) => [what, `≤ ${bound}${unit}`, spread(values), median(values) <= bound ? 'yes' : 'no'];
  const goals = sizes.flatMap((size, place) => {
    const own = of('own', place, 'each');
    const ratio = sides.includes('janus') ? own.map((each, i) => each / of('janus', place, 'each')[i]) : undefined;
    return [
      ...(ratio ? [goal(`${size} receive: CPU a packet, of Janus's`, ratio, 0.7, '×')] : []),
      ...(sides.includes('direct') ? [goal(`${size} receive: delay p99, beyond that with nobody between`, of('own', place, 'p99').map((p99, i) => p99 - of('direct', place, 'p99')[i]), 2, ' ms')] : []),
    ];
  });
  const notes = [
    `${rounds} rounds a side, interleaved, of ${seconds} s for each number of receivers, every one with a server that was just begun. One sends 50 packets of sound and 100 of a picture a second (some 900 kbit/s); all others receive all of it. The same program is all of them on every side.`,
    `Load on core ${core.load}, the server on core ${core.server}. The delay is from before a packet is sealed by who sends to after it was opened by who receives: the load's own work is in it, on every side, and more of it the more receive.`,
    'A packet counts as forwarded when it has come to one who receives; what a server receives, and says about it, is in the price.',
    ...(LOSS > 0 ? [`The kernel lost ${LOSS} % of what the servers sent; what was sent again has come.`] : []),
    ...(sides.includes('direct') ? ['With nobody between, each who receives has one who sends for themself, in the same program.'] : []),
    ...(sides.includes('janus') ? [] : [NO_JANUS]),
    ...(sides.includes('livekit') ? [] : [NO_LIVEKIT]),
  ];
  if (about.busy) notes.push('**The machine was busy with something else when this began: the figures mean little.**');
  if (rounds < 5) notes.push('**Fewer than 5 rounds: this was a trial.**');
  const extra = ['rounds', 'seconds', 'conversations'].filter((name) => options[name]).map((name) => ` --${name} ${options[name]}`);
  const command = `${LOSS > 0 ? `LOSS=${LOSS} ` : ''}scripts/bench p17${extra.join('')}`;
  const text = [
    table(['', ''], [...about.lines, ['Command', `\`${command}\``]]),
    table(['receive', '', ...sides.map((side) => NAMES[side])], rows),
    table(['Goal', '', 'min · median · max', 'reached (median)'], goals),
    notes.map((note) => `- ${note}`).join('\n'),
  ].join('\n\n');
  // Each has its own place among the results.
  const [name, title] = LOSS > 0 ? ['p17-loss', `P17: media forwarded, of which ${LOSS} % are lost`] : ['p17', 'P17: media forwarded'];
  report(name, title, text, options.dry);
}
